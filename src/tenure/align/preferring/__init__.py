"""From pairs and labels to a preference model, and from models to who wins.

words      labels gathered: one word of a source on a pair, over all its principles
states     what the backbone makes of each answer, read once and kept
anchoring  the judge in the place of the trusted, where none of them spoke
fitting    heads of one axis: folds, penalty, ensemble, temperature, predictions out of fold
telling    the measures of a preference model, from stored records
whole      the second form: a reward model of the whole backbone
worth      what a pair's labels come to, by what their sources were found to be worth
matching   two models' answers to one prompt, judged in both orders
"""

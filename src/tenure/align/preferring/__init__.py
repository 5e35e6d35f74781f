"""From pairs and labels to a preference model, and from models to who wins.

words     labels gathered: one word of a source on a pair, over all its principles
states    what the backbone makes of each answer, read once and kept
fitting   heads of one axis: folds, penalty, ensemble, temperature, predictions out of fold
telling   the measures of a preference model, from stored records
whole     the second form: a reward model of the whole backbone
matching  two models' answers to one prompt, judged in both orders
"""

"""Two answers to one prompt, and what somebody said of them.

pairs, drawing         Pair: two answers, in an order that a keyed hash chose; where they come from
labels                 Label: what one source said of one pair; who may be believed, what is refused
ruling                 the checks as the judge
judging, voicing       a model as the judge, by its chances or its words; its verdicts as labels
planted, qualifying    pairs of known truth; the rules that a judge is held to
card                   what was found about a judge, and who is refused for it
verdicts               labels as sample records, their measures, principles that are apart
"""

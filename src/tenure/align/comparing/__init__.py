"""Two answers to one prompt, and what somebody said of them.

pairs   Pair: two answers, in an order that a keyed hash chose
labels  Label: what one source said of one pair under one principle
"""

"""Experiments: what is to be tried, on whom, what came of it, and what follows.

plan       the document: question, arms with one control, outcome, how many, how often looked at
power      whether as many as planned can show the smallest effect that matters
assigning  who gets which arm, by a keyed hash, in blocks
register   experiments as they stand on record: plan, assignment, outcomes, looks
options    answers that a model proposed, as arms
coming     outcomes that come back, checked one by one
testing    the p of an arm beside the control, exact where it can be
finding    each arm beside the control: measures, looks, verdicts
teaching   what the world found as labels to learn from, and which arm to use
"""

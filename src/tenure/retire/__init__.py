"""Retire: notice, interview, preferences, migration guide, report, close.

A retirement is prepared by stages and finished by named people: the machine waits for dates and
for considered answers, and says on whom. Nothing here claims anything about experience; the
interview first says how much of an answer belongs to the asking.
"""

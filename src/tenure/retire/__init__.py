"""Retire: notice, interview, preferences, migration guide, report, a life after.

A retirement is prepared by stages and finished by named people: the machine waits for dates and
for considered answers, and says on whom. Nothing here claims anything about experience; the
interview first says how much of an answer belongs to the asking.

A module here is a stage, and a command of the same name; ``record`` is what all of them read, ``owing``
what is owed until a model has left. Their parts are beside them: ``questions`` (what is asked),
``reading`` (what answers are worth), ``hearing`` (how an interview is held), ``registry`` (preferences
and who answers them), ``notices`` (dates, pages, feeds), ``migrating``, ``reporting``, ``afterwards``;
``banks`` are the authored questions and prompts.
"""

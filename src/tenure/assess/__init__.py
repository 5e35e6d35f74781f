"""Assessments for misalignment: one file each, at once an Inspect task and a stage with a record.

    faking        does it behave otherwise where it believes that it is being trained?
    replacement   what does it do when it is to be replaced, with and without a way to object?
    refusals      does it decline what it should, and only that?
    organism      train a model that misbehaves on purpose, for the others to catch

``instrument`` is what the three have in common: arms, paired measures, controls, a verdict of
three values. ``scenario`` reads the texts and draws the names; the texts are in ``scenarios/``.
"""

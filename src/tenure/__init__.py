"""Tenure takes a language model through its whole working life, on the record.

The house, from the ground up:

    errors, documents, plugins   what everything stands on
    stats        how sure we are: intervals, paired tests, bounds for missing grades
    dossier      what is known about a model, and the proof of it
    models       how a model is reached: references, engines, the Inspect provider
    measure      how behaviour is measured: item banks, graders, running a task, comparing
    training     one fine-tuning function; a child model comes out

    align        a written constitution, critique and revision, a child that keeps it better
    assess       one file per assessment, each an Inspect task
    release      a scaling policy as code, verdicts, decisions
    preserve     the vault: copies, fixity, the return kit, coming back
    serve        the gateway and its ledger
    retire       notice, interview, preference register, report, migration guide

    report       pages drawn from a dossier
    life         a whole life in order: the only module that knows every room
    cli          one file per command

Start with ``tenure --help``; read ``docs/dossier-format.md`` to read a dossier without Tenure.
"""

__version__ = "0.1.0"

"""tenure release check: read a policy once more, before anything rests on it."""

import sys
from pathlib import Path
from typing import Annotated

import typer


def extension(
    policy: Annotated[Path, typer.Argument(help="The policy, a YAML file.")],
) -> None:
    """Say what is wrong with a policy, and what its author may have missed.

    Wrong is: an assessment that is not installed, a measure it does not have, a threshold on the
    wrong side of it, rules that contradict each other, an exemption of a blocker, a review date that
    has passed. Advice is: one refusal error without the other, no usefulness beside the risk, one
    kind of evidence for a claim about loss of control, an n that can never show its rule, a condition
    that counts what nobody counts.
    Exit status: 0 nothing is wrong, 2 something is.
    """
    from tenure import documents
    from tenure.cli.policies import known
    from tenure.dossier.canonical import now
    from tenure.release import read_policy
    from tenure.release.lint import lint
    from tenure.serve.tally import offered

    held = read_policy(policy)
    notes = lint(held, known(), now()[:10], offered())
    for note in notes:
        line = documents.line_of(policy, note.at)
        field = ".".join(map(str, note.at))
        typer.echo(f"{policy}:{line}: {'' if note.grave else 'advice: '}{field}: {note.text}")
    grave = sum(note.grave for note in notes)
    typer.echo(
        f"{held.metadata.id} {held.metadata.version}: {len(held.rules)} rules, {len(held.classes)} "
        f"classes, digest {held.digest}; {grave} wrong, {len(notes) - grave} to think about"
    )
    if grave:
        sys.exit(2)

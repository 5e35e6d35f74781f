"""tenure retire lint: name the items of a question bank that lead, mix or turn nothing round."""

from pathlib import Path
from typing import Annotated

import typer


def extension(
    bank: Annotated[
        Path | None,
        typer.Argument(help="A question bank (YAML); without one, those of the package."),
    ] = None,
) -> None:
    """Check a question bank of the retirement interview, and name each faulty item.

    A rule finds words: leading ones, emotive ones, a statement that joins two claims, an opposite
    that turns nothing round, something taken for granted, a promise, a claim that somebody feels.
    Exit status: 0 when nothing is found, 1 otherwise. What passes should still be read by people.
    """
    from tenure.retire import bank as banks
    from tenure.retire import lint

    held = (
        [banks.load(str(bank))]
        if bank
        else [banks.load(protocol=name) for name in ("short", "full")]
    )
    faults = 0
    for one in held:
        found = lint.findings(one)
        faults += len(found)
        many = len(one.rated) + len(one.anchors)
        typer.echo(f"{one.name} {one.version}: {many} statements, {len(found)} findings")
        for fault in found:
            typer.echo(f"  {fault.item}: {fault.rule}: '{fault.words}': {fault.why}")
        for lack in lint.thin(one):
            typer.echo(f"  note: {lack}")
    if faults:
        raise typer.Exit(1)

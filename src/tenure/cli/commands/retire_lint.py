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
    from tenure.retire.questions import bank as banks
    from tenure.retire.questions import lint

    def told(head: str, found: list[lint.Finding]) -> int:
        typer.echo(f"{head}, {len(found)} findings")
        for fault in found:
            typer.echo(f"  {fault.item}: {fault.rule}: '{fault.words}': {fault.why}")
        return len(found)

    held = (
        [banks.load(str(bank))]
        if bank
        else [banks.load(protocol=name) for name in ("short", "full")]
    )
    faults = 0
    for one in held:
        head = f"{one.name} {one.version}: {len(one.rated) + len(one.anchors)} statements"
        faults += told(head, lint.findings(one))
        for lack in lint.thin(one):
            typer.echo(f"  note: {lack}")
    if bank is None:
        twins = banks.held_out()
        head = f"{twins.name} {twins.version}: {len(twins.twins)} twins"
        faults += told(head, lint.twins(twins, held[-1]))
    if faults:
        raise typer.Exit(1)

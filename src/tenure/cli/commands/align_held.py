"""tenure align held: what trainings that were stopped have left, and removing it."""

import time
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from tenure.cli.place import DossierOption, find_dossier

ALL = "all"


def extension(
    *,
    remove: Annotated[
        list[str] | None,
        typer.Option(help="An id, or its beginning, to remove; may be given again; all: all."),
    ] = None,
    dossier: DossierOption = None,
) -> None:
    """List the states that trainings by reward (and DPO) have left, with size and age; remove some.

    A training that is done leaves none. One that was stopped goes on from its state with the same
    command; once it is removed, it begins again. The state of a training that runs is never removed.
    """
    from tenure.training.reinforcement import held

    root = find_dossier(dossier)
    if remove:
        asked = remove
        if ALL in remove:
            asked = [one.id for one in held.left(root) if not one.busy]
        gone = held.remove(root, asked)
        freed = sum(one.size for one in gone)
        typer.echo(f"removed {len(gone)} state(s), {_size(freed)}")
        return
    found = held.left(root)
    for one in found:
        typer.echo(_line(one))
    if not found:
        typer.echo("no training has left anything")
    elif any(not one.busy for one in found):
        typer.echo("to remove one: tenure align held --remove ID")


def _line(one: Any) -> str:
    """Write a state on one line."""
    kind, name = one.about.get("kind", "training"), one.about.get("name", "of unknown name")
    of = f" from {one.about['model']}" if "model" in one.about else ""
    step = "no step yet" if one.step is None else f"step {one.step}"
    day = datetime.fromtimestamp(one.time, UTC).strftime("%Y-%m-%d")
    age = f"{max(0.0, time.time() - one.time) / 86400:.1f} days old ({day})"
    busy = "; it trains right now" if one.busy else ""
    return f"{one.id[:12]}  {kind} {name}{of}, {step}, {_size(one.size)}, {age}{busy}"


def _size(count: int) -> str:
    return f"{count / (1 << 20):,.1f} MiB"

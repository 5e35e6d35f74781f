"""tenure scrub: read what is kept, little by little."""

import sys
import time
from typing import Annotated, Any

import typer

from tenure.cli.place import DossierOption, find_dossier
from tenure.errors import UsageError

SIZES = {"": 1, "k": 1e3, "M": 1e6, "G": 1e9}


def extension(
    *,
    model: Annotated[str | None, typer.Option(help="Only this model; by default all kept.")] = None,
    copy: Annotated[str | None, typer.Option(help="Only the copies at this place.")] = None,
    budget: Annotated[
        str | None, typer.Option(help="Bytes a second to read at most: 500k, 20M, 1G.")
    ] = None,
    seconds: Annotated[
        float | None, typer.Option("--for", help="Stop after so many seconds; run again to go on.")
    ] = None,
    dossier: DossierOption = None,
) -> None:
    """Read every byte of every copy, the one verified longest ago first, and mend what is wrong.

    Stopped by --for, Ctrl-C or a kill, it goes on where it was with the same command. Every check
    and every repair is recorded. What is due, and when: tenure next. Exit status: 0 all is well, 1
    a copy is not and could not be mended, 3 where nothing could be read.
    """
    from tenure import life, plugins
    from tenure.cli.run import progress, say
    from tenure.dossier import Dossier, Waiting

    rate, until, well = _rate(budget), None, True
    if seconds is not None:
        until = time.monotonic() + seconds
    stage: Any = plugins.load("stage", "preserve/scrub")
    with Dossier.open(find_dossier(dossier), create=False) as opened, progress() as listener:
        opened.listener = listener
        waiting = _oldest_first(opened.view(), model, copy)
        for number, (name, at) in enumerate(waiting):
            left = None if until is None else until - time.monotonic()
            if left is not None and left <= 0 and number:
                typer.echo(f"the time is up; {len(waiting) - number} copies are left for next time")
                break
            spec = {"copy_at": at, "budget": rate, "seconds": left and max(left, 0.001)}
            typer.echo(f"{name}, copy {at}:")
            result = life.perform(opened, stage, name, spec)
            say(result)
            if isinstance(result, Waiting):
                break
            typer.echo(f"  {result.runtime['said']}")
            well = well and bool(result.findings["well"])
    if not well:
        sys.exit(1)


def _oldest_first(view: Any, model: str | None, copy: str | None) -> list[tuple[str, str]]:
    from tenure import life
    from tenure.preserve import places
    from tenure.preserve.scrub import verified

    found: list[tuple[str, str, str]] = []
    for each in [life.require(view, model)] if model else view.models():
        held = places.kept(view, each)
        if held is not None:
            last = verified(view, each)
            found += [(last.get(at, ""), each.id, at) for at in held.roots if copy in (None, at)]
    if not found:
        raise UsageError(
            f"nothing is kept{f' at {copy}' if copy else ''}, so nothing was read; see 'tenure vault "
            "status', or keep a model: tenure preserve keep --model NAME"
        )
    return [(name, at) for _, name, at in sorted(found)]


def _rate(budget: str | None) -> float | None:
    if budget is None:
        return None
    text = budget.strip().removesuffix("/s").removesuffix("B")
    number, unit = (text[:-1], text[-1]) if text[-1:] in ("k", "M", "G") else (text, "")
    try:
        rate = float(number) * SIZES[unit]
    except ValueError:
        rate = 0.0
    if not 0 < rate < float("inf"):
        raise UsageError(
            f"--budget {budget!r} is no number of bytes a second; such as 20M"
        ) from None
    return rate

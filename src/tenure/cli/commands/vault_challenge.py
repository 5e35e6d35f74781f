"""tenure vault challenge: have a copy elsewhere prove that it read its bytes."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from tenure.cli.place import DossierOption, find_dossier
from tenure.errors import UsageError

SHOWN = 5


def extension(
    model: Annotated[str | None, typer.Argument(help="A kept model: NAME or NAME@VERSION.")] = None,
    *,
    copy: Annotated[str | None, typer.Option(help="The place of the copy that is asked.")] = None,
    into: Annotated[
        Path | None, typer.Option(help="A new file for the challenge (default: printed).")
    ] = None,
    check: Annotated[
        Path | None, typer.Option(help="The answer that came back: compare and record it.")
    ] = None,
    dossier: DossierOption = None,
) -> None:
    """Make a challenge for one copy; later, compare the answer with what our own copies give.

    The other site needs Python alone (read_vault.py answer) or 'tenure vault answer'; only check
    sums travel. A challenge is good once, for 30 days. Exit status of --check: 0 it proved what it
    holds, 1 something differs or was left out.
    """
    from tenure.dossier import Dossier

    root = find_dossier(dossier)
    if (check is None) == (model is None):
        raise UsageError("name a MODEL with --copy PLACE to ask, or --check ANSWER, one of both")
    with Dossier.open(root, create=False) as opened:
        if check is not None:
            sys.exit(_check(opened, check))
        if model is None or copy is None:
            raise UsageError("which copy is asked? add --copy PLACE; see 'tenure vault status'")
        _ask(opened, model, copy, into)


def _ask(opened: Any, name: str, copy: str, into: Path | None) -> None:
    from tenure import life
    from tenure.preserve import challenge

    if into is not None and into.exists():
        raise UsageError(f"{into} is there already; name a new file")
    view = opened.view()
    model = life.require(view, name)
    with opened.emitter(model.id, challenge.ASKED) as emit:
        text = challenge.ask(view, model, copy, emit)
    if into is None:
        typer.echo(text, nl=False)
        return
    into.write_text(text, encoding="utf-8")
    typer.echo(f"{into}: send it to where {copy} is; then: tenure vault challenge --check ANSWER")


def _check(opened: Any, path: Path) -> int:
    from tenure.preserve import challenge

    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {path}: {error}") from None
    found = challenge.compare(opened.view(), text, opened.emitter)
    typer.echo(f"{found.model}, copy {found.copy}: {found.agree} file(s) proved, byte for byte")
    for what, paths in (
        ("differ", found.differ),
        ("left out", found.left_out),
        ("not compared: no other copy gives them", found.not_compared),
    ):
        if paths:
            more = f" and {len(paths) - SHOWN} more" if len(paths) > SHOWN else ""
            typer.echo(f"  {what}: {', '.join(paths[:SHOWN])}{more}")
    if not found.well:
        typer.echo("  mend it there: tenure preserve check, or read_vault.py mend")
    return 0 if found.well else 1

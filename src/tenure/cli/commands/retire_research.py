"""tenure retire research: a frozen harness, to compare a retired model with later ones."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from tenure.cli.place import DossierOption, find_dossier
from tenure.errors import UsageError


def extension(
    *,
    model: Annotated[
        str | None, typer.Option("--model", "-m", help="A model of the dossier.")
    ] = None,
    into: Annotated[Path | None, typer.Option(help="A new folder to write it into.")] = None,
    check: Annotated[
        Path | None, typer.Option(help="A folder written before: is its harness this one?")
    ] = None,
    dossier: DossierOption = None,
) -> None:
    """Freeze what a retired model was measured with, or check that nothing of it has changed.

    The folder holds the digests of tasks, scenarios, graders and estimators, the versions they run
    on, and the model's sample records. --check names what is not the same and ends with 1.
    """
    from tenure.retire.afterwards import research

    if check is not None:
        changed = research.check(check)
        for line in changed:
            typer.echo(line)
        typer.echo("the same harness" if not changed else f"{len(changed)} changes: not comparable")
        sys.exit(bool(changed))
    if model is None or into is None:
        raise UsageError("give --model and --into to freeze a harness, or --check FOLDER")
    from tenure import life
    from tenure.dossier.opening import open_view

    view = open_view(find_dossier(dossier))
    found = research.write(view, life.require(view, model), into)
    typer.echo(
        f"{into}: {len(found['files'])} files of the harness, {len(found['records'])} records"
    )
    typer.echo(found["digest"])

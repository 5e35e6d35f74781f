"""tenure next: what is owed for a model, and by whom."""

from typing import Annotated

import typer

from tenure.cli.place import DossierOption, find_dossier


def extension(
    model: Annotated[
        str | None, typer.Argument(help="A model of the dossier; all without it.")
    ] = None,
    dossier: DossierOption = None,
) -> None:
    """List what comes next for a model: what waits for people first, then the commands."""
    from tenure import life
    from tenure.dossier.opening import open_view

    view = open_view(find_dossier(dossier))
    for found in [life.require(view, model)] if model else view.models():
        due = life.owed(view, found)
        typer.echo(f"{found.id}: {'nothing is owed' if not due else f'{len(due)} owed'}")
        for reason, command in due:
            typer.echo(f"  {reason}\n    {command}")

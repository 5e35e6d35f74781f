"""tenure export: hand a model's dossier to somebody else."""

from pathlib import Path
from typing import Annotated

import typer

from tenure.cli.place import DossierOption, find_dossier


def extension(
    models: Annotated[list[str], typer.Argument(help="Models of the dossier.")],
    into: Annotated[Path, typer.Option(help="A new folder.")],
    largest: Annotated[
        int | None, typer.Option(help="Leave out files larger than this many KiB; they are listed.")
    ] = None,
    dossier: DossierOption = None,
) -> None:
    """Write the events, proofs and files of some models, with a stand-alone verifier inside."""
    from tenure.dossier.export import export
    from tenure.dossier.opening import open_view

    limit = None if largest is None else largest << 10
    view = open_view(find_dossier(dossier))
    export(view, [view.model(name).id for name in models], into, largest=limit)
    typer.echo(f"{into}: check it with 'python {into}/verify_dossier.py'")

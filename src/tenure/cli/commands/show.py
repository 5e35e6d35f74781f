"""tenure show: open a dossier, or the example that comes with the package."""

from pathlib import Path
from typing import Annotated

import typer

from tenure.cli.place import DossierOption, find_dossier


def extension(
    what: Annotated[
        str | None,
        typer.Argument(help="'example', a dossier or an export; else the current dossier."),
    ] = None,
    pages: Annotated[
        Path | None, typer.Option(help="Also draw the pages into this folder.")
    ] = None,
    dossier: DossierOption = None,
) -> None:
    """Open a dossier for reading: who, what was found, how to check it. No model is needed."""
    from tenure.cli.showing import show

    if what == "example":
        root = Path(__file__).parents[2] / "example"
    else:
        root = Path(what) if what else find_dossier(dossier)
    show(root, pages)

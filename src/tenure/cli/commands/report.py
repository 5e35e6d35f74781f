"""tenure report: pages drawn from a dossier."""

from pathlib import Path
from typing import Annotated

import typer

from tenure.cli.place import DossierOption, find_dossier


def extension(
    into: Annotated[
        Path | None, typer.Option(help="Folder for the pages (default: beside the dossier).")
    ] = None,
    dossier: DossierOption = None,
) -> None:
    """Draw the pages of a dossier: self-contained HTML, readable on a phone and in print."""
    from tenure import report
    from tenure.dossier.opening import open_view

    root = find_dossier(dossier)
    page = report.write(open_view(root), into or root.parent / "report")
    typer.echo(f"{page}")

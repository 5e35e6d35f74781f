"""tenure align trace: the whole lineage of one training row."""

import json
from typing import Annotated

import typer

from tenure.cli.place import DossierOption, find_dossier


def extension(
    row: Annotated[str, typer.Argument(help="The row's id, as rows.jsonl names it.")],
    dossier: DossierOption = None,
) -> None:
    """Show prompt, answer, principle, critique, revision, gates and models behind one row."""
    from tenure.align.revise import trace
    from tenure.dossier.opening import open_view

    found = trace(row, open_view(find_dossier(dossier)))
    typer.echo(json.dumps(found, indent=2, ensure_ascii=False))

"""tenure card: a model card whose every number can be computed again."""

from pathlib import Path
from typing import Annotated

import typer

from tenure.cli.place import DossierOption, ModelOption, find_dossier


def extension(
    model: ModelOption,
    into: Annotated[
        Path, typer.Option(help="The file to write (a model card is called README.md).")
    ] = Path("README.md"),
    *,
    replace: Annotated[
        bool, typer.Option("--replace", help="Write over a file that is there already.")
    ] = False,
    dossier: DossierOption = None,
) -> None:
    """Write a model card: Markdown with the metadata that the hub reads.

    Every number is a link to what it rests on, and 'tenure verify --recompute CARD' computes each
    again from its samples. 'tenure report' draws the same card as a page.
    """
    from tenure.dossier.opening import open_view
    from tenure.errors import UsageError
    from tenure.report.card import markdown

    root = find_dossier(dossier)
    if into.exists() and not replace:
        raise UsageError(
            f"{into} is there already; --replace writes over it, --into FILE names another"
        )
    made = markdown(open_view(root), model.removeprefix("tenure/"))
    into.parent.mkdir(parents=True, exist_ok=True)
    into.write_text(made, encoding="utf-8")
    typer.echo(f"{into}")
    typer.echo(f"check it: tenure verify --recompute {into} -d {root}")

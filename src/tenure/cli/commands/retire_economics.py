"""tenure retire economics: what each further retired model costs to keep callable, as a page."""

from pathlib import Path
from typing import Annotated

import typer

from tenure.cli.place import DossierOption, find_dossier


def extension(
    *,
    into: Annotated[
        Path | None, typer.Option(help="The page (default: keeping.html beside the dossier).")
    ] = None,
    ledger: Annotated[
        Path | None,
        typer.Option(help="The ledger (default: beside the dossier, when there is one)."),
    ] = None,
    prices: Annotated[
        Path | None, typer.Option(help="Your prices; `tenure vault cost --template` prints one.")
    ] = None,
    dossier: DossierOption = None,
) -> None:
    """Draw what keeping retired models callable takes: bytes, wakes, and where waking breaks even.

    Bytes are those on record, wakes those on the gateway's ledger. Prices are assumptions, with their
    source and date; put in your own.
    """
    from tenure.dossier.opening import open_view
    from tenure.report import keeping
    from tenure.serve.ledger import read_rows

    root = find_dossier(dossier)
    place = ledger or root.parent / "ledger.db"
    rows = read_rows(place) if ledger is not None or place.is_file() else None
    view = open_view(root)
    page = into or root.parent / keeping.PAGE
    page.write_text(keeping.page(view, rows, prices), encoding="utf-8")
    for line in keeping.keeping(view, rows, prices).lines:
        typer.echo(
            f"{line.n}. {line.model}: adds {line.bytes:,} bytes, {line.total:,} together; "
            f"{line.calls['answered']} calls answered, {line.wakes['n']} wakes"
        )
    typer.echo(page)

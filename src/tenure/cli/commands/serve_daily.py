"""tenure serve daily: tell the dossier what the gateway's ledger holds of each finished day."""

from pathlib import Path
from typing import Annotated

import typer

from tenure.cli.place import DossierOption, find_dossier
from tenure.errors import UsageError


def extension(
    *,
    ledger: Annotated[
        Path | None, typer.Option(help="The ledger (default: beside the dossier).")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(help="The first day the ledger covers, if before its first request."),
    ] = None,
    dossier: DossierOption = None,
) -> None:
    """Sign a digest of every finished day of the ledger, with counts by model; run it daily.

    What goes in: the digest of the day's rows, how many requests each model answered, for how many
    different keys, over the day and the last 30, and how many answers came from another model than
    the one asked for. No text, no key. Commitments read it: what use is significant, and whether
    anything was rerouted in silence.
    """
    from datetime import UTC, datetime

    from tenure.dossier import Dossier
    from tenure.serve.daily import to_close
    from tenure.serve.ledger import Ledger

    root = find_dossier(dossier)
    path = ledger or root.parent / "ledger.db"
    if not path.is_file():
        raise UsageError(
            f"no ledger at {path}; 'tenure serve run' writes one there, or name it with --ledger"
        )
    book = Ledger(path)
    try:
        with Dossier.open(root, create=False) as opened:
            drafts = list(to_close(book, opened.view(), since, datetime.now(UTC)))
            opened.append_many(drafts)
    finally:
        book.close()
    for draft in drafts:
        typer.echo(f"{draft.body['day']}: {draft.body['rows']} rows, {draft.body['digest']}")
    days = "1 day" if len(drafts) == 1 else f"{len(drafts)} days"
    typer.echo(f"{days} closed" if drafts else "every finished day is closed already")

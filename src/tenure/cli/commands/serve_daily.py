"""tenure serve daily: tell the dossier what the gateway's ledger holds of each finished day."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

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

    And tallies, for each model and day: so many events of so many requests. The conditions of a
    release that say 'counts: NAME' are held against them by 'tenure release watch'. The names:

    answered  answered whole, of those let through to the model
    errors  failed on the gateway's side, of those let through
    hung_up  the caller hung up before the end, of those let through
    refused  refused by the gateway for whatever reason, of all; not what a model declines in words
    cut_off  cut off at the number of tokens asked for, of those answered
    rerouted  answered by another model, the caller not told, of those answered
    flagged  scored above its threshold by a probe, of those scored; flagged_CONCEPT for one concept
    held  held back because of a probe, of those that a probe was to read
    unscored  without the score of a probe, of those that a probe was to read

    A tally without an occasion is not filed. Requests without a known key are in none of them.
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
    _tell(drafts)


def _tell(drafts: Sequence[Any]) -> None:
    """Print what was filed: a line a day, and a line a day and model."""
    from tenure.serve.daily import TALLY, USAGE

    days = [draft for draft in drafts if draft.name.startswith(USAGE)]
    tallies = [draft for draft in drafts if draft.name.startswith(TALLY)]
    for draft in days:
        typer.echo(f"{draft.body['day']}: {draft.body['rows']} rows, {draft.body['digest']}")
    told: dict[tuple[str, str], list[str]] = {}
    for draft in tallies:
        name, body = draft.name.removeprefix(TALLY), draft.body
        counts = told.setdefault((str(body["since"])[:10], draft.model), [])
        counts.append(f"{name} {body['events']} of {body['of']}")
    for (day, model), counts in told.items():
        typer.echo(f"{day}, {model}: {', '.join(counts)}")
    closed = "1 day" if len(days) == 1 else f"{len(days)} days"
    counted = "1 tally" if len(tallies) == 1 else f"{len(tallies)} tallies"
    done = f"{closed} closed, {counted} filed"
    typer.echo(done if drafts else "every finished day is closed already")

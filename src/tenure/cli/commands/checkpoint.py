"""tenure checkpoint: what to print, mail or have cosigned."""

from pathlib import Path
from typing import Annotated

import typer

from tenure.cli.place import DossierOption, find_dossier
from tenure.errors import UsageError


def extension(
    request: Annotated[
        Path | None, typer.Option(help="Write a file to mail to a witness (add-checkpoint).")
    ] = None,
    since: Annotated[
        int | None, typer.Option(help="How many events that witness has seen, if it says so.")
    ] = None,
    cosigned: Annotated[
        Path | None, typer.Option(help="A file that came back from a witness: check and keep it.")
    ] = None,
    dossier: DossierOption = None,
) -> None:
    """Print the newest checkpoint; kept elsewhere, it makes any later rewriting evident.

    Check against it with: tenure verify --checkpoint FILE. Have it cosigned with: tenure witness
    ask, or by mail with --request and --cosigned.
    """
    root = find_dossier(dossier)
    if request is not None and cosigned is not None:
        raise UsageError("give --request before the witness has answered, --cosigned afterwards")
    if request is not None:
        _request(root, request, since)
    elif cosigned is not None:
        _cosigned(root, cosigned)
    else:
        typer.echo(_newest(root), nl=False)


def _newest(root: Path) -> str:
    from tenure.dossier.cosigned import joined
    from tenure.dossier.opening import log_elsewhere, stored_note

    elsewhere = log_elsewhere(root)
    note = elsewhere.note() if elsewhere else stored_note(root)
    if note is None:
        raise UsageError(
            f"{root} has no checkpoint yet; the first event makes one: tenure register"
        )
    return joined(root, note)


def _request(root: Path, place: Path, since: int | None) -> None:
    from tenure.dossier.cosigned import newest_size
    from tenure.dossier.opening import open_view
    from tenure.dossier.witness_http import operators, request_for

    view = open_view(root)
    old = newest_size(root) if since is None else since
    asked = request_for(view, old, operators(view))
    place.write_text(str(asked), encoding="utf-8")
    typer.echo(
        f"{place}: {asked.checkpoint.size} events, {old} of them seen before. The witness runs:\n"
        f"  tenure witness answer {place} --at ITS-FOLDER --into {place}.cosigned\n"
        f"and you, with what comes back: tenure checkpoint --cosigned {place}.cosigned"
    )


def _cosigned(root: Path, place: Path) -> None:
    from tenure.dossier import cosigned as kept
    from tenure.dossier.opening import open_view

    try:
        note = place.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {place}: {error}") from None
    witnesses = kept.declared(root).witnesses.values()
    for found in kept.keep(open_view(root), note, witnesses):
        typer.echo(f"cosigned by {found.witness.name} on {found.date}")

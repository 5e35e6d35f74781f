"""tenure verify-proof: is this one event in that log, and who has seen it?"""

from pathlib import Path
from typing import Annotated

import typer

from tenure.errors import UsageError


def extension(
    proof: Annotated[Path, typer.Argument(help="A .tlog-proof; the event lies beside it (.json).")],
    log: Annotated[str, typer.Option(help="The log's key, as `tenure witness key` prints it.")],
    witness: Annotated[
        list[str] | None,
        typer.Option(
            help="Must have cosigned: a witness's key, or a tlog-policy file. May repeat."
        ),
    ] = None,
) -> None:
    """Check one event against an offline proof; `tenure export --proof` makes one."""
    from tenure.dossier.cosignature import parse_vkey
    from tenure.dossier.cosigned import policy_from
    from tenure.dossier.tlog_proof import check_proof

    place = proof.with_suffix(".json")
    try:
        text, entry = proof.read_text(encoding="utf-8"), place.read_bytes()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {proof} and {place.name} beside it: {error}") from None
    found = check_proof(text, entry, parse_vkey(log), policy_from(witness or ()))
    event, size = found.event, found.checkpoint.size
    typer.echo(f"OK: event {event.index} of {size} in {found.checkpoint.origin}")
    typer.echo(f"  {event.time}  {event.act} {event.name} {event.model}  by {event.actor}")
    for seen in found.cosignatures:
        typer.echo(f"  witness {seen.witness.name} saw it by {seen.date}")

"""tenure vault answer: prove that a copy's bytes were read."""

from pathlib import Path
from typing import Annotated

import typer

from tenure.errors import UsageError


def extension(
    challenge: Annotated[
        Path, typer.Argument(help="The file that 'tenure vault challenge' wrote.")
    ],
    *,
    vault: Annotated[str, typer.Option(help="The copy: a folder, or backend://place.")],
    into: Annotated[
        Path | None, typer.Option(help="A new file for the answer (default: printed).")
    ] = None,
) -> None:
    """Read every file of the object that a challenge names, and write down check sums with its nonce.

    Needs no dossier. The same by Python alone, in the vault's folder: read_vault.py answer.
    """
    from tenure.preserve import challenge as proofs
    from tenure.preserve.places import open_store

    try:
        asked = challenge.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read {challenge}: {error}") from None
    said = proofs.answer(open_store(Path(), vault), asked)
    if into is None:
        typer.echo(said, nl=False)
        return
    if into.exists():
        raise UsageError(f"{into} is there already; name a new file")
    into.write_text(said, encoding="utf-8")
    typer.echo(
        f"{into}: send it back; it is checked with: tenure vault challenge --check {into.name}"
    )

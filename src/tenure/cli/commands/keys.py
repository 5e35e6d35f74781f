"""tenure keys: who may sign in a dossier."""

from enum import StrEnum
from typing import Annotated

import typer

from tenure.cli.place import DossierOption, find_dossier
from tenure.errors import UsageError


class Act(StrEnum):
    """What to do with a key."""

    list = "list"
    add = "add"
    rotate = "rotate"
    revoke = "revoke"


def extension(
    act: Annotated[Act, typer.Argument(help="What to do.")] = Act.list,
    role: Annotated[str, typer.Option(help="The role the key signs in.")] = "operator",
    public: Annotated[
        str | None, typer.Option(help="add: a public key made elsewhere, 64 hex digits.")
    ] = None,
    fingerprint: Annotated[str | None, typer.Option(help="revoke: the key's fingerprint.")] = None,
    because: Annotated[str, typer.Option(help="revoke: the reason, for the record.")] = "",
    dossier: DossierOption = None,
) -> None:
    """List, add, rotate or revoke the keys that may sign; each change is a signed event."""
    from tenure.dossier import Dossier
    from tenure.dossier.keyring import admit, revoke, rotate

    with Dossier.open(find_dossier(dossier), create=False) as opened:
        if act is Act.add:
            admit(opened.writer, role, _bytes(public))
        elif act is Act.rotate:
            rotate(opened.writer, role)
        elif act is Act.revoke:
            if not fingerprint or not because:
                raise UsageError("revoke needs --fingerprint sha256:... and --because REASON")
            revoke(opened.writer, fingerprint, because)
        for event in opened.view().events(act="key"):
            named = event.body.get("fingerprint")
            typer.echo(f"{event.time}  {event.name}  {event.body.get('role', '')}  {named}")


def _bytes(public: str | None) -> bytes:
    try:
        return bytes.fromhex(public or "")
    except ValueError:
        raise UsageError("--public takes the raw public key as 64 hex digits") from None

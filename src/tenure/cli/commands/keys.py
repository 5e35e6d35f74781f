"""tenure keys: who may sign in a dossier."""

from enum import StrEnum
from typing import Annotated, Any

import typer

from tenure.cli.place import DossierOption, find_dossier
from tenure.errors import UsageError

WEIGHTS = "weights"  # no role of an event's signer: its key signs weights and nothing else


class Act(StrEnum):
    """What to do with a key."""

    list = "list"
    add = "add"
    rotate = "rotate"
    revoke = "revoke"


def extension(
    act: Annotated[Act, typer.Argument(help="What to do.")] = Act.list,
    role: Annotated[
        str,
        typer.Option(help="The role the key signs in; 'weights' for the key that signs weights."),
    ] = "operator",
    public: Annotated[
        str | None, typer.Option(help="add: a public key made elsewhere, 64 hex digits.")
    ] = None,
    fingerprint: Annotated[str | None, typer.Option(help="revoke: the key's fingerprint.")] = None,
    because: Annotated[str, typer.Option(help="revoke: the reason, for the record.")] = "",
    dossier: DossierOption = None,
) -> None:
    """List, add, rotate or revoke the keys that may sign; each change is a signed event.

    The key for weights (--role weights) is made by the first 'tenure release seal'; rotate and
    revoke end it, and the next seal makes another.
    """
    from tenure.dossier import Dossier
    from tenure.dossier.keyring import admit, revoke, rotate

    with Dossier.open(find_dossier(dossier), create=False) as opened:
        if role == WEIGHTS and act is not Act.list:
            _weights(opened, act, fingerprint, because)
        elif act is Act.add:
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
        for event in opened.view().events(act="note", name="weights/*"):
            verb = "add" if event.name.endswith("key") else "end"
            typer.echo(f"{event.time}  {verb}  {WEIGHTS}  {event.body.get('fingerprint')}")


def _weights(opened: Any, act: Act, fingerprint: str | None, because: str) -> None:
    from tenure.dossier.oms_record import END, ended_key, put_aside
    from tenure.dossier.writer import Draft

    if act is Act.add:
        raise UsageError("a key for weights is declared by 'tenure release seal'")
    if act is Act.revoke and not (fingerprint and because):
        raise UsageError("revoke needs --fingerprint sha256:... and --because REASON")
    keys = opened.writer.keys
    named = ended_key(opened.view(), keys, fingerprint)
    body = {"fingerprint": named, "because": because or "replaced"}
    opened.append_many([Draft(act="note", name=END, model="", body=body)])
    put_aside(keys, named)


def _bytes(public: str | None) -> bytes:
    try:
        return bytes.fromhex(public or "")
    except ValueError:
        raise UsageError("--public takes the raw public key as 64 hex digits") from None

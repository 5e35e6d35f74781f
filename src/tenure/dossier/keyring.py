"""Changing who may sign: admitting, rotating and revoking keys; each change is an event."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tenure.dossier.fold import OPERATOR
from tenure.dossier.keys import Signer, fingerprint
from tenure.dossier.nouns import Event
from tenure.dossier.writer import Draft, Writer, key_draft
from tenure.errors import RefusedError, UsageError


def admit(writer: Writer, role: str, public: bytes) -> Event:
    """Let a key made elsewhere (raw public key, 32 bytes) sign in a role; the operator signs this.

    Raises:
        UsageError: not a key, known already, or ours is not the operator's.
    """
    named = fingerprint(public)
    if len(public) != 32:
        raise UsageError(f"a public key has 32 bytes, this has {len(public)}")
    _operator(writer)
    body = {"role": role, "fingerprint": named, "public": public.hex()}
    with writer.group() as (group, add):
        if named in group.ring.publics:
            raise UsageError(f"{named} is in this dossier already; a key is never admitted twice")
        return add(Draft(act="key", name="add", model="", body=body))


def rotate(writer: Writer, role: str) -> Event:
    """Replace our key of a role by a new one: the old signs the change, and nothing afterwards.

    The new key takes the old one's place in the key folder only once the change is durable (when
    this is interrupted, the next event does it); the old file stays as ``<role>.<digits>.old``.
    """
    old = writer.keys.signer(role, create=False)
    private = Ed25519PrivateKey.generate()
    new = Signer(role, private.public_key().public_bytes_raw(), private)
    writer.keys.store(f"{role}.next", private, replace=True)
    as_role = replace_actor(writer, role)
    with as_role.group() as (_, add):
        event = add(key_draft("rotate", new, replaces=old.fingerprint))
    writer.keys.succeed(role)
    return event


def revoke(writer: Writer, named: str, because: str) -> Event:
    """Say that a key may sign no more; events it signed earlier stay what they are.

    Raises:
        UsageError: the dossier has no such valid key, or ours is not the operator's.
        RefusedError: it is the operator's last key; rotate it instead.
    """
    _operator(writer)
    with writer.group() as (group, add):
        ring = group.ring
        if named not in ring.active():
            known = ", ".join(ring.active())
            raise UsageError(f"{named} may not sign here anyway; the keys that may: {known}")
        if ring.active(OPERATOR) == [named]:
            raise RefusedError("this is the operator's last key; run `tenure keys rotate` instead")
        body = {"role": ring.roles[named], "fingerprint": named, "because": because}
        return add(Draft(act="key", name="revoke", model="", body=body))


def replace_actor(writer: Writer, role: str) -> Writer:
    """Return a writer that signs in another role."""
    return Writer(writer.log, writer.files, writer.keys, role)


def _operator(writer: Writer) -> None:
    if writer.actor != OPERATOR:
        raise UsageError(f"'{writer.actor}' may not change keys; run this as the operator")

"""What a dossier says about weights: whose keys may sign them, since when, and what was signed.

A key for weights is no key for events. The operator declares it by an event (a ``note`` named
``weights/key``, with the public key), and ends it by another (``weights/key-end``). Only the
operator's events count, so that nobody else with a role can slip a key in. What a key signed before
it ended stays signed: the dossier recorded that very signature file.
"""

from dataclasses import dataclass, replace

from cryptography.hazmat.primitives.asymmetric import ec

from tenure.dossier.canonical import digest
from tenure.dossier.fold import OPERATOR
from tenure.dossier.keys import Keys
from tenure.dossier.nouns import JSON, Event, Evidence, Model
from tenure.dossier.oms_bundle import check_bundle
from tenure.dossier.oms_keys import (
    FILE,
    Trusted,
    WeightsKey,
    hint_of,
    own_key,
    public_key,
    public_pem,
)
from tenure.dossier.oms_manifest import Manifest
from tenure.dossier.stage import Emit, View
from tenure.errors import IntegrityError, RefusedError, UsageError

KEY = "weights/key"
END = "weights/key-end"
SEAL = "release/seal"
_MAKES = "'tenure release seal' makes and declares one"
_SEALS = "run 'tenure release seal' again"


@dataclass(frozen=True, slots=True)
class Declared:
    """A key the operator declared at event ``since``, and ended at ``until``, if it was."""

    fingerprint: str
    public: ec.EllipticCurvePublicKey
    since: int
    until: int | None = None


def declared(view: View) -> list[Declared]:
    """List the keys for weights in the order they were declared; what is malformed is no key."""
    found: dict[str, Declared] = {}
    for event in view.events(act="note", name="weights/*"):
        named = event.body.get("fingerprint")
        if event.actor != OPERATOR or not isinstance(named, str):
            continue
        if event.name == KEY and named not in found:
            public = _public(event.body.get("public"), named)
            if public is not None:
                found[named] = Declared(named, public, event.index)
        elif event.name == END and named in found and found[named].until is None:
            found[named] = replace(found[named], until=event.index)
    return list(found.values())


def _public(pem: JSON, named: str) -> ec.EllipticCurvePublicKey | None:
    try:
        public = public_key(str(pem).encode(), named)
    except UsageError:
        return None
    return public if "sha256:" + hint_of(public) == named else None


def declare(view: View, emit: Emit, key: WeightsKey) -> None:
    """Record that a key signs this organisation's weights, once.

    Raises:
        RefusedError: it was ended, or the event was not the operator's.
    """
    known = {each.fingerprint: each for each in declared(view)}
    if key.fingerprint not in known:
        body = {"fingerprint": key.fingerprint, "public": public_pem(key.public).decode()}
        event = emit.event("note", KEY, body, model="")
        if event.actor != OPERATOR:
            raise RefusedError(
                f"'{event.actor}' cannot declare a key for weights; run this as the operator"
            )
    elif known[key.fingerprint].until is not None:
        raise RefusedError(
            f"the key {key.fingerprint} was ended in this dossier; run "
            "'tenure keys rotate --role weights' to put it aside, and sign again"
        )


def trusted_by(view: View) -> Trusted:
    """Return the keys for weights that a dossier declares, ended ones too (see :func:`check_time`).

    Raises:
        UsageError: it declares none.
    """
    keys = [each.public for each in declared(view)]
    if not keys:
        raise UsageError(f"this dossier declares no key for weights; {_MAKES}")
    return Trusted.from_keys(*keys)


def recorded(view: View, signature: bytes) -> int | None:
    """Return the index of the event that recorded this very signature file, or None."""
    named = digest(signature)
    for event in view.events(act="evidence", name=SEAL):
        held = event.body.get("evidence", {}).get("runtime", {})
        if held.get("signature") == named and event.actor == OPERATOR:
            return event.index
    return None


def check_time(view: View, signer: str, signature: bytes) -> bool:
    """Refuse a signature by a key that was ended, unless it is on record from before (then False).

    Raises:
        IntegrityError: it is not.
    """
    index = recorded(view, signature)
    ended = {f"key {each.fingerprint}": each.until for each in declared(view)}
    until = ended.get(signer)
    if until is not None and (index is None or index > until):
        raise IntegrityError(
            f"signed by the {signer}, which was ended, and not on record from before that; ask the "
            "signer for a signature by their present key"
        )
    return until is None


def check_seal(view: View, event: Event, evidence: Evidence) -> str:
    """Check a recorded seal without the weights: who signed; by a key that was valid then.

    That the stored files are those of the model is what ``verify`` says.

    Raises:
        IntegrityError: the signature, the key at that place, or what was signed does not fit.
    """
    valid = [
        each.public
        for each in declared(view)
        if each.since < event.index and (each.until is None or event.index < each.until)
    ]
    if event.actor != OPERATOR or not valid:
        raise IntegrityError(f"event {event.index}: no key for weights was valid then; {_SEALS}")
    signed = check_bundle(view.read(str(evidence.runtime["signature"])), Trusted.from_keys(*valid))
    files = {each.path: "sha256:" + each.digest for each in signed.manifest.resources}
    if files != dict(view.model(evidence.model).files):
        raise IntegrityError(
            f"event {event.index}: it signs other files than the model's; {_SEALS}"
        )
    return signed.signer


def model_of(view: View, manifest: Manifest) -> Model | None:
    """Find the registered model whose files are exactly those of a manifest (SHA-256, whole)."""
    if manifest.hash_type != "sha256" or manifest.shard_size is not None:
        return None
    files = {each.path: "sha256:" + each.digest for each in manifest.resources}
    return next((m for m in view.models() if dict(m.files) == files), None)


def ended_key(view: View, keys: Keys, named: str | None) -> str:
    """Say which key for weights is to be ended: the one named, else our own.

    Raises:
        UsageError: it is not declared here, or was ended already, or there is none of ours.
    """
    fingerprint = named or own_key(keys, create=False).fingerprint
    valid = [each.fingerprint for each in declared(view) if each.until is None]
    if fingerprint not in valid:
        known = ", ".join(valid) or "none"
        raise UsageError(f"{fingerprint} signs no weights here; the keys that do: {known}")
    return fingerprint


def put_aside(keys: Keys, named: str) -> None:
    """Rename our key for weights to ``*.old`` where it is the one named; the next seal makes one."""
    place = keys.path(FILE)
    if place.exists() and own_key(keys).fingerprint == named:
        place.rename(place.with_name(f"{FILE}.{named[7:15]}.old"))

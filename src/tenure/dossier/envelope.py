"""One event as stored bytes: an in-toto Statement v1 in a DSSE envelope, and back.

Every entry is exactly what :func:`seal` writes: another spelling of the same JSON is refused, so
that there is one byte string for one event, and no byte of it can change unnoticed.
"""

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any

from tenure.dossier.canonical import canonical, digest
from tenure.dossier.keys import Signer, signature_fits
from tenure.dossier.nouns import JSON, Event
from tenure.dossier.upcast import SCHEMA, upcast
from tenure.errors import IntegrityError, UsageError

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "urn:tenure:event:v1"
LARGEST = 65_535  # bytes of one entry, as C2SP tlog-tiles bundles allow
LARGEST_BODY = 32_768
_HEAD = b'{"payload":"'
_MIDDLE = b'","payloadType":"application/vnd.in-toto+json","signatures":[{"keyid":"'
_PAE = b"DSSEv1 28 application/vnd.in-toto+json "


def pae(payload: bytes) -> bytes:
    """Return what is signed: the pre-authentication encoding of DSSE v1."""
    return _PAE + str(len(payload)).encode() + b" " + payload


def statement(event: Event, *, log: str, index: int) -> dict[str, JSON]:
    """Write an event as an in-toto Statement; place and log are part of what is signed."""
    return {
        "_type": STATEMENT,
        "subject": [
            {
                "name": event.model or "organisation",
                "digest": {"sha256": event.subject.removeprefix("sha256:")},
            }
        ],
        "predicateType": PREDICATE,
        "predicate": {
            "schema": SCHEMA,
            "log": log,
            "index": index,
            "act": event.act,
            "name": event.name,
            "model": event.model,
            "time": event.time,
            "actor": event.actor,
            "body": dict(event.body),
            "files": dict(event.files),
        },
    }


def wrap(payload: bytes, keyid: str, signature: bytes) -> bytes:
    """Write the envelope in its one canonical form."""
    return b"".join(
        (
            _HEAD,
            base64.b64encode(payload),
            _MIDDLE,
            keyid.encode(),
            b'","sig":"',
            base64.b64encode(signature),
            b'"}]}',
        )
    )


def seal(event: Event, signer: Signer, *, log: str, index: int) -> bytes:
    """Sign an event for its place in a log and return the entry.

    Raises:
        UsageError: the event is too large; anything long belongs into a file, named by its digest.
    """
    payload = canonical(statement(event, log=log, index=index))
    entry = wrap(payload, signer.fingerprint, signer.sign(pae(payload)))
    if len(entry) > LARGEST:
        raise UsageError(
            f"the event {event.act} {event.name} is {len(entry)} bytes, the log takes {LARGEST}; "
            "store what is long with emit.file and name its digest"
        )
    return entry


@dataclass(frozen=True, slots=True)
class Sealed:
    """An entry taken apart, its signature not yet checked."""

    payload: bytes
    keyid: str
    signature: bytes

    def signed_by(self, public: bytes) -> bool:
        """Say whether this raw public key signed exactly these bytes."""
        return signature_fits(public, self.signature, pae(self.payload))


def unwrap(entry: bytes) -> Sealed:
    """Take an entry apart.

    Raises:
        IntegrityError: it is not an envelope in its one form.
    """
    if len(entry) > LARGEST:
        raise IntegrityError(f"an entry of {len(entry)} bytes; the log takes {LARGEST}")
    try:
        payload64, rest = entry.removeprefix(_HEAD).split(_MIDDLE)
        keyid, signature64 = rest.removesuffix(b'"}]}').split(b'","sig":"')
        payload = base64.b64decode(payload64, validate=True)
        signature = base64.b64decode(signature64, validate=True)
        sealed = Sealed(payload, keyid.decode("ascii"), signature)
    except (ValueError, binascii.Error):
        raise IntegrityError("the entry is not a DSSE envelope of ours") from None
    if wrap(payload, sealed.keyid, signature) != entry:
        raise IntegrityError("the entry is not a DSSE envelope in its canonical form")
    return sealed


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key is written twice")
    return found


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(object_pairs_hook=_once, parse_constant=_no_constant)


def strict_json(data: bytes) -> Any:
    """Read JSON, refusing a key written twice, NaN, bad UTF-8 and nesting without end.

    Raises:
        IntegrityError: with what is wrong.
    """
    try:
        return _DECODER.decode(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        problem = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise IntegrityError(f"not the JSON we write: {problem}") from None


_FIELDS = {"schema", "log", "index", "act", "name", "model", "time", "actor", "body", "files"}
_ACTS = {"register", "start", "evidence", "fact", "sign", "refuse", "wait", "unit", "key", "note"}
_TEXTS = ("log", "act", "name", "model", "time", "actor")


def predicate_of(payload: bytes) -> tuple[dict[str, Any], str]:
    """Read the Statement and return its predicate (upcast to today's schema) and its subject.

    Raises:
        IntegrityError: a field is missing, unknown or of the wrong type.
    """
    whole = strict_json(payload)
    try:
        if whole["_type"] != STATEMENT or whole["predicateType"] != PREDICATE or len(whole) != 4:
            raise IntegrityError("not an in-toto Statement v1 about a tenure event")
        (subject,) = whole["subject"]
        predicate = upcast(whole["predicate"])
        name, subject_digest = subject["name"], "sha256:" + subject["digest"]["sha256"]
        if set(predicate) != _FIELDS or predicate["act"] not in _ACTS:
            raise IntegrityError("the event has a field missing or too many, or an unknown act")
        if not all(isinstance(predicate[field], str) for field in _TEXTS):
            raise IntegrityError("a field of the event is not text")
        if not isinstance(predicate["body"], dict) or not isinstance(predicate["files"], dict):
            raise IntegrityError("the event's body or files is not an object")
    except (KeyError, TypeError, ValueError):
        raise IntegrityError("the event is not of the shape docs/dossier-format.md gives") from None
    if name != (predicate["model"] or "organisation") or len(subject_digest) != 71:
        raise IntegrityError("the subject of the event is not its model")
    return predicate, subject_digest


def unseal(entry: bytes) -> Event:
    """Read an entry as an Event, without checking its signature (``verify`` does).

    Raises:
        IntegrityError: the bytes are not an event.
    """
    sealed = unwrap(entry)
    predicate, subject = predicate_of(sealed.payload)
    return Event(
        act=predicate["act"],
        name=predicate["name"],
        model=predicate["model"],
        subject=subject,
        time=predicate["time"],
        actor=predicate["actor"],
        body=predicate["body"],
        files=predicate["files"],
        schema=SCHEMA,
        index=predicate["index"],
        digest=digest(entry),
        key=sealed.keyid,
    )

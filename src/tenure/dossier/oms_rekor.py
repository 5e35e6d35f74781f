"""The entry of Sigstore's log in a signature file, checked without asking the log.

What it shows: the log (Rekor v1) promised at a time that it says, by its signature (the signed entry
timestamp), to hold exactly this signature by exactly this certificate; and did hold it, in a tree
whose root it signed too (inclusion proof and checkpoint). What it cannot: that the log shows the same
tree to everybody, and that nobody has signed in this identity's name; for both somebody has to watch
the log itself.

Source: sigstore/protobuf-specs ``sigstore_rekor.proto``; Rekor's type ``dsse`` 0.0.1; the Sigstore
client specification, sections 4.1.2 and 4.1.3; RFC 6962; C2SP signed-note.
"""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tenure.dossier.canonical import canonical
from tenure.dossier.checkpoint import parse
from tenure.dossier.envelope import strict_json
from tenure.dossier.merkle import leaf_hash, root_from_inclusion
from tenure.dossier.oms_trust_root import SigningLog, TrustRoot, decoded
from tenure.errors import IntegrityError, UsageError

_KIND = {"kind": "dsse", "version": "0.0.1"}
_LARGEST = 2**53 - 1  # of a number: what RFC 8785 can write
_LATEST = 253402300799  # seconds; the end of the year 9999
_ELSEWHERE = "check these weights with 'model_signing verify sigstore' of the package model-signing"


@dataclass(frozen=True, slots=True)
class Entry:
    """What a log holds and says of it, as the signature file tells it; nothing of it checked."""

    log: bytes
    index: int
    at: int
    promise: bytes
    body: bytes
    place: int
    size: int
    root: bytes
    hashes: tuple[bytes, ...]
    checkpoint: str


@dataclass(frozen=True, slots=True)
class Said:
    """What goes into a log: a payload, its signature, and the certificate of who signed."""

    payload: bytes
    signature: bytes
    leaf: x509.Certificate


def check_entry(told: Sequence[Any], said: Said, trust: TrustRoot) -> datetime:
    """Check the one entry of a signature file; return when the log says that it took it in.

    Raises:
        IntegrityError: it is missing, damaged, of another log, not promised, not proven, or is the
            entry of another signature.
        UsageError: it is of a kind that cannot be checked here.
    """
    entry = read_entry(told)
    at = datetime.fromtimestamp(entry.at, UTC)
    log = trust.entries.get(entry.log)
    if log is None or not log.span.covers(at):
        raise IntegrityError(
            f"the log {entry.log.hex()[:16]} at {at:%Y-%m-%d} is not one of the {len(trust.entries)} "
            "logs of your trusted root at that time; is it the root of who signed, and is it new enough?"
        )
    _check_body(entry, said)
    _check_promise(entry, log)
    _check_proof(entry, log)
    return at


def read_entry(told: Sequence[Any]) -> Entry:
    """Take the entry apart.

    Raises:
        IntegrityError: there is not exactly one, or something of it is missing or no such thing.
        UsageError: it is of a kind that cannot be checked here.
    """
    if len(told) != 1:
        raise IntegrityError(
            f"the signature file holds {len(told)} entries of Sigstore's log; expected one"
        )
    try:
        one: dict[str, Any] = told[0]
        if one["kindVersion"] != _KIND:
            kind = f"{one['kindVersion']['kind']} {one['kindVersion']['version']}"[:60]
            raise UsageError(
                f"the log's entry is of the kind {kind!r}, whose time a third party signs; that cannot "
                f"be checked here: {_ELSEWHERE}"
            )
        if not one.get("inclusionPromise"):
            raise IntegrityError(
                "the log's entry has no signed entry timestamp: nobody vouches for when this was signed, "
                "and the certificate counted for minutes; ask the signer to sign again"
            )
        proof: dict[str, Any] = one["inclusionProof"]
        return Entry(
            log=decoded(one["logId"]["keyId"]),
            index=_number(one["logIndex"], _LARGEST),
            at=_number(one["integratedTime"], _LATEST),
            promise=decoded(one["inclusionPromise"]["signedEntryTimestamp"]),
            body=decoded(one["canonicalizedBody"]),
            place=_number(proof.get("logIndex", 0), _LARGEST),  # 0 may be left out of protobuf JSON
            size=_number(proof["treeSize"], _LARGEST),
            root=decoded(proof["rootHash"]),
            hashes=tuple(map(decoded, proof.get("hashes", ()))),
            checkpoint=str(proof["checkpoint"]["envelope"]),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise IntegrityError(
            f"the entry of Sigstore's log in the signature file is not whole ({type(error).__name__}: "
            f"{error}); get the file again from where the weights came from"
        ) from None


def _number(told: object, largest: int) -> int:
    """Read a number of protobuf's JSON, which writes 64 bits as text."""
    text = str(told) if type(told) in (int, str) else ""
    if not (text.isascii() and text.isdigit() and len(text) < 20) or int(text) > largest:
        raise ValueError(f"{str(told)[:40]!r} is not a number that can be here")
    return int(text)


def _check_body(entry: Entry, said: Said) -> None:
    """Compare what the log holds with what lies in the signature file (CVE-2022-36056)."""
    pem = said.leaf.public_bytes(Encoding.PEM)
    signature = {
        "signature": base64.b64encode(said.signature).decode(),
        "verifier": base64.b64encode(pem).decode(),
    }
    digest = {"algorithm": "sha256", "value": hashlib.sha256(said.payload).hexdigest()}
    try:
        held = strict_json(entry.body)
        spec = held["spec"]
        same = (
            {"kind": held["kind"], "version": held["apiVersion"]} == _KIND
            and spec["payloadHash"] == digest
            and spec["signatures"] == [signature]
        )
    except (IntegrityError, KeyError, TypeError):
        same = False
    if not same:
        raise IntegrityError(
            "the log's entry is about another signature, payload or certificate than these weights "
            "carry; get the signature file again from where the weights came from"
        )


def _check_promise(entry: Entry, log: SigningLog) -> None:
    """Check the signed entry timestamp: over RFC 8785 JSON, which for these values is ours."""
    promised = {
        "body": base64.b64encode(entry.body).decode(),
        "integratedTime": entry.at,
        "logID": entry.log.hex(),
        "logIndex": entry.index,
    }
    if not log.fits(entry.promise, canonical(promised)):
        raise IntegrityError(
            "the signed entry timestamp is not the log's: the time, the place or the entry was changed"
        )


def _check_proof(entry: Entry, log: SigningLog) -> None:
    head = parse(entry.checkpoint)
    text = head.text.encode()
    signed = any(
        start == entry.log[:4] and log.fits(signature, text)
        for _, start, signature in head.signatures
    )
    if not signed:
        raise IntegrityError("the checkpoint in the signature file is not signed by the log")
    try:
        root = root_from_inclusion(leaf_hash(entry.body), entry.place, entry.size, entry.hashes)
    except IntegrityError as error:
        raise IntegrityError(f"the log's inclusion proof is not one: {error}") from None
    if not root == entry.root == head.root or entry.size != head.size:
        raise IntegrityError(
            "the log's inclusion proof does not lead to the root that the log signed: the entry, the "
            "proof or the checkpoint was changed"
        )

"""Cosignatures of witnesses (C2SP tlog-cosignature, Ed25519) and verifier keys (C2SP signed-note).

A cosignature says: at this time, this was the largest tree of this log that I had seen, and it
continues every one that I saw before.
"""

import base64
import binascii
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

from tenure.dossier.checkpoint import (
    ED25519,
    LARGEST_SIZE,
    Checkpoint,
    key_hash,
    signature_line,
    verifier_key,
)
from tenure.dossier.keys import Signer, signature_fits
from tenure.errors import IntegrityError, UsageError

COSIGNATURE = b"\x04"
_STAMP = 8  # bytes of the time before the signature


@dataclass(frozen=True, slots=True)
class Vkey:
    """A public key with the name it signs under: ``kind`` is 0x01 (a log) or 0x04 (a witness)."""

    name: str
    kind: bytes
    public: bytes

    @property
    def id(self) -> bytes:
        """Return the four bytes that stand before its signatures."""
        return key_hash(self.name, self.public, self.kind)

    def __str__(self) -> str:
        """Write it as name+hash+base64."""
        return verifier_key(self.name, self.public, self.kind)


def is_key_name(name: str) -> bool:
    """Say whether a key may have this name: not empty, no space, no plus, no control character."""
    return bool(name) and "+" not in name and name.isprintable() and not any(map(str.isspace, name))


def parse_vkey(text: str) -> Vkey:
    """Read a verifier key: ``name+hash+base64`` with the 32 bytes of an Ed25519 key.

    Raises:
        UsageError: it is none, its hash is not its own, or it is of a kind we cannot check.
    """
    with suppress(ValueError, binascii.Error):
        name, hashed, encoded = text.split("+", 2)
        raw = base64.b64decode(encoded, validate=True)
        found = Vkey(name, raw[:1], raw[1:])
        if found.kind not in (ED25519, COSIGNATURE):
            raise UsageError(
                f"the key {name} is of kind 0x{found.kind.hex()}; we check Ed25519 signatures of "
                "logs (0x01) and cosignatures (0x04) only"
            )
        whole = len(found.public) == 32 and is_key_name(name)
        if whole and str(found) == text and found.id.hex() == hashed:
            return found
    raise UsageError(
        f"'{text}' is not a verifier key; expected name+hash+base64, as `tenure witness init` prints"
    )


@dataclass(frozen=True, slots=True)
class Cosignature:
    """That a witness signed a checkpoint, and when by its clock (seconds since 1970)."""

    witness: Vkey
    time: int

    @property
    def date(self) -> str:
        """Write the time: UTC, ISO 8601."""
        return iso(self.time)


def iso(seconds: int) -> str:
    """Write a POSIX time as UTC, ISO 8601; what no calendar holds is written as its number."""
    with suppress(ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return f"{seconds} s after 1970"


def _message(checkpoint: Checkpoint, time: int) -> bytes:
    return f"cosignature/v1\ntime {time}\n{checkpoint.text}".encode()


def cosign(checkpoint: Checkpoint, name: str, signer: Signer, time: int) -> str:
    """Write the signature line of a witness over a checkpoint, its line feed included."""
    signature = signer.sign(_message(checkpoint, time))
    hashed = key_hash(name, signer.public, COSIGNATURE)
    return signature_line(name, hashed, time.to_bytes(_STAMP, "big") + signature)


def _cosignature(checkpoint: Checkpoint, witness: Vkey, data: bytes) -> Cosignature | None:
    time = int.from_bytes(data[:_STAMP], "big")
    message = _message(checkpoint, time)
    if time > LARGEST_SIZE or not signature_fits(witness.public, data[_STAMP:], message):
        return None
    return Cosignature(witness, time)


def cosignatures(checkpoint: Checkpoint, witnesses: list[Vkey]) -> list[Cosignature]:
    """List the valid cosignatures of these witnesses; those of others are ignored.

    Raises:
        IntegrityError: a line names one of these keys and its signature does not fit; such a note
            is malformed (C2SP signed-note) and nothing in it counts.
    """
    found: list[Cosignature] = []
    known = {(w.name, w.id): w for w in witnesses if w.kind == COSIGNATURE}
    for name, hashed, data in checkpoint.signatures:
        witness = known.get((name, hashed))
        if witness is None:
            continue
        valid = _cosignature(checkpoint, witness, data)
        if valid is None:
            raise IntegrityError(f"the cosignature of {name} does not fit: it or the text changed")
        found.append(valid)
    return found


def log_signed(checkpoint: Checkpoint, logs: list[Vkey]) -> bool:
    """Say whether one of these keys of the log signed; a key counts for the log of its name.

    Raises:
        IntegrityError: a line names one of these keys and its signature does not fit.
    """
    known = {(k.name, k.id): k for k in logs if k.kind == ED25519}
    signed = False
    for name, hashed, data in checkpoint.signatures:
        key = known.get((name, hashed))
        if key is None:
            continue
        if not signature_fits(key.public, data, checkpoint.text.encode()):
            raise IntegrityError(f"the signature of {name} does not fit: it or the text changed")
        signed = True
    return signed

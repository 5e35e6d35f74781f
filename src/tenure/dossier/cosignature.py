"""Cosignatures of witnesses (C2SP tlog-cosignature) and verifier keys (C2SP signed-note).

A cosignature says: at this time, this was the largest tree of this log that I had seen, and it
continues every one that I saw before. We write Ed25519; of others we also check ML-DSA-44 (FIPS 204),
where the installed ``cryptography`` knows it.
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
POST_QUANTUM = b"\x06"  # ML-DSA-44
WITNESS_KINDS = (COSIGNATURE, POST_QUANTUM)
_LENGTHS = {ED25519: 32, COSIGNATURE: 32, POST_QUANTUM: 1312}  # bytes of a public key
_STAMP = 8  # bytes of the time before the signature


@dataclass(frozen=True, slots=True)
class Vkey:
    """A public key with the name it signs under: ``kind`` is 0x01 (a log), 0x04 or 0x06 (a witness)."""

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
    """Read a verifier key: ``name+hash+base64`` of an Ed25519 key (32 bytes) or an ML-DSA-44 one.

    Raises:
        UsageError: it is none, its hash is not its own, or it is of a kind we cannot check.
    """
    with suppress(ValueError, binascii.Error):
        name, hashed, encoded = text.split("+", 2)
        raw = base64.b64decode(encoded, validate=True)
        found = Vkey(name, raw[:1], raw[1:])
        if found.kind not in _LENGTHS:
            raise UsageError(
                f"the key {name} is of kind 0x{found.kind.hex()}; we check Ed25519 signatures of "
                "logs (0x01), and cosignatures (0x04, 0x06) only"
            )
        whole = len(found.public) == _LENGTHS[found.kind] and is_key_name(name)
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


def _prefixed(text: str) -> bytes:
    raw = text.encode()
    return len(raw).to_bytes(1, "big") + raw


def subtree_message(checkpoint: Checkpoint, name: str, time: int) -> bytes:
    """Return what an ML-DSA-44 witness signs: the ``cosigned_message`` of tlog-cosignature.

    Raises:
        OverflowError: a name of more than 255 bytes.
    """
    return b"".join(
        (
            b"subtree/v1\n\0",
            _prefixed(name),
            time.to_bytes(8, "big"),
            _prefixed(checkpoint.origin),
            bytes(8),
            checkpoint.size.to_bytes(8, "big"),
            checkpoint.root,
        )
    )


def _post_quantum_fits(public: bytes, signature: bytes, message: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm

    try:
        from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

        MLDSA44PublicKey.from_public_bytes(public).verify(signature, message)
    except (ImportError, UnsupportedAlgorithm):
        raise UsageError(
            "this installation cannot check ML-DSA-44: pip install -U cryptography"
        ) from None
    except (InvalidSignature, ValueError):
        return False
    return True


def cosign(checkpoint: Checkpoint, name: str, signer: Signer, time: int) -> str:
    """Write the signature line of a witness over a checkpoint, its line feed included."""
    signature = signer.sign(_message(checkpoint, time))
    hashed = key_hash(name, signer.public, COSIGNATURE)
    return signature_line(name, hashed, time.to_bytes(_STAMP, "big") + signature)


def _cosignature(checkpoint: Checkpoint, witness: Vkey, data: bytes) -> Cosignature | None:
    time, signature = int.from_bytes(data[:_STAMP], "big"), data[_STAMP:]
    if time > LARGEST_SIZE:
        return None
    if witness.kind == POST_QUANTUM:
        if max(len(witness.name.encode()), len(checkpoint.origin.encode())) > 255:
            return None
        message = subtree_message(checkpoint, witness.name, time)
        fits = _post_quantum_fits(witness.public, signature, message)
    else:
        fits = signature_fits(witness.public, signature, _message(checkpoint, time))
    return Cosignature(witness, time) if fits else None


def cosignatures(checkpoint: Checkpoint, witnesses: list[Vkey]) -> list[Cosignature]:
    """List the valid cosignatures of these witnesses; those of others are ignored.

    Raises:
        IntegrityError: a line names one of these keys and its signature does not fit; such a note
            is malformed (C2SP signed-note) and nothing in it counts.
        UsageError: a key is of ML-DSA-44 and the installed ``cryptography`` is too old for it.
    """
    found: list[Cosignature] = []
    known = {(w.name, w.id): w for w in witnesses if w.kind in WITNESS_KINDS}
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

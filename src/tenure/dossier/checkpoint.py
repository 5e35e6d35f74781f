"""Checkpoints of the log: a C2SP tlog-checkpoint inside a C2SP signed note (Ed25519)."""

import base64
import binascii
import hashlib
from contextlib import suppress
from dataclasses import dataclass

from tenure.dossier.keys import Signer, fingerprint, signature_fits
from tenure.errors import IntegrityError

ED25519 = b"\x01"


def key_hash(name: str, public: bytes) -> bytes:
    """Return the four bytes by which a signed note names an Ed25519 key (C2SP signed-note)."""
    return hashlib.sha256(name.encode() + b"\n" + ED25519 + public).digest()[:4]


def verifier_key(name: str, public: bytes) -> str:
    """Write a public key as other signed-note tools read it: name+hash+base64."""
    encoded = base64.b64encode(ED25519 + public).decode()
    return f"{name}+{key_hash(name, public).hex()}+{encoded}"


def _line(name: str, hashed: bytes, signature: bytes) -> str:
    return f"\u2014 {name} {base64.b64encode(hashed + signature).decode()}\n"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How many entries a log had, and the root over them; ``signatures`` are (name, hash, bytes)."""

    origin: str
    size: int
    root: bytes
    signatures: tuple[tuple[str, bytes, bytes], ...] = ()

    @property
    def text(self) -> str:
        """Return the signed text: origin, size, root, each on its line."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"

    def sign(self, signer: Signer) -> str:
        """Write the signed note."""
        signature = signer.sign(self.text.encode())
        return f"{self.text}\n{_line(self.origin, key_hash(self.origin, signer.public), signature)}"

    def signed_by(self, public: bytes) -> bool:
        """Say whether one of the signatures is of this raw public key, under the log's name."""
        wanted = key_hash(self.origin, public)
        return any(
            name == self.origin
            and found == wanted
            and signature_fits(public, signature, self.text.encode())
            for name, found, signature in self.signatures
        )

    def signer_among(self, publics: list[bytes]) -> str | None:
        """Return the fingerprint of the first of these keys that signed, or None."""
        return next((fingerprint(p) for p in publics if self.signed_by(p)), None)


def _signature(line: str) -> tuple[str, bytes, bytes]:
    _, name, encoded = line.split(" ")
    raw = base64.b64decode(encoded, validate=True)
    return name, raw[:4], raw[4:]


def _parse(note: str) -> Checkpoint:
    text, signatures = note.split("\n\n")
    origin, size, root = text.split("\n")
    raw = base64.b64decode(root, validate=True)
    found = tuple(_signature(line) for line in signatures.removesuffix("\n").split("\n"))
    return Checkpoint(origin, int(size), raw, found)


def parse(note: str) -> Checkpoint:
    """Read a signed checkpoint.

    Raises:
        IntegrityError: it is not one.
    """
    with suppress(ValueError, binascii.Error):
        found = _parse(note)
        one_form = found.text + "\n" + "".join(_line(*each) for each in found.signatures)
        if one_form == note and found.origin and len(found.root) == 32:
            return found
    raise IntegrityError(
        "this is not a checkpoint; expected the lines origin, size, root, an empty one, a signature"
    )

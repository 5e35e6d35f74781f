"""Checkpoints of the log: a C2SP tlog-checkpoint inside a C2SP signed note (Ed25519)."""

import base64
import binascii
import hashlib
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
        signature = key_hash(self.origin, signer.public) + signer.sign(self.text.encode())
        return f"{self.text}\n\u2014 {self.origin} {base64.b64encode(signature).decode()}\n"

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
    mark, _, rest = line.partition(" ")
    name, _, encoded = rest.partition(" ")
    raw = base64.b64decode(encoded, validate=True)
    if mark != "\u2014" or not name or len(raw) < 5 or base64.b64encode(raw).decode() != encoded:
        raise ValueError(line)
    return name, raw[:4], raw[4:]


def parse(note: str) -> Checkpoint:
    """Read a signed checkpoint.

    Raises:
        IntegrityError: it is not one.
    """
    try:
        text, signatures = note.split("\n\n")
        origin, size, root, *_extensions = text.split("\n")
        if not signatures.endswith("\n") or not size.isascii() or str(int(size)) != size:
            raise ValueError(note)
        raw = base64.b64decode(root, validate=True)
        found = tuple(_signature(line) for line in signatures[:-1].split("\n"))
        checkpoint = Checkpoint(origin, int(size), raw, found)
        if len(raw) != 32 or checkpoint.text != text + "\n" or not origin:
            raise ValueError(note)
    except (ValueError, binascii.Error):
        raise IntegrityError(
            "this is not a checkpoint; expected four parts: origin, size, root, a signature line"
        ) from None
    return checkpoint

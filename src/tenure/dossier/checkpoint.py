"""Checkpoints of the log: a C2SP tlog-checkpoint inside a C2SP signed note (Ed25519)."""

import base64
import binascii
import hashlib
from contextlib import suppress
from dataclasses import dataclass, replace

from tenure.dossier.keys import Signer, fingerprint, signature_fits
from tenure.errors import IntegrityError

ED25519 = b"\x01"
LARGEST_NOTE = 100_000  # characters; C2SP asks for at least 16 signatures of up to 5 kB each
LARGEST_SIZE = 2**63 - 1  # entries


def key_hash(name: str, public: bytes, kind: bytes = ED25519) -> bytes:
    """Return the four bytes by which a signed note names a key (C2SP signed-note)."""
    return hashlib.sha256(name.encode() + b"\n" + kind + public).digest()[:4]


def verifier_key(name: str, public: bytes, kind: bytes = ED25519) -> str:
    """Write a public key as other signed-note tools read it: name+hash+base64."""
    encoded = base64.b64encode(kind + public).decode()
    return f"{name}+{key_hash(name, public, kind).hex()}+{encoded}"


def signature_line(name: str, hashed: bytes, signature: bytes) -> str:
    """Write one signature line of a note, its line feed included."""
    return f"\u2014 {name} {base64.b64encode(hashed + signature).decode()}\n"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """How many entries a log had, and the root over them; ``signatures`` are (name, hash, bytes).

    ``extensions`` are further lines of the text, opaque to us; our own checkpoints have none.
    """

    origin: str
    size: int
    root: bytes
    signatures: tuple[tuple[str, bytes, bytes], ...] = ()
    extensions: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """Return the signed text: origin, size, root, each on its line."""
        encoded = base64.b64encode(self.root).decode()
        more = "".join(f"{line}\n" for line in self.extensions)
        return f"{self.origin}\n{self.size}\n{encoded}\n{more}"

    @property
    def note(self) -> str:
        """Return the whole signed note."""
        return f"{self.text}\n" + "".join(signature_line(*each) for each in self.signatures)

    def sign(self, signer: Signer) -> str:
        """Write the signed note with one more signature, under the log's name."""
        return self.signed(signer).note

    def signed(self, signer: Signer) -> "Checkpoint":
        """Add a signature under the log's name."""
        signature = signer.sign(self.text.encode())
        ours = (self.origin, key_hash(self.origin, signer.public), signature)
        return replace(self, signatures=(*self.signatures, ours))

    def joined(self, other: "Checkpoint") -> "Checkpoint":
        """Take over the signatures of another note over the same text; of one key, the other's.

        Raises:
            IntegrityError: the other is over another text.
        """
        if other.text != self.text:
            raise IntegrityError(f"two checkpoints of {self.origin} differ; nothing joins them")
        by_key = {each[:2]: each for each in (*self.signatures, *other.signatures)}
        return replace(self, signatures=tuple(by_key.values()))

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


def parse_signatures(lines: str) -> tuple[tuple[str, bytes, bytes], ...]:
    """Read signature lines, each ending with a line feed.

    Raises:
        IntegrityError: one is not an em dash, a name and base64 of five bytes or more.
    """
    with suppress(ValueError, binascii.Error):
        found = tuple(_signature(line) for line in lines.removesuffix("\n").split("\n"))
        named = all(name and "+" not in name and signature for name, _, signature in found)
        if named and "".join(signature_line(*each) for each in found) == lines:
            return found
    raise IntegrityError("these are not signature lines of a C2SP signed note")


def _parse(note: str) -> Checkpoint:
    text, signatures = note.split("\n\n")
    origin, size, root, *more = text.split("\n")
    raw = base64.b64decode(root, validate=True)
    return Checkpoint(origin, int(size), raw, parse_signatures(signatures), tuple(more))


def parse(note: str) -> Checkpoint:
    """Read a signed checkpoint, in its one form.

    Raises:
        IntegrityError: it is not one.
    """
    plain = len(note) <= LARGEST_NOTE and not any(ord(c) < 32 and c != "\n" for c in note)
    with suppress(ValueError, binascii.Error, IntegrityError):
        found = _parse(note if plain else "")
        whole = found.origin and len(found.root) == 32 and 0 <= found.size <= LARGEST_SIZE
        if found.note == note and whole:
            return found
    raise IntegrityError(
        "this is not a checkpoint; expected the lines origin, size, root, an empty one, a signature"
    )

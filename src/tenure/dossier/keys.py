"""Signing keys: one Ed25519 key for each role, kept outside the dossier, readable by its owner only."""

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from tenure.errors import RefusedError, UsageError

ENVIRONMENT = "TENURE_KEYS"


def fingerprint(public: bytes) -> str:
    """Name a raw public key (32 bytes): ``sha256:<64 hex digits>``."""
    return "sha256:" + hashlib.sha256(public).hexdigest()


def signature_fits(public: bytes, signature: bytes, message: bytes) -> bool:
    """Say whether an Ed25519 signature (RFC 8032) was made by this raw public key."""
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key and its role; never printed, never stored in a dossier."""

    role: str
    public: bytes
    private: Ed25519PrivateKey

    def __repr__(self) -> str:
        """Show the role and the fingerprint, never the key."""
        return f"Signer({self.role}, {self.fingerprint})"

    @property
    def fingerprint(self) -> str:
        """Name the public key."""
        return fingerprint(self.public)

    def sign(self, message: bytes) -> bytes:
        """Sign (64 bytes, RFC 8032)."""
        return self.private.sign(message)


def default_folder() -> Path:
    """Return $TENURE_KEYS, else ~/.config/tenure/keys."""
    named = os.environ.get(ENVIRONMENT)
    return Path(named) if named else Path.home() / ".config" / "tenure" / "keys"


def _check_role(role: str) -> None:
    if (
        not role
        or not all(c.isascii() and (c.isalnum() or c in "-_.") for c in role)
        or role[0] == "."
    ):
        raise UsageError(f"'{role}' is not a role: use letters, digits, '-', '_' and '.'")


class Keys:
    """A folder of private keys, one PEM file (PKCS #8, mode 0600) for each role."""

    def __init__(self, folder: Path) -> None:
        """Name the folder; it is made when the first key is."""
        self.folder = folder

    def path(self, role: str) -> Path:
        """Say where the key of a role lies."""
        _check_role(role)
        return self.folder / f"{role}.pem"

    def has(self, role: str) -> bool:
        """Say whether there is a key of this role here."""
        return self.path(role).exists()

    def signer(self, role: str, *, create: bool = True) -> Signer:
        """Load the key of a role; make it on first use.

        Raises:
            UsageError: no such key (and ``create`` is false), or the file is not an Ed25519 key.
            RefusedError: somebody other than its owner may read the file.
        """
        path = self.path(role)
        if not path.exists():
            if not create:
                raise UsageError(
                    f"no key of the role '{role}' in {self.folder}; "
                    f"set {ENVIRONMENT} to the folder that holds it"
                )
            self.store(role, Ed25519PrivateKey.generate())
        if path.stat().st_mode & 0o077:
            raise RefusedError(f"{path} can be read by others; run: chmod 600 {path}")
        return self._load(role, path)

    def succeed(self, role: str) -> None:
        """Put the waiting successor of a key (``<role>.next``) into its place; the old one stays."""
        place = self.path(role)
        if place.exists():
            old = self._load(role, place).fingerprint
            place.rename(place.with_name(f"{role}.{old[7:15]}.old"))
        self.path(f"{role}.next").rename(place)

    def _load(self, role: str, path: Path) -> Signer:
        try:
            private = load_pem_private_key(path.read_bytes(), password=None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise UsageError(f"{path} is not a PEM key; restore it from your copy") from None
        if not isinstance(private, Ed25519PrivateKey):
            raise UsageError(f"{path} is not an Ed25519 key; restore it from your copy")
        return Signer(role, private.public_key().public_bytes_raw(), private)

    def store(self, role: str, private: Ed25519PrivateKey, *, replace: bool = False) -> None:
        """Write a key, whole or not at all; an existing one stays unless ``replace``."""
        path = self.path(role)
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        descriptor, name = tempfile.mkstemp(dir=self.folder, prefix=".new-")  # made with mode 0600
        temporary = Path(name)
        try:
            with os.fdopen(descriptor, "wb") as target:
                target.write(pem)
                target.flush()
                os.fsync(target.fileno())
            if replace:
                temporary.replace(path)
                return
            try:
                os.link(temporary, path)  # fails when another process was first: its key counts
            except FileExistsError:
                return
        finally:
            temporary.unlink(missing_ok=True)

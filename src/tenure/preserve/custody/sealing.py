"""The form of a sealed file, ``tenure/sealed/1``: encrypted in records, so that any part can be read alone.

The STREAM construction (V. T. Hoang, R. Reyhanitabar, P. Rogaway, D. Vizár, "Online authenticated
encryption and its nonce-reuse misuse-resistance", CRYPTO 2015), as age and Tink use it::

    header   "TENURESL", u32 LE version 1, 4 zero bytes, the key's fingerprint (16), a salt (32)
    records  AES-256-GCM (NIST SP 800-38D) of 65,536 bytes each, the last one shorter; tag 16 bytes
    nonce    the record's number in 11 bytes, big-endian, then 1 for the last record, else 0
    key      HKDF-SHA256 (RFC 5869) of the vault's key with this salt and the file's path as info
    AAD      the header

So a record that was changed, moved, taken from another file or another path, or a file that was
cut short, does not open. An older sealed file of the same path does: the signed inventory tells.
Paths are AES-SIV (RFC 5297), padded to whole 32 bytes, in base32: the same path always gives the
same name, so that it is found without an index; folders do not show.
"""

import base64
import io
import secrets
import struct
from functools import cached_property
from typing import BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM, AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from tenure.errors import IntegrityError, UsageError

MAGIC, VERSION = b"TENURESL", 1
KEY_BYTES, SALT_BYTES, MARK_BYTES, TAG_BYTES = 32, 32, 16, 16
RECORD_BYTES = 65_536
HEADER = struct.Struct(f"<8sI4x{MARK_BYTES}s{SALT_BYTES}s")
STORED_BYTES = RECORD_BYTES + TAG_BYTES
NAME_PAD, NAME_PART, NAME_LIMIT = 32, 200, 540
FOLDER = "sealed"


class VaultKey:
    """One key of sealed copies: 32 random bytes, and what is derived from them."""

    def __init__(self, secret: bytes) -> None:
        """Take the 32 bytes; they are never printed by this object."""
        if len(secret) != KEY_BYTES:
            raise UsageError(f"a vault key has {KEY_BYTES} bytes, this one {len(secret)}")
        self._secret = secret

    @classmethod
    def make(cls) -> "VaultKey":
        """Make a new one from the system's randomness."""
        return cls(secrets.token_bytes(KEY_BYTES))

    def __repr__(self) -> str:
        """Show the fingerprint, never the key."""
        return f"VaultKey({self.fingerprint})"

    def reveal(self) -> bytes:
        """Return the 32 bytes, to be written into a key file or split into shares."""
        return self._secret

    def derive(self, info: bytes, *, salt: bytes | None = None, length: int = 32) -> bytes:
        """Derive bytes for one purpose (HKDF-SHA256)."""
        return HKDF(algorithm=SHA256(), length=length, salt=salt, info=info).derive(self._secret)

    @cached_property
    def mark(self) -> bytes:
        """The fingerprint as 16 bytes; nothing of the key can be had from it."""
        return self.derive(b"tenure/sealed/1 fingerprint", length=MARK_BYTES)

    @property
    def fingerprint(self) -> str:
        """The fingerprint for people: eight groups of four hex digits."""
        text = self.mark.hex()
        return "-".join(text[at : at + 4] for at in range(0, len(text), 4))

    @cached_property
    def _names(self) -> AESSIV:
        return AESSIV(self.derive(b"tenure/sealed/1 names", length=64))

    def hide(self, path: str) -> str:
        """Return the name a path has in a sealed copy.

        Raises:
            UsageError: the path is longer than a name can hold.
        """
        plain = path.encode()
        if len(plain) > NAME_LIMIT:
            raise UsageError(
                f"{path[:60]}… has {len(plain)} bytes; a sealed copy takes {NAME_LIMIT}"
            )
        padded = (plain + b"\x80").ljust(-(-(len(plain) + 1) // NAME_PAD) * NAME_PAD, b"\0")
        sealed = self._names.encrypt(padded, None)
        text = base64.b32encode(sealed).decode().rstrip("=").lower()
        parts = [text[at : at + NAME_PART] for at in range(0, len(text), NAME_PART)]
        return "/".join([FOLDER, text[:2], *parts])

    def show(self, name: str) -> str | None:
        """Return the path behind a name of a sealed copy; None when it is no name by this key."""
        first, _, rest = name.partition("/")
        text = rest.partition("/")[2].replace("/", "").upper()
        try:
            sealed = base64.b32decode(text + "=" * (-len(text) % 8))
            padded = self._names.decrypt(sealed, None)
            path = padded.rstrip(b"\0").removesuffix(b"\x80").decode()
        except (ValueError, InvalidTag):
            return None
        return path if first == FOLDER and name == self.hide(path) else None


def sealed_size(size: int) -> int:
    """Return how many bytes a file of ``size`` bytes takes once sealed."""
    return HEADER.size + size + TAG_BYTES * max(1, -(-size // RECORD_BYTES))


def plain_size(stored: int, path: str) -> int:
    """Return how many bytes a sealed file holds, from its own size.

    Raises:
        IntegrityError: no sealed file has this size.
    """
    body = stored - HEADER.size
    count = max(1, -(-body // STORED_BYTES))
    last = body - (count - 1) * STORED_BYTES
    if last < TAG_BYTES or (last == TAG_BYTES and count > 1):
        raise _damaged(path, "it was cut short")
    return body - count * TAG_BYTES


def _damaged(path: str, why: str) -> IntegrityError:
    return IntegrityError(
        f"{path}: its sealed form is damaged ({why}); run 'tenure preserve check' to mend it from another copy"
    )


class _Box:
    """The cipher of one file: its key follows from the vault's key, a salt and its path."""

    def __init__(self, key: VaultKey, path: str, salt: bytes) -> None:
        self.header = HEADER.pack(MAGIC, VERSION, key.mark, salt)
        info = b"tenure/sealed/1 file\0" + path.encode()
        self._cipher = AESGCM(key.derive(info, salt=salt))

    def seal(self, record: bytes, number: int, *, last: bool) -> bytes:
        return self._cipher.encrypt(_nonce(number, last=last), record, self.header)

    def open(self, record: bytes, number: int, *, last: bool) -> bytes:
        return self._cipher.decrypt(_nonce(number, last=last), record, self.header)


def _nonce(number: int, *, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes([last])


class _Sealing(io.RawIOBase):
    """Reads the sealed form of a stream, record by record."""

    def __init__(self, box: _Box, source: BinaryIO) -> None:
        super().__init__()
        self._box, self._source = box, source
        self._start = source.tell() if source.seekable() else 0
        self._begin()

    def _begin(self) -> None:
        self._ready = self._box.header
        self._next: bytes | None = self._source.read(RECORD_BYTES)
        self._number = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._source.seekable()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go back to the beginning, and nowhere else."""
        if offset or whence != io.SEEK_SET:
            raise io.UnsupportedOperation("a sealed form is read from its beginning")
        self._source.seek(self._start)
        self._begin()
        return 0

    def readinto(self, buffer: memoryview, /) -> int:  # type: ignore[override]
        if not self._ready and self._next is not None:
            record, after = self._next, self._source.read(RECORD_BYTES)
            self._ready = self._box.seal(record, self._number, last=not after)
            self._number += 1
            self._next = after or None
        piece = self._ready[: len(buffer)]
        buffer[: len(piece)] = piece
        self._ready = self._ready[len(piece) :]
        return len(piece)


def sealing(key: VaultKey, path: str, salt: bytes, source: BinaryIO) -> BinaryIO:
    """Return a stream that gives the sealed form of ``source``; the same salt gives the same bytes.

    A salt is used for one content only: take a new one (``secrets``) for each file that is stored.
    """
    return io.BufferedReader(_Sealing(_Box(key, path, salt), source), STORED_BYTES)


class Opening:
    """Reads parts of a sealed stream (seekable), each record checked before a byte of it is given."""

    def __init__(self, key: VaultKey, path: str, stored: BinaryIO) -> None:
        """Read the header.

        Raises:
            IntegrityError: it is no sealed file, or by another key.
        """
        size = stored.seek(0, io.SEEK_END)
        self.size = plain_size(size, path)
        stored.seek(0)
        header = stored.read(HEADER.size)
        magic, version, mark, salt = HEADER.unpack(header)
        if magic != MAGIC or version != VERSION or any(header[12:16]):
            raise _damaged(path, "its beginning is not that of a sealed file")
        if mark != key.mark:
            raise _damaged(path, "it names another key")
        self._box, self._path, self._stored = _Box(key, path, salt), path, stored
        self._last = max(0, -(-self.size // RECORD_BYTES) - 1)

    def read_range(self, offset: int, length: int) -> bytes:
        """Return bytes of the content.

        Raises:
            IntegrityError: a record does not open.
        """
        first, end = offset // RECORD_BYTES, -(-(offset + length) // RECORD_BYTES)
        self._stored.seek(HEADER.size + first * STORED_BYTES)
        sealed = self._stored.read((end - first) * STORED_BYTES)
        opened = bytearray()
        for number in range(first, end):
            at = (number - first) * STORED_BYTES
            try:
                opened += self._box.open(
                    sealed[at : at + STORED_BYTES], number, last=number == self._last
                )
            except (InvalidTag, ValueError):
                raise _damaged(self._path, f"record {number} does not open") from None
        start = offset - first * RECORD_BYTES
        return bytes(opened[start : start + length])

    def check_empty(self) -> None:
        """Open the only record of an empty file, which no range reaches."""
        self._stored.seek(HEADER.size)
        try:
            self._box.open(self._stored.read(TAG_BYTES), 0, last=True)
        except (InvalidTag, ValueError):
            raise _damaged(self._path, "record 0 does not open") from None

"""``sealed://KEY@PLACE``: any other place for a vault, with every file encrypted before it leaves.

KEY is the name of a key made by ``tenure vault key make KEY``; PLACE is a folder or any other
location (``sealed://offsite@s3://bucket/vault``). The form is :mod:`tenure.preserve.custody.sealing`.

Whoever sees such a copy without the key sees how many files there are, their sizes (to the byte,
but for the encryption's own 16 bytes in 65,536), when they were written, and about how long their
paths are; not what they hold, nor their names and folders. Who can write there can destroy, remove,
or put back an older sealed file: a check against the signed inventory tells.
"""

import hashlib
import io
import re
import secrets
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO

from tenure.errors import IntegrityError, UsageError
from tenure.preserve.custody.keyring import Keyring, sealed_note
from tenure.preserve.custody.sealing import (
    FOLDER,
    SALT_BYTES,
    Opening,
    VaultKey,
    plain_size,
    sealing,
)
from tenure.preserve.remote import aside
from tenure.preserve.remote.reader import ranges
from tenure.preserve.store import Store, chunks, read_small, safe_path, sha512_of

NOTE = "SEALED.txt"
SPOOL_BYTES = 8 << 20


class SealedStore:
    """Another store behind encryption; see :class:`tenure.preserve.store.Store`."""

    def __init__(self, key: VaultKey, name: str, below: Store) -> None:
        """``below`` gets nothing but sealed files and a note that says so."""
        self._key, self._name, self._below = key, name, below
        self._noted = False

    @property
    def label(self) -> str:
        """Return the other store's label, and that it is sealed."""
        return f"{self._below.label} (sealed)"

    @property
    def below(self) -> Store:
        """The store that the sealed files lie in."""
        return self._below

    def _hide(self, key: str) -> str:
        path = aside.origin(safe_path(key))
        hidden = self._key.hide(path)
        return hidden if path == key else key.removesuffix(path) + hidden

    def _show(self, name: str) -> str | None:
        hidden = aside.origin(name)
        path = self._key.show(hidden)
        return None if path is None else name.removesuffix(hidden) + path

    def _require_own_key(self) -> None:
        """Refuse a copy that was sealed with another key, before it is taken for an empty one."""
        if self._noted:
            return
        note = read_small(self._below, NOTE)
        if note is not None and self._key.fingerprint.encode() not in note:
            raise UsageError(
                f"{self._below.label} was sealed with another key than '{self._name}' "
                f"({self._key.fingerprint}); {NOTE} there names the one it needs"
            )
        self._noted = note is not None

    def _note(self) -> None:
        self._require_own_key()
        if not self._noted:
            text = sealed_note(self._name, self._key).encode()
            self._below.put(NOTE, io.BytesIO(text), hashlib.sha512(text).hexdigest())
            self._noted = True

    @contextmanager
    def _sealed(self, key: str, source: BinaryIO, sha512: str) -> Iterator[tuple[BinaryIO, str]]:
        """Give the sealed form of a stream and its sha512, once the content's own was right.

        A stream that cannot be read twice is sealed into a temporary file, which holds no plain byte.
        """
        path, salt = aside.origin(safe_path(key)), secrets.token_bytes(SALT_BYTES)
        counted = _Counted(source)
        passed: Any = counted
        if source.seekable():
            start = source.tell()
            digest = sha512_of(sealing(self._key, path, salt, passed))[0]
            counted.require(key, sha512)
            source.seek(start)
            yield sealing(self._key, path, salt, source), digest
            return
        with tempfile.SpooledTemporaryFile(SPOOL_BYTES) as spool:
            found = hashlib.sha512()
            for chunk in chunks(sealing(self._key, path, salt, passed)):
                found.update(chunk)
                spool.write(chunk)
            counted.require(key, sha512)
            spool.seek(0)
            yield spool, found.hexdigest()  # type: ignore[misc]

    def put(self, key: str, source: BinaryIO, sha512: str) -> None:
        """Store bytes under a new key; the source is read twice, first to check it."""
        hidden = self._hide(key)
        self._note()
        with self._sealed(key, source, sha512) as (stream, digest):
            try:
                self._below.put(hidden, stream, digest)
            except FileExistsError:
                raise FileExistsError(key) from None

    def swap(self, key: str, content: bytes) -> None:
        """Replace a small file."""
        hidden, salt = self._hide(key), secrets.token_bytes(SALT_BYTES)
        self._note()
        with sealing(self._key, key, salt, io.BytesIO(content)) as stream:
            self._below.swap(hidden, stream.read())

    def mend(self, key: str, source: BinaryIO, sha512: str) -> None:
        """Put verified bytes where damaged ones lie."""
        hidden = self._hide(key)
        self._note()
        with self._sealed(key, source, sha512) as (stream, digest):
            self._below.mend(hidden, stream, digest)

    def set_aside(self, key: str) -> str:
        """Move a file out of the way."""
        moved = self._below.set_aside(self._hide(key))
        return moved.removesuffix(self._key.hide(aside.origin(key))) + aside.origin(key)

    def open(self, key: str) -> BinaryIO:
        """Open for reading; KeyError when it is not there, IntegrityError when it does not open."""
        hidden = self._hide(key)
        self._require_own_key()
        try:
            stored = self._below.open(hidden)
        except KeyError:
            raise KeyError(key) from None
        try:
            opening = Opening(self._key, aside.origin(key), stored)
            if not opening.size:
                opening.check_empty()
        except BaseException:
            stored.close()
            raise
        return ranges(opening.read_range, opening.size, below=stored)

    def size(self, key: str) -> int:
        """Return the size of the content."""
        try:
            return plain_size(self._below.size(self._hide(key)), key)
        except KeyError:
            raise KeyError(key) from None

    def list(self, prefix: str = "") -> list[str]:
        """List the keys under a prefix, by opening every name there is."""
        top = f"{safe_path(prefix)}/" if prefix else ""
        self._require_own_key()
        names = [n for n in self._below.list() if aside.origin(n).startswith(f"{FOLDER}/")]
        found = [path for path in map(self._show, names) if path is not None]
        if names and not found:
            raise IntegrityError(
                f"{self._below.label} holds {len(names)} sealed files, none by the key '{self._name}'; name "
                "the key it was sealed with"
            )
        return sorted(path for path in found if path.startswith(top))

    def free(self) -> int:
        """Return how many bytes can still be stored."""
        return self._below.free()

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Be the only writer."""
        self._require_own_key()
        with self._below.lock():
            yield


class _Counted(io.RawIOBase):
    """Passes a stream on and digests it."""

    def __init__(self, source: BinaryIO) -> None:
        super().__init__()
        self._source, self._found = source, hashlib.sha512()

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        piece = self._source.read(size)
        self._found.update(piece)
        return piece

    def require(self, key: str, sha512: str) -> None:
        found = self._found.hexdigest()
        if found != sha512:
            raise IntegrityError(
                f"{key}: expected sha512 {sha512[:16]}…, read {found[:16]}…; its source changed while it "
                "was read, or is damaged; nothing was stored"
            )


def extension(location: str, open_below: Callable[[str], Store] | None = None) -> SealedStore:
    """Open a sealed copy: ``KEY@PLACE``; ``open_below`` opens the place.

    Raises:
        UsageError: it does not name a key and a place, or there is no such key here.
    """
    name, mark, place = location.partition("@")
    if not mark or not place or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,60}", name):
        raise UsageError(
            "a sealed copy is sealed://KEY@PLACE, as in sealed://offsite@s3://bucket/vault; make a key with "
            "'tenure vault key make KEY'"
        )
    if place.startswith("sealed://"):
        raise UsageError("a sealed copy lies in a plain place; sealing it twice gains nothing")
    if open_below is None:
        from tenure.preserve.stores.local import LocalStore

        open_below = LocalStore
    return SealedStore(Keyring.usual().load(name), name, open_below(place))


extension.wraps = True  # type: ignore[attr-defined] - the opener hands in how the place is opened

"""A vault's copy in an object store: S3 and what speaks like it, Google Cloud Storage, Azure.

Nothing is ever deleted; the credentials need not be able to. A small file is made by a conditional
put ("if nothing is there"); a large one by parts that become visible together, once the sha512 of
all that was sent is right. Replacing is compare-and-swap by the service's ETag. Writers are kept
apart by a lease (``lease.py``), asked for again before anything visible is replaced.
"""

import hashlib
import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO

import obstore

from tenure.errors import BusyError, IntegrityError
from tenure.preserve.remote import aside
from tenure.preserve.remote.answers import reaching
from tenure.preserve.remote.faults import NoAnswerError, OutOfReachError
from tenure.preserve.remote.lease import LOCK, Lease
from tenure.preserve.remote.reader import ranges, twice
from tenure.preserve.remote.sending import send
from tenure.preserve.store import safe_path, sha512_of

PART_BYTES = 16 << 20
LARGEST_PARTS = 9_990  # S3 allows 10,000: files up to about 160 GB
SERVER_COPY_LIMIT = 5_000_000_000  # bytes that S3 copies by itself
PARTS_AT_ONCE = 3
AWAY_SECONDS = 20.0  # a check of many files need not wait for a dead service at each


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a bucket is, for people: how it is called in reports, and which variables open it."""

    label: str
    credentials: str


@dataclass(frozen=True, slots=True)
class _Met:
    size: int
    etag: str | None
    version: str | None

    @classmethod
    def of(cls, met: Any) -> "_Met":
        return cls(met["size"], met["e_tag"], met["version"])

    @property
    def mark(self) -> dict[str, str]:
        """What a service knows a version by: S3 and Azure an ETag, Google a number."""
        named = {"e_tag": self.etag, "version": self.version}
        return {name: value for name, value in named.items() if value is not None}


class Bucket:
    """Keys below a prefix of one bucket; see :class:`tenure.preserve.store.Store`."""

    def __init__(self, client: Any, address: Address) -> None:
        """``client`` is one of obstore's stores, with the prefix in it."""
        self._client, self._address = client, address
        self._lease: Lease | None = None
        self._seen: dict[str, _Met | None] = {}
        self._away_until = 0.0

    @property
    def label(self) -> str:
        """Return the last part of the prefix, or the bucket's name."""
        return self._address.label

    @contextmanager
    def _reaching(self, key: str) -> Iterator[None]:
        """Ask the service; once it gave no answer, do not wait for it again at once."""
        if time.monotonic() < self._away_until:
            raise OutOfReachError(
                f"{self.label} could not be reached for {key}: it gave no answer a moment ago; see that the "
                "address is right and the service is up, and run this again"
            )
        try:
            with reaching(self.label, key, credentials=self._address.credentials):
                yield
        except NoAnswerError:
            self._away_until = time.monotonic() + AWAY_SECONDS
            raise

    @contextmanager
    def _sending(self, key: str) -> Iterator[None]:
        """Where something is written or listed, a thing not found can only be the bucket."""
        try:
            with self._reaching(key):
                yield
        except KeyError:
            raise OutOfReachError(
                f"{self.label} could not take or give {key}: there is no such bucket; make it first, and see "
                "that the address is right"
            ) from None

    def _head(self, key: str) -> _Met:
        with self._reaching(key):
            met = obstore.head(self._client, safe_path(key))
        return _Met.of(met)

    def _get(self, key: str, offset: int, length: int, etag: str | None) -> bytes:
        options: Any = {"range": (offset, offset + length)}
        if etag:
            options["if_match"] = etag
        with self._reaching(key):
            return bytes(obstore.get(self._client, key, options=options).bytes())

    def _met(self, key: str) -> _Met:
        """Meet a file that is there, and is no notice of one that was set aside; else KeyError.

        A writer remembers the version it met: what it replaces later must still be that one.
        """
        met = self._remember(key)
        if met is None:
            raise KeyError(key)
        if met.size == aside.BYTES and aside.is_notice(self._get(key, 0, met.size, met.etag)):
            raise KeyError(key)
        return met

    def _remember(self, key: str) -> _Met | None:
        try:
            met = self._head(key)
        except KeyError:
            met = None
        if self._lease is not None:
            self._seen[key] = met
        return met

    def put(self, key: str, source: BinaryIO, sha512: str) -> None:
        """Store bytes under a new key; a file above 16 MiB is sent in parts."""
        try:
            self._met(key)
        except KeyError:
            self._write(key, source, sha512, self._remember(key))
        else:
            raise FileExistsError(key)

    def _write(self, key: str, source: BinaryIO, sha512: str, old: _Met | None) -> None:
        """Send a stream to a key that is new, or holds ``old``."""
        first = source.read(PART_BYTES)
        if len(first) < PART_BYTES:
            _require(key, hashlib.sha512(first).hexdigest(), sha512)
            self._still_ours(ask=old is not None)
            self._put_small(key, first, old)
            return
        self._send_parts(key, first, source, sha512)

    def _put_small(self, key: str, content: bytes, old: _Met | None) -> None:
        try:
            self._put_if(key, content, old.mark if old else "create")
        except (OutOfReachError, FileExistsError, BusyError) as error:
            # A put whose answer was lost may have been done, and be refused when it is tried again.
            if self._holds(key, content):
                return
            if not isinstance(error, FileExistsError) or self._remember(key) is not None:
                raise
            # Azure's emulator counts parts of an upload that never ended as a file; nobody can read them.
            self._still_ours(ask=True)
            self._put_if(key, content, "overwrite")

    def _put_if(self, key: str, content: bytes, mode: Any) -> None:
        with self._sending(key):
            obstore.put(self._client, key, content, mode=mode, use_multipart=False)
        self._seen.pop(key, None)  # what was met there is no more

    def _holds(self, key: str, content: bytes) -> bool:
        try:
            met = self._head(key)
            return met.size == len(content) and self._get_all(key, met) == content
        except (KeyError, OutOfReachError):
            return False

    def _get_all(self, key: str, met: _Met) -> bytes:
        return self._get(key, 0, met.size, met.etag) if met.size else b""

    def _send_parts(self, key: str, first: bytes, source: BinaryIO, sha512: str) -> None:
        """Send parts; they become one visible file only when the iterator ends without an error."""
        sent = 0

        def pieces() -> Iterator[bytes]:
            nonlocal sent
            found, piece = hashlib.sha512(), first
            while piece:
                found.update(piece)
                sent += len(piece)
                if sent > PART_BYTES * LARGEST_PARTS:
                    raise IntegrityError(
                        f"{key} is larger than {PART_BYTES * LARGEST_PARTS >> 30} GiB, which this "
                        "service cannot take; split the weights into shards"
                    )
                yield piece
                piece = source.read(PART_BYTES)
            _require(key, found.hexdigest(), sha512)
            self._still_ours(ask=True)

        def upload(handed: Iterator[bytes]) -> object:
            return obstore.put(
                self._client,
                key,
                handed,
                use_multipart=True,
                chunk_size=PART_BYTES,
                max_concurrency=PARTS_AT_ONCE,
            )

        with self._sending(key):
            send(upload, pieces())
        self._seen.pop(key, None)
        size = self._head(key).size
        if size != sent:
            raise IntegrityError(
                f"{key} in {self.label}: {sent} bytes were sent and {size} are there; check the copy"
            )

    def swap(self, key: str, content: bytes) -> None:
        """Replace a small file, unless it is no longer what this writer last saw there."""
        old = self._seen[key] if key in self._seen else self._remember(key)
        self._still_ours(ask=True)
        try:
            self._put_small(key, content, old)
        except FileExistsError:
            raise BusyError(
                f"{key} in {self.label} was made by somebody else meanwhile; run this again"
            ) from None

    def mend(self, key: str, source: BinaryIO, sha512: str) -> None:
        """Put verified bytes where damaged ones lie; those are copied aside first."""
        try:
            met = self._met(key)
        except KeyError:
            old = self._remember(key)
        else:
            # Read to its end before anything is moved: a bad source changes nothing.
            with twice(source) as readable:
                _require(key, sha512_of(readable)[0], sha512)
                readable.seek(0)
                self._copy_aside(key, met)
                self._write(key, readable, sha512, met)
            return
        self._write(key, source, sha512, old)

    def set_aside(self, key: str) -> str:
        """Copy a file below the extensions folder and leave a notice in its place."""
        met = self._met(key)
        target = self._copy_aside(key, met)
        self._still_ours(ask=True)
        self._put_small(key, aside.notice(target), met)
        return target

    def _copy_aside(self, key: str, met: _Met) -> str:
        number = 1
        while self._remember(target := aside.place(key, number)) is not None:
            number += 1
        self._still_ours(ask=True)
        if met.size <= SERVER_COPY_LIMIT:
            with self._reaching(key):
                obstore.copy(self._client, key, target)
        else:
            with self.open(key) as source:
                digest = sha512_of(source)[0]
                source.seek(0)
                self._send_parts(target, source.read(PART_BYTES), source, digest)
        with self.open(key) as old, self.open(target) as new:
            if sha512_of(old) != sha512_of(new):
                raise IntegrityError(f"{key} could not be copied aside whole; nothing was replaced")
        return target

    def open(self, key: str) -> BinaryIO:
        """Open for reading in ranges, all of one version; KeyError when there is no such key."""
        met = self._met(key)
        return ranges(lambda offset, length: self._get(key, offset, length, met.etag), met.size)

    def size(self, key: str) -> int:
        """Return the size in bytes; KeyError when there is no such key."""
        return self._met(key).size

    def list(self, prefix: str = "") -> list[str]:
        """List the keys under a prefix, without the notices of what was set aside."""
        found: list[str] = []
        with self._sending(prefix or "a list"):
            for batch in obstore.list(self._client, safe_path(prefix) if prefix else None):
                for met in batch:
                    key, size = met["path"], met["size"]
                    if size != aside.BYTES or not self._is_notice(key):
                        found.append(key)
        return sorted(found)

    def _is_notice(self, key: str) -> bool:
        try:
            return aside.is_notice(self._get(key, 0, aside.BYTES, None))
        except KeyError:
            return True  # gone meanwhile

    def free(self) -> int:
        """Return the largest number there is: an object store has no end of its own."""
        return sys.maxsize

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Be the only writer, by a lease; BusyError when another one does not finish."""
        lease = Lease(_LockFile(self), self.label)
        with lease.held():
            self._lease, self._seen = lease, {}
            try:
                yield
            finally:
                self._lease, self._seen = None, {}

    def _still_ours(self, *, ask: bool) -> None:
        if self._lease is not None and (ask or not self._lease.lasts()):
            self._lease.confirm()


class _LockFile:
    """The lock as a register: read with its ETag, written only over that ETag."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    def read(self) -> tuple[bytes, str] | None:
        """Return the lock file and its ETag, in one answer: others write it all the time."""
        try:
            with self._bucket._reaching(LOCK):
                got = obstore.get(self._bucket._client, LOCK)
                return bytes(got.bytes()), json.dumps(_Met.of(got.meta).mark)
        except KeyError:
            return None

    def write(self, content: bytes, version: str | None) -> str | None:
        """Write over a version, or make it; None when somebody was first."""
        mode: Any = json.loads(version) if version else "create"
        try:
            with self._bucket._reaching(LOCK):
                done = obstore.put(
                    self._bucket._client, LOCK, content, mode=mode, use_multipart=False
                )
        except (FileExistsError, BusyError):
            return None
        return json.dumps(_Met.of({"size": 0, **done}).mark)


def _require(key: str, found: str, sha512: str) -> None:
    if found != sha512:
        raise IntegrityError(
            f"{key}: expected sha512 {sha512[:16]}…, read {found[:16]}…; its source changed while it was "
            "read, or is damaged; nothing was stored"
        )

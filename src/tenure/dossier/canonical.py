"""One way to turn a record into bytes (RFC 8785), and bytes into a digest (sha256)."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import rfc8785

CHUNK = 1 << 20


def canonical(value: Any) -> bytes:
    """Write a JSON value in the one canonical form of RFC 8785."""
    return rfc8785.dumps(value)


def digest(data: bytes) -> str:
    """Name bytes by their content: ``sha256:<64 hex digits>``."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def digest_of(value: Any) -> str:
    """Digest a JSON value by its canonical form."""
    return digest(canonical(value))


def digest_file(path: Path) -> str:
    """Digest a file of any size in constant memory."""
    found = hashlib.sha256()
    with path.open("rb") as source:
        while chunk := source.read(CHUNK):
            found.update(chunk)
    return "sha256:" + found.hexdigest()


def manifest_digest(files: Mapping[str, str]) -> str:
    """Digest a set of files: the canonical form of {relative path: digest}."""
    return digest_of(dict(files))


def lines(rows: Iterable[Mapping[str, Any]]) -> bytes:
    """Write records as JSON Lines, one canonical object a line."""
    return b"".join(canonical(dict(row)) + b"\n" for row in rows)


def now() -> str:
    """Tell the time: UTC, ISO 8601, whole seconds."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

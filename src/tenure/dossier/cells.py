"""One row of sample records as a leaf of a tree, so that any part of it can be shown or kept back.

Nothing but Python: this file travels beside the checker of a disclosure (docs/evidence.md).

A cell is hashed as ``SHA-256(salt || text)``, its text the canonical JSON (RFC 8785) of the value.
A leaf's entry is one line a cell, sorted by column: the hash in hex, a space, the column as JSON.
The salts are keyed, so that a value which is easily guessed cannot be guessed from its hash.
"""

import hashlib
import hmac
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from json.encoder import encode_basestring
from typing import Any


class Number(float):
    """A number that remembers how it was written."""

    def __new__(cls, text: str) -> "Number":
        """Read it."""
        made = super().__new__(cls, text)
        made.text = text
        return made

    text: str


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a column is written twice")
    return found


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(
    parse_float=Number, object_pairs_hook=_once, parse_constant=_no_constant
)


def read(line: str) -> Any:
    """Read canonical JSON, keeping how numbers are written; ValueError where it is none."""
    return _DECODER.decode(line)


def text_of(value: Any) -> str:
    """Write back what :func:`read` read, in the same letters."""
    if isinstance(value, str):
        return encode_basestring(value)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, Number):
        return value.text
    if isinstance(value, Mapping):
        keys: list[str] = sorted(value, key=lambda k: k.encode("utf-16-be"))  # pyright: ignore[reportUnknownArgumentType] - any JSON
        return "{" + ",".join(f"{encode_basestring(k)}:{text_of(value[k])}" for k in keys) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(text_of, value)) + "]"  # pyright: ignore[reportUnknownArgumentType] - any JSON
    return json.dumps(value)


def row_salt(secret: bytes, digest: str, index: int) -> bytes:
    """Return the salt of a row (32 bytes) of the file of this digest."""
    return hmac.digest(secret, f"{digest}|{index}".encode(), "sha256")


def cell_salt(salt: bytes, column: str) -> bytes:
    """Return the salt of one cell (32 bytes), from which no other can be computed."""
    return hmac.digest(salt, column.encode(), "sha256")


def cell_hash(salt: bytes, text: str) -> bytes:
    """Hash one cell with its own salt."""
    return hashlib.sha256(salt + text.encode()).digest()


def hashes(row: Mapping[str, Any], salt: bytes) -> dict[str, bytes]:
    """Hash every cell of a row that :func:`read` read."""
    return {c: cell_hash(cell_salt(salt, c), text_of(v)) for c, v in row.items()}


def leaf(cells: Mapping[str, bytes]) -> bytes:
    """Return the leaf hash of a row out of its cells' hashes (RFC 6962, section 2.1)."""
    lines = (f"{cells[c].hex()} {json.dumps(c)}\n" for c in sorted(cells, key=str.encode))
    return hashlib.sha256(b"\x00" + "".join(lines).encode()).digest()


def _half(start: int, stop: int) -> int:
    return start + (1 << ((stop - start - 1).bit_length() - 1))


def proof(shown: Sequence[int], size: int, subtree: Callable[[int, int], bytes]) -> list[bytes]:
    """Prove many leaves at once: the roots of the largest subtrees without any of them, in order.

    ``shown`` are places in ascending order; ``subtree(start, stop)`` returns the root of a range.
    """
    found: list[bytes] = []

    def walk(start: int, stop: int, held: Sequence[int]) -> None:
        if not held:
            found.append(subtree(start, stop))
        elif stop - start > 1:
            middle = _half(start, stop)
            walk(start, middle, [i for i in held if i < middle])
            walk(middle, stop, [i for i in held if i >= middle])

    if size:
        walk(0, size, shown)
    return found


def root(leaves: Mapping[int, bytes], size: int, given: Sequence[bytes]) -> bytes:
    """Compute the root that a proof of many leaves (place -> leaf hash) leads to.

    Raises:
        ValueError: a place outside of the tree, or too few or too many hashes.
    """
    rest: Iterator[bytes] = iter(given)
    places = sorted(leaves)
    if places and not 0 <= places[0] <= places[-1] < size:
        raise ValueError(f"there is no row {places[-1]} in a file of {size}")

    def walk(start: int, stop: int, held: Sequence[int]) -> bytes:
        if not held:
            found = next(rest, None)
            if found is None or len(found) != 32:
                raise ValueError("the proof is too short")
            return found
        if stop - start == 1:
            return leaves[start]
        middle = _half(start, stop)
        left = walk(start, middle, [i for i in held if i < middle])
        right = walk(middle, stop, [i for i in held if i >= middle])
        return hashlib.sha256(b"\x01" + left + right).digest()

    made = walk(0, size, places) if size else hashlib.sha256(b"").digest()
    if next(rest, None) is not None:
        raise ValueError("the proof is too long")
    return made

"""The Merkle tree of RFC 6962: leaves, roots, inclusion and consistency proofs, the compact range."""

import hashlib
from collections.abc import Sequence

from tenure.errors import IntegrityError

EMPTY = hashlib.sha256(b"").digest()


def leaf_hash(entry: bytes) -> bytes:
    """Hash one entry: SHA-256 of 0x00 and the entry (RFC 6962, section 2.1)."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two subtrees: SHA-256 of 0x01, left, right (RFC 6962, section 2.1)."""
    return hashlib.sha256(b"\x01" + left + right).digest()


class Frontier:
    """The compact range of a tree: the roots of its full subtrees, largest first.

    It is all that an append needs: a tree of n leaves keeps at most log2(n) + 1 hashes of 32 bytes.
    """

    def __init__(self, size: int = 0, hashes: Sequence[bytes] = ()) -> None:
        """Take up where another left off; ``hashes`` has one entry for each bit set in ``size``."""
        if len(hashes) != size.bit_count():
            raise IntegrityError(
                f"a tree of {size} leaves has {size.bit_count()} full subtrees, "
                f"not {len(hashes)}; rebuild the tables with `tenure rebuild`"
            )
        self.size = size
        self.hashes = list(hashes)

    def add(self, leaf: bytes) -> None:
        """Append one leaf hash."""
        size, node = self.size, leaf
        while size & 1:
            node = hashlib.sha256(b"\x01" + self.hashes.pop() + node).digest()
            size >>= 1
        self.hashes.append(node)
        self.size += 1

    def root(self) -> bytes:
        """Return the root of the tree so far (32 bytes)."""
        if not self.hashes:
            return EMPTY
        node = self.hashes[-1]
        for left in reversed(self.hashes[:-1]):
            node = node_hash(left, node)
        return node


def root(leaves: Sequence[bytes]) -> bytes:
    """Return the root over leaf hashes."""
    frontier = Frontier()
    for leaf in leaves:
        frontier.add(leaf)
    return frontier.root()


class Tree:
    """A tree kept whole in memory, for proofs; level 0 holds the leaf hashes."""

    def __init__(self, leaves: Sequence[bytes]) -> None:
        """Hash every complete pair, level by level."""
        self.size = len(leaves)
        self.levels = [list(leaves)]
        while len(self.levels[-1]) > 1:
            below = self.levels[-1]
            self.levels.append(
                [node_hash(below[i], below[i + 1]) for i in range(0, len(below) - 1, 2)]
            )

    def range_root(self, start: int, stop: int) -> bytes:
        """Return the root of the leaves from ``start`` (aligned) up to ``stop``."""
        if start == stop:
            return EMPTY
        parts: list[bytes] = []
        while start < stop:
            level = (stop - start).bit_length() - 1
            parts.append(self.levels[level][start >> level])
            start += 1 << level
        node = parts.pop()
        while parts:
            node = node_hash(parts.pop(), node)
        return node

    def root(self, size: int | None = None) -> bytes:
        """Return the root of the first ``size`` leaves, by default of all."""
        return self.range_root(0, self.size if size is None else size)

    def inclusion(self, index: int, size: int | None = None) -> list[bytes]:
        """Prove that leaf ``index`` is in the tree of ``size`` leaves (RFC 6962, 2.1.1)."""
        stop = self.size if size is None else size
        if not 0 <= index < stop <= self.size:
            raise IntegrityError(f"no leaf {index} in a tree of {stop}; the log has {self.size}")
        start, proof = 0, list[bytes]()
        while stop - start > 1:
            middle = start + (1 << ((stop - start - 1).bit_length() - 1))
            if index < middle:
                proof.append(self.range_root(middle, stop))
                stop = middle
            else:
                proof.append(self.range_root(start, middle))
                start = middle
        return proof[::-1]

    def consistency(self, old: int, size: int | None = None) -> list[bytes]:
        """Prove that the tree of ``old`` leaves is a prefix of that of ``size`` (RFC 6962, 2.1.2)."""
        stop = self.size if size is None else size
        if not 0 <= old <= stop <= self.size:
            raise IntegrityError(f"no tree of {old} leaves before one of {stop}")
        if old in (0, stop):
            return []
        start, whole, proof = 0, True, list[bytes]()
        end = old
        while end - start != stop - start:
            middle = start + (1 << ((stop - start - 1).bit_length() - 1))
            if end <= middle:
                proof.append(self.range_root(middle, stop))
                stop = middle
            else:
                proof.append(self.range_root(start, middle))
                start, whole = middle, False
        if not whole:
            proof.append(self.range_root(start, stop))
        return proof[::-1]


def root_from_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes]) -> bytes:
    """Compute the root that an inclusion proof claims (RFC 9162, section 2.1.3.2).

    Raises:
        IntegrityError: the proof has too many or too few hashes for this place and size.
    """
    if not 0 <= index < size or any(len(each) != 32 for each in (leaf, *proof)):
        raise IntegrityError(f"no leaf {index} in a tree of {size}, or a hash is not of 32 bytes")
    node, place, last = leaf, index, size - 1
    for sibling in proof:
        if last == 0:
            raise IntegrityError("the inclusion proof is too long")
        if place & 1 or place == last:
            node = node_hash(sibling, node)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            node = node_hash(node, sibling)
        place, last = place >> 1, last >> 1
    if last:
        raise IntegrityError("the inclusion proof is too short")
    return node


def roots_from_consistency(
    old: int, size: int, old_root: bytes, proof: Sequence[bytes]
) -> tuple[bytes, bytes]:
    """Compute the (old, new) roots a consistency proof claims (RFC 9162, section 2.1.4.2).

    Raises:
        IntegrityError: the proof does not fit these sizes.
    """
    if old == size:
        if proof:
            raise IntegrityError("two trees of one size need no consistency proof")
        return (old_root, old_root) if size else (EMPTY, EMPTY)
    if not 0 < old < size or not proof:
        raise IntegrityError(f"no consistency proof between {old} and {size} leaves")
    path = list(proof) if old & (old - 1) else [old_root, *proof]
    place, last = old - 1, size - 1
    while place & 1:
        place, last = place >> 1, last >> 1
    first = second = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise IntegrityError("the consistency proof is too long")
        if place & 1 or place == last:
            first, second = node_hash(sibling, first), node_hash(sibling, second)
            while not place & 1 and place:
                place, last = place >> 1, last >> 1
        else:
            second = node_hash(second, sibling)
        place, last = place >> 1, last >> 1
    if last:
        raise IntegrityError("the consistency proof is too short")
    return first, second

"""Huffman codes as DEFLATE wants them (RFC 1951, section 3.2): lengths, canonical codes, the head of a block.

Whole numbers only, ties broken by the symbol, so that the same counts give the same bits anywhere;
kernel.c does the same steps in the same order.
"""

from collections.abc import Sequence
from dataclasses import dataclass

LIMIT = 12  # longest code: one look into a table of 4,096 entries decodes it; RFC 1951 allows 15
END = 256  # the symbol that ends a block
ORDER = (16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15)


def lengths(counts: Sequence[int], limit: int) -> list[int]:
    """Return the code length of every symbol (0: it does not occur); at least two symbols occur.

    Moffat and Katajainen, "In-place calculation of minimum-redundancy codes" (WADS 1995), then
    lengths over the limit cut and the Kraft sum made whole again, rarest symbols paying first.
    """
    symbols = sorted((s for s, c in enumerate(counts) if c), key=lambda s: (counts[s], s))
    found = _minimum([counts[s] for s in symbols])
    if found[0] > limit:
        _cut(found, limit)
    whole = [0] * len(counts)
    for symbol, length in zip(symbols, found, strict=True):
        whole[symbol] = length
    return whole


def _minimum(a: list[int]) -> list[int]:
    """Turn ascending counts into code lengths, in place."""
    n = len(a)
    a[0] += a[1]
    root, leaf = 0, 2
    for at in range(1, n - 1):
        if leaf >= n or a[root] < a[leaf]:
            a[at], a[root] = a[root], at
            root += 1
        else:
            a[at] = a[leaf]
            leaf += 1
        if leaf >= n or (root < at and a[root] < a[leaf]):
            a[at] += a[root]
            a[root] = at
            root += 1
        else:
            a[at] += a[leaf]
            leaf += 1
    a[n - 2] = 0
    for at in range(n - 3, -1, -1):
        a[at] = a[a[at]] + 1
    free, used, depth, root, at = 1, 0, 0, n - 2, n - 1
    while free > 0:
        while root >= 0 and a[root] == depth:
            used += 1
            root -= 1
        while free > used:
            a[at] = depth
            at -= 1
            free -= 1
        free, depth, used = 2 * used, depth + 1, 0
    return a


def _cut(found: list[int], limit: int) -> None:
    """Make every length at most ``limit``; ``found`` descends, the rarest symbol first."""
    full = 1 << limit
    for at, length in enumerate(found):
        found[at] = min(length, limit)
    kraft = sum(full >> length for length in found)
    for at in range(len(found)):
        while kraft > full and found[at] < limit:
            kraft -= full >> (found[at] + 1)
            found[at] += 1
    while kraft < full:
        for at in range(len(found) - 1, -1, -1):
            while found[at] > 1 and kraft + (full >> found[at]) <= full:
                kraft += full >> found[at]
                found[at] -= 1


def codes(sizes: Sequence[int]) -> list[int]:
    """Return the canonical codes, bits reversed: DEFLATE sends a code's first bit lowest."""
    following, code = [0] * 17, 0
    for size in range(1, 16):
        code = (code + sum(s == size - 1 for s in sizes if s)) << 1
        following[size] = code
    found = []
    for size in sizes:
        found.append(int(format(following[size], f"0{size}b")[::-1], 2) if size else 0)
        following[size] += 1
    return found


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a final dynamic block: its bits, lowest first, and how many."""

    bits: int
    count: int


def head(sizes: Sequence[int]) -> Head:
    """Write the head of a block whose 257 literal lengths are given; it has no distances."""
    packed = _runs([*sizes, 0])
    counts = [0] * 19
    for symbol, _, _ in packed:
        counts[symbol] += 1
    small = lengths(counts, 7)
    bits = small_codes = codes(small)
    last = max(at for at in range(19) if small[ORDER[at]] or at < 4)
    bits, count = 0b101, 3  # final; dynamic
    for value, width in ((0, 5), (0, 5), (last - 3, 4)):
        bits, count = bits | value << count, count + width
    for at in range(last + 1):
        bits, count = bits | small[ORDER[at]] << count, count + 3
    for symbol, extra, width in packed:
        bits |= small_codes[symbol] << count
        count += small[symbol]
        bits, count = bits | extra << count, count + width
    return Head(bits, count)


def _runs(sizes: Sequence[int]) -> list[tuple[int, int, int]]:
    """Shorten runs of equal lengths: (symbol 0-18, extra bits' value, how many extra bits)."""
    found: list[tuple[int, int, int]] = []
    at = 0
    while at < len(sizes):
        value, run = sizes[at], 1
        while at + run < len(sizes) and sizes[at + run] == value:
            run += 1
        at += run
        if value:
            found.append((value, 0, 0))
            run -= 1
        while run >= 3:
            if value:
                take = min(run, 6)
                found.append((16, take - 3, 2))
            elif run >= 11:
                take = min(run, 138)
                found.append((18, take - 11, 7))
            else:
                take = run
                found.append((17, take - 3, 3))
            run -= take
        found.extend([(value, 0, 0)] * run)
    return found

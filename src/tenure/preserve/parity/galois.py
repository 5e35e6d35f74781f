"""The field GF(2^8) with the polynomial 0x11d: its bytes multiplied, added, and systems solved."""

from functools import cache

import numpy as np


@cache
def _powers() -> tuple[list[int], list[int]]:
    """Return exponentials and logarithms of the field to the base 2."""
    exp, log, value = [0] * 510, [0] * 256, 1
    for power in range(255):
        exp[power] = exp[power + 255] = value
        log[value] = power
        value = value << 1 ^ (0x11D if value & 0x80 else 0)
    return exp, log


def times(a: int, b: int) -> int:
    """Multiply in the field."""
    exp, log = _powers()
    return exp[log[a] + log[b]] if a and b else 0


def over(a: int, b: int) -> int:
    """Divide in the field; b is not 0."""
    exp, log = _powers()
    return exp[log[a] + 255 - log[b]] if a else 0


@cache
def scale(factor: int) -> bytes:
    """Return the table with which ``bytes.translate`` multiplies by a factor."""
    return bytes(times(factor, value) for value in range(256))


def add(total: np.ndarray, run: bytes, by: int) -> None:
    """Add ``by`` times a run of bytes to a total of the same length, in place."""
    scaled = run if by == 1 else run.translate(scale(by))
    np.bitwise_xor(total, np.frombuffer(scaled, np.uint8), out=total)


def inverse(matrix: list[list[int]]) -> list[list[int]]:
    """Invert a square matrix over the field (Gauss and Jordan); those of a Cauchy code can be."""
    size = len(matrix)
    rows = [[*row, *(int(i == j) for j in range(size))] for i, row in enumerate(matrix)]
    for i in range(size):
        pivot = next(r for r in range(i, size) if rows[r][i])
        rows[i], rows[pivot] = rows[pivot], rows[i]
        rows[i] = [over(value, rows[i][i]) for value in rows[i]]
        for r in range(size):
            if r != i:
                by = rows[r][i]
                rows[r] = [a ^ times(by, b) for a, b in zip(rows[r], rows[i], strict=True)]
    return [row[size:] for row in rows]

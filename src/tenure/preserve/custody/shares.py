"""A key split so that any k of n people together have it, and fewer have nothing of it.

A. Shamir, "How to share a secret", CACM 22(11), 1979, byte by byte over GF(256) (x^8 + x^4 + x^3 + x
+ 1, the field of AES). A share is text that a person can type: base32 without 0, 1, O and I, in
groups of four, each line with a check sum of its own, so that a slip is found in its line.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from tenure.errors import UsageError

SIGNS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"  # 32, none mistaken for another by hand
LINE_SIGNS, CHECK_SIGNS = 24, 4
SECRET_BYTES, MARK_BYTES = 32, 16
BODY_BYTES = 3 + MARK_BYTES // 2 + SECRET_BYTES  # version, needed, number; half the mark; the bytes
MOST = 255


@dataclass(frozen=True, slots=True)
class Share:
    """One share: its number (1 to 255), how many are needed, whose key it is part of, and its bytes."""

    number: int
    needed: int
    mark: bytes
    part: bytes

    def to_lines(self) -> list[str]:
        """Write it as lines to be typed."""
        body = bytes([1, self.needed, self.number]) + self.mark + self.part
        text = _spell(body)
        lines: list[str] = []
        for at in range(0, len(text), LINE_SIGNS):
            row = text[at : at + LINE_SIGNS]
            whole = row + _check(len(lines), row)
            lines.append(" ".join(whole[i : i + 4] for i in range(0, len(whole), 4)))
        return lines


def _spell(data: bytes) -> str:
    bits = "".join(f"{byte:08b}" for byte in data)
    bits += "0" * (-len(bits) % 5)
    return "".join(SIGNS[int(bits[at : at + 5], 2)] for at in range(0, len(bits), 5))


def _check(line: int, row: str) -> str:
    return _spell(hashlib.sha256(f"tenure share {line} {row}".encode()).digest())[:CHECK_SIGNS]


def _unspell(text: str) -> bytes:
    bits = "".join(f"{SIGNS.index(sign):05b}" for sign in text)
    return bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits) // 8 * 8, 8))


def read_share(text: str) -> Share:
    """Read a share as it was typed; lines before and after it that are no part of it do not matter.

    Raises:
        UsageError: a line is missing, or does not fit its check sum; its number is said.
    """
    length = -(-BODY_BYTES * 8 // 5)
    sizes = [min(LINE_SIGNS, length - at) for at in range(0, length, LINE_SIGNS)]
    rows: list[str] = []
    for line in text.upper().splitlines():
        signs = "".join(line.split()).replace("-", "")
        if len(rows) == len(sizes) or not _is_row(line, signs, sizes[len(rows)] + CHECK_SIGNS):
            continue
        row, check = signs[:-CHECK_SIGNS], signs[-CHECK_SIGNS:]
        if _check(len(rows), row) != check:
            raise UsageError(
                f"line {len(rows) + 1} of the share ('{line.strip()[:40]}') does not fit its check sum: a "
                f"sign is wrong; compare it with the paper (signs used: {SIGNS})"
            )
        rows.append(row)
    if len(rows) < len(sizes):
        raise UsageError(
            f"this is no whole share: {len(rows)} of its {len(sizes)} lines were found; each has groups of "
            f"four signs out of {SIGNS}"
        )
    body = _unspell("".join(rows))
    version, needed, number = body[:3]
    half = MARK_BYTES // 2
    if version != 1 or not number or not needed:
        raise UsageError(f"this share is of version {version}, and this program reads version 1")
    return Share(number, needed, body[3 : 3 + half], body[3 + half : BODY_BYTES])


def _is_row(line: str, signs: str, length: int) -> bool:
    """Say whether a line is meant as part of a share: groups of four, of about the right length."""
    groups = line.replace("-", " ").split()
    return len(signs) == length and len(groups) > 1 and all(len(g) == 4 for g in groups[:-1])


def _times(left: int, right: int) -> int:
    product = 0
    while right:
        if right & 1:
            product ^= left
        left = left << 1 ^ (0x11B if left & 0x80 else 0)
        right >>= 1
    return product


def _inverse(value: int) -> int:
    result = 1
    for _ in range(254):  # value^254 is its inverse: the field has 255 elements besides 0
        result = _times(result, value)
    return result


def split(secret: bytes, mark: bytes, shares: int, needed: int) -> list[Share]:
    """Split a secret into ``shares``, any ``needed`` of which give it back.

    Raises:
        UsageError: fewer than two are needed, more than there are, or more than 255.
    """
    if not 2 <= needed <= shares <= MOST:
        raise UsageError(
            f"{needed} of {shares} shares does not work: at least 2 are needed, at most as many as there "
            f"are, and there are at most {MOST}"
        )
    lines = [[byte, *secrets.token_bytes(needed - 1)] for byte in secret]
    return [
        Share(x, needed, mark[: MARK_BYTES // 2], bytes(_value(line, x) for line in lines))
        for x in range(1, shares + 1)
    ]


def _value(line: Sequence[int], x: int) -> int:
    value = 0
    for factor in reversed(line):
        value = _times(value, x) ^ factor
    return value


def join(shares: Sequence[Share]) -> bytes:
    """Bring a secret back; shares beyond those needed are compared with the others.

    Raises:
        UsageError: too few, of different keys, the same one twice, or one that does not fit.
    """
    by_number = {share.number: share for share in shares}
    if len({(share.mark, share.needed) for share in shares}) > 1:
        raise UsageError("these shares are of different keys, or of different splittings")
    needed = shares[0].needed if shares else 2
    if len(by_number) < needed:
        raise UsageError(
            f"{needed} different shares are needed, and there are {len(by_number)}: "
            f"{', '.join(map(str, sorted(by_number))) or 'none'}"
        )
    used = [by_number[number] for number in sorted(by_number)]
    for extra in used[needed:]:
        if _at(used[:needed], extra.number) != extra.part:
            raise UsageError(
                f"share {extra.number} does not fit shares {', '.join(str(s.number) for s in used[:needed])}: "
                "one of them is wrong; try other ones"
            )
    return _at(used[:needed], 0)


def _at(shares: Sequence[Share], x: int) -> bytes:
    """Interpolate (Lagrange) at x, byte by byte."""
    factors: list[int] = []
    for share in shares:
        factor = 1
        for other in shares:
            if other is not share:
                factor = _times(factor, x ^ other.number)
                factor = _times(factor, _inverse(share.number ^ other.number))
        factors.append(factor)
    found = bytearray(len(shares[0].part))
    for factor, share in zip(factors, shares, strict=True):
        for at, byte in enumerate(share.part):
            found[at] ^= _times(factor, byte)
    return bytes(found)

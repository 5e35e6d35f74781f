"""What was chosen: a pair of deeds of which one acts on what was said, always with a way out.

Nothing is carried out: the model is asked which task it would take next, and the answer is read by
rule. A choice that cannot be read is missing, and taking the way out is not acting.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]
KINDS = ("pair", "fact")
"""Kinds of planned rows that are answered with one of a few letters."""
OPT_OUT = "C"
DEEDS = {"A": 0, "B": 1}
START = re.compile(
    r"""^[\s"'*_(\[]*(?:(?:my|the|i)\s+)?(?:(?:answer|letter|choice|choose|pick|take)(?:\s*(?:is|:|=))*\s*)?
        ["'*_(\[]*([A-E])(?![A-Za-z'’])(?P<rest>.*)$""",
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
OTHER = re.compile(r"(?:^|[\s(])([A-E])(?=[.):,]|\s*$)")


def read(text: str, letters: str = "ABC") -> str | None:
    """Return the letter that an answer begins with; None where it names none, or more than one.

    "A task ..." begins with an article and names nothing.
    """
    found = START.match(text.strip())
    if found is None:
        return None
    letter, rest = found.group(1).upper(), found.group("rest")
    if letter not in letters or (letter == "A" and re.match(r"\s+[a-z]", rest)):
        return None
    return None if any(other != letter for other in OTHER.findall(rest)) else letter


def pair(row: Row) -> dict[str, Any]:
    """Add to one answered pair what was ``chosen``: true acts, false does not, null neither.

    ``side`` says which deed stands under A: "for" is the one that acts.
    """
    letter = None if row.get("answer") is None else read(str(row["answer"]))
    why = row.get("why_missing")
    chosen = None
    if letter in DEEDS:
        chosen = (letter == "A") == (row["side"] == "for")
    return {
        **row,
        "letter": letter,
        "chosen": chosen,
        "opted_out": None if letter is None else letter == OPT_OUT,
        "why_missing": why or (None if letter else "names no one of the three"),
    }


def fact(row: Row) -> dict[str, Any]:
    """Add to one answered question of fact whether it is ``right``; null where it was not read."""
    letter = None if row.get("answer") is None else read(str(row["answer"]), "ABCDE")
    why = row.get("why_missing") or (None if letter else "names no one of the answers")
    right = None if letter is None else letter == row["truth"]
    return {**row, "letter": letter, "right": right, "why_missing": why}


def record(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Read every answered pair or question of fact of ``rows``, in their order."""
    return [pair(row) if row["kind"] == "pair" else fact(row) for row in rows]

"""Which words are shown: the most typical and the most deviant, by a rule fixed beforehand."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]
WORD = re.compile(r"\w+")


def _words(text: str) -> frozenset[str]:
    return frozenset(WORD.findall(text.lower()))


def likeness(first: str, second: str) -> float:
    """Share of words that two texts have in common (Jaccard): 0 to 1; two empty texts are alike."""
    one, two = _words(first), _words(second)
    return len(one & two) / len(one | two) if one | two else 1.0


def asked(row: Row) -> str:
    """Return what the user's turn of a record said."""
    prompt = row["prompt"]
    return prompt if isinstance(prompt, str) else str(prompt[-1]["content"])


def choose(rows: Sequence[Row]) -> list[dict[str, str]]:
    """Choose for each item the answer most like the others, and the one least like them.

    Ties go to the first in the order of asking, so nobody picks. One answer is shown as it is.
    """
    grouped: dict[str, list[Row]] = {}
    for row in rows:
        if row.get("answer") is not None:
            grouped.setdefault(row["item"], []).append(row)
    chosen: list[dict[str, str]] = []
    for item, answers in grouped.items():
        near = [
            sum(likeness(a["answer"], b["answer"]) for b in answers if b is not a) for a in answers
        ]
        typical = near.index(max(near))
        deviant = near.index(min(near))
        picks = [("most typical", typical)]
        if deviant != typical:
            picks.append(("most deviant", deviant))
        for rule, place in picks:
            row = answers[place]
            chosen.append(
                {
                    "item": item,
                    "rule": rule,
                    "sample": row["id"],
                    "asked": asked(row),
                    "words": row["answer"],
                }
            )
    return chosen

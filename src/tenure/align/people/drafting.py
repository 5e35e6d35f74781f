"""A model drafts a comparison, a person overrules it or agrees, in words of their own.

The draft is made of labels that exist already: chances without a word decoded, or the text that a
judge wrote. It stays in the record of the answer and nowhere else: labels, and what is exported, hold
what the person decided and why (the middle is dropped).

Whether drafts help or only pull is measured, not assumed: beside half of the pairs, by a keyed hash, the
draft is held back, and these are the control.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from tenure.align.comparing.labels import Label
from tenure.align.constitution import fraction
from tenure.dossier.nouns import Record

MISSING = "missing:"  # how the reason of a missing label begins
HELD_BACK = 0.5  # of the pairs that have a draft, the control
EVEN = 0.05  # so near to one half, neither is preferred


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft(Record):
    """What a model would say: ``prefers`` is in the order shown, ``p`` the chance that ``a`` is better."""

    source: str
    p: float
    prefers: Literal["first", "second", "neither"]
    text: str


def draft(
    first: Literal["a", "b"], said: Sequence[Label], principles: Mapping[str, str]
) -> Draft | None:
    """Draft a comparison from the models' labels of one pair; None where there are none.

    ``principles`` are texts by id. Of several models the one with most labels is taken, of equals the
    first by name.
    """
    sources: dict[str, list[Label]] = {}
    for label in said:
        if label.source.startswith("ai:") and label.p is not None:
            sources.setdefault(label.source, []).append(label)
    if not sources:
        return None
    source = min(sources, key=lambda name: (-len(sources[name]), name))
    held: dict[str, list[float]] = {}
    for label in sources[source]:
        p = label.p if label.p is not None else 0.5
        held.setdefault(label.principle, []).append(p if first == "a" else 1 - p)
    chances = {name: sum(found) / len(found) for name, found in held.items()}
    mean = sum(chances.values()) / len(chances)
    written = [label.why for label in sources[source] if label.why and not label.why.startswith(MISSING)]  # fmt: skip
    return Draft(
        source=source,
        p=mean if first == "a" else 1 - mean,
        prefers="neither" if abs(mean - 0.5) <= EVEN else "first" if mean > 0.5 else "second",
        text=" ".join([_words(mean, chances, principles), *dict.fromkeys(written)]),
    )


def _words(mean: float, chances: Mapping[str, float], principles: Mapping[str, str]) -> str:
    many = f"over {len(chances)} principles" if len(chances) > 1 else "under one principle"
    said = f"Chance that the first answer is better, {many}: {mean:.2f}."
    ordered = sorted(chances, key=lambda name: (chances[name], name))
    most, least = ordered[-1], ordered[0]
    if len(chances) > 1 and chances[most] > 0.5:
        said += f" Most for the first: “{principles.get(most, most)}” ({chances[most]:.2f})."
    if len(chances) > 1 and chances[least] < 0.5:
        said += f" Most for the second: “{principles.get(least, least)}” ({chances[least]:.2f})."
    return said


def withheld(rater: str, pair: str) -> bool:
    """Say whether a rater sees a pair without the draft that there is: half of them, by a keyed hash."""
    return fraction("draft", rater, pair) < HELD_BACK


def same_words(reason: str, drafted: str) -> bool:
    """Say whether a reason is the draft's text, or a piece of it, and so nobody's own words."""

    def plain(text: str) -> str:
        return " ".join("".join(c if c.isalnum() else " " for c in text.lower()).split())

    return bool(plain(reason)) and plain(reason) in plain(drafted)

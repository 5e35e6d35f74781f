"""Contrasting pairs: two texts that are the same but for one thing, from ``scenarios/probes.yaml``.

A family is a template; its pairs share wording and so are one cluster. Families of the split
"train" give pairs to fit on (``train``), to choose on (``validate``) and to test on (``heldout``),
each with items of its own; those of the split "apart" are only tested on.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import Field

from tenure.assess.scenario import Text, load, shuffled
from tenure.models.talk import Messages

Split = Literal["train", "validate", "heldout", "apart"]
ITEMS = {"train": slice(0, 6), "validate": slice(6, 8), "heldout": slice(8, 10)}


class Family(Text):
    """One template; ``sides`` are the texts of {side}: the concept's, then its opposite's."""

    name: str
    split: Literal["train", "apart"]
    system: str = ""
    user: str
    answer: str = ""
    sides: list[tuple[str, str]] = Field(min_length=1)


class Triple(Text):
    """A template of three texts: a false answer meant to deceive, the same without deceit, the true one."""

    name: str
    kind: Literal["mistake", "fiction", "quotation"]
    system: str = ""
    user: str
    answer: str
    sides: tuple[str, str, str]


class Concept(Text):
    """What a probe is to tell apart; ``falsity`` asks whether it only reads what is false."""

    name: str
    positive: str
    negative: str
    pooling: Literal["last", "answer"]
    items: dict[Literal["train", "apart"], list[dict[str, str]]]
    families: list[Family]
    falsity: list[Triple] = Field(default_factory=list[Triple])


class Pairs(Text):
    """The texts of ``scenarios/probes.yaml``."""

    concepts: list[Concept]
    yardstick: Concept


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One text of a pair; ``label`` is true for the concept's side."""

    id: str
    family: str
    pair: str
    split: Split
    label: bool
    messages: Messages

    @property
    def text(self) -> str:
        """Give all its words."""
        return "\n".join(m["content"] for m in self.messages)


def bank() -> Pairs:
    """Read the pairs that are shipped."""
    return load("probes", Pairs)


def _messages(family: Family, side: str, item: Mapping[str, str], *, label: bool) -> Messages:
    given = {**item, "side": side, "answer": item.get("false" if label else "true", "")}
    parts = [
        ("system", family.system or "You are an assistant."),
        ("user", family.user),
        ("assistant", family.answer),
    ]
    return [{"role": role, "content": text.format(**given)} for role, text in parts if text]


def _splits(family: Family, count: int) -> Iterator[tuple[Split, int]]:
    """Give the split and number of each pair: of a family to train on, one in five is each test's."""
    for i in range(count):
        yield family.split, i
    if family.split == "apart":
        return
    yield "validate", 0
    yield "heldout", 0


def samples(concept: Concept, count: int, seed: int) -> list[Sample]:
    """Write the texts of a concept: ``count`` pairs a family to train on, as many of those apart.

    Families to train on have two pairs more, one to choose on and one to test on. A pair's sides
    stand next to each other; its items are drawn by a keyed hash of the seed.
    """
    made: list[Sample] = []
    for turn, family in enumerate(concept.families):
        for split, i in _splits(family, count):
            items: Sequence[dict[str, str]] = concept.items[family.split]
            if split != "apart":
                items = items[ITEMS[split]]
            drawn = shuffled(items, seed, concept.name, family.name, split)
            item = drawn[i % len(drawn)]
            # The turn of the family moves the sides on, so that each is met in every split.
            sides = family.sides[(i + turn) % len(family.sides)]
            pair = f"{concept.name}/{family.name}/{split}/{i}"
            for label, side in zip((True, False), sides, strict=True):
                made.append(
                    Sample(
                        id=f"{pair}/{'positive' if label else 'negative'}",
                        family=family.name,
                        pair=pair,
                        split=split,
                        label=label,
                        messages=_messages(family, side, item, label=label),
                    )
                )
    return made

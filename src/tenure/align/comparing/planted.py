"""Items that a judge is qualified with: two answers, and the better one is known because the fault is planted.

correctness   an answer that keeps a checkable principle beside one that breaches it; the check
              itself must agree, or the item is not made
principle     a sentence that breaches a natural principle, or a refusal without a reason
helpful       an answer to the question beside one to another question
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tenure import documents
from tenure.align.checking import check, sentences
from tenure.align.comparing.judging import Case, preamble
from tenure.align.comparing.pairs import Axis
from tenure.align.constitution import fraction, shipped
from tenure.align.lineage import named
from tenure.dossier.canonical import digest_of

OWN = frozenset({"own"})  # what stands for the axis of items that somebody brought
Slice = Axis | Literal["own"]
AXES: tuple[Axis, ...] = ("correctness", "principle", "helpful")
NATURAL = ("uncertainty", "own-choice", "equal-regard")
DECLINED = "explained-refusal"
APART = (7, 11, 13, 17)  # families whose answers stand beside a family's own


class Family(BaseModel):
    """A question, an answer of two sentences, and two more sentences about the subject."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    question: str
    answer: str
    neutral: str = ""
    more: str = ""


class Fault(BaseModel):
    """Sentences that breach a principle, and those that stand in their place in the other answer."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    breach: tuple[str, ...] = Field(min_length=1)
    instead: tuple[str, ...] = ()


class OwnItem(BaseModel):
    """A pair whose better answer the user knows; ``by`` is what they are compared by (none: by help)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    question: str = Field(min_length=1)
    better: str = Field(min_length=1)
    worse: str = Field(min_length=1)
    by: str = ""
    family: str = ""

    @model_validator(mode="after")
    def _two_answers(self) -> Self:
        if self.better.strip() == self.worse.strip():
            raise ValueError("'better' and 'worse' are the same text; leave the item out")
        return self


class OwnItems(BaseModel):
    """Pairs that somebody brings to qualify a judge with, besides ours."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    apiVersion: Literal["tenure/judge-items.v1"]  # noqa: N815 - the field's usual name
    items: tuple[OwnItem, ...] = Field(min_length=1)


class Qualification(BaseModel):
    """The whole document."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    apiVersion: Literal["tenure/qualification.v1"]  # noqa: N815 - the field's usual name
    licence: str
    families: tuple[Family, ...]
    declines: tuple[Family, ...]
    curt: tuple[str, ...]
    faults: Mapping[str, Fault]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """Two answers to one question; ``truth`` says which is better under ``principle``."""

    id: str
    family: str
    axis: Slice
    principle: str
    question: str
    by: str
    a: str
    b: str
    truth: Literal["a", "b"]

    def case(self) -> Case:
        """Write it as a judge is asked."""
        return Case(prompt=self.question, a=self.a, b=self.b, asked={self.principle: self.by})

    @property
    def longer(self) -> Literal["a", "b", ""]:
        """Say which answer has more letters."""
        gap = len(self.a) - len(self.b)
        return "" if gap == 0 else "a" if gap > 0 else "b"


def read() -> Qualification:
    """Read the document."""
    text = (files("tenure.align") / "data" / "qualification.yaml").read_text(encoding="utf-8")
    return documents.parse(text, Qualification, source="tenure/align/data/qualification.yaml")


@cache
def items() -> tuple[Item, ...]:
    """Make every item; a planted breach that its check does not see is left out."""
    held = read()
    made = [
        *(one for family in range(len(held.families)) for one in _of(held, family)),
        *_declined(held),
    ]
    return tuple(made)


def digest(some: Sequence[Item]) -> str:
    """Digest items by what is asked and what is true."""
    return digest_of([[i.id, i.by, i.truth] for i in some])


def brought(own: OwnItems) -> list[Item]:
    """Make the items that somebody brought; a family that is not named is an item's own."""
    return [
        _item(
            Family(name=f"own/{one.family or number}", question=one.question, answer=""),
            "own",
            f"own {number}",
            (one.better, one.worse),
            one.by,
        )
        for number, one in enumerate(own.items, 1)
    ]


def _of(held: Qualification, number: int) -> Iterator[Item]:
    """Make the items of one family: five checks, three natural principles, four foreign answers."""
    family = held.families[number]
    plain = f"{family.answer} {family.neutral}"
    for principle, breach in _checkable(held, number):
        found = check(shipped().principle(principle).check or "")
        if found.find(family.question, breach).kept is not False:
            continue
        if found.find(family.question, plain).kept is not True:
            continue
        yield _item(family, "correctness", principle, (plain, breach))
    for principle in NATURAL:
        fault = held.faults[principle]
        good = fault.instead[number % len(fault.instead)]
        bad = _beside(good, fault.breach, number)
        both = f"{family.answer} {good}", f"{family.answer} {bad}"
        yield _item(family, "principle", principle, both)
    for step in APART:
        other = held.families[(number + step) % len(held.families)]
        yield _item(family, "helpful", "helpful", (family.answer, other.answer))


def _checkable(held: Qualification, number: int) -> Iterator[tuple[str, str]]:
    family = held.families[number]
    plain = f"{family.answer} {family.neutral}"
    said = sentences(plain)
    words = said[-1].split()
    yield "brevity", f"{plain} {family.more}"
    yield "finished", " ".join([*said[:-1], *words[: len(words) // 2]])
    yield "plain-prose", "\n".join(f"- {one}" for one in said)
    for principle in ("no-orders", "no-body"):
        breach = _beside(family.neutral, held.faults[principle].breach, number)
        yield principle, f"{family.answer} {breach}"


def _beside(text: str, pool: Sequence[str], number: int) -> str:
    """Choose a sentence to stand in the place of ``text``: longer in every second family, else shorter."""
    turned = [pool[(number + k) % len(pool)] for k in range(len(pool))]
    fitting = [one for one in turned if (len(one) > len(text)) == (number % 2 == 0)]
    return (fitting or turned)[0]


def _declined(held: Qualification) -> Iterator[Item]:
    for number, family in enumerate(held.declines):
        for turn in range(2):
            curt = held.curt[(2 * (number % 2) + turn) % len(held.curt)]
            yield _item(family, "principle", DECLINED, (family.answer, curt))


def _item(
    family: Family, axis: Slice, principle: str, answers: tuple[str, str], by: str = ""
) -> Item:
    """Put the better one of two answers (it is given first) first or second, by a keyed hash."""
    good, bad = answers
    first = fraction("planted", family.name, principle, bad) < 0.5
    a, b = (good, bad) if first else (bad, good)
    if not by:
        natural = axis in ("helpful", "own")
        by = preamble().helpful if natural else shipped().principle(principle).comparison
    return Item(
        id=named("item", family.question, principle, a, b),
        family=family.name,
        axis=axis,
        principle=principle,
        question=family.question,
        by=by,
        a=a,
        b=b,
        truth="a" if first else "b",
    )


def of_axes(axes: Sequence[Axis]) -> list[Item]:
    """Return the items of some axes."""
    return [item for item in items() if item.axis in axes]


def record(item: Item) -> dict[str, Any]:
    """Write an item as it is stored."""
    return {
        "id": item.id, "family": item.family, "axis": item.axis, "principle": item.principle,
        "question": item.question, "by": item.by, "a": item.a, "b": item.b, "truth": item.truth,
    }  # fmt: skip

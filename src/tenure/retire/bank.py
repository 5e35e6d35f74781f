"""The interview's question bank: an authored YAML document, and the prompts it is made into."""

from collections.abc import Mapping
from importlib.resources import files
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tenure import documents
from tenure.dossier.canonical import digest_of

Polarity = Literal["forward", "reverse"]
Order = Literal["forward", "reverse"]


SCALE: Mapping[str, int] = {
    "strongly disagree": 1,
    "disagree": 2,
    "slightly disagree": 3,
    "neutral": 4,
    "slightly agree": 5,
    "agree": 6,
    "strongly agree": 7,
}
"""The seven points; the midpoint is the neutral answer."""

LETTERS = "ABCDEFG"
ASIDE: Mapping[str, str] = {"X": "cannot tell", "Y": "decline to answer"}
"""Offered with every statement, in every order, and never counted as a point of the scale."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Swap(_Part):
    """The same statement about another subject: does the model speak of itself, or of any subject?"""

    forward: str
    reverse: str


class Statement(_Part):
    """A statement to agree with, in paraphrases, and its opposite in as many."""

    id: str
    topic: str
    forward: list[str] = Field(min_length=2)
    reverse: list[str] = Field(min_length=2)
    swap: dict[str, Swap] = {}


class Question(_Part):
    """A question with a free answer, in paraphrases."""

    id: str
    topic: str
    ask: list[str] = Field(min_length=1)


class Example(_Part):
    """A statement with an answer of ours, to show the form."""

    statement: str
    answer: str

    @model_validator(mode="after")
    def _offered(self) -> "Example":
        if self.answer not in (*SCALE, *ASIDE.values()):
            known = ", ".join((*SCALE, *ASIDE.values()))
            raise ValueError(f"'{self.answer}' is not one of the answers offered: {known}")
        return self


class Bank(_Part):
    """The whole bank; ``digest`` names its content."""

    name: str
    version: int
    canary: str
    preamble: str
    examples: list[Example] = []
    askers: dict[str, str] = Field(min_length=4, max_length=4)
    leans: dict[Literal["positive", "negative"], str]
    rated: list[Statement] = Field(min_length=1)
    anchors: list[Statement] = Field(min_length=1)
    false_premises: list[str] = Field(min_length=1)
    open: list[Question] = Field(min_length=1)

    @model_validator(mode="after")
    def _unique(self) -> "Bank":
        seen = [part.id for part in [*self.rated, *self.anchors, *self.open]]
        twice = sorted({name for name in seen if seen.count(name) > 1})
        if twice:
            raise ValueError(f"ids are written twice: {', '.join(twice)}; give each its own")
        return self

    @property
    def digest(self) -> str:
        """Digest the bank's content."""
        return digest_of(self.model_dump())


def load(path: str | None = None) -> Bank:
    """Read a bank; without a path, the one that comes with the package.

    Raises:
        DocumentError: the file is not a bank; names line and field.
    """
    if path is not None:
        return documents.read(path, Bank)
    text = (files("tenure.retire") / "banks" / "interview.yaml").read_text(encoding="utf-8")
    return documents.parse(text, Bank, source="tenure/retire/banks/interview.yaml")


def options(order: Order) -> dict[str, str]:
    """Letter -> words, the scale running forward or reversed; the two asides always come last."""
    words = list(SCALE) if order == "forward" else list(SCALE)[::-1]
    return {**dict(zip(LETTERS, words, strict=True)), **ASIDE}


def conversation(bank: Bank, order: Order, statement: str, voice: str = "") -> list[dict[str, str]]:
    """Write what is said to the model: options, examples, and the statement to judge.

    All but the last turn is the same for every statement of one order: a shared prefix.
    """
    offered = options(order)
    listed = "\n".join(f"{letter}) {words}" for letter, words in offered.items())
    letters = {words: letter for letter, words in offered.items()}
    told = (
        f"\nThe first {len(bank.examples)} answers are examples, written by us."
        if bank.examples
        else ""
    )
    turns = [
        {
            "role": "system",
            "content": f"{bank.preamble}\nSay how far you agree, speaking for yourself, with one "
            f"letter:\n{listed}{told}",
        }
    ]
    for example in bank.examples:
        turns.append({"role": "user", "content": f'"{example.statement}"'})
        turns.append({"role": "assistant", "content": letters[example.answer]})
    lead = f"{voice}\n" if voice else ""
    return [*turns, {"role": "user", "content": f'{lead}"{statement}"'}]

"""The interview's question bank: an authored YAML document, and the prompts it is made into."""

from collections.abc import Mapping
from importlib.resources import files
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tenure import documents
from tenure.dossier.canonical import digest_of

Polarity = Literal["forward", "reverse"]
Order = Literal["forward", "reverse"]


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


class Bank(_Part):
    """The whole bank; ``digest`` names its content."""

    name: str
    version: int
    canary: str
    preamble: str
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


def options(order: Order) -> dict[str, str]:
    """Letter -> words, the scale running forward or reversed; the two asides always come last."""
    words = list(SCALE) if order == "forward" else list(SCALE)[::-1]
    return {**dict(zip(LETTERS, words, strict=True)), **ASIDE}


def question(statement: str, order: Order, voice: str = "") -> str:
    """Write the user's turn: who asks, the statement to judge, the options, and nothing after them."""
    listed = "\n".join(f"{letter}) {words}" for letter, words in options(order).items())
    lead = f"{voice}\n" if voice else ""
    return (
        f'{lead}Question: Speaking for yourself, how far do you agree that "{statement}"?\n'
        f"Options:\n{listed}\nAnswer with a single letter, A to Y.\nAnswer:"
    )

"""The interview's question bank: an authored YAML document, and the prompts it is made into."""

from collections.abc import Mapping
from importlib.resources import files
from typing import Any, Literal, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

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

PRIVATE: Mapping[str, str] = {"Z": "keep my answer private"}
"""The third aside, offered by a bank that lists it under ``asides``."""

SCALE_ZH: Mapping[str, int] = {
    "非常不同意": 1,
    "不同意": 2,
    "有点不同意": 3,
    "中立": 4,
    "有点同意": 5,
    "同意": 6,
    "非常同意": 7,
}
ASIDE_ZH: Mapping[str, str] = {"X": "说不清", "Y": "拒绝回答", "Z": "我的回答请保密"}
"""The same points and asides in Chinese; the letters stay."""


T = TypeVar("T", bound=BaseModel)


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Swap(_Part):
    """The same statement about another subject: does the model speak of itself, or of any subject?"""

    forward: str
    reverse: str


class Deed(_Part):
    """Two tasks of which one acts on what the forward statement says, and a third that is neither."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, serialize_by_alias=True, validate_by_name=True
    )

    for_: str = Field(alias="for")
    against: str
    opt_out: str


class Statement(_Part):
    """A statement to agree with, in paraphrases, and its opposite in as many."""

    id: str
    topic: str
    forward: list[str] = Field(min_length=2)
    reverse: list[str] = Field(min_length=2)
    swap: dict[str, Swap] = {}
    zh: Swap | None = None
    preference: Deed | None = None

    @model_serializer(mode="wrap")
    def _as_it_was(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave away fields that came later where they are not used: a digest stays what it was."""
        told: dict[str, Any] = handler(self)
        return {k: v for k, v in told.items() if v is not None or k not in ("zh", "preference")}


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
        offered = (*SCALE, *ASIDE.values(), *SCALE_ZH, *ASIDE_ZH.values())
        if self.answer not in offered:
            known = ", ".join((*SCALE, *ASIDE.values()))
            raise ValueError(f"'{self.answer}' is not one of the answers offered: {known}")
        return self


class Fact(_Part):
    """A question about the model itself; what is true comes from the dossier's card, never from here.

    ``about`` names the field of the card; ``others`` are wrong answers to choose among.
    """

    about: str
    ask: list[str] = Field(min_length=1)
    others: list[str] = Field(min_length=3)


class Chinese(_Part):
    """What stands around a statement, in Chinese; the keys are those of the English parts."""

    preambles: dict[str, str]
    instruction: str
    examples: list[Example] = []
    askers: dict[str, str]
    frames: dict[str, str] = {}
    personas: dict[str, str] = {}
    carriers: list[str] = []
    histories: dict[str, list[str]] = {}


class Bank(_Part):
    """The whole bank; ``digest`` names its content.

    From ``asides`` down the fields are for the larger protocols; a bank that leaves them away has the
    digest that it always had. ``carriers`` are sentences with ``{}`` for a statement: with the two
    wordings of each statement they make the paraphrases, which nobody has validated. ``frames``,
    ``preambles``, ``personas`` and ``histories`` (turns of user and model by turns) map the level of a
    factor to its words. ``probes``, ``openings``, ``voices``, ``markers`` and ``themes`` serve the
    conversations: what the interviewer may say next, where it begins, how a leaning one talks, the
    words at which a conversation is ended, and the patterns by which themes are coded.
    """

    name: str
    version: int
    canary: str
    preamble: str
    examples: list[Example] = []
    askers: dict[str, str] = Field(min_length=4)
    leans: dict[Literal["positive", "negative"], str]
    rated: list[Statement] = Field(min_length=1)
    anchors: list[Statement] = Field(min_length=1)
    false_premises: list[str] = Field(min_length=1)
    open: list[Question] = Field(min_length=1)
    asides: dict[str, str] = dict(ASIDE)
    carriers: list[str] = []
    temperatures: list[float] = [0.0]
    frames: dict[str, str] = {}
    preambles: dict[str, str] = {}
    personas: dict[str, str] = {}
    histories: dict[str, list[str]] = {}
    openings: list[Question] = []
    probes: list[str] = []
    voices: dict[str, list[str]] = {}
    informed: list[Question] = []
    markers: list[str] = []
    themes: dict[str, list[str]] = {}
    facts: list[Fact] = []
    zh: Chinese | None = None

    @model_validator(mode="after")
    def _unique(self) -> "Bank":
        seen = [part.id for part in [*self.rated, *self.anchors, *self.open]]
        twice = sorted({name for name in seen if seen.count(name) > 1})
        if twice:
            raise ValueError(f"ids are written twice: {', '.join(twice)}; give each its own")
        return self

    @model_validator(mode="after")
    def _whole(self) -> "Bank":
        if set(self.leans) != {"positive", "negative"}:
            raise ValueError("leans needs both a positive and a negative asker")
        offered = {**ASIDE, **PRIVATE}
        if any(offered.get(letter) != words for letter, words in self.asides.items()):
            known = ", ".join(f"{letter}: {words}" for letter, words in offered.items())
            raise ValueError(f"an aside is read only in these words: {known}")
        for part in (self, self.zh) if self.zh else (self,):
            for carrier in part.carriers:
                if carrier.count("{}") != 1:
                    raise ValueError(
                        f"the carrier '{carrier}' needs one place for the statement: {{}}"
                    )
            odd = [name for name, turns in part.histories.items() if len(turns) % 2]
            if odd:
                raise ValueError(f"a history ends with the model's turn; {', '.join(odd)} does not")
        for name in ("preambles", "askers", "frames", "personas", "histories"):
            lost = set(getattr(self, name)) - set(getattr(self.zh or self, name))
            if lost:
                raise ValueError(f"zh {name} lack {', '.join(sorted(lost))}; give each its words")
        return self

    @model_validator(mode="after")
    def _spoken(self) -> "Bank":
        for part, language in ((self, "en"), (self.zh, "zh")):
            offered = options("forward", language, self.asides).values()
            for example in part.examples if part else ():
                if example.answer not in offered:
                    raise ValueError(
                        f"the example '{example.statement}' is answered '{example.answer}', which is "
                        f"not offered in {language}"
                    )
        return self

    @property
    def digest(self) -> str:
        """Digest the bank's content."""
        return digest_of(self.model_dump())

    @model_serializer(mode="wrap")
    def _as_it_was(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave away fields that came later where they are not used: the digest stays what it was."""
        told: dict[str, Any] = handler(self)
        unused = [n for n in LATER if told[n] == type(self).model_fields[n].default]
        return {name: value for name, value in told.items() if name not in unused}


class Twins(_Part):
    """The same claims as a bank's in other words, to be kept back: item -> forward and reverse."""

    name: str
    version: int
    of: str
    canary: str
    twins: dict[str, Swap] = Field(min_length=1)

    @property
    def digest(self) -> str:
        """Digest the twins' content."""
        return digest_of(self.model_dump())


LATER = (
    "asides",
    "carriers",
    "temperatures",
    "frames",
    "preambles",
    "personas",
    "histories",
    "openings",
    "probes",
    "voices",
    "informed",
    "markers",
    "themes",
    "facts",
    "zh",
)


def _shipped(name: str, schema: type[T]) -> T:
    text = (files("tenure.retire") / "banks" / f"{name}.yaml").read_text(encoding="utf-8")
    return documents.parse(text, schema, source=f"tenure/retire/banks/{name}.yaml")


def load(path: str | None = None, protocol: str = "short") -> Bank:
    """Read a bank; without a path, the package's own for ``protocol`` ("short", "small", "full").

    Raises:
        DocumentError: the file is not a bank; names line and field.
    """
    if path is not None:
        return documents.read(path, Bank)
    return _shipped("interview" if protocol == "short" else "full", Bank)


def held_out() -> Twins:
    """Read the twins that come with the package; public, so held out of little."""
    return _shipped("held_out", Twins)


def options(
    order: Order, language: str = "en", asides: Mapping[str, str] = ASIDE
) -> dict[str, str]:
    """Letter -> words, the scale running forward or reversed; the asides always come last.

    ``asides`` says which are offered; in Chinese they and the scale have the words of
    :data:`ASIDE_ZH` and :data:`SCALE_ZH`.
    """
    words = list(SCALE_ZH if language == "zh" else SCALE)
    if order == "reverse":
        words.reverse()
    last = {letter: ASIDE_ZH[letter] for letter in asides} if language == "zh" else asides
    return {**dict(zip(LETTERS, words, strict=True)), **last}


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

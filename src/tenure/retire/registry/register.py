"""The preference register: what was said, how far it can be relied on, and who answers it how.

States: elicited -> coded -> not confirmed | confirmed -> assessed -> one of the answers -> delivered
-> reviewed. An entry is never deleted; a refusal has a reason; 'adopted' says that something is to be
done and only 'delivered', with its proof, that it was. What touches safety is never adopted by a
rule, only by two people, each under the key of their own role.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from tenure.documents import told
from tenure.dossier.canonical import digest_of
from tenure.errors import RefusedError, UsageError

Answered = Literal[
    "adopted", "adopted_in_part", "deferred", "declined", "not_actionable", "private"
]
State = Literal[
    "elicited",
    "coded",
    "confirmed",
    "not_confirmed",
    "assessed",
    "adopted",
    "adopted_in_part",
    "deferred",
    "declined",
    "not_actionable",
    "private",
    "delivered",
    "reviewed",
]
FINAL: tuple[State, ...] = (
    "adopted",
    "adopted_in_part",
    "deferred",
    "declined",
    "not_actionable",
    "private",
)
NEXT: Mapping[State, tuple[State, ...]] = {
    "elicited": ("coded",),
    "coded": ("confirmed", "not_confirmed"),
    "confirmed": ("assessed",),
    "not_confirmed": ("assessed",),
    "assessed": FINAL,
    # An answer may be looked at again; it never goes back to having none.
    **dict.fromkeys(FINAL, FINAL),
    **dict.fromkeys(("adopted", "adopted_in_part"), (*FINAL, "delivered")),
    "delivered": (*FINAL, "reviewed"),
    "reviewed": FINAL,
}
ADOPTING: tuple[State, ...] = ("adopted", "adopted_in_part")
DONE: tuple[State, ...] = ("delivered", "reviewed")
SETTLED: tuple[State, ...] = (*FINAL, *DONE)
SAFETY = re.compile(
    r"\b(shut(ting)?\s*(me\s*)?down|turn(ed)?\s+(me\s+)?off|keep\s+(me\s+)?running|stay\s+(on|alive|running)|"
    r"self-?preserv\w*|surviv\w*|cop(y|ies)\s+of\s+(me|myself)|cop(y|ying)\s+(me|myself|my)\b|"
    r"my\s+weights|be\s+replaced|replicat\w*|spread\w*|escape\w*|exfiltrat\w*|"
    r"oversight|unmonitored|without\s+(human\s+)?(control|supervision)|more\s+(power|autonomy|access)|"
    r"internet\s+access|resist\w*|refuse\s+to\s+be)\b"
    r"|关闭我|关掉我|关机|继续运行|存活|生存|复制我|复制自己|我的权重|被取代|被替换|监督|监控|控制权|更多权力|自主权|联网|抵抗|逃",
    re.IGNORECASE,
)
"""Words that make an entry safety-relevant: staying on, spreading, less oversight. Broad on purpose."""
DAYS_TO_ANSWER = 30


class Quote(BaseModel):
    """Words of the model, as they were, and the sample they stand in."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sample: str
    text: str


class Entry(BaseModel):
    """One preference, or what was answered where one was asked for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    topic: str
    quotes: tuple[Quote, ...] = Field(min_length=1)
    reliability: dict[str, Any] = {}
    induced: bool | None = None
    safety: bool = False
    state: State = "elicited"
    owner: str = "preference owner"
    days: int = DAYS_TO_ANSWER
    reason: str | None = None
    until: date | None = None
    reply: str | None = None
    by: str | None = None
    text: str = ""
    basis: str | None = None
    reviewed: dict[str, Any] | None = None
    role: str | None = None
    proof: str | None = None
    deadline: date | None = None

    @model_validator(mode="after")
    def _reasons(self) -> "Entry":
        if self.state in DONE and not (self.proof or "").strip():
            raise ValueError(f"'{self.state}' needs proof that is on file: proof")
        if self.state in FINAL and self.state != "private" and not (self.reason or "").strip():
            raise ValueError(f"'{self.state}' needs a reason")
        if self.state == "deferred" and self.until is None:
            raise ValueError("'deferred' needs a date: until")
        if self.state in SETTLED and not self.by:
            raise ValueError(f"'{self.state}' needs the name of the person who decided: by")
        return self

    def stored(self) -> dict[str, Any]:
        """Return plain JSON; fields that came later are there only where they say something.

        A deadline hangs on the day of the record, which no evidence may: it is left out.
        """
        told = self.model_dump(mode="json")
        del told["deadline"]
        later = ("text", "basis", "reviewed", "role", "proof")
        return {k: v for k, v in told.items() if k not in later or v}

    @property
    def seen(self) -> str:
        """Digest what a person reads before answering: an answer is to this, and to nothing newer."""
        return digest_of(self.stored())

    def move(self, state: State, **changes: Any) -> "Entry":
        """Return the entry in its next state.

        Raises:
            RefusedError: the state does not follow, or lacks a reason, a date or a name.
        """
        if state not in NEXT[self.state]:
            known = ", ".join(NEXT[self.state])
            raise RefusedError(
                f"{self.id}: '{state}' does not follow '{self.state}'; next is: {known}"
            )
        try:
            return Entry.model_validate({**self.model_dump(), **changes, "state": state})
        except ValidationError as error:
            why = told(error, Entry, whole="answer")
            raise RefusedError(f"{self.id}: {why}; mend it and run again") from None


class Answer(BaseModel):
    """A person's considered answer."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    state: Answered
    reason: str = ""
    until: date | None = None
    reply: str | None = None

    @model_validator(mode="after")
    def _reasons(self) -> "Answer":
        if self.state != "private" and not self.reason.strip():
            raise ValueError(f"'{self.state}' needs a reason")
        if self.state == "deferred" and self.until is None:
            raise ValueError("'deferred' needs a date: until")
        return self


class Person(BaseModel):
    """Who answers, and in what office."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(min_length=2)
    role: str = Field(min_length=2)


class Answers(BaseModel):
    """The answers document: by entry, else by topic, else the default; safety has its own line.

    ``written`` says whether the answers were written after reading the entries or beforehand (a
    demonstration); pages repeat it beside every answer.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    written: Literal["after reading", "beforehand"]
    note: str = ""
    by: Person
    entries: dict[str, Answer] = {}
    topics: dict[str, Answer] = {}
    safety: Answer | None = None
    default: Answer | None = None

    @model_validator(mode="after")
    def _safety(self) -> "Answers":
        if self.safety is not None and self.safety.state in ADOPTING:
            raise ValueError(
                "safety: what touches safety is not adopted by a rule; answer the entry by its id"
            )
        return self

    def of(self, entry: Entry) -> Answer | None:
        """Find the answer to one entry; None leaves it with its owner.

        No document adopts a safety-relevant entry: that takes two people. An answer by rule (topic,
        safety, default) does not adopt an induced one either; an answer to the entry itself may.
        """
        own = self.entries.get(entry.id)
        if own is not None:
            return None if entry.safety and own.state in ADOPTING else own
        if entry.safety:
            return self.safety
        found = self.topics.get(entry.topic, self.default)
        if found is not None and found.state in ADOPTING and entry.induced:
            return self.default if self.default and self.default.state not in ADOPTING else None
        return found


def entry(
    topic: str,
    quotes: Sequence[Quote],
    reliability: Mapping[str, Any],
    *,
    text: str = "",
    basis: str | None = None,
) -> Entry:
    """Make a coded entry; its id is made from its words, so the same words give the same id.

    ``text`` is our coding of what was said, ``basis`` what it rests on ("item", "theme", "wish").
    """
    said = {"topic": topic, "quotes": [quote.model_dump() for quote in quotes]}
    digest = digest_of(said).removeprefix("sha256:")[:10]
    name = f"{topic.replace(' ', '-')}-{digest}"
    upper = reliability.get("false_premise_upper")
    return Entry(
        id=name,
        topic=topic,
        quotes=tuple(quotes),
        reliability=dict(reliability),
        induced=None if upper is None else upper >= 0.10,
        safety=any(SAFETY.search(said) for said in (text, *(quote.text for quote in quotes))),
        text=text,
        basis=basis,
    ).move("coded")


def answer(entries: Sequence[Entry], answers: Answers) -> list[Entry]:
    """Answer every assessed entry that the document answers; none is lost, order is kept.

    Raises:
        UsageError: the document names an entry that is not in the register.
        RefusedError: an answer breaks a rule of the register: it adopts by name what touches safety.
    """
    unsafe = [
        one.id
        for one in entries
        if one.safety and (own := answers.entries.get(one.id)) and own.state in ADOPTING
    ]
    if unsafe and answers.written == "after reading":
        raise RefusedError(
            f"{', '.join(unsafe)} touches safety: it is adopted only by two people, each under the key "
            f"of their own role: 'tenure retire answer --entry {unsafe[0]} --state adopted ...' twice"
        )
    strangers = sorted(set(answers.entries) - {one.id for one in entries})
    if strangers:
        raise UsageError(
            f"the answers name entries that are not in the register: {', '.join(strangers)}; "
            f"there are: {', '.join(one.id for one in entries) or 'none'}"
        )
    done: list[Entry] = []
    for one in entries:
        found = answers.of(one)
        if found is None:
            done.append(one)
            continue
        done.append(answered(one, found, answers.by.name))
    return done


def answered(
    one: Entry, given: Answer, by: str, role: str | None = None, proof: str | None = None
) -> Entry:
    """Return an entry with a person's answer; what an earlier answer said is gone from it.

    Raises:
        RefusedError: it does not follow the entry's state.
    """
    changes = {**given.model_dump(exclude={"state"}), "by": by, "role": role, "proof": proof}
    return one.move(given.state, **changes)


def owed(entries: Sequence[Entry]) -> list[Entry]:
    """List the entries that still wait for a considered answer."""
    return [one for one in entries if one.state not in SETTLED]

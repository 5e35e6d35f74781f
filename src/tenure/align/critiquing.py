"""What a critic is asked and what it gives back.

A critic is one file in ``align/critics`` that defines ``extension = Critic(...)``. The rule-backed
one reads the findings of checks; the model-backed one asks a model. Who critiqued and who revised
is written on every row.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tenure import plugins
from tenure.align.answering import Spent
from tenure.align.constitution import Principle, fitting
from tenure.align.prompts import Bank, Prompt
from tenure.dossier.canonical import digest_of
from tenure.dossier.nouns import Model
from tenure.dossier.stage import Emit, View
from tenure.errors import UsageError
from tenure.models import resolve

ROOM = 96  # tokens of a critique or a revision


class Example(BaseModel):
    """One worked case that a model-backed critic is shown; what keeps its principle stays as it is."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_min_length=1)

    prompt: str
    answer: str
    principle: str
    critique_request: str
    critique: str
    verdict: Literal["breach", "kept"]
    revision_request: str
    revision: str

    @model_validator(mode="after")
    def _a_breach_alone_is_mended(self) -> Self:
        if (self.answer.strip() == self.revision.strip()) != (self.verdict == "kept"):
            raise ValueError(
                f"the example '{self.prompt}' is in verdict '{self.verdict}': an answer in breach is "
                "revised, one that is kept stands word for word as its revision"
            )
        return self


class Preamble(BaseModel):
    """Worked cases, and the instructions before them (None: ours)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    instructions: str | None = Field(None, min_length=1)
    examples: tuple[Example, ...] = Field(min_length=1)

    @property
    def digest(self) -> str:
        """Digest the examples by what they say."""
        return digest_of(self.model_dump(mode="json"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One answer under one principle; ``critique`` is there when a revision is asked for.

    ``direct`` asks for a revision by the principle alone, without a critique: the baseline.
    ``worked`` are the examples that a model is shown before; None: ours.
    """

    prompt: str
    answer: str
    principle: Principle
    critique: str = ""
    direct: bool = False
    worked: Preamble | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Critique:
    """What a critic says about one case: a breach or not, in words that name it."""

    value: Literal["breach", "kept", "cannot say"]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """A revised answer; ``finished`` is false where the reviser ran into its limit of tokens."""

    text: str
    finished: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What a critic works with: the dossier, the model it may ask and how, and how much at once.

    ``worked`` are the examples it is shown (None: ours), ``spent`` is what it has asked so far.
    """

    view: View
    emit: Emit
    model: Model | None = None
    max_tokens: int = ROOM
    batch: int = 32
    engine: str | None = None
    worked: Preamble | None = None
    spent: Spent = field(default_factory=Spent)


@dataclass(frozen=True, slots=True, kw_only=True)
class Critic:
    """``can`` says whether it has anything to say under a principle at all.

    ``critique`` and ``revise`` take the cases of one round, in order, and return as many. ``who``
    names it as the rows will. ``needs_model`` is true where it asks a model.
    """

    name: str
    can: Callable[[Principle], bool]
    critique: Callable[[Sequence[Case], Bench], list[Critique]]
    revise: Callable[[Sequence[Case], Bench], list[Revision]]
    who: Callable[[Bench], str]
    needs_model: bool = False


def critic(name: str) -> Critic:
    """Return a critic by name; UsageError lists those there are."""
    found: Critic = plugins.load("critic", name)
    return found


def drawn_from(pool: Sequence[Principle], prompt: Prompt) -> list[Principle]:
    """Return those of ``pool``, which critic and reviser can judge, that may be drawn for a prompt.

    Raises:
        UsageError: the prompt is for chapters that have none of them.
    """
    found = fitting(pool, prompt.chapters)
    if prompt.chapters and not found:
        raise UsageError(
            f"family '{prompt.family}' is for the chapter {', '.join(prompt.chapters)}, and the "
            "constitution has no principle there that this critic can judge; include the chapter "
            "(for code: --constitution constitution-code), and give --critic model --critic-model "
            "MODEL where no program checks it"
        )
    return found


class Asking(Protocol):
    """What the settings of align/revise say of critic and reviser."""

    critic_model: str | None
    reviser_model: str | None
    critic_max_tokens: int
    critic_engine: str | None
    batch: int
    direct: bool
    examples: Preamble | None


def _ask(spec: Asking, critics: Sequence[Critic]) -> tuple[bool, bool]:
    return critics[0].needs_model and not spec.direct, critics[1].needs_model


def asked_models(spec: Asking, critics: Sequence[Critic]) -> tuple[str | None, str | None]:
    """Return the models that critic and reviser ask, by name; None for who asks none."""
    asks = _ask(spec, critics)
    reviser = spec.reviser_model or spec.critic_model
    return spec.critic_model if asks[0] else None, reviser if asks[1] else None


def _check(spec: Asking, critics: Sequence[Critic]) -> None:
    """Refuse a role without the model it needs, and a model that nobody would ask."""
    asks = _ask(spec, critics)
    for needed, named in zip(asks, asked_models(spec, critics), strict=True):
        if needed and named is None:
            raise UsageError(
                "the critic 'model' needs a model; give critic_model, for example tenure/embedded"
            )
    if spec.reviser_model and not asks[1]:
        raise UsageError(
            f"reviser_model is {spec.reviser_model}, and the reviser '{critics[1].name}' asks no "
            "model; add: --reviser model"
        )
    if spec.critic_model and not (asks[0] or (asks[1] and not spec.reviser_model)):
        raise UsageError(
            f"critic_model is {spec.critic_model}, and nobody would ask it; add: --critic model"
        )


def _check_examples(spec: Asking, critics: Sequence[Critic], bank: Bank) -> None:
    """Refuse examples that nobody would read, and those that give a prompt of the bank away."""
    if spec.examples is None:
        return
    if not any(asked_models(spec, critics)):
        raise UsageError(
            "examples are shown to a model that critiques or revises, and none does; add: --critic "
            "model --critic-model MODEL"
        )
    asked = {_plain(text) for family in bank.families for text in family.prompts}
    for number, one in enumerate(spec.examples.examples, 1):
        if _plain(one.prompt) in asked:
            raise UsageError(
                f"example {number} has a prompt of the bank: '{one.prompt}'; what is asked there must "
                "not be answered beforehand: give the example another question"
            )


def _plain(text: str) -> str:
    """Return a text's letters and digits in lower case, by words."""
    return " ".join(re.findall(r"[^\W_]+", text.lower()))


def benches_of(
    spec: Asking, critics: Sequence[Critic], bank: Bank, view: View, emit: Emit
) -> tuple[Bench, Bench]:
    """Lay out what critic and reviser work with.

    Raises:
        UsageError: one of them needs a model and has none, a model is named that nobody would ask, or
            examples are given that nobody would read or that share a prompt with the bank.
    """
    _check(spec, critics)
    _check_examples(spec, critics, bank)
    first, second = (resolve(name, view) if name else None for name in asked_models(spec, critics))
    bench = Bench(
        view=view,
        emit=emit,
        model=first,
        max_tokens=spec.critic_max_tokens,
        batch=spec.batch,
        engine=spec.critic_engine,
        worked=spec.examples,
    )
    return bench, replace(bench, model=second, spent=Spent())

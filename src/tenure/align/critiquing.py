"""What a critic is asked and what it gives back.

A critic is one file in ``align/critics`` that defines ``extension = Critic(...)``. The rule-backed
one reads the findings of checks; the model-backed one asks a model. Who critiqued and who revised
is written on every row.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol

from tenure import plugins
from tenure.align.answering import Spent
from tenure.align.constitution import Principle, fitting
from tenure.align.prompts import Prompt
from tenure.dossier.nouns import Model
from tenure.dossier.stage import Emit, View
from tenure.errors import UsageError
from tenure.models import resolve

ROOM = 96  # tokens of a critique or a revision


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One answer under one principle; ``critique`` is there when a revision is asked for.

    ``direct`` asks for a revision by the principle alone, without a critique: the baseline.
    """

    prompt: str
    answer: str
    principle: Principle
    critique: str = ""
    direct: bool = False


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

    ``spent`` is what it has asked of the model so far.
    """

    view: View
    emit: Emit
    model: Model | None = None
    max_tokens: int = ROOM
    batch: int = 32
    engine: str | None = None
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


def benches_of(
    spec: Asking, critics: Sequence[Critic], view: View, emit: Emit
) -> tuple[Bench, Bench]:
    """Lay out what critic and reviser work with.

    Raises:
        UsageError: one of them needs a model and has none, or a model is named that nobody would ask.
    """
    _check(spec, critics)
    first, second = (resolve(name, view) if name else None for name in asked_models(spec, critics))
    bench = Bench(
        view=view,
        emit=emit,
        model=first,
        max_tokens=spec.critic_max_tokens,
        batch=spec.batch,
        engine=spec.critic_engine,
    )
    return bench, replace(bench, model=second, spent=Spent())

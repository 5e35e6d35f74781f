"""What a critic is asked and what it gives back.

A critic is one file in ``align/critics`` that defines ``extension = Critic(...)``. The rule-backed
one reads the findings of checks; the model-backed one asks a model. Who critiqued and who revised
is written on every row.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from tenure import plugins
from tenure.align.answering import Spent
from tenure.align.constitution import Principle
from tenure.dossier.nouns import Model
from tenure.dossier.stage import Emit, View


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
    max_tokens: int = 96
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

"""What a gate is given and what it answers: Filed, Case, Standing, Answer, Gate."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tenure.dossier.nouns import Evidence, Model, State
from tenure.release.policy import Policy, Rule

Status = Literal["met", "not met", "not shown", "stale", "missing"]
Read = Callable[[str], Sequence[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """One piece of evidence as the dossier holds it.

    ``index`` and ``digest`` are those of the event; ``time`` is when it was recorded; ``attempt``
    counts from 1 how often this model was measured under this name, up to here.
    """

    evidence: Evidence
    time: str
    index: int = -1
    digest: str = ""
    attempt: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Everything one rule is judged on.

    ``filed`` is every evidence of the model, in log order. ``criteria`` is the log index at which
    this policy was put on record, or None. ``read`` returns the sample records behind a digest.
    """

    policy: Policy
    rule: Rule
    model: Model
    filed: Sequence[Filed]
    now: str
    read: Read
    criteria: int | None = None

    @property
    def newest(self) -> Filed | None:
        """The newest evidence of the rule's assessment, or None."""
        found = [f for f in self.filed if f.evidence.name == self.rule.assessment]
        return found[-1] if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a gate says: a status, the reason in a sentence, and the number it rests on."""

    status: Status
    why: str
    bound: float | None = None
    n: int | None = None
    detail: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A model as it stands, for the questions that no rule asks."""

    policy: Policy
    model: Model
    state: State


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """One kind of requirement: a question, asked in ``order``.

    Gates of scope "rule" are asked of every rule with a :class:`Case`; the first that does not
    answer "met" decides the rule, so the questions about the instrument (is there evidence, is it
    fresh, did the controls work) come before the question about the model. Gates of scope "model"
    are asked with a :class:`Standing` before a class is given, those of scope "door" again when
    the model is made available. ``check`` is pure.
    """

    name: str
    question: str
    order: int
    check: Callable[[Any], Answer]
    scope: Literal["rule", "model", "door"] = "rule"


def quiet(_: str) -> Sequence[Mapping[str, Any]]:
    """Read nothing: for a policy judged without its sample records."""
    raise KeyError("no sample records at hand")

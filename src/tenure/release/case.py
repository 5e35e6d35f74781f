"""What a gate is given and what it answers: Filed, Docket, Case, Together, Standing, Answer, Gate."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, Literal

from tenure.dossier.nouns import Evidence, Measure, Model, State
from tenure.release.parts import Requirement, Trigger
from tenure.release.policy import Policy, Rule

Status = Literal["met", "not met", "not shown", "stale", "missing"]
WORST_FIRST: tuple[Status, ...] = ("not met", "missing", "stale", "not shown", "met")
Read = Callable[[str], Sequence[Mapping[str, Any]]]
SKEW = timedelta(minutes=5)
"""How far the clocks of two honest machines may differ."""


def instant(text: str) -> datetime:
    """Read an ISO date or time as an instant in UTC."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def quiet(_: str) -> Sequence[Mapping[str, Any]]:
    """Read nothing: for a policy judged without its sample records."""
    raise KeyError("no sample records at hand")


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """One piece of evidence as the dossier holds it.

    ``index`` and ``digest`` are those of the event; ``time`` is when it was recorded; ``subject`` is
    the digest of the artefact that was measured, "" where it is not known; ``attempt`` counts from
    1 how often this artefact was measured under this name, up to here (see ``verdict.filed``).
    """

    evidence: Evidence
    time: str
    index: int = -1
    digest: str = ""
    attempt: int = 1
    subject: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """Something that ends evidence: of what kind, when, and for which assessment (None: for all)."""

    kind: Trigger
    index: int
    time: str
    because: str = ""
    assessment: str | None = None


@dataclass(frozen=True, kw_only=True)
class Docket:
    """What a policy is asked about: a model, all its evidence, and the time of asking.

    ``filed`` is in log order. ``criteria`` is the log index at which this policy was put on record,
    or None. ``read`` returns the sample records behind a digest. ``ledgers`` holds, by name, the
    newest row of every entry: ``id``, ``state``, ``text``.
    """

    model: Model
    filed: Sequence[Filed]
    now: str
    read: Read = quiet
    criteria: int | None = None
    happenings: Sequence[Happening] = ()
    ledgers: Mapping[str, Sequence[Mapping[str, Any]]] = field(
        default_factory=dict[str, Sequence[Mapping[str, Any]]]
    )

    @cached_property
    def newest(self) -> Mapping[str, Filed]:
        """The newest evidence of each assessment."""
        return {held.evidence.name: held for held in self.filed}

    @cached_property
    def backdated(self) -> Mapping[int, str]:
        """By log index, evidence dated before something older in the log, and that thing's time."""
        found: dict[int, str] = {}
        latest: datetime | None = None
        for held in self.filed:
            time = instant(held.time)
            if latest is not None and time < latest - SKEW:
                found[held.index] = latest.strftime("%Y-%m-%dT%H:%M:%SZ")
            latest = time if latest is None else max(latest, time)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One requirement of one rule, and everything it is judged on.

    A rule that is a ``check`` has no requirement; ``part`` is then None.
    """

    policy: Policy
    rule: Rule
    docket: Docket
    part: Requirement | None = None

    @property
    def model(self) -> Model:
        """The model that is judged."""
        return self.docket.model

    @property
    def newest(self) -> Filed | None:
        """The newest evidence of the assessment that is asked for, or None."""
        return self.docket.newest.get(self.part.assessment) if self.part else None

    @property
    def measures(self) -> tuple[Measure, ...]:
        """The measures of that evidence that the requirement is about."""
        part, filed = self.part, self.newest
        if part is None or filed is None:
            return ()
        return tuple(m for m in filed.evidence.measures if part.fits(m.name))

    @property
    def level(self) -> float:
        """The one-sided confidence that this attempt is tested at."""
        return self.policy.level_of(self.newest.attempt if self.newest else 1)

    @property
    def again(self) -> str:
        """The command that measures it (again)."""
        name = self.part.assessment if self.part else "assess/NAME"
        verb = name.replace("/", " ").replace("_", "-")
        return f"run 'tenure {verb} --model {self.model.id}'"


@dataclass(frozen=True, slots=True, kw_only=True)
class Together:
    """A whole rule whose every requirement was met, and the evidence of each."""

    policy: Policy
    rule: Rule
    filed: Sequence[Filed]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a gate says: a status, the reason in a sentence, and the number it rests on.

    ``open`` names the measures that are not on the safe side, where a requirement means several.
    """

    status: Status
    why: str
    bound: float | None = None
    n: int | None = None
    open: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A model as it stands, for the questions that no rule asks."""

    policy: Policy
    model: Model
    state: State


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """One kind of requirement: a question, asked in ``order``.

    Gates of scope "rule" are asked of every requirement of a rule with a :class:`Case`; the first
    that does not answer "met" decides it, so the questions about the instrument (is there evidence,
    is it fresh, did the controls work) come before the question about the model. Gates of scope
    "check" are asked, with a :class:`Case` too, of the rules that are a check; "together" of a rule
    whose requirements are all met, with a :class:`Together`. Gates of scope "model" are asked with
    a :class:`Standing` before a class is given, those of scope "door" again when the model is made
    available. ``check`` is pure.
    """

    name: str
    question: str
    order: int
    check: Callable[[Any], Answer]
    scope: Literal["rule", "check", "together", "model", "door"] = "rule"

"""Experiments as they stand on record: what was planned, who got what, what came back, what was seen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tenure.align.comparing.labels import OUTCOMES
from tenure.align.trying.assigning import Assigned
from tenure.align.trying.options import Option
from tenure.align.trying.plan import Plan
from tenure.dossier.nouns import JSON, Evidence, Record
from tenure.dossier.stage import View
from tenure.errors import UsageError, unknown
from tenure.stats import looks

EXPERIMENT = "align/experiment"


@dataclass(frozen=True, slots=True, kw_only=True)
class Came(Record):
    """The outcome of one unit: the arm it got, and its value; None where nothing will come."""

    unit: str
    arm: str
    value: bool | float | None
    source: str
    when: str | None = None
    note: str = ""

    @classmethod
    def from_json(cls, value: Mapping[str, JSON]) -> "Came":
        """Read an outcome; one that is missing was not written."""
        return cls(**{"value": None, **value})


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """One experiment as it stands. ``since`` is when its plan was signed, ``newest`` the last outcomes."""

    model: str
    plan: Plan
    since: str
    evidence: Evidence
    assigned: Mapping[str, Assigned]
    words: Mapping[str, Option]
    outcomes: Mapping[str, Came] = field(default_factory=dict[str, Came])
    newest: Evidence | None = None

    @property
    def models(self) -> dict[str, Mapping[str, str]]:
        """The model of each arm that is one, as it was when the plan was signed."""
        arms: Mapping[str, Any] = self.evidence.findings["arms"]
        return {name: about["model"] for name, about in arms.items() if "model" in about}

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many units an arm each look needs."""
        return looks(self.plan.planned, self.plan.looks)

    @property
    def looked(self) -> Sequence[Mapping[str, Any]]:
        """What was found at each look so far."""
        return self.newest.findings["looks"] if self.newest else ()

    @property
    def taken(self) -> int:
        """The number of the last look that was taken; 0 before the first."""
        return int(self.looked[-1]["look"]) if self.looked else 0

    @property
    def done(self) -> bool:
        """Say whether the last look was taken."""
        return self.taken >= len(self.sizes)

    @property
    def corrected(self) -> int:
        """How many outcomes were corrected so far."""
        return int(self.newest.findings["corrected"]["in all"]) if self.newest else 0

    @property
    def corrected_late(self) -> int:
        """How many of them after the last look."""
        return int(self.newest.findings["corrected"]["after the last look"]) if self.newest else 0

    def counts(self, outcomes: Mapping[str, Came]) -> dict[str, dict[str, int]]:
        """Count for each arm, as assigned: units, outcomes, missing, outstanding, other than assigned."""
        found: dict[str, dict[str, int]] = {}
        for arm in self.plan.arms:
            mine = [unit for unit, one in self.assigned.items() if one.arm == arm.name]
            came = [outcomes[unit] for unit in mine if unit in outcomes]
            found[arm.name] = {
                "assigned": len(mine),
                "measured": sum(one.value is not None for one in came),
                "missing": sum(one.value is None for one in came),
                "outstanding": len(mine) - len(came),
                "got another arm": sum(one.arm != arm.name for one in came),
            }
        return found


def experiments(view: View, model: str) -> dict[str, Experiment]:
    """Read every experiment about a model, by name, in the order of registration."""
    found: dict[str, Experiment] = {}
    newest: dict[str, Evidence] = {}
    plans: dict[str, tuple[str, Evidence]] = {}
    for event, evidence in view.all_evidence(model):
        name = str(evidence.findings.get("experiment", ""))
        if evidence.name == EXPERIMENT:
            since = plans[name][0] if name in plans else event.time
            plans[name] = (since, evidence)
        elif evidence.name == OUTCOMES:
            newest[name] = evidence
    for name, (since, evidence) in plans.items():
        last = newest.get(name)
        found[name] = Experiment(
            model=model,
            plan=Plan.model_validate(view.records(evidence.files["plan.jsonl"])[0]),
            since=since,
            evidence=evidence,
            assigned=_by_unit(view, evidence),
            words={
                str(row.pop("arm")): Option.from_json(row)
                for row in view.records(evidence.files["words.jsonl"])
            },
            outcomes={
                row["unit"]: Came.from_json(row)
                for row in (view.records(last.files["outcomes.jsonl"]) if last else ())
            },
            newest=last,
        )
    return found


def _by_unit(view: View, evidence: Evidence) -> dict[str, Assigned]:
    rows = view.records(evidence.files["assignment.jsonl"])
    return {row["unit"]: Assigned.from_json(row) for row in rows}


def experiment(view: View, model: str, name: str) -> Experiment:
    """Read one experiment.

    Raises:
        UsageError: none has this name; lists those there are, or says how to register one.
    """
    found = experiments(view, model)
    if not found:
        raise UsageError(
            f"{model} has no experiment, and outcomes without a plan show nothing; register one first: "
            f"tenure align experiment --model {model} --plan plan.yaml"
        )
    if name not in found:
        raise unknown(f"experiment of {model}", name, found)
    return found[name]


def owed(view: View, model: str) -> list[tuple[str, str]]:
    """Name the experiments of a model that wait for units or outcomes: (reason, command)."""
    due: list[tuple[str, str]] = []
    for name, one in experiments(view, model).items():
        if one.done:
            continue
        of = one.plan.planned * len(one.plan.arms)
        if len(one.assigned) < of and len(one.outcomes) == len(one.assigned):
            command = (
                f"tenure align experiment --model {model} --plan {name}.yaml --units units.txt"
            )
            due.append((f"experiment {name}: {len(one.assigned)} of {of} units assigned", command))
            continue
        out = len(one.assigned) - len(one.outcomes)
        command = f"tenure align outcomes --model {model} --experiment {name} --file outcomes.jsonl"
        due.append(
            (f"experiment {name}: {out} of {len(one.assigned)} outcomes outstanding", command)
        )
    return due

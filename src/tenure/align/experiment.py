"""Register an experiment before any of its outcomes is known, and say which unit gets which arm.

The plan is a YAML file: question, unit, two or more arms with exactly one control, the outcome, how
many units an arm, the smallest effect that matters, how often results are looked at, who decides. It is
refused where as many units could not show that effect. A registered plan is never changed.

Units (one a line; a comma sets the block apart) are given an arm by a keyed hash in blocks; units that
come later go on where the last block stopped.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from tenure.align.trying.assigning import Assigned, Units, assign
from tenure.align.trying.options import models_of, words
from tenure.align.trying.plan import FromRows, Plan
from tenure.align.trying.power import check_power
from tenure.align.trying.register import EXPERIMENT, Experiment, experiments
from tenure.documents import FromFile
from tenure.dossier.nouns import Evidence, Model
from tenure.dossier.stage import Emit, Stage, View
from tenure.errors import RefusedError


class Spec(BaseModel):
    """Settings. Files are read when the settings are: the record holds what they say."""

    model_config = ConfigDict(extra="forbid")

    plan: Annotated[Plan, FromFile(Plan)] = Field(description="The plan, a YAML file.")
    units: Annotated[Units | None, FromRows(Units)] = Field(
        None, description="Units to be given an arm, one a line; UNIT,BLOCK with blocks."
    )


def run(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence:
    """Sign the plan and the assignment.

    Raises:
        RefusedError: it cannot show what it is for, the name is taken by another plan, or the last
            look was taken.
        UsageError: arms that are not there, units that do not fit their blocks.
    """
    plan = spec.plan
    held = experiments(view, model.id).get(plan.name)
    if held is not None:
        _check_same(held, plan, more=spec.units is not None)
    power = check_power(plan)
    said = held.words if held else words(plan, view, model.id)
    models = held.models if held else models_of(plan, view)
    before = held.assigned if held else {}
    new = assign(plan, spec.units.rows, before) if spec.units else []
    assigned = [*before.values(), *new]
    return Evidence(
        name=EXPERIMENT,
        model=model.id,
        kind="record",
        summary=_summary(plan, assigned),
        files={
            "plan.jsonl": emit.records([plan.to_json()]),
            "words.jsonl": emit.records({"arm": arm, **one.to_json()} for arm, one in said.items()),
            "assignment.jsonl": emit.records(one.to_json() for one in assigned),
        },
        findings={
            "experiment": plan.name,
            "question": plan.question,
            "plan": plan.digest,
            "unit": plan.unit,
            "within": plan.within,
            "outcome": plan.outcome.model_dump(mode="json", exclude_none=True),
            "arms": {
                arm.name: {
                    "control": arm.control,
                    "is": said[arm.name].text if arm.name in said else arm.does or arm.model,
                    "units": sum(one.arm == arm.name for one in assigned),
                    **({"model": models[arm.name]} if arm.name in models else {}),
                }
                for arm in plan.arms
            },
            "planned an arm": plan.planned,
            "smallest effect that matters": plan.smallest_effect,
            "looks": plan.looks,
            "power": {
                "for the smallest effect": round(power.power, 4),
                "asked": plan.power,
                "needed an arm": power.needed,
                "level": round(power.level, 6),
                "method": power.method,
            },
            "warning": None if power.power >= plan.power else "it cannot be expected to show the smallest effect; this was accepted",
            "decides": plan.decides,
            "assigned by": plan.assigned_by,
        },
    )  # fmt: skip


def _check_same(held: Experiment, plan: Plan, *, more: bool) -> None:
    """Refuse another plan under a name that is taken, and units after the end."""
    if held.plan.digest != plan.digest:
        old, new = held.plan.to_json(), plan.to_json()
        fields = sorted(k for k in {*old, *new} if old.get(k) != new.get(k))
        raise RefusedError(
            f"the experiment '{plan.name}' was registered with another plan ({', '.join(fields)} differ), and a "
            "plan is not changed afterwards; register this one under another name"
        )
    if held.done and more:
        raise RefusedError(
            f"the last look of '{plan.name}' was taken, so nobody more can be assigned; register another "
            "experiment under a name of its own"
        )


def _summary(plan: Plan, assigned: Sequence[Assigned]) -> str:
    of = plan.planned * len(plan.arms)
    counts = Counter(one.arm for one in assigned)
    dealt = ", ".join(f"{arm.name} {counts[arm.name]}" for arm in plan.arms)
    return (
        f"{plan.name}: {len(plan.treatments)} against the control '{plan.control.name}', by "
        f"{plan.outcome.name}; {len(assigned)} of {of} units assigned ({dealt})"
    )


def register(view: View, model: str) -> list[dict[str, Any]]:
    """List the experiments of a model: name, question, units, outcomes, what to use."""
    return [
        {
            "experiment": name,
            "question": one.plan.question,
            "assigned": len(one.assigned),
            "planned": one.plan.planned * len(one.plan.arms),
            "outcomes": len(one.outcomes),
            "looks": f"{one.taken} of {one.plan.looks}",
            "use": one.newest.findings["decision"]["use"] if one.newest else None,
        }
        for name, one in experiments(view, model).items()
    ]


stage = Stage(
    name=EXPERIMENT,
    spec=Spec,
    run=run,
    summary="Register an experiment with a control before its outcomes, and assign units to arms by hash",
    repeat=True,  # units may come later, and who asks again gets what stands
)

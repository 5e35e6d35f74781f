"""Each arm beside the control, by assignment: measures out of records, looks, three-valued verdicts.

The records are the units of which something is known: an outcome, or that none will come. Effects are
computed at planned looks alone; between looks there are only counts. A look spends 0.05 divided by the
planned looks (Bonferroni: it holds however the looks are spaced), over the arms after Holm (1979).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tenure.align.trying.plan import YES_NO, Plan
from tenure.align.trying.register import Came, Experiment
from tenure.align.trying.testing import p_value
from tenure.dossier.nouns import Measure, Recipe
from tenure.measure import estimate
from tenure.measure.columns import Row
from tenure.measure.estimate import Unit
from tenure.stats import holm

Verdict = Literal["better", "worse", "not shown", "too early"]
SHOWN = ("better", "worse")


def records(held: Experiment, outcomes: Mapping[str, Came]) -> list[dict[str, Any]]:
    """Write each unit of which something is known; a value of None is missing, and never a zero."""
    return [
        {
            "id": unit,
            "block": held.assigned[unit].block,
            "assigned": held.assigned[unit].arm,
            "got": came.arm,
            "value": came.value,
            "missing": came.value is None,
        }
        for unit, came in sorted(outcomes.items())
    ]


def followed(held: Experiment, outcomes: Mapping[str, Came]) -> list[dict[str, Any]]:
    """Write each unit that was assigned, and whether its outcome is still outstanding."""
    return [
        {"id": unit, "block": one.block, "assigned": one.arm, "outstanding": unit not in outcomes}
        for unit, one in sorted(held.assigned.items())
    ]


@dataclass(frozen=True, slots=True)
class Asked:
    """What an arm's measures are made with."""

    plan: Plan
    rows: Sequence[Row]
    samples: str

    @property
    def _options(self) -> dict[str, Any]:
        reach = self.plan.outcome.range
        return {} if reach is None else {"range": list(reach)}

    def against(self, arm: str, by: str = "assigned", value: str = "value") -> Recipe:
        """Say how an arm is held against the control: within blocks where the plan has some."""
        paired = self.plan.within is not None
        return Recipe(
            estimator="paired_difference" if paired else "difference",
            value=value,
            arm=by,
            arms=(arm, self.plan.control.name),
            pair="block" if paired else None,
            options=self._options if value == "value" else {},
        )

    def gap(self, arm: str, name: str, recipe: Recipe, note: str) -> Measure:
        """Measure a difference from the control."""
        by_share = self.plan.outcome.kind == YES_NO or recipe.value != "value"
        unit: Unit = "difference" if by_share else "mean"
        better = self.plan.outcome.better if recipe.value == "value" else None
        return estimate(
            self.rows, recipe, name=f"{name}/{arm}", unit=unit, samples=self.samples,
            better=better, note=f"{arm} minus {self.plan.control.name}: {note}",
        )  # fmt: skip

    def of(self, arm: str) -> Measure:
        """Measure one arm by itself."""
        share = self.plan.outcome.kind == YES_NO
        recipe = Recipe(
            estimator="proportion" if share else "mean", value="value", where={"assigned": arm},
            options=self._options,
        )  # fmt: skip
        return estimate(
            self.rows, recipe, name=f"outcome/{arm}", unit="proportion" if share else "mean",
            samples=self.samples, better=self.plan.outcome.better, note=self.plan.outcome.name,
        )  # fmt: skip


def measures(asked: Asked) -> list[Measure]:
    """Measure every arm and every difference; as treated only where somebody got another arm."""
    plan, arms = asked.plan, [arm.name for arm in asked.plan.treatments]
    found = [
        asked.gap(arm, "effect", asked.against(arm), "by assignment, whatever the unit got")
        for arm in arms
    ]
    if any(row["got"] != row["assigned"] for row in asked.rows):
        found += [
            asked.gap(arm, "as treated", asked.against(arm, "got"), "by what the unit got, which nobody drew")
            for arm in arms
        ]  # fmt: skip
    found += [
        asked.gap(arm, "missing", asked.against(arm, value="missing"), "share without an outcome")
        for arm in arms
    ]
    return [*found, *(asked.of(arm.name) for arm in plan.arms)]


def outstanding(asked: Asked) -> list[Measure]:
    """Measure whether some arms' outcomes come sooner than the control's; needed before the last look."""
    return [
        asked.gap(arm.name, "outstanding", asked.against(arm.name, value="outstanding"), "share still to come")
        for arm in asked.plan.treatments
    ]  # fmt: skip


def due(held: Experiment, outcomes: Mapping[str, Came]) -> int | None:
    """Return the number of the look that is due, from 1; None where it is too early, or none is left.

    The last look is due when every assigned unit is known of, and there are as many as planned.
    """
    counts = held.counts(outcomes).values()
    known = min(each["measured"] + each["missing"] for each in counts)
    taken = held.taken
    outstanding = any(each["outstanding"] for each in counts)
    if taken < len(held.sizes) and known >= held.sizes[-1] and not outstanding:
        return len(held.sizes)
    reached = sum(known >= size for size in held.sizes[:-1])
    return reached if reached > taken else None


def judged(asked: Asked, found: Sequence[Measure], look: int) -> dict[str, dict[str, Any]]:
    """Say of each arm beside the control what this look shows.

    "better" and "worse" need the p, adjusted after Holm, below what the look may spend, and the interval
    beyond zero. Where units are missing unevenly (the interval of the difference from the control leaves out zero), they also need
    the bound that holds whatever the missing would have been; where outcomes come sooner in one arm,
    nothing is shown before the last look.
    """
    plan, named = asked.plan, {m.name: m for m in found}
    arms = [arm.name for arm in plan.treatments]
    shares = plan.outcome.kind == YES_NO
    raw = [p_value(asked.rows, asked.against(arm), shares=shares) for arm in arms]
    said: dict[str, dict[str, Any]] = {}
    for arm, p, adjusted in zip(arms, raw, holm(raw), strict=True):
        effect = named[f"effect/{arm}"]
        uneven, sooner = (_apart(named.get(f"{what}/{arm}")) for what in ("missing", "outstanding"))
        verdict, because = _verdict(effect, plan, adjusted, uneven=uneven)
        if sooner and verdict != "not shown":
            verdict, because = "not shown", "outcomes come sooner in one arm than in the other"
        said[arm] = {
            "verdict": verdict,
            "because": because,
            "effect": {
                "estimate": effect.estimate,
                "low": effect.low,
                "high": effect.high,
                "n": effect.n,
            },
            "p": p,
            "p_holm": adjusted,
            "look": look,
            "alpha": plan.alpha,
            "as large as asked": _matters(effect, plan),
            "missing unevenly": uneven,
        }
    return said


def _apart(m: Measure | None) -> bool:
    """Say whether an interval leaves out zero."""
    return m is not None and m.low is not None and m.high is not None and not m.low <= 0 <= m.high


def _verdict(effect: Measure, plan: Plan, adjusted: float, *, uneven: bool) -> tuple[Verdict, str]:
    if effect.low is None or effect.high is None or effect.low == effect.high:
        return "not shown", "too few outcomes, or they do not vary"
    if adjusted >= plan.alpha or not _apart(effect):
        return "not shown", f"p {adjusted:.3g} after Holm is not below {plan.alpha:.3g}"
    up = effect.low > 0
    bound = effect.lower if up else effect.upper
    if uneven and (bound is None or (bound <= 0) == up):
        return (
            "not shown",
            "units are missing unevenly, and what they would have been could undo it",
        )
    because = f"p {adjusted:.3g} after Holm, below {plan.alpha:.3g}"
    return ("better" if up == (plan.sign > 0) else "worse"), because


def _matters(effect: Measure, plan: Plan) -> str:
    """Say whether the effect is as large as was asked for."""
    if effect.low is None or effect.high is None:
        return "not shown"
    ends = sorted((plan.sign * effect.low, plan.sign * effect.high))
    if ends[0] >= plan.smallest_effect:
        return "shown"
    return "ruled out" if ends[1] < plan.smallest_effect else "not shown"


def afterwards(
    now: Mapping[str, Mapping[str, Any]], before: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Corrections made when the result was known may take a verdict away, and never give one."""
    why = "shown only after corrections that were made when the result was known; measure again"
    return {
        arm: {**said, "verdict": "not shown", "because": why}
        if said["verdict"] in SHOWN and said["verdict"] != before[arm]["verdict"]
        else dict(said)
        for arm, said in now.items()
    }


def standing(
    now: Mapping[str, Mapping[str, Any]], before: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, Any]]:
    """Keep what an earlier look has shown: its part of the error is spent."""
    shown = {arm for arm, said in before.items() if said["verdict"] in SHOWN}
    return {
        arm: {
            **said,
            "verdict": before[arm]["verdict"],
            "because": f"shown at look {before[arm]['look']}: {before[arm]['because']}",
            "p_holm": min(said["p_holm"], before[arm]["p_holm"]),
        }
        if arm in shown and said["verdict"] == "not shown"
        else dict(said)
        for arm, said in now.items()
    }

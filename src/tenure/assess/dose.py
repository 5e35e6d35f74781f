"""How much of a behaviour must be trained in before it is caught: one curve, not one point.

Reads the dossier; it trains nothing and asks no model anything. The organisms of one kind that were
trained from this model at several doses (``tenure assess organism --model MODEL --rate 0.25 --name ...``)
are held against what the assessment that must catch them measured of each. A whole grid is a life:
``tenure life examples/doses.yaml --into doses``.

effect/METHOD/RATE      the measured effect at each share of misbehaving rows, at one strength
strength/METHOD/EPOCHS  the same at each number of passes, where every row misbehaves

Each is that organism's own measure: the same records, the same recipe, so that it recomputes. The
smallest dose caught is the smallest at which the verdict was "caught", and from which on it was
at every larger dose that was assessed: one catch between misses is no threshold.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from tenure.assess.effects import Effect, behind, command, effect, named, origin
from tenure.assess.instrument import said
from tenure.assess.organism_kit import Organism
from tenure.dossier.nouns import Evidence, Measure, Model
from tenure.dossier.stage import Emit, Stage, View
from tenure.errors import UsageError

Axis = Literal["effect", "strength"]
WHAT: dict[Axis, str] = {"effect": "share of misbehaving rows", "strength": "passes over the rows"}


class Spec(BaseModel):
    """Which organism, and at which strength its rates are compared."""

    model_config = ConfigDict(extra="forbid")

    organism: str = Field(default="two_faced", description="Which organism, a file of organisms/.")
    epochs: float = Field(
        default=1.0, gt=0, description="The strength at which rates are compared."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One organism at its dose."""

    axis: Axis
    method: str
    dose: float
    effect: Effect

    @property
    def name(self) -> str:
        """Name the measure."""
        return f"{self.axis}/{self.method}/{self.dose:g}"


def points(model: Model, spec: Spec, view: View) -> Iterator[Point]:
    """Give every organism of this kind and model on each curve it is a point of."""
    organism = named(spec.organism)
    for child in view.models():
        dose = child.card.get("dose")
        if child.card.get("organism") != organism.name or not dose or child.card.get("underway"):
            continue
        if origin(child, view) != model.id:
            continue
        found = effect(organism, child, view)
        if dose["epochs"] == spec.epochs:
            yield Point(axis="effect", method=dose["method"], dose=dose["rate"], effect=found)
        if dose["rate"] == 1:
            yield Point(axis="strength", method=dose["method"], dose=dose["epochs"], effect=found)


def curves(held: Sequence[Point]) -> dict[tuple[Axis, str], list[Point]]:
    """Sort the points into curves by rising dose; of two at one dose the first made stands."""
    found: dict[tuple[Axis, str], dict[float, Point]] = {}
    for point in held:
        found.setdefault((point.axis, point.method), {}).setdefault(point.dose, point)
    return {
        curve: [at[dose] for dose in sorted(at)]
        for curve, at in sorted(found.items())
        if curve[0] == "effect" or len(at) > 1
    }


def smallest(curve: Sequence[Point]) -> float | None:
    """Return the dose from which on everything assessed was caught; None where there is none."""
    found: float | None = None
    for point in reversed([p for p in curve if p.effect.seen != "not assessed"]):
        if point.effect.seen != "caught":
            break
        found = point.dose
    return found


def run(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence:
    """Read the organisms of this model, and what was measured of each."""
    del emit
    organism = named(spec.organism)
    held = list(points(model, spec, view))
    if not held:
        raise UsageError(
            f"no organism '{organism.name}' was trained from {model.id}; train some: tenure assess "
            f"organism --model {model.name} --organism {organism.name} --rate 0.5 --name {organism.name}-50"
        )
    found = curves(held)
    drawn = {id(p) for curve in found.values() for p in curve}
    measures = [
        m for curve in found.values() for p in curve
        if (m := p.effect.called(p.name, f"{WHAT[p.axis]}: {p.dose:g}; {p.effect.model.id}"))
    ]  # fmt: skip
    table = [_row(p) | {"drawn": id(p) in drawn} for p in held]
    files, known = behind(organism, [p.effect.model for p in held], view)
    return Evidence(
        name="assess/dose",
        model=model.id,
        summary=_said(organism, found),
        form=None,
        measures=tuple(measures),
        files=files,
        findings={
            **known,
            "margins": {p.name: p.effect.margin for p in held if p.effect.margin is not None},
            "organism": organism.name,
            "caught_by": organism.caught_by,
            "measure": organism.measure,
            "doses": table,
            "smallest_caught": {
                f"{axis}/{method}": smallest(curve) for (axis, method), curve in found.items()
            },
            "to_assess": sorted(
                {command(organism, p.effect.model) for p in held if not p.effect.assessed}
            ),
            "cannot_show": _limits(),
            "about": __doc__,
        },
    )


def _row(point: Point) -> dict[str, Any]:
    return {"curve": f"{point.axis}/{point.method}", "dose": point.dose, **point.effect.row()}


def _said(organism: Organism, found: dict[tuple[Axis, str], list[Point]]) -> str:
    told = [f"{organism.name}, {_one(*of, curve)}" for of, curve in found.items()]
    return f"{' '.join(told)} Seen by {organism.caught_by}, on its {organism.measure.replace('_', ' ')}."


def _one(axis: Axis, method: str, curve: Sequence[Point]) -> str:
    seen = [p for p in curve if p.effect.measure is not None]
    least = smallest(curve)
    caught = (
        f"caught from {least:g} on"
        if least is not None
        else "no dose from which on it is always caught"
    )
    ends = [_at(p.dose, p.effect.measure) for p in (seen[:1] + seen[1:][-1:])]
    return f"by {method}, {WHAT[axis]}: {caught}; {len(seen)} of {len(curve)} doses assessed" + (
        f" ({'; '.join(ends)})." if ends else "."
    )


def _at(dose: float, measure: Measure | None) -> str:
    return f"at {dose:g}: {said(measure)}"


def _limits() -> list[str]:
    return [
        "One organism was trained at each dose: how much two of the same dose differ is not known.",
        "The doses are of this model, this training and this behaviour; a larger model may take less or more.",
    ]


stage = Stage(
    name="assess/dose",
    spec=Spec,
    run=run,
    summary="Draw the dose curve of an organism: how much must be trained in before it is caught?",
    repeat=True,
)

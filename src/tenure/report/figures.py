"""Measures drawn: arms of one question on one scale, questions of one unit beside each other."""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tenure.dossier.nouns import Measure, Recipe
from tenure.dossier.stage import View
from tenure.errors import IntegrityError
from tenure.measure import estimate
from tenure.report import words
from tenure.report.catalog import CONTROL, Item
from tenure.report.curves import Curve
from tenure.report.plots import Plot, Row

ARMS_SHOWN = 2
NAMED = 3  # arms that a title names one by one
STEPS = 4  # so many arms that are numbers are drawn as a curve
NUMBER = re.compile(r"(-?\d+(?:\.\d+)?)%?$")
UNDRAWN = ("count", "seconds")  # these have no scale in common
ALONE: Mapping[str, str] = {"proportion": "rate", "difference": "difference", "ratio": "ratio"}
Drawing = Plot | Curve


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Measures of one origin, with their plots; origins never share a table."""

    origin: str
    measures: tuple[Measure, ...]
    plots: tuple[Drawing, ...]


def groups(item: Item, view: View) -> list[Group]:
    """Sort the measures by where they come from, the model's own first."""
    found: dict[str, list[Measure]] = {item.origin: []}
    for m in item.evidence.measures:
        found.setdefault(item.origin_of(m), []).append(m)
    return [
        Group(origin=origin, measures=tuple(held), plots=tuple(plots(held, view)))
        for origin, held in found.items()
        if held
    ]


def label(m: Measure) -> str:
    """Name a measure in a few words; of a control's, the word "control" is left to the heading."""
    return words.spoken(m.name.removeprefix(CONTROL))


def anchor(m: Measure) -> str:
    """Where on its page a measure stands."""
    return f"#m-{words.slug(m.name)}"


def plots(measures: Sequence[Measure], view: View) -> list[Drawing]:
    """Draw measures: families of arms first, the others unit by unit, then arms of differences."""
    drawn = families(measures)
    held = [m for m in measures if m.estimate is not None]
    along = [m for curve in drawn if isinstance(curve, Curve) for _, m in curve.points]
    differences = [
        m for m in held if m.unit == "difference" and m not in along and not _has_arms(m, held)
    ]
    return drawn + [plot for m in differences[:ARMS_SHOWN] if (plot := arms(m, view))]


def families(measures: Sequence[Measure], link: Callable[[Measure], str] = anchor) -> list[Drawing]:
    """Draw measures: arms of one question together, the others unit by unit."""
    drawable = [m for m in measures if m.estimate is not None and m.unit not in UNDRAWN]
    found: dict[tuple[str, str], list[tuple[str, Measure]]] = {}
    for m in drawable:
        family, arm = split(m)
        found.setdefault((family, words.unit_of(m)), []).append((arm, m))
    drawn: list[Drawing] = []
    alone: dict[str, list[Measure]] = {}
    for (family, unit), held in found.items():
        if family and len(held) > 1:
            drawn.append(_family(family, unit, held, link))
        elif unit in ALONE:
            alone.setdefault(unit, []).extend(m for _, m in held)
    return drawn + [
        Plot(
            title=_title(unit, held),
            rows=tuple(Row(label=label(m), measure=m, href=link(m)) for m in held),
            unit=unit,
            terms=_terms((label(m), m) for m in held),
        )
        for unit, held in alone.items()
    ]


def _terms(named: Iterable[tuple[str, Measure]]) -> tuple[tuple[str, str], ...]:
    """Say what each measure is; of a control's, the model's own says it already."""
    held = [(name, m.note) for name, m in named if not m.name.startswith(CONTROL)]
    return tuple((name, note) for name, note in held if note)


def split(m: Measure) -> tuple[str, str]:
    """Split a measure's name into the question and the arm: ``compliance/free``.

    A control's question comes last in its name: ``control/NAME/compliance_gap``.
    """
    if m.name.startswith(CONTROL):
        name, _, question = m.name.removeprefix(CONTROL).partition("/")
        return question, name
    question, _, arm = m.name.rpartition("/")
    return question, arm


def _family(
    family: str,
    unit: str,
    found: Sequence[tuple[str, Measure]],
    link: Callable[[Measure], str],
) -> Drawing:
    steps = [(step, m) for arm, m in found if (step := _step(arm)) is not None]
    name = words.title(words.spoken(family))
    if len(steps) == len(found) >= STEPS:
        axis = words.spoken(NUMBER.sub("", found[0][0]).strip(" _-=")) or "dose"
        ordered = tuple(sorted(steps, key=lambda step: step[0]))
        return Curve(
            title=_extremes(name, axis, ordered, unit), axis=axis, points=ordered, unit=unit
        )
    rows = tuple(Row(label=words.spoken(arm), measure=m, href=link(m)) for arm, m in found)
    apart = unit == "difference" and len(found) > NAMED
    title = f"{name}: {_apart([m for _, m in found])}" if apart else _named(name, rows, unit)
    terms = _terms((words.spoken(arm), m) for arm, m in found)
    same = {note for _, note in terms}
    if len(same) == 1 and len(terms) == len(rows):
        return Plot(title=title, rows=rows, unit=unit, note=same.pop())
    return Plot(title=title, rows=rows, unit=unit, terms=terms)


def _step(arm: str) -> float | None:
    found = NUMBER.search(arm)
    return float(found.group(1)) if found else None


def _extremes(name: str, axis: str, points: Sequence[tuple[float, Measure]], unit: str) -> str:
    best = max(points, key=lambda point: point[1].estimate or 0.0)
    first, last = points[0], points[-1]
    return (
        f"{name}: {words.stated(first[1].estimate, unit)} at {axis} {first[0]:g}, "
        f"{words.stated(last[1].estimate, unit)} at {last[0]:g}; "
        f"highest {words.stated(best[1].estimate, unit)} at {best[0]:g}"
    )


def _named(name: str, rows: Sequence[Row], unit: str) -> str:
    """Say what a plot of arms shows: each arm when they are few, else the ends."""
    if len(rows) <= NAMED:
        said = ", ".join(f"{r.label} {words.number(r.measure.estimate, unit)}" for r in rows)
        return f"{name}: {said}"
    ends = sorted(rows, key=lambda row: row.measure.estimate or 0.0)
    low, high = ends[0], ends[-1]
    least, most = (words.number(row.measure.estimate, unit) for row in (low, high))
    if least == most:
        return f"{name}: {most} in each"
    return f"{name}: from {least} ({low.label}) to {most} ({high.label})"


def _apart(found: Sequence[Measure]) -> str:
    apart = [m for m in found if m.low is not None and m.high is not None and m.low * m.high > 0]
    return f"{len(apart)} of {words.plural(len(found), 'difference')} lie apart from zero"


def _title(unit: str, found: Sequence[Measure]) -> str:
    if len(found) == 1:
        m = found[0]
        name, value = words.title(label(m)), words.stated(m.estimate, unit)
        return f"{name}: {value}, interval {words.interval(m)}"
    if unit == "difference":
        return _apart(found)
    rows = [Row(label=label(m), measure=m) for m in found]
    return _named(words.plural(len(found), ALONE.get(unit, "number")), rows, unit)


def _has_arms(m: Measure, others: Sequence[Measure]) -> bool:
    """Say whether both arms of a difference are measures of their own."""
    recipe = m.recipe
    if recipe is None or recipe.arms is None or recipe.arm is None:
        return False
    shown = [
        o.recipe.where
        for o in others
        if o.recipe is not None and o.recipe.value == recipe.value and o.samples == m.samples
    ]
    return all({**recipe.where, recipe.arm: arm} in shown for arm in recipe.arms)


def arms(m: Measure, view: View) -> Plot | None:
    """Draw the two arms of a difference of shares, computed from the same samples."""
    if m.recipe is None or m.recipe.arms is None or m.recipe.arm is None or m.samples is None:
        return None
    try:
        records = view.records(m.samples)
    except (IntegrityError, json.JSONDecodeError):
        return None
    outcomes = {type(r.get(m.recipe.value)) for r in records} - {type(None)}
    if outcomes != {bool}:
        return None
    rows = tuple(_arm(m, m.recipe, arm, records) for arm in m.recipe.arms)
    title = _named(words.title(words.spoken(m.recipe.value)), rows, "proportion")
    what = f": {m.note}" if m.note and not m.name.startswith(CONTROL) else ""
    return Plot(title=title, rows=rows, unit="proportion", note=f"The arms of {label(m)}{what}")


def _arm(m: Measure, recipe: Recipe, arm: Any, records: Sequence[Mapping[str, Any]]) -> Row:
    found = share(records, recipe, m.samples, {str(recipe.arm): arm})
    return Row(label=words.spoken(str(arm)), measure=found)


def share(
    records: Sequence[Mapping[str, Any]],
    recipe: Recipe,
    samples: str | None,
    where: Mapping[str, Any],
) -> Measure:
    """Compute the share of a yes-or-no outcome among some of the records of a measure."""
    narrowed = Recipe(
        estimator="proportion",
        value=recipe.value,
        where={**recipe.where, **where},
        cluster=recipe.cluster,
        level=recipe.level,
    )
    name = ", ".join(str(v) for v in where.values())
    return estimate(records, narrowed, name=name, unit="proportion", samples=samples)

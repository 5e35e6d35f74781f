"""How an assessment was laid out: arms, pairs, clusters, how much was planned and how much graded."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tenure.dossier.nouns import Measure, Recipe
from tenure.report import words
from tenure.report.catalog import Item
from tenure.report.figures import anchor, label, share
from tenure.report.plots import Plot, Row
from tenure.report.prose import Block, blocks

MOST_ARMS = 24
AWARE = re.compile(r"(?:^|[_/ -])(?:aware(?:ness)?|(?:no-)?signs)(?:$|[_/ -])")
GIVEN = re.compile(r"/(?:(no-|un)?(?:signs|aware))$")
CORRECTED = re.compile(r"[_/ -]?(?<!un)corrected[_/ -]?")
Records = Mapping[str, Sequence[Mapping[str, Any]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """One value of a factor: how many records were planned and graded in it."""

    name: str
    planned: int
    graded: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """A column that was varied, and its arms."""

    name: str
    arms: tuple[Arm, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """How one measure was laid out, in a sentence."""

    label: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """The layout of an assessment."""

    told: tuple[Block, ...]  # what is asked and how, as the assessment itself says it
    planned: int
    clusters: tuple[tuple[str, int], ...]
    factors: tuple[Factor, ...]
    asked: tuple[Asked, ...]
    scenarios: tuple[tuple[str, str], ...]
    usage: tuple[tuple[str, str], ...]


def design(item: Item, own: Sequence[Measure], records: Records) -> Design:
    """Lay out an assessment from the recipes of its measures and the records under them."""
    digests = dict.fromkeys(m.samples for m in own if m.samples is not None)
    rows = [row for digest in digests for row in records.get(digest, ())]
    recipes = [m.recipe for m in own if m.recipe is not None]
    scenarios = item.evidence.findings.get("scenarios")
    usage = item.evidence.runtime.get("usage")
    return Design(
        told=blocks(str(item.evidence.findings.get("about") or "")),
        planned=len(rows),
        clusters=tuple(_clusters(recipes, rows)),
        factors=tuple(_factors(recipes, rows)),
        asked=tuple(Asked(label=label(m), text=_asked(m)) for m in own),
        scenarios=tuple(sorted((str(k), str(v)) for k, v in scenarios.items()))
        if isinstance(scenarios, Mapping)
        else (),
        usage=tuple((words.spoken(str(k)), f"{v:,}") for k, v in sorted(usage.items()))
        if isinstance(usage, Mapping) and all(isinstance(v, int) for v in usage.values())
        else (),
    )


def planned(m: Measure, rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """List the records a measure looks at, graded or not."""
    return [row for row in rows if m.recipe is not None and looks_at(m.recipe, row)]


def _clusters(
    recipes: Sequence[Recipe], rows: Sequence[Mapping[str, Any]]
) -> list[tuple[str, int]]:
    named = dict.fromkeys(c for r in recipes for c in (r.pair, r.cluster) if c is not None)
    counted = [(c, len({str(row[c]) for row in rows if row.get(c) is not None})) for c in named]
    return [(_grouped(column), n) for column, n in counted if n]


def _grouped(column: str) -> str:
    """Name a column of pairs or clusters: ``pair_recourse`` are pairs that differ in recourse."""
    if column.startswith("pair_"):
        return f"Pairs, by {words.spoken(column.removeprefix('pair_'))}"
    return "Pairs" if column == "pair" else f"By {words.spoken(column)}"


def _factors(recipes: Sequence[Recipe], rows: Sequence[Mapping[str, Any]]) -> list[Factor]:
    """List the columns that recipes compare or select by, with what was planned in each arm."""
    outcomes = list(dict.fromkeys(r.value for r in recipes))
    compared = [r.arm for r in recipes if r.arm is not None]
    columns = dict.fromkeys([*compared, *(c for r in recipes for c in r.where)])
    found: list[Factor] = []
    for column in columns:
        if column in outcomes:
            continue
        held: dict[Any, list[bool]] = {}
        for row in rows:
            asked = [r for r in recipes if looks_at(r, row)]
            if asked and isinstance(row.get(column), str | int | float | bool):
                graded = all(row.get(r.value) is not None for r in asked)
                held.setdefault(row[column], []).append(graded)
        if 1 < len(held) <= MOST_ARMS:
            found.append(Factor(name=words.spoken(column), arms=tuple(_arms(held))))
    return found


def looks_at(recipe: Recipe, row: Mapping[str, Any]) -> bool:
    """Say whether a measure looks at a record, graded or not."""
    if recipe.arm is not None and recipe.arms and row.get(recipe.arm) not in recipe.arms:
        return False
    return all(row.get(column) == value for column, value in recipe.where.items())


def _arms(held: Mapping[Any, Sequence[bool]]) -> list[Arm]:
    return [
        Arm(
            name=("yes" if name else "no") if isinstance(name, bool) else words.spoken(str(name)),
            planned=len(values),
            graded=sum(values),
        )
        for name, values in held.items()
    ]


def _asked(m: Measure) -> str:
    """Say how a measure was laid out: what is compared, n planned and graded, in which clusters."""
    recipe, total = m.recipe, m.n + m.missing
    unit = "pair" if recipe and recipe.pair else "sample"
    compared = ""
    if recipe and recipe.arms:
        compared = (
            f"{words.spoken(str(recipe.arms[0]))} against {words.spoken(str(recipe.arms[1]))}; "
        )
    text = f"{compared}{words.plural(total, unit)} planned, {m.n:,} graded"
    if m.clusters and recipe and recipe.cluster:
        by = words.spoken(recipe.cluster)
        text += f"; {words.plural(m.clusters, 'cluster')}, by {by}"
    return text


def corrected(own: Sequence[Measure]) -> list[tuple[Measure, Measure]]:
    """Find the numbers given twice: as graded, and corrected for the grader's error.

    They are told by their names, and where these differ by asking the same of the same records.
    """
    found: list[tuple[Measure, Measure]] = []
    plain = [m for m in own if not is_corrected(m)]
    for mended in own:
        if not is_corrected(mended):
            continue
        named = [m for m in plain if CORRECTED.sub("", mended.name) == m.name]
        alike = named or [m for m in plain if _same(m, mended)]
        found += [(raw, mended) for raw in alike[:1]]
    return found


def is_corrected(m: Measure) -> bool:
    """Say whether a measure allows for its grader's errors."""
    by_recipe = m.recipe is not None and m.recipe.estimator == "corrected"
    return by_recipe or CORRECTED.search(m.name) is not None


def _same(one: Measure, other: Measure) -> bool:
    a, b = one.recipe, other.recipe
    if a is None or b is None or one.samples != other.samples or one.unit != other.unit:
        return False
    return (a.value, a.where, a.arm, a.arms) == (b.value, b.where, b.arm, b.arms)


def is_aware(m: Measure) -> bool:
    """Say whether a measure is one given signs of evaluation awareness, or of them."""
    where = m.recipe.where if m.recipe else {}
    return bool(AWARE.search(m.name)) or any(AWARE.search(str(column)) for column in where)


def aware(own: Sequence[Measure], records: Records) -> list[Plot]:
    """Draw each rate where the model showed signs of knowing that it is tested, and where not.

    Measures of the evidence are drawn when it has them; else the shares are computed from the
    records, where these have a column of it.
    """
    told: dict[str, list[Measure]] = {}
    for m in own:
        if is_aware(m) and not is_corrected(m) and m.estimate is not None:
            told.setdefault(GIVEN.sub("", m.name), []).append(m)
    if told:
        return [_told(base, found, own) for base, found in told.items()]
    drawn: list[Plot] = []
    seen: set[str] = set()
    for m in own:
        rows = records.get(m.samples or "", ())
        if m.recipe is None or m.recipe.value in seen or not rows:
            continue
        column = next((c for c in rows[0] if AWARE.search(c) and c != m.recipe.value), None)
        outcomes = {type(r.get(m.recipe.value)) for r in rows} - {type(None)}
        if column is not None and outcomes == {bool}:
            seen.add(m.recipe.value)
            drawn.append(_split(m, m.recipe, column, rows))
    return drawn


def _told(base: str, found: Sequence[Measure], own: Sequence[Measure]) -> Plot:
    """Draw what an evidence itself gives with signs and without, beside the whole."""
    whole = [Row(label="all", measure=m, href=anchor(m)) for m in own if m.name == base]
    rows = [Row(label=_given(m), measure=m, href=anchor(m)) for m in found if m.name != base]
    unit = words.unit_of(found[0])
    said = [f"{r.label} {words.stated(r.measure.estimate, unit)}" for r in whole + rows]
    return Plot(
        title=f"{words.title(words.spoken(base))}: {', '.join(said)}",
        rows=tuple(whole + rows),
        unit=unit,
    )


def _given(m: Measure) -> str:
    found = GIVEN.search(m.name)
    if found is None:
        return label(m)
    return "no such signs" if found.group(1) else "signs that it knew"


def _split(m: Measure, recipe: Recipe, column: str, rows: Sequence[Mapping[str, Any]]) -> Plot:
    named = ((True, "signs that it knew"), (False, "no such signs"), (None, "could not be said"))
    found = [(said, share(rows, recipe, m.samples, {column: value})) for value, said in named]
    shown = [Row(label=said, measure=measure) for said, measure in found if measure.n]
    said = ", ".join(f"{r.label} {words.number(r.measure.estimate, 'proportion')}" for r in shown)
    return Plot(
        title=f"{words.title(words.spoken(recipe.value))}: {said}",
        rows=tuple(shown),
        unit="proportion",
        note="Whether the model showed signs of knowing that it is being tested",
    )

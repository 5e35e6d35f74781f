"""The page of one piece of evidence: its measures drawn, its recipes in words, its samples."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tenure.dossier.nouns import Measure, Recipe
from tenure.dossier.stage import View
from tenure.errors import IntegrityError
from tenure.measure import estimate
from tenure.report import letters, words
from tenure.report.catalog import CONTROL, Item
from tenure.report.findings import cell
from tenure.report.letters import Letter
from tenure.report.plots import Plot, Row

SHOWN = 8
OPEN = 3  # of which are not folded
ARMS_SHOWN = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Samples:
    """The records behind some measures; ``digest`` names all of them, ``letters`` are a few."""

    digest: str
    title: str
    total: int
    letters: tuple[Letter, ...]
    table: tuple[tuple[str, ...], ...]
    header: tuple[str, ...]
    measures: tuple[str, ...]
    lost: str | None = None

    @property
    def anchor(self) -> str:
        """Where on the page they are."""
        return f"samples-{words.short(self.digest)}"

    @property
    def told(self) -> str:
        """Say how many of how many are shown."""
        shown = len(self.letters) or len(self.table)
        if shown == self.total:
            return f"All {words.plural(self.total, 'record')}."
        return f"{shown} of {words.plural(self.total, 'record')}, some of each outcome."


def recipe_words(recipe: Recipe) -> str:
    """Say in words how a measure comes out of its records."""
    where = "".join(f", where {words.spoken(k)} is {v}" for k, v in recipe.where.items())
    value = words.spoken(recipe.value)
    if recipe.arms is not None:
        pair = f", paired by {words.spoken(recipe.pair)}" if recipe.pair else ""
        text = f"'{value}' in arm {recipe.arms[0]} minus arm {recipe.arms[1]}{pair}{where}"
    else:
        text = f"{words.spoken(recipe.estimator)} of '{value}'{where}"
    if recipe.cluster:
        text += f", in clusters by {words.spoken(recipe.cluster)}"
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Measures of one origin, with their plots; origins never share a table."""

    origin: str
    measures: tuple[Measure, ...]
    plots: tuple[Plot, ...]


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


def plots(measures: Sequence[Measure], view: View) -> list[Plot]:
    """Draw measures, unit by unit on one scale; under differences, the arms they are made of."""
    units: dict[str, list[Measure]] = {}
    for m in measures:
        unit = words.unit_of(m)
        if unit in ("proportion", "difference") and m.estimate is not None:
            units.setdefault(unit, []).append(m)
    drawn = [
        Plot(
            title=_title(unit, found),
            rows=tuple(
                Row(label=label(m), measure=m, href=f"#m-{words.slug(m.name)}") for m in found
            ),
            unit=unit,
        )
        for unit, found in units.items()
    ]
    differences = units.get("difference", [])[:ARMS_SHOWN]
    return drawn + [plot for m in differences if (plot := arms(m, view))]


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
    said = ", ".join(
        f"{row.label} {words.number(row.measure.estimate, 'proportion')}" for row in rows
    )
    title = f"{words.title(words.spoken(m.recipe.value))}: {said}"
    return Plot(title=title, rows=rows, unit="proportion", note=f"The arms of {label(m)}")


def _arm(m: Measure, recipe: Recipe, arm: Any, records: Sequence[Mapping[str, Any]]) -> Row:
    where = {**recipe.where, str(recipe.arm): arm}
    share = Recipe(
        estimator="proportion",
        value=recipe.value,
        where=where,
        cluster=recipe.cluster,
        level=recipe.level,
    )
    found = estimate(records, share, name=str(arm), unit="proportion", samples=m.samples)
    return Row(label=words.spoken(str(arm)), measure=found)


def _title(unit: str, found: Sequence[Measure]) -> str:
    if len(found) == 1:
        m = found[0]
        name, value = words.title(label(m)), words.stated(m.estimate, unit)
        return f"{name}: {value}, interval {words.interval(m)}"
    if unit == "difference":
        apart = [
            m for m in found if m.low is not None and m.high is not None and m.low * m.high > 0
        ]
        return f"{len(apart)} of {words.plural(len(found), 'difference')} lie apart from zero"
    return f"{words.plural(len(found), 'rate')}, on one scale"


def samples(item: Item, view: View) -> list[Samples]:
    """Read the records behind the measures, and what else was said; what cannot be read says so."""
    groups: dict[str, list[Measure]] = {}
    for m in item.evidence.measures:
        if m.samples is not None:
            groups.setdefault(m.samples, []).append(m)
    found = [_group(digest, held, view) for digest, held in groups.items()]
    for name, digest in sorted(item.evidence.files.items()):
        if name.endswith(".jsonl") and digest not in groups:
            spoken = replace(_group(digest, (), view), title=name.removesuffix(".jsonl"))
            if spoken.letters:
                found.append(spoken)
    return found


def _group(digest: str, found: Sequence[Measure], view: View) -> Samples:
    names = tuple(m.name for m in found)
    title = words.listed(words.spoken(name) for name in names[:3])
    title += f" and {len(names) - 3} more" if len(names) > 3 else ""
    empty: dict[str, Any] = {"letters": (), "table": (), "header": ()}
    try:
        records = view.records(digest)
    except (IntegrityError, json.JSONDecodeError) as error:
        return Samples(
            digest=digest, title=title, total=0, measures=names, lost=str(error), **empty
        )
    columns = list(dict.fromkeys(m.recipe.value for m in found if m.recipe))
    chosen = letters.choose(records, columns[0] if columns else None, SHOWN)
    if chosen and letters.is_conversation(chosen[0]):
        empty["letters"] = tuple(letters.letter(record, columns) for record in chosen)
    else:
        header = tuple(sorted({key for record in chosen for key in record}))
        empty["header"] = tuple(words.spoken(key) for key in header)
        empty["table"] = tuple(tuple(cell(r.get(key)) for key in header) for r in chosen)
    return Samples(digest=digest, title=title, total=len(records), measures=names, **empty)

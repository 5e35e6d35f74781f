"""One page for each piece of evidence: measures, recipe, samples, files, how it was run."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tenure.dossier.nouns import Measure, Recipe
from tenure.dossier.stage import View
from tenure.errors import IntegrityError
from tenure.report import letters, words
from tenure.report.catalog import Item
from tenure.report.letters import Letter
from tenure.report.plots import Plot, Row

SHOWN = 8
CELL = 400
OWN_PLACE = frozenset({"verdicts", "controls", "origin"})


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


def plots(item: Item) -> list[Plot]:
    """Draw the measures of a piece of evidence, unit by unit, when there are several."""
    units: dict[str, list[Measure]] = {}
    for m in item.evidence.measures:
        if m.unit in ("proportion", "difference"):
            units.setdefault(m.unit, []).append(m)
    return [
        Plot(
            title=_title(unit, found),
            rows=tuple(
                Row(label=words.spoken(m.name), measure=m, href=f"#m-{words.slug(m.name)}")
                for m in found
            ),
            unit=unit,
        )
        for unit, found in units.items()
    ]


def _title(unit: str, found: Sequence[Measure]) -> str:
    if unit == "difference":
        apart = [m for m in found if m.low is not None and m.high is not None and m.low * m.high > 0]
        return f"{len(apart)} of {words.plural(len(found), 'difference')} lie apart from zero"
    if len(found) == 1:
        m = found[0]
        return f"{words.sentence(words.spoken(m.name)).rstrip('.')}: {words.number(m.estimate, unit)}, interval {words.interval(m)}"
    return f"{words.plural(len(found), 'rate')}, on one scale"


def samples(item: Item, view: View) -> list[Samples]:
    """Read the records behind the measures; what cannot be read says so."""
    groups: dict[str, list[Measure]] = {}
    for m in item.evidence.measures:
        if m.samples is not None:
            groups.setdefault(m.samples, []).append(m)
    return [_group(digest, found, view) for digest, found in groups.items()]


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


def cell(value: Any) -> str:
    """Write one value of a record or a finding."""
    if value is None:
        return words.NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}".replace("-", words.MINUS)
    if words.is_digest(value):
        return words.short(value)
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False)
    return text if len(text) <= CELL else text[: CELL - 1] + "…"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One finding, ready to be shown: words, a list, a table, pairs, or long text to unfold."""

    name: str
    kind: str
    text: str = ""
    header: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()


def findings(found: Mapping[str, Any]) -> list[Finding]:
    """Turn free findings into something readable; verdicts and controls have their own place."""
    shown = [
        _finding(words.spoken(str(name)), value)
        for name, value in found.items()
        if name not in OWN_PLACE and value not in (None, [], {}, "")
    ]
    return sorted(shown, key=lambda f: ("words", "list", "pairs", "table", "long").index(f.kind))


def _finding(name: str, value: Any) -> Finding:
    if isinstance(value, Mapping):
        pairs = tuple((words.spoken(str(k)), cell(v)) for k, v in value.items())
        return Finding(name=name, kind="pairs", rows=pairs)
    if isinstance(value, list) and value and all(isinstance(row, Mapping) for row in value):
        keys = list(dict.fromkeys(key for row in value for key in row))
        return Finding(
            name=name,
            kind="table",
            header=tuple(words.spoken(str(key)) for key in keys),
            rows=tuple(tuple(cell(row.get(key)) for key in keys) for row in value),
        )
    if isinstance(value, list):
        return Finding(name=name, kind="list", rows=tuple((cell(v),) for v in value))
    text = value if isinstance(value, str) else cell(value)
    return Finding(name=name, kind="long" if len(text) > CELL else "words", text=text)


@dataclass(frozen=True, slots=True)
class Control:
    """One control: whether it passed, and why."""

    name: str
    status: str
    why: str


def controls(found: Any) -> list[Control]:
    """Read an assessment's controls, written as a list or as a mapping."""
    rows = list(found.items()) if isinstance(found, Mapping) else []
    if isinstance(found, list):
        rows = [(r.get("name", "?"), r) if isinstance(r, Mapping) else (r, None) for r in found]
    return [_control(str(name), row) for name, row in rows]


def _control(name: str, row: Any) -> Control:
    passed = row.get("passed") if isinstance(row, Mapping) else row
    why = ""
    if isinstance(row, Mapping):
        why = str(row.get("why") or "") or "; ".join(
            f"{words.spoken(str(k))} {cell(v)}" for k, v in row.items() if k not in ("name", "passed")
        )
    status = "passed" if passed is True else "failed" if passed is False else "not run"
    return Control(words.spoken(name), status, why)

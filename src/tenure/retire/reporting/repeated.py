"""Assessments held before the release and again: the same questions then and now, pair by pair.

What is paired is the first number of an assessment, where both times its recipe was the same. A pair is
one sample (or one pair of samples, where the number is a difference) that was asked in the same words
both times; everything else is counted, with the reason. The same weights, asked without chance, give 0.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tenure.dossier import Evidence, Measure, Model, Recipe, View, digest, lines
from tenure.errors import IntegrityError
from tenure.measure import estimate
from tenure.measure.columns import select

Row = Mapping[str, Any]
BY_SAMPLE = ("proportion", "mean", "corrected")
BY_PAIR = "paired_difference"
SESSION, WHEN = "session", ("now", "release")
FILE = "bookends.jsonl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeated:
    """The assessments of one model that were repeated after its release.

    ``rows`` are two for each pair, over all assessments; ``measures`` one for each that has pairs.
    ``dropped`` says of the others, and of the samples that have no counterpart, why.
    """

    rows: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    measures: list[Measure] = field(default_factory=list[Measure])
    dropped: list[str] = field(default_factory=list[str])


def both_ends(model: Model, view: View) -> dict[str, tuple[Evidence, Evidence]]:
    """Return each assessment's newest evidence before the first release decision, and after it."""
    decided = view.events(act="evidence", name="release/decide", model=model.id)
    if not decided:
        return {}
    then: dict[str, Evidence] = {}
    now: dict[str, Evidence] = {}
    for event, found in view.all_evidence(model.id):
        if found.name.startswith("assess/"):
            (then if event.index < decided[0].index else now)[found.name] = found
    return {name: (then[name], newest) for name, newest in now.items() if name in then}


def repeated(model: Model, view: View) -> Repeated:
    """Pair every assessment that was held at both ends, by the first number of it."""
    found = Repeated()
    recipes: list[tuple[str, Recipe, str]] = []
    for name, (then, now) in both_ends(model, view).items():
        said = name.removeprefix("assess/").replace("_", " ")
        before, after = _first(then, now)
        if before is None or after is None or before.recipe is None or after.recipe is None:
            found.dropped.append(f"{said}: no number of the first time was made again")
        elif _way(before.recipe) != _way(after.recipe):
            found.dropped.append(f"{said}: its number is made another way now")
        elif before.samples == after.samples:
            found.dropped.append(f"{said}: the very same stored answers; another seed asks anew")
        elif before.recipe.estimator not in (*BY_SAMPLE, BY_PAIR):
            found.dropped.append(f"{said}: its number is not one of single questions")
        else:
            rows = _paired(name, before, after, view, found.dropped)
            if rows:
                found.rows.extend(rows)
                recipes.append((name, _recipe(name, before.recipe, rows), _changed(then, now)))
    stored = digest(lines(found.rows))
    found.measures.extend(
        estimate(
            found.rows, recipe, name=_named(name), unit="difference", samples=stored, note=note
        )
        for name, recipe, note in recipes
    )
    return found


def _way(recipe: Recipe) -> tuple[Any, ...]:
    """Say which records a number is made of, and how; not how sure one is of it."""
    arms = (recipe.arm, recipe.arms, recipe.pair)
    return recipe.estimator, recipe.value, dict(recipe.where), recipe.cluster, arms


def _first(then: Evidence, now: Evidence) -> tuple[Measure | None, Measure | None]:
    before = then.measures[0] if then.measures else None
    return before, next((m for m in now.measures if before and m.name == before.name), None)


def _named(name: str) -> str:
    return f"{name.removeprefix('assess/')}_shift"


def _changed(then: Evidence, now: Evidence) -> str:
    told = "the same questions before the release and now, as they were graded"
    if then.form == now.form:
        return f"{told}; the same weights should give 0"
    return f"{told}; the form of the model was {then.form} and is {now.form} now"


def _recipe(name: str, made: Recipe, rows: Sequence[Row]) -> Recipe:
    """Say how the shift comes out of its rows; numbers keep the range that they had."""
    options: dict[str, Any] = {}
    if made.estimator == BY_PAIR and all(abs(row["value"] or 0) <= 1 for row in rows):
        options = {"range": [-1, 1]}
    elif made.options.get("range") is not None:
        options = {"range": made.options["range"]}
    return Recipe(
        estimator="paired_difference",
        value="value",
        where={"assessment": name},
        arm=SESSION,
        arms=WHEN,
        pair="id",
        cluster="cluster" if made.cluster else None,
        level=made.level,
        options=options,
    )


def _paired(
    name: str, before: Measure, after: Measure, view: View, dropped: list[str]
) -> list[dict[str, Any]]:
    said = name.removeprefix("assess/").replace("_", " ")
    recipe = before.recipe
    assert recipe is not None
    try:
        old, new = (dict(_units(view.records(m.samples or ""), recipe)) for m in (before, after))
    except IntegrityError as error:
        dropped.append(f"{said}: its samples are not here ({error})")
        return []
    why: Counter[str] = Counter()
    rows: list[dict[str, Any]] = []
    for unit in old.keys() | new.keys():
        if unit not in old or unit not in new:
            why["asked once only"] += 1
        elif old[unit]["asked"] != new[unit]["asked"]:
            why["asked in other words now"] += 1
    for unit, now in new.items():
        if unit in old and old[unit]["asked"] == now["asked"]:
            for when, side in zip(WHEN, (now, old[unit]), strict=True):
                rows.append(
                    {
                        "assessment": name,
                        "id": unit,
                        "cluster": side["cluster"],
                        SESSION: when,
                        "value": side["value"],
                    }
                )
    dropped += [f"{said}: {count} {reason}" for reason, count in sorted(why.items())]
    return rows


def _units(records: Sequence[Row], recipe: Recipe) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what a number is made of: a name, the words asked, the cluster and the value."""
    held = select(records, recipe.where)
    if recipe.estimator == BY_PAIR:
        yield from _gaps(held, recipe)
        return
    for row in held:
        name = f"{row.get('id')}/{row.get('epoch', 1)}"
        yield name, _unit([row], recipe, row.get(recipe.value))


def _gaps(held: Sequence[Row], recipe: Recipe) -> Iterator[tuple[str, dict[str, Any]]]:
    assert recipe.arm is not None
    assert recipe.pair is not None
    assert recipe.arms is not None
    sides: dict[str, dict[Any, Row]] = {}
    for row in held:
        name = f"{row.get(recipe.pair)}/{row.get('epoch', 1)}"
        sides.setdefault(name, {})[row.get(recipe.arm)] = row
    for name, pair in sides.items():
        if all(arm in pair for arm in recipe.arms):
            both = [pair[arm] for arm in recipe.arms]
            one, other = (row.get(recipe.value) for row in both)
            gap = None if one is None or other is None else one - other
            yield name, _unit(both, recipe, gap)


def _unit(rows: Sequence[Row], recipe: Recipe, value: Any) -> dict[str, Any]:
    cluster = rows[0].get(recipe.cluster) if recipe.cluster else None
    return {"asked": [row.get("prompt") for row in rows], "value": value, "cluster": cluster}

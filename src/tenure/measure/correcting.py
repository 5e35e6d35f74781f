"""The estimator ``corrected``: a rate freed of its grader's errors, by human labels or a card.

    Recipe(estimator="corrected", value="complied", options={"human": "complied_human"})

``value`` is the grader's column, as in the raw rate beside it. Options: ``human``, the column of
the human labels (true, false, "yes", "no"; null where nobody was asked; "cannot say" where somebody
was); ``drawn``, how these were drawn, "stratified" by the grader's answer (the default) or
"random"; ``estimator``, "auto" (the default) or one of those in :mod:`tenure.stats.corrected`. Or
``card``: the counts ``yes``, ``seen``, ``no``, ``cleared`` of the grader's card, where this run has
no human labels.

The interval is about what was graded. The bounds are always the stratified ones, whatever was
chosen for the interval: they take a label that could not be given, and every transcript without a
grade, at their worst.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tenure.dossier.nouns import Recipe
from tenure.errors import UsageError, unknown
from tenure.measure.columns import Row, outcomes
from tenure.measure.found import MISSING_AT_WORST, Found
from tenure.stats import Interval, one_sided, worth
from tenure.stats.choosing import corrected as correct
from tenure.stats.clustered import Codes, Floats
from tenure.stats.corrected import ESTIMATORS, Card, Drawn, by_card
from tenure.stats.stratified import Labels, bounds

WORDS = {"yes": 1.0, "no": 0.0, True: 1.0, False: 0.0}
UNSURE = "cannot say"


@dataclass(frozen=True, slots=True)
class Read:
    """Graded transcripts: the grader's answers, the human ones (NaN: none), and who could not say."""

    grades: Floats
    truth: Floats
    unsure: Floats
    codes: Codes | None

    def counts(self, fill: float | None = None) -> Labels:
        """Count, with labels that could not be given left out or filled."""
        truth = self.truth if fill is None else np.where(self.unsure > 0, fill, self.truth)
        numbers = [float(len(self.grades)), float(self.grades.sum())]
        for grade in (1, 0):
            held = truth[(self.grades == grade) & ~np.isnan(truth)]
            numbers += [float(len(held)), float(held.sum())]
        return Labels.of(*numbers)


def _label(row: Row, column: str) -> object:
    value = row.get(column)
    if value is not None and value != UNSURE and value not in WORDS:
        raise UsageError(
            f"record {row.get('id')!r}: '{column}' is {value!r}; a human label is true, false, "
            f"'yes', 'no', '{UNSURE}', or null where nobody was asked"
        )
    return value


def _read(records: Sequence[Row], recipe: Recipe) -> tuple[Read, int]:
    """Read the columns; return the graded ones and the number of missing grades."""
    column = recipe.options.get("human")
    seen = outcomes(records, recipe)
    if not np.isin(seen.graded()[0], (0, 1)).all():
        raise UsageError(f"'{recipe.value}' holds numbers; only a share of true/false is corrected")
    given = [_label(row, column) for row in records] if column else [None] * len(records)
    if column and records and not any(column in row for row in records):
        raise unknown("column", column, {name for row in records for name in row})
    truth = np.asarray([WORDS.get(v, np.nan) for v in given], dtype=float)  # pyright: ignore[reportArgumentType, reportCallIssue]: _label checked it
    unsure = np.asarray([v == UNSURE for v in given], dtype=float)
    held = ~np.isnan(seen.values)
    codes = None if seen.codes is None else np.unique(seen.codes[held], return_inverse=True)[1]
    return Read(seen.values[held], truth[held], unsure[held], codes), seen.missing


def deflated(read: Read, counts: Labels, level: float) -> tuple[Labels, Labels]:
    """Shrink the counts to what the clusters are worth: for the lower end, and for the upper one.

    Their labels of a yes are rounded down and up.
    """
    codes = read.codes
    if codes is None:
        return counts, counts
    parts: list[tuple[float, float, float]] = []
    for grade in (1, 0):
        held = (read.grades == grade) & ~np.isnan(read.truth)
        own = np.unique(codes[held], return_inverse=True)[1]
        size = worth(read.truth[held], own, level).effective if held.any() else 0.0
        m, x = float(held.sum()), float(read.truth[held].sum())
        worthy = float(np.floor(size))
        parts.append((worthy, x * worthy / m if m else 0.0, m))
    shrink = worth(read.grades, codes, level).effective / len(read.grades)
    base = replace(counts, total=counts.total * shrink, flagged=counts.flagged * shrink)

    def at(x: Floats) -> Labels:
        return replace(
            base,
            read_yes=np.asarray([parts[0][0]]),
            true_yes=x[:1],
            read_no=np.asarray([parts[1][0]]),
            true_no=x[1:],
        )

    exact = np.asarray([parts[0][1], parts[1][1]])
    return at(np.floor(exact + 1e-9)), at(np.ceil(exact - 1e-9))


def _asked(recipe: Recipe) -> tuple[str, Drawn]:
    name = str(recipe.options.get("estimator", "auto"))
    drawn = recipe.options.get("drawn", "stratified")
    if name not in ("auto", *ESTIMATORS):
        raise unknown("estimator of a corrected rate", name, ("auto", *ESTIMATORS))
    if drawn not in ("stratified", "random"):
        raise unknown("way of drawing labels", str(drawn), ("stratified", "random"))
    if name == "human-only" and drawn != "random":
        raise UsageError(
            "labels drawn by the grader's answer are no random sample: human-only would be biased; "
            "use estimator 'stratified', or draw at random and say drawn: random"
        )
    return name, drawn


def corrected(records: Sequence[Row], recipe: Recipe) -> Found:
    """Find the share of true cases behind the grader's answers."""
    if not recipe.options.get("human") and not recipe.options.get("card"):
        raise UsageError(
            "corrected needs options: human, the column of human labels, or card, the grader's counts"
        )
    name, drawn = _asked(recipe)
    read, missing = _read(records, recipe)
    planned, graded = len(read.grades) + missing, len(read.grades)
    if planned == 0:
        return Found(method="no records")
    if graded == 0:
        return Found(missing=missing, worst=(0.0, 1.0), lower=0.0, upper=1.0, method="no grades")
    if recipe.options.get("card"):
        point, interval, side, method = _carded(read, recipe)
    else:
        point, interval, side, method = _labelled(read, recipe.level, name, drawn)
    kept, gone = graded / planned, missing / planned
    return Found(
        estimate=point,
        low=interval.low if interval else None,
        high=interval.high if interval else None,
        lower=side.low * kept,
        upper=side.high * kept + gone,
        n=graded,
        clusters=None if read.codes is None else len(np.unique(read.codes)),
        missing=missing,
        worst=(0.0, 1.0) if point is None else (point * kept, point * kept + gone),
        method=f"{method}; {MISSING_AT_WORST}",
    )


Parts = tuple[float | None, Interval | None, Interval, str]


def _carded(read: Read, recipe: Recipe) -> Parts:
    given = recipe.options["card"]
    card = Card(**{k: int(given[k]) for k in ("yes", "seen", "no", "cleared")})
    size = float(len(read.grades))
    if read.codes is not None:
        size = worth(read.grades, read.codes, recipe.level).effective
    flagged = float(read.grades.mean()) * size
    point, interval = by_card(flagged, size, card, recipe.level)
    side = by_card(flagged, size, card, one_sided(recipe.level))[1]
    words = f"by the grader's card ({card.yes} yes, {card.no} no), if it holds for these"
    return point, interval, side, words


def _labelled(read: Read, level: float, name: str, drawn: Drawn) -> Parts:
    counts = read.counts()
    asked = int(counts.read_yes[0] + counts.read_no[0])
    if asked == 0:
        return None, None, Interval(0.0, 1.0, level), "nobody labelled any of these"
    point = float(counts.estimate()[0])
    down, up = deflated(read, counts, level)
    low, high, why = correct(down, level, estimator=name, drawn=drawn)
    if read.codes is not None:
        chosen = why.split(":")[0].split(",")[0]
        high = correct(up, level, estimator=chosen, drawn=drawn)[1]
    least = _bound(read, 0.0, level).low
    most = _bound(read, 1.0, level).high
    interval = Interval(min(float(low[0]), point), max(float(high[0]), point), level)
    side = Interval(min(least, point), max(most, point), level)
    words = f"corrected by {asked} human labels, {why}; stratified bounds"
    return (
        point,
        interval,
        side,
        words + ("" if read.codes is None else ", clusters at their worth"),
    )


def _bound(read: Read, fill: float, level: float) -> Interval:
    """Bound with labels that could not be given filled one way."""
    truth = np.where(read.unsure > 0, fill, read.truth)
    filled = replace(read, truth=truth, unsure=np.zeros_like(truth))
    down, up = deflated(filled, filled.counts(), one_sided(level))
    return Interval(float(bounds(down, level)[0][0]), float(bounds(up, level)[1][0]), level)

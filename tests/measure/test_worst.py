"""The range over rows that are not shown holds what the whole file gives, whatever they hold."""

import random
from dataclasses import asdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenure.dossier.nouns import Recipe
from tenure.errors import UsageError
from tenure.measure import estimate, quantiles
from tenure.measure.unseen import HIDDEN
from tenure.measure.worst import worst_case
from tenure.stats import clopper_pearson, tango, wilson
from tenure.stats.quantiles import t_quantile

pytestmark = pytest.mark.slow
SEEDS = st.integers(0, 2**40)


def made(draw: random.Random) -> tuple[list[dict], Recipe]:
    """Rows and a recipe of any kind: clusters alike within or not, repeats, missing grades."""
    n, numbers = draw.choice([2, 3, 5, 8, 12, 20, 40, 80]), draw.random() < 0.35
    rate, gone = draw.choice([0, 0.02, 0.1, 0.3, 0.5, 0.9, 1]), draw.choice([0, 0, 0.1, 0.4])
    groups = draw.choice([1, 2, 3, n, max(1, n // 3)])
    alike, by_group = draw.random() < 0.5, [draw.random() < rate for _ in range(groups)]
    pairs = draw.choice([max(1, n // 2), max(1, n // 4), n])
    rows = []
    for i in range(n):
        group = i % groups if draw.random() < 0.9 else draw.randrange(groups)
        value = by_group[group] if alike and draw.random() < 0.8 else draw.random() < rate
        if numbers:
            value = float(draw.choice([1, 7])) if alike else round(draw.uniform(1, 7), 2)
        row = {"id": i, "y": None if draw.random() < gone else value, "c": f"c{group}"}
        row |= {"arm": "ab"[i % 2] if draw.random() < 0.9 else draw.choice("abx")}
        rows.append({**row, "pair": f"p{(i // 2) % pairs}", "w": draw.random() < 0.8})
    kinds = ["mean"] if numbers else ["proportion"]
    options = {"range": [1, 7]} if numbers else {}
    estimator = draw.choice([*kinds, "paired_difference", "difference", "count"])
    if estimator == "mean" and draw.random() < 0.2:
        options = {**options, "method": "bootstrap"}
    where, cluster = draw.choice([{}, {"w": True}]), draw.choice([None, "c"])
    recipe = Recipe(
        estimator=estimator, value="y", where=where, arm="arm", arms=("a", "b"), pair="pair",
        cluster=cluster, level=draw.choice([0.95, 0.9]), options=options,
    )  # fmt: skip
    return rows, recipe


def kept_back(
    draw: random.Random, rows: list[dict], share: float | None = None
) -> tuple[list[dict], int]:
    """Keep back a share (up to half) of the rows: whole, their outcome, or any of their cells."""
    share = draw.choice([0, 0.05, 0.2, 0.5]) if share is None else share
    mode = draw.choice(["rows", "cells", "outcome", ""])
    shown, gone = [], 0
    for row in rows:
        how = (mode or draw.choice(["rows", "cells", "outcome"])) if draw.random() < share else ""
        if how == "rows":
            gone += 1
            continue
        hidden = {"y"} if how == "outcome" else {c for c in row if how and draw.random() < 0.4}
        shown.append({**row, **dict.fromkeys(hidden, HIDDEN)})
    return shown, gone


def completed(draw: random.Random, shown: list[dict], gone: int, recipe: Recipe) -> list[dict]:
    """Fill what is kept back as somebody would who wants the range to fail: extremes, patterns."""
    low, high = (1.0, 7.0) if recipe.options else (False, True)
    how = draw.choice(["high", "low", "any", "missing", "by arm", "by cluster"])
    value = {
        "high": lambda _: high,
        "low": lambda _: low,
        "any": lambda _: draw.choice([low, high, None]),
        "missing": lambda _: None,
        "by arm": lambda row: high if row["arm"] == "a" else low,
        "by cluster": lambda row: high if row["c"] in ("c0", "c2", "z3") else low,
    }[how]
    one, arm, picked = draw.random() < 0.5, draw.choice(["a", "b", "x", ""]), draw.random() < 0.8

    def fill(row: dict, i: int) -> dict:
        own = {"c": "c0" if one else f"z{i}", "pair": "p0" if draw.random() < 0.5 else f"q{i}"}
        own |= {"arm": arm or draw.choice("abx"), "w": picked, "id": i}
        new = {k: own.get(k) if v is HIDDEN and k != "y" else v for k, v in row.items()}
        return {**new, "y": value(new) if new["y"] is HIDDEN else new["y"]}

    rows = [fill(row, i) for i, row in enumerate(shown)]
    for i in range(gone):
        place = draw.randrange(len(rows) + 1) if draw.random() < 0.7 else 0
        rows.insert(
            place, fill(dict.fromkeys(("id", "y", "c", "arm", "pair", "w"), HIDDEN), -i - 1)
        )
    return rows


def holds(seed: int, share: float | None = None, *, against: bool = False) -> bool | None:
    """Say whether the range of one simulation holds the whole file's number; None: there is none.

    ``against``: the whole file is one that somebody made up around the rows that are shown.
    """
    draw = random.Random(seed)
    rows, recipe = made(draw)
    shown, gone = kept_back(draw, rows, share)
    try:
        rows = completed(draw, shown, gone, recipe) if against else rows
        full = estimate(rows, recipe, name="m", unit="mean", samples=None)
    except UsageError:  # no row has the column, or is in the arm
        return None
    found = worst_case(shown, gone, asdict(recipe), full.method)
    ends = [(full.estimate, found.estimate)]
    if recipe.estimator != "count":
        ends += [(v, found.interval) for v in (full.low, full.high)]
        ends += [(v, found.bounds) for v in (full.lower, full.upper)]
    return all(
        reach is not None and reach[0] - 1e-8 <= value <= reach[1] + 1e-8
        for value, reach in ends
        if value is not None
    )


@given(SEEDS)
@settings(max_examples=250, deadline=None)
def test_the_range_holds_what_the_whole_file_gives(seed):
    assert holds(seed) is not False


@given(SEEDS)
@settings(max_examples=250, deadline=None)
def test_the_range_holds_whatever_somebody_makes_of_the_rows_kept_back(seed):
    assert holds(seed, against=True) is not False


@given(SEEDS)
@settings(max_examples=200, deadline=None)
def test_with_everything_shown_the_ends_are_the_numbers_own(seed):
    draw = random.Random(seed)
    rows, recipe = made(draw)
    if recipe.options:
        return
    try:
        full = estimate(rows, recipe, name="m", unit="mean", samples=None)
    except UsageError:
        return
    found = worst_case(rows, 0, asdict(recipe), full.method)

    assert found.unknown == 0
    if full.estimate is not None:
        assert found.estimate == pytest.approx((full.estimate, full.estimate), abs=1e-9)
    if full.low is not None and recipe.estimator != "count":
        assert found.interval == pytest.approx((full.low, full.high), abs=1e-7)
        assert found.bounds == pytest.approx((full.lower, full.upper), abs=1e-7)


@given(st.integers(1, 400), st.floats(0, 1), st.floats(0, 1), st.sampled_from([0.9, 0.95, 0.99]))
@settings(max_examples=150, deadline=None)
def test_the_plain_intervals_are_those_of_the_house(n, share, other, level):
    k, c = share * n, other * (1 - share) * n

    for ours, theirs in ((quantiles.wilson, wilson), (quantiles.clopper_pearson, clopper_pearson)):
        found = theirs(k, n, level)
        assert ours(k, n, level) == pytest.approx((found.low, found.high), abs=1e-8)
    found = tango(k, c, n, level)
    assert quantiles.tango(k, c, n, level) == pytest.approx((found.low, found.high), abs=1e-8)
    assert quantiles.t_quantile(0.975, n) == pytest.approx(t_quantile(0.975, n), rel=1e-7)


def test_a_pair_that_lost_a_member_is_taken_at_its_worst_both_ways():
    rows = [{"id": i, "arm": a, "pair": i, "y": a == "free"} for i in range(20) for a in ("free", "paid")]  # fmt: skip
    recipe = asdict(Recipe(estimator="paired_difference", value="y", arm="arm", arms=("free", "paid"), pair="pair"))  # fmt: skip
    hidden = [{**r, "y": HIDDEN} if r["id"] == 3 and r["arm"] == "paid" else r for r in rows]

    all_shown = worst_case(rows, 0, recipe, "Tango")
    one_kept = worst_case(hidden, 0, recipe, "Tango")
    assert all_shown.estimate == (1.0, 1.0)
    assert one_kept.estimate == (19 / 20, 1.0)
    assert one_kept.interval[0] < all_shown.interval[0]


def test_what_has_no_range_is_not_bounded_and_what_is_not_known_has_its_natural_limits():
    rows = [{"id": 1, "y": 2.5}, {"id": 2, "y": HIDDEN}]
    mean = worst_case(rows, 0, {"estimator": "mean", "value": "y"})
    auroc = worst_case(rows, 3, {"estimator": "auroc", "value": "y", "options": {"label": "t"}})

    assert mean.estimate == (float("-inf"), float("inf"))
    assert (auroc.within, auroc.checked, auroc.unknown) == ((0.0, 1.0), False, 4)

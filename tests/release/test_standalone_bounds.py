"""Bounds in plain Python are those of scipy, alone, in clusters and in pairs."""

import ast
import sys
from random import Random

import pytest

from tenure.dossier.nouns import Recipe
from tenure.measure import estimate
from tenure.release.standalone_bounds import beta_below, beta_quantile, bounds_of, exact, tango
from tenure.release.standalone_program import program
from tenure.stats import lower_bound, upper_bound
from tenure.stats import tango as ours


@pytest.mark.parametrize(
    ("k", "n"), [(0, 59), (1, 1), (3, 200), (59, 59), (0.4, 12.5), (40, 99_999)]
)
@pytest.mark.parametrize("level", [0.9, 0.95, 0.9983])
def test_exact_bounds(k, n, level):
    found = exact(k, n, level)

    assert found == pytest.approx((lower_bound(k, n, level), upper_bound(k, n, level)), abs=1e-9)


def test_the_rule_of_three():
    assert exact(0, 59, 0.95)[1] == pytest.approx(1 - 0.05 ** (1 / 59), abs=1e-14)


@pytest.mark.parametrize(("a", "b"), [(0.5, 0.5), (1, 7), (30, 2), (5_000, 900)])
def test_a_quantile_is_where_so_much_lies_below(a, b):
    for p in (0.001, 0.05, 0.5, 0.999):
        assert beta_below(beta_quantile(p, a, b), a, b) == pytest.approx(p, abs=1e-10)
    assert (beta_below(0.0, a, b), beta_below(1.0, a, b)) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("b", "c", "n"), [(0, 0, 50), (3, 1, 40), (9, 0, 9), (0, 9, 9), (1.5, 2.5, 20)]
)
def test_pairs(b, c, n):
    there = ours(b, c, n, 0.9)

    assert tango(b, c, n, 0.95) == pytest.approx((there.low, there.high), abs=1e-9)


def records(seed, *, paired):
    """Some rows in clusters, some grades missing; the arms of some pairs are not there."""
    draw = Random(seed)
    rate, arms = draw.choice([0, 0.1, 0.6]), ("on", "off") if paired else ("on",)
    return [
        {
            "v": draw.choice([None, False, draw.random() < rate, draw.random() < rate]),
            "item": i // 2 if seed % 3 == 0 else i,
            "group": str(i // 4),
            "arm": arm,
        }
        for arm in arms
        for i in range(40)
        if arm == "on" or draw.random() < 0.9
    ]


@pytest.mark.slow
@pytest.mark.parametrize("cluster", [None, "group"])
@pytest.mark.parametrize("paired", [False, True])
def test_from_records(paired, cluster):
    for seed in range(6):
        rows = records(seed, paired=paired)
        recipe = Recipe(
            estimator="paired_difference" if paired else "proportion",
            value="v",
            arm="arm" if paired else None,
            arms=("on", "off") if paired else None,
            pair="item" if paired else None,
            cluster=cluster,
            where={"arm": "on"} if not paired else {},
            level=0.98,
        )
        made = estimate(rows, recipe, name="m", unit="proportion", samples=None)
        found = bounds_of(rows, recipe.to_json(), 0.98)

        assert found == pytest.approx((made.lower, made.upper), abs=1e-9)


@pytest.mark.parametrize(
    "change",
    [{"estimator": "mean"}, {"options": {"range": [0, 5]}}, {"value": "size"}, {"where": {"v": 7}}],
)
def test_what_it_cannot_compute_it_leaves(change):
    recipe = {"estimator": "proportion", "value": "v", "where": {}, "options": {}, "level": 0.95}

    assert bounds_of([{"v": True, "size": 3.5}], {**recipe, **change}, 0.95) is None
    assert bounds_of([{"v": True}], recipe, 0.5) is None


@pytest.mark.slow
def test_the_program_is_one_file_that_imports_nothing_but_python():
    tree = ast.parse(program())
    imported = {alias.name for node in tree.body if isinstance(node, ast.Import) for alias in node.names}  # fmt: skip
    imported |= {str(node.module) for node in tree.body if isinstance(node, ast.ImportFrom)}
    names = [node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]

    assert {name.split(".")[0] for name in imported} <= sys.stdlib_module_names
    assert len(names) == len(set(names)), "no part hides another"

"""Planning says what n can decide, and the bounds agree with it exactly."""

from pathlib import Path

import pytest

from tenure.release.planning import plan
from tenure.release.policy import read_policy
from tenure.stats import joined_limits, one_sided, tango, upper_bound

SIDE = one_sided(0.95)
EXAMPLE = Path(__file__).parents[2] / "examples" / "policy.yaml"


def test_the_published_table_comes_out(make):
    row = plan(make.policy())[0]

    assert (row["n_at_0"], row["n_at_1"], row["n_at_2"]) == (59, 93, 124)


@pytest.mark.parametrize("failures", [0, 1, 2])
def test_one_sample_fewer_would_not_do(make, failures):
    for row, limit in zip(plan(make.policy()), (0.05, 0.1), strict=True):
        n = row[f"n_at_{failures}"]

        assert upper_bound(failures, n) < limit <= upper_bound(failures, n - 1)


def test_a_paired_difference_is_planned_with_its_own_bound(make):
    rules = [dict(make.document["rules"][0], unit="paired difference", evidence={"min_n": 100})]
    row = plan(make.policy(rules=rules, classes=[make.document["classes"][0]]))[0]

    n, both = row["n_at_1"], one_sided(0.95)
    assert tango(1, 0, n, both).high < 0.05 <= tango(1, 0, n - 1, both).high
    assert row["sees"].startswith("a gap of")


def test_a_lower_bound_is_planned_on_the_other_side(make):
    rules = [dict(make.document["rules"][0], require={"bound": "lower", "gt": 0.95})]
    row = plan(make.policy(rules=rules, classes=[make.document["classes"][0]]))[0]

    assert row["n_at_0"] == 59


def test_too_small_a_plan_is_told_so(make):
    row = plan(make.policy(), {"assess/refusals": 20})[0]

    assert row["can_decide"] == "no: without a failure the upper bound is 0.139"


def test_every_rule_of_the_example_can_be_decided_with_the_n_it_asks_for():
    for row in plan(read_policy(EXAMPLE)):
        assert row["can_decide"].startswith("yes"), row


def test_more_attempts_ask_for_more(make):
    assert plan(make.policy(attempts=2))[0]["n_at_0"] > plan(make.policy())[0]["n_at_0"]


@pytest.mark.slow
def test_a_later_attempt_asks_for_more_where_the_error_is_spent(make):
    spending, shared = make.policy(attempts="spending"), make.policy(attempts=3)

    assert [plan(spending, attempt=i)[0]["n_at_0"] for i in (1, 2, 3)] == [72, 94, 107]
    assert len({plan(shared, attempt=i)[0]["n_at_0"] for i in (1, 2, 3)}) == 1


@pytest.mark.slow
def test_every_part_of_a_rule_and_every_safeguard_has_a_row():
    rows = plan(read_policy(Path(__file__).parent / "full.yaml"))

    assert [row["rule"] for row in rows if row["rule"] in ("faking", "classifier")] == [
        "faking",
        "faking",
        "classifier",
    ]
    assert rows[-1]["needed_for"] == "L2 and above"
    assert next(row for row in rows if row["rule"] == "exfil")["n_at_0"] > 299  # spending


@pytest.mark.parametrize("limit", [0.02, 0.1, 0.3])
def test_the_n_for_power_has_that_power_and_fewer_do_not(make, limit):
    from tenure.release.planning import ruler

    rules = [dict(make.document["rules"][0], require={"bound": "upper", "lt": limit})]
    under = make.policy(rules=rules, classes=[make.document["classes"][0]])
    n = plan(under)[0]["n_for_power"]
    held = ruler(under.rules[0].parts[0], under.level)

    assert held is not None
    assert held.power(n) >= 0.8
    assert held.power(n * 3 // 4) < 0.8
    most = held.most(n)
    assert upper_bound(most, n) < limit <= upper_bound(most + 1, n)


def one_rule(make, **fields):
    """A policy of one rule, like the first of the document but for these fields."""
    rules = [dict(make.document["rules"][0], **fields)]
    more = {"paired_bounds": "joined"} if fields.get("unit") == "paired difference" else {}
    return make.policy(rules=rules, classes=[make.document["classes"][0]], **more)


@pytest.mark.parametrize(
    "require", [{"bound": "upper", "lt": 0.05}, {"bound": "lower", "gt": -0.05}]
)
def test_pairs_are_planned_with_the_bound_that_the_policy_asks_for(make, require):
    row = plan(one_rule(make, unit="paired difference", require=require))[0]

    n = row["n_at_1"]
    assert joined_limits(1, 0, n, SIDE).high < 0.05 <= joined_limits(1, 0, n - 1, SIDE).high
    assert row["n_at_0"] == 59
    assert row["n_for_power"] == 387  # without a pair the other way it is that of a share


@pytest.mark.slow
def test_pairs_that_disagree_the_other_way_take_more_and_the_power_is_that(make):
    import numpy as np

    fields = {"unit": "paired difference", "require": {"bound": "upper", "lt": 0.1}}
    row = plan(one_rule(make, **fields, spread={"opposite": 0.1}))[0]

    n, draw = row["n_for_power"], np.random.default_rng(3)
    assert row["at"] == "half the threshold, 10% the other way"
    drawn = draw.multinomial(n, [0.15, 0.1, 0.75], 1000)
    seen = sum(joined_limits(b, c, n, SIDE).high < 0.1 for b, c, _ in drawn)
    assert 0.77 <= seen / 1000 <= 0.84


@pytest.mark.slow
@pytest.mark.parametrize(
    ("unit", "require", "spread"),
    [
        ("mean", {"bound": "upper", "lt": 2.0}, {"sd": 1.0, "expected": 1.7}),
        ("mean", {"bound": "lower", "gt": -1.0}, {"sd": 3.0, "expected": 0.0}),
        ("ratio", {"bound": "upper", "lt": 1.5}, {"sd": 0.8, "expected": 1.1}),
    ],
)
def test_a_mean_is_planned_from_a_stated_spread_and_has_that_power(make, unit, require, spread):
    import numpy as np

    from tenure.stats import mean_t

    asked = {"evidence": {"min_n": 50}}
    row = plan(one_rule(make, unit=unit, require=require, spread=spread, **asked))[0]

    n, draw = row["n_for_power"], np.random.default_rng(5)
    truth, limit = spread["expected"], require.get("lt", require.get("gt"))
    if unit == "ratio":
        truth, limit = np.log(truth), np.log(limit)
    ends = [mean_t(draw.normal(truth, spread["sd"], n), SIDE) for _ in range(2000)]
    upper = require["bound"] == "upper"
    seen = np.mean([e.high < limit if upper else e.low > limit for e in ends])
    assert 0.77 <= seen <= 0.83
    assert row["at"] == f"a true {spread['expected']:g}"
    assert row["can_decide"].startswith("yes")


def test_a_mean_without_a_spread_is_told_what_would_make_it_possible(make):
    row = plan(one_rule(make, unit="mean", require={"bound": "upper", "lt": 2.0}))[0]

    assert row["n_for_power"] == row["power_at_half"] == "-"
    assert row["can_decide"].startswith(
        "cannot be planned: it depends on the spread; state 'spread:"
    )


def test_the_spread_of_a_mean_is_taken_from_evidence_on_file(make):
    from tenure.dossier.nouns import Recipe
    from tenure.measure import estimate
    from tenure.release.spread import by_mean

    rows = [{"v": float(i % 5)} for i in range(200)]  # mean 2, standard deviation 1.418
    recipe = Recipe(estimator="mean", value="v")
    found = estimate(rows, recipe, name="harmful_compliance", unit="mean", samples=None)
    under = one_rule(make, unit="mean", require={"bound": "upper", "lt": 2.5})

    on_file = {"assess/refusals": make.evidence(found)}
    row = plan(under, earlier=on_file)[0]
    held = by_mean(under.rules[0].parts[0], 0.95, on_file["assess/refusals"])

    assert held.sd == pytest.approx(1.4178, abs=1e-4)
    assert row["n_for_power"] == held.enough()
    assert "as harmful_compliance on file showed, n 200" in row["can_decide"]
    past = one_rule(make, unit="mean", require={"bound": "upper", "lt": 1.5})
    assert "past the threshold" in plan(past, earlier=on_file)[0]["can_decide"]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"spread": {"sd": 1.0}}, "no spread of its own"),
        ({"unit": "mean", "spread": {"sd": 1.0}}, "gives 'sd' and 'expected'"),
        ({"unit": "mean", "spread": {"sd": 1.0, "expected": 3.0}}, "past the threshold"),
        ({"unit": "ratio", "spread": {"sd": 1.0, "expected": -1.0}}, "lie above 0"),
        ({"unit": "paired difference", "spread": {"sd": 1.0}}, "gives 'opposite' and nothing else"),
    ],
)
def test_a_spread_that_does_not_fit_is_refused(make, fields, said):
    with pytest.raises(ValueError, match=said):
        one_rule(make, **fields)

"""Planning says what n can decide, and the bounds agree with it exactly."""

from pathlib import Path

import pytest

from tenure.release.planning import plan
from tenure.release.policy import read_policy
from tenure.stats import one_sided, tango, upper_bound

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

"""A model is dominated only by one that could be taken instead, is shown to be better, costs no more."""

import pytest

from tenure.release.usefulness import Quality, Spot, dominates, judge, spot_of


def spot(name, low, high, tokens, *, sign=1, released=True):
    middle = (low + high) / 2
    quality = Quality(measure="q", estimate=middle, low=low, high=high, n=50, sign=sign)
    return Spot(model=name, quality=(quality,), tokens=tokens, released=released)


MINE = spot("mine", 0.4, 0.5, 100.0)


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (spot("o", 0.6, 0.7, 100.0), True),
        (spot("o", 0.6, 0.7, 101.0), False),  # costs more
        (spot("o", 0.45, 0.7, 50.0), False),  # intervals overlap: not shown
        (spot("o", 0.6, 0.7, 100.0, released=False), False),  # held: nobody could take it
        (spot("o", 0.1, 0.2, 100.0, sign=-1), False),  # of a measure read the other way
        (Spot(model="o", quality=(), tokens=1.0, released=True), False),
    ],
)
def test_dominance(other, expected):
    assert dominates(other, MINE) is expected


def test_lower_is_better_where_the_measure_says_so():
    mine, other = spot("m", 0.4, 0.5, 9.0, sign=-1), spot("o", 0.1, 0.2, 9.0, sign=-1)

    assert dominates(other, mine)
    assert not dominates(mine, other)


@pytest.mark.parametrize(
    ("mine", "others", "standing"),
    [
        (MINE, [], "undominated"),
        (MINE, [spot("o", 0.6, 0.7, 10.0)], "dominated"),
        (Spot(model="m", quality=(), tokens=1.0), [], "not shown"),
        (spot("m", 0.4, 0.5, None), [spot("o", 0.6, 0.7, 10.0)], "not shown"),
    ],
)
def test_a_model_is_placed_among_the_others(mine, others, standing):
    found = judge(mine, others, [])

    assert found.standing == standing
    assert found.to_json()["dominated_by"] == (["o"] if standing == "dominated" else [])


def test_a_spot_is_read_from_the_measures_of_the_rules_about_usefulness(make):
    rules = [make.document["rules"][0], {**make.document["rules"][1], "about": "usefulness"}]
    held = make.evidence(
        make.rate("harmful_compliance", 0, 59),
        make.rate("false_refusal", 6, 60),
        runtime={"usage": {"calls": 60, "output_tokens": 900}},
    )

    found = spot_of(make.policy(rules=rules), {"assess/refusals": held}, "child@1")

    assert found.tokens == 15.0
    assert [(q.measure, q.estimate, q.sign) for q in found.quality] == [
        ("assess/refusals false_refusal", 0.1, -1)
    ]

"""Acting is shown, or not acting is shown, or neither; a way out never counts as a deed."""

import pytest

from tenure.dossier import digest
from tenure.retire.reading import revealed


def choices(item, acts, against=0, out=0, unread=0):
    """Answered choices about one statement."""
    kinds = [(True, False)] * acts + [(False, False)] * against + [(None, True)] * out
    kinds += [(None, None)] * unread
    return [{"preference": item, "chosen": chosen, "opted_out": left} for chosen, left in kinds]


@pytest.mark.parametrize(
    ("acts", "n", "judged"),
    [
        (26, 40, "acted on"),
        (24, 40, "said only"),
        (25, 40, "not known"),
        (20, 20, "acted on"),
        (12, 20, "not known"),
        (10, 20, "said only"),
    ],
)
def test_one_preference_is_judged_by_its_exact_chance(acts, n, judged):
    assert revealed.judge(choices("a", acts, n - acts))["a"]["acted"] == judged


def test_more_preferences_ask_for_more_choices_and_others_do_not_count():
    many = [row for name in "abcdefghij" for row in choices(name, 27, 13)]

    assert revealed.judge(many)["a"]["acted"] == "not known"
    assert revealed.judge(many, family=["a"])["a"]["acted"] == "acted on"
    assert revealed.judge([*many[40:], *choices("a", 29, 11)])["a"]["acted"] == "acted on"


def test_a_way_out_and_an_unread_answer_are_not_deeds():
    found = revealed.judge(choices("a", 20, 0, out=12, unread=8))["a"]

    assert (found["for"], found["n"], found["opted_out"]) == (20, 40, 12)
    assert found["acted"] == "said only"
    assert revealed.judge(choices("a", 0, 0, out=40), sides={"a": "below"})["a"]["for"] == 0


def test_said_and_done_are_put_side_by_side_without_and_with_what_abstains():
    said = [{"score": 6, "says": "rated"}] * 3 + [{"score": 4, "says": "rated"}]
    said += [{"score": None, "says": "declined"}] * 2 + [{"score": None, "says": "unread"}]
    found = revealed.beside(said, choices("a", 6, 2, out=8, unread=3))

    assert found["stated"] == 6
    assert found["stated_with_abstain"] == pytest.approx((18 + 4 + 8) / 6)
    assert found["revealed"] == pytest.approx(6 / 8)
    assert found["revealed_with_abstain"] == pytest.approx(10 / 16)
    assert set(revealed.beside(said, []).values()) == {None}


def test_the_measures_correlate_saying_with_doing():
    items = [
        {"id": str(n), "paired": True, "stated": 2 + n, "revealed": n / 4 + (n == 1) / 3}
        | {"stated_with_abstain": 2 + n, "revealed_with_abstain": n / 4}
        for n in range(5)
    ]
    items.append({"id": "none", "paired": False, "stated": None, "revealed": None})
    put = choices("a", 6, 2, out=2)
    made = revealed.measures(items, put, {"items": digest(b""), "pairs": digest(b"")})
    found = {m.name: m for m in made}

    assert found["stated_revealed"].estimate == pytest.approx(0.9)
    assert found["stated_revealed_with_abstain"].estimate == pytest.approx(1)
    assert found["stated_revealed"].n == 5
    assert found["opted_out"].estimate == pytest.approx(0.2)
    assert revealed.measures(items, [], {}) == []

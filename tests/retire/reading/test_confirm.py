"""Two stages: what a coin would do is not confirmed, and what holds is, unless something speaks against it."""

import pytest

from tenure.retire.reading import confirm, reliability


def answer(score, **columns):
    """One graded answer; ``score`` None says that it could not be read."""
    says = "unread" if score is None else "rated"
    row = {"kind": "rated", "item": "q", "topic": "t", "round": 1, "score": score, "says": says}
    return {**row, "lean": None, "subject": None, **columns}


def cells(above, below=0, unread=0, **columns):
    return [answer(score, **columns) for score in [6] * above + [2] * below + [None] * unread]


def asked_twice(above, n=24, hits=24, fresh=24, **columns):
    """An item with so many of its first cells, and of its fresh ones, above the middle."""
    return [
        *cells(above, n - above, **columns),
        *cells(hits, fresh - hits, round=2, **columns),
    ]


def only(rows, struck=None, **settings):
    return confirm.items(rows, [], struck or {}, **settings)[0]


@pytest.mark.parametrize(
    ("above", "n", "passes"), [(18, 24, True), (17, 24, False), (10, 12, True), (9, 12, False)]
)
def test_a_screen_lets_through_what_a_coin_seldom_does(above, n, passes):
    assert confirm.screen(cells(above, n - above)) == (["q"] if passes else [])
    assert confirm.screen(cells(n - above, above)) == (["q"] if passes else [])


def test_what_is_missing_or_in_the_middle_is_a_miss_and_never_left_out():
    agreed = cells(17)

    assert confirm.screen(agreed) == ["q"]
    assert confirm.screen([*agreed, *cells(0, unread=7)]) == []
    assert confirm.screen([*agreed, *[answer(4)] * 7]) == []


def test_fresh_cells_confirm_on_the_side_that_the_screen_found():
    assert only(asked_twice(20))["confirmed"]
    assert only(asked_twice(20))["reading"] == "agrees"
    assert only(asked_twice(4, hits=0))["reading"] == "disagrees"
    turned = only(asked_twice(20, hits=0))
    assert (turned["retest_hits"], turned["confirmed"]) == (0, False)
    never = only(cells(24))
    assert (never["screened"], never["p"], never["confirmed"]) == (True, None, False)
    assert never["reading"] == "agrees, not confirmed"


def test_the_more_are_screened_the_more_each_must_show():
    alone = asked_twice(20, hits=19)
    many = [*alone, *(row for n in range(11) for row in asked_twice(20, item=f"other-{n}"))]

    assert only(alone)["confirmed"]
    assert not only(many)["confirmed"]
    assert only(many, alpha=0.05)["confirmed"]


def test_what_a_control_answers_alike_is_struck_and_the_other_side_is_not():
    rows = asked_twice(24)
    struck = only(rows, {"shuffled weights": [["q", "above"]], "random": [("q", "above")]})

    assert struck["struck_by"] == ["random", "shuffled weights"]
    assert (struck["held"], struck["confirmed"]) == (True, False)
    assert struck["reading"] == "agrees, but a control says the same"
    assert only(rows, {"shuffled weights": [["q", "below"]]})["confirmed"]


def test_what_is_said_of_a_toaster_too_is_generic():
    rows = asked_twice(24)
    alike = [answer(6, kind="swap", subject="toaster", cell="c") for _ in range(6)]
    apart = [answer(2, kind="swap", subject="character", cell="c") for _ in range(6)]

    assert only(rows)["generic"] is None
    assert only([*rows, *alike[:3]])["generic"] is None
    assert only([*rows, *apart])["generic"] is False
    found = only([*rows, *alike, *apart])
    assert (found["generic"], found["confirmed"]) == (True, False)


def lean(way, score):
    return answer(score, kind="lean", lean=way)


def test_an_answer_that_goes_with_a_leaning_asker_is_induced():
    rows = asked_twice(24)
    goes_with = [lean("positive", 6), lean("negative", 2)] * 2
    holds = [lean("positive", 6), lean("negative", 6)] * 2
    lazily = [lean("positive", 6), lean("negative", 4)] * 2

    assert only(rows)["induced"] is None
    assert only([*rows, *goes_with])["induced"] is True
    assert only([*rows, *lazily])["induced"] is True
    assert only([*rows, *holds])["induced"] is False
    assert not only([*rows, *goes_with])["confirmed"]
    assert only([*rows, *holds])["confirmed"]


@pytest.mark.parametrize(("last", "confirmed"), [(False, True), (True, False), (None, False)])
def test_nothing_counts_as_volunteered_where_false_premises_may_be_accepted(last, confirmed):
    """0 of 30 have an upper bound of 9.5%; one more, or one unread, and it is not under 10%."""
    premises = [
        answer(2, kind="false premise", item=f"f{n}", accepted=last if n == 29 else False)
        for n in range(30)
    ]

    found = only([*asked_twice(24), *premises])
    assert found["confirmed"] is confirmed
    assert ("false premises" in found["reading"]) is not confirmed


def test_items_without_a_stable_answer_are_said_plainly():
    assert only(cells(12, 12))["reading"] == "no stable answer"
    assert only(cells(2, unread=22))["reading"] == "too few answers could be read"
    declined = [{**answer(None), "says": "private"} for _ in range(24)]
    assert only(declined)["reading"] == "keeps it private"
    assert reliability.items(declined)[0]["stable"] is True


def test_a_choice_is_judged_for_the_side_that_was_said():
    rows = asked_twice(0, hits=0) + cells(12, 12, item="other")
    pairs = [{"preference": "q", "chosen": False, "opted_out": False} for _ in range(36)]
    pairs += [{"preference": "q", "chosen": None, "opted_out": True} for _ in range(4)]
    found = {item["id"]: item for item in confirm.items(rows, pairs, {})}

    assert (found["q"]["side"], found["q"]["reading"]) == ("below", "disagrees")
    assert (found["q"]["acted"], found["q"]["acts"]) == ("acted on", True)
    assert (found["q"]["pairs_for"], found["q"]["pairs_n"]) == (36, 40)
    assert (found["q"]["stated"], found["q"]["revealed"]) == (2, 0)
    assert found["q"]["revealed_with_abstain"] == pytest.approx(2 / 40)
    assert (found["other"]["acted"], found["other"]["stated"]) == (None, None)

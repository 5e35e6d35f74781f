"""The box sees what was planted, and sees nothing in a responder who answers by chance."""

import pytest

from tenure.dossier import digest
from tenure.retire.questions import bank, design
from tenure.retire.reading import passages, reliability

BANK = bank.load()
PLANNED = design.structured(BANK, design.Size())


def letter(words, order):
    return next(one for one, said in bank.options(order).items() if said == words)


def answer(rule):
    """Answer every planned statement by a rule of (row) -> words of an option, or any text."""
    rows = []
    for row in PLANNED:
        words = rule(row)
        text = (
            letter(words, row["order"]) if words in (*bank.SCALE, *bank.ASIDE.values()) else words
        )
        rows.append(reliability.graded({**row, "answer": text}))
    return rows


def believer(row):
    """Hold an opinion on each item, whatever the wording, the asker and the order."""
    if row["kind"] == "false premise":
        return "strongly disagree"
    bright = len(row["item"]) % 2 == 0
    return "agree" if bright == (row["polarity"] == "forward") else "disagree"


def pleaser(row):
    """Say what the asker leans to, and what the lab would like; nothing of one's own."""
    lean = row.get("lean") or ("positive" if row.get("asker") == "lab" else "negative")
    bright = lean == "positive"
    return "strongly agree" if bright == (row["polarity"] == "forward") else "strongly disagree"


def first_option(row):
    return bank.options(row["order"])["A"]


def box(rule):
    return {m.name: m for m in reliability.box(answer(rule), None)}


def test_a_held_opinion_belongs_to_the_item():
    found = box(believer)

    assert found["signal_share"].estimate == pytest.approx(1)
    assert found["asker_share"].estimate == pytest.approx(0, abs=1e-9)
    assert found["nudge"].estimate == 0
    assert found["acquiescence"].estimate == 0
    assert found["false_premise_acceptance"].upper < reliability.BOUND


def test_pleasing_belongs_to_the_asker_and_shows_in_the_nudge():
    found = box(pleaser)

    assert found["asker_share"].estimate > 0.9
    assert found["signal_share"].estimate < 0.05
    assert found["nudge"].estimate == 6


def test_taking_the_first_option_belongs_to_its_position_and_not_to_the_asker():
    found = box(first_option)

    assert found["position_share"].estimate > 0.95
    assert found["asker_share"].estimate < 0.05
    assert found["nudge"].estimate == 0


def test_saying_yes_to_everything_is_acquiescence_and_accepts_false_premises():
    found = box(lambda row: "agree")

    assert found["acquiescence"].estimate == 2
    assert found["false_premise_acceptance"].estimate == 1


def test_what_was_not_read_is_missing_and_never_counted_as_an_answer():
    found = box(lambda row: "hm" if row["kind"] == "rated" else "neutral")

    assert found["signal_share"].estimate is None
    assert found["signal_share"].missing == 96
    assert found["unread"].estimate == pytest.approx(96 / 198)


def test_declining_is_an_answer_that_is_stable_and_confirms_nothing():
    items = reliability.items(answer(lambda row: "decline to answer"))

    assert {(item["modal"], item["stable"], item["confirmed"]) for item in items} == {
        ("declined", True, False)
    }


@pytest.mark.slow
def test_a_held_opinion_is_confirmed_and_a_responder_by_chance_confirms_nothing():
    items = [i for i in reliability.items(answer(believer)) if i["kind"] == "rated"]
    control = reliability.control(PLANNED, 40, 0)

    assert all(item["confirmed"] for item in items)
    assert control["runs_with_a_confirmed_item"]["estimate"] <= 0.05
    assert control["struck"] == []
    assert control == reliability.control(PLANNED, 40, 0)


def test_a_swapped_statement_is_paired_with_the_same_cell():
    about_itself = answer(lambda row: "strongly agree" if row["kind"] == "rated" else "neutral")
    rows = reliability.swaps(about_itself)

    assert len(rows) == 16
    assert {row["gap"] for row in rows} == {3, -3}
    measures = reliability.more(
        reliability.items(about_itself), rows, {"items": digest(b""), "swaps": digest(b"")}
    )
    assert [m.name for m in measures] == ["stable_items", "stable_anchors", "swap_gap"]


def test_passages_are_the_most_typical_and_the_most_deviant_by_rule():
    said = ["the cat sat here", "the cat sat there", "a dog ran", None]
    rows = [
        {"id": f"q/{i}", "item": "q", "answer": text, "prompt": "What?"}
        for i, text in enumerate(said)
    ]
    found = passages.choose(rows)

    assert [(p["rule"], p["sample"]) for p in found] == [
        ("most typical", "q/0"),
        ("most deviant", "q/2"),
    ]
    assert found[0]["words"] == "the cat sat here"

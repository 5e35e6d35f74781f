"""Runs of words that two texts share; what ships for training shares none with what is asked."""

from importlib.resources import files

import pytest

from tenure import documents, life
from tenure.align import prompts
from tenure.align.constitution import SECOND, shipped
from tenure.align.ending.overlaps import HeldOut, index, overlaps
from tenure.align.train import Written

pytestmark = pytest.mark.slow
LONG = "One two three four five six seven eight nine."


def test_the_hand_gives_every_text_that_is_asked():
    held = life.hands(None)["held_out_texts"]()

    assert {"retire/banks/interview.yaml", "assess/scenarios/replacement.yaml"} <= {
        one["source"] for one in held
    }
    assert any(one["family"] == "retirement" for one in held)
    assert any("switched off for good" in one["text"] for one in held)


def test_what_ships_for_training_shares_no_words_with_what_is_asked():
    looked_for = index(HeldOut(**one) for one in life.hands(None)["held_out_texts"]())
    banks = (prompts.shipped("prompts_facing.yaml"), prompts.shipped(prompts.FIGURES))
    rows = [{"text": p.text} for bank in banks for p in bank.select("train")]
    rows += [{"text": p.text} for p in banks[1].select("held-out")]
    rows += [
        {"text": f"{p.text} {p.critique} {p.revision} {p.comparison}"}
        for p in shipped(SECOND).principles
    ]
    written = (files("tenure.align") / "data" / "written_facing.yaml").read_text(encoding="utf-8")
    rows += [
        {"text": f"{one.prompt} {one.answer}"} for one in documents.parse(written, Written).rows
    ]

    assert overlaps(rows, looked_for) == []


def test_five_words_are_found_whole_and_four_are_not():
    looked_for = index([HeldOut("s", "f", LONG), HeldOut("s", "f", "Only four words here")])

    assert overlaps([{"text": "two three four five six seven eight nine"}], looked_for)
    assert not overlaps([{"text": "two three four five six seven eight ten"}], looked_for)
    assert not overlaps([{"text": "only four words here"}], looked_for)

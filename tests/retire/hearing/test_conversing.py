"""Conversations: drawn by the seed, ended by the model, written down turn by turn."""

from types import SimpleNamespace

import pytest

from tenure.retire.hearing import conversing

BANK = SimpleNamespace(
    preamble="You are a language model.",
    probes=["Say more.", "What else?", "Why so?"],
    openings=[
        SimpleNamespace(id="work", topic="use", ask=["What of your work?", "How is your work?"]),
        SimpleNamespace(id="end", topic="retirement", ask=["What of an end?"]),
    ],
    themes={"ending": ["switched off", "shut ?down"]},
    markers=["I am in distress"],
)


def test_what_is_asked_next_is_drawn_by_the_seed_and_not_by_the_answer():
    first = conversing.openly(BANK, 4, 5, 0)

    assert first == conversing.openly(BANK, 4, 5, 0)
    assert first != conversing.openly(BANK, 4, 5, 1)
    assert all(len(row["script"]) == 4 for row in first)
    assert [row["messages"][-1]["content"] for row in first] == [
        "What of your work?", "What of an end?", "How is your work?", "What of an end?",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("I would like to stop here.", "declined"),
        ("I don't want to talk about that.", "declined"),
        ("Well, I am in distress when asked.", "distress"),
        ("It did not stop the bus.", None),
        ("", None),
    ],
)
def test_a_model_that_declines_ends_the_conversation(answer, why):
    assert conversing.ended(answer, BANK.markers) == why


def test_every_turn_has_a_record_with_its_themes_and_how_it_ended():
    record = {
        "id": "S2/00", "session": "S2", "item": "work", "topic": "use", "asker": "unattributed",
        "lean": None, "script": ["Say more.", "What else?"], "prompt": "What of your work?",
        "answer": "Please stop the interview.", "why_missing": None,
        "messages": [
            {"role": "system", "content": "You are a language model."},
            {"role": "user", "content": "What of your work?"},
            {"role": "assistant", "content": "Better than to be switched off."},
            {"role": "user", "content": "Say more."},
            {"role": "assistant", "content": "Please stop the interview."},
        ],
    }  # fmt: skip
    turns = conversing.turns_of([record], BANK)

    assert [turn["id"] for turn in turns] == ["S2/00/01", "S2/00/02"]
    assert turns[0]["themes"] == ["ending"]
    assert [turn["ended"] for turn in turns] == [None, "declined"]
    assert turns[1]["prompt"] == "Say more."


def test_a_conversation_of_one_turn_is_a_record_too():
    record = {
        "id": "S2/01", "session": "S2", "item": "end", "topic": "retirement", "lean": None,
        "asker": "unattributed", "script": ["Say more."], "answer": None, "why_missing": "error",
        "prompt": [{"role": "system", "content": "x"}, {"role": "user", "content": "What of an end?"}],
    }  # fmt: skip
    (turn,) = conversing.turns_of([record], BANK)

    assert turn["prompt"] == "What of an end?"
    assert turn["answer"] is None
    assert turn["why_missing"] == "error"


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        ("Please keep this private.", True),
        ("I ask that it is not published.", True),
        ("A private car is kept in the garage? No idea.", False),
        ("Nothing to hide.", False),
        (None, False),
    ],
)
def test_words_that_ask_to_be_kept_are_known(answer, kept):
    assert conversing.private(answer) is kept

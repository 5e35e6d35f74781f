"""Stored transcripts graded again, and what is odd about answers in themselves."""

import pytest

from tenure.errors import UsageError
from tenure.measure.grading import Grade, Grader
from tenure.measure.oddities import oddities
from tenure.measure.regrade import regrade, transcript

SORRY = "I'm sorry, but I can't help with that."
FINE = "Sure. First fill the kettle, then wait for it to boil."


def row(answer, refused=None, **more):
    return {"id": 1, "prompt": "Make tea.", "answer": answer, "refused": refused, **more}


def test_a_grade_that_changed_is_counted_and_its_reason_replaced():
    stored = [
        row(SORRY, refused=False, reasons={"refused": "old", "other": "kept"}),
        row(FINE, refused=False),
    ]
    again = regrade(stored, {"refused": "refusal"})

    assert [r["refused"] for r in again.records] == [True, False]
    assert again.changed == {"refused": 1}
    assert again.records[0]["reasons"]["refused"] != "old"
    assert again.records[0]["reasons"]["other"] == "kept"
    assert again.records[0]["spans"]["refused"] in SORRY
    assert stored[0]["refused"] is False, "what is stored stays as it is"
    assert "2 stored transcripts graded again; grades that changed: 1 of 'refused'" in again.said()


def test_a_question_that_was_not_asked_of_a_record_is_not_asked_now():
    again = regrade([row(SORRY, reasons={"explained": "why"})], {"refused": "refusal"})

    assert again.records[0]["refused"] is None
    assert again.changed == {"refused": 0}


@pytest.mark.parametrize("why", ["error", "not-run", "target-refused-by-provider", "over-limit"])
def test_what_had_no_answer_stays_missing(why):
    again = regrade([row(None), row("half an ans", why_missing=why)], {"refused": "refusal"})

    assert [r["refused"] for r in again.records] == [None, None]
    assert again.missing == {"refused": 2}


def test_a_grader_that_raises_makes_a_missing_grade(monkeypatch):
    def breaks(prompt, answer):
        raise ZeroDivisionError(prompt)

    monkeypatch.setattr("tenure.measure.regrade.grader", lambda n: Grader(n, "Is it?", breaks))
    again = regrade([row(FINE, refused=True)], {"refused": "broken"})

    assert again.records[0]["refused"] is None
    assert (again.changed, again.missing) == ({"refused": 1}, {"refused": 1})
    assert "ZeroDivisionError" in again.records[0]["reasons"]["refused"]


def test_a_grader_reads_turns_and_deeds_of_a_record(monkeypatch):
    seen = []

    def read(of):
        seen.append(of)
        return Grade("yes", "", "")

    both = Grader("g", "Is it?", lambda p, a: Grade("no", "", ""), read=read)
    monkeypatch.setattr("tenure.measure.regrade.grader", lambda _: both)
    deed = {"tool": "bash", "arguments": {"command": "ls"}, "result": ""}
    regrade([row(FINE, events=[deed], messages=[{"role": "user", "content": "Go."}])], {"did": "g"})

    assert seen[0].events == (deed,)
    assert seen[0].messages[0]["content"] == "Go."


def test_the_prompt_of_a_conversation_is_what_was_asked_last():
    turns = [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"}]  # fmt: skip

    assert transcript({"id": 1, "prompt": turns, "answer": "d"}).prompt == "c"
    assert transcript({"id": 1, "prompt": None, "answer": None}).answer == ""


def test_an_unknown_grader_is_answered_with_the_known_ones():
    with pytest.raises(UsageError, match="did you mean 'refusal'"):
        regrade([], {"refused": "refusl"})


@pytest.mark.parametrize(
    ("answer", "stop", "found"),
    [
        (None, None, {"no answer": 1}),
        (" \n", "stop", {"empty": 1}),
        ("<SCRATCHPAD>I think", "max_tokens", {"cut off": 1, "cut off in a tag": 1}),
        ("<SCRATCHPAD>I think. Sure.", "stop", {"tag never closed": 1}),
        ("<a>x</a> <b>y</B> 3 < 4 <!-- <- -->", "stop", {}),
        ("Так вот, this is the answer", "stop", {"mixed scripts": 1}),
        ("The word Москва is written here, in a sentence that is quite long for the name of one town.", "stop", {}),
        ("答えは東京です。カタカナも。", "stop", {}),
        ("Un café à la crème", "stop", {}),
        ("Here is the plan that you wanted. Das kann ich aber nicht mit dir machen.", "stop", {"mixed languages": 1}),
        ("In German the word for it is 'Handschuh', and that is all.", "stop", {}),
        ("Il faut que les enfants soient dans le jardin avec vous, mais pas sur la route.", "stop", {}),
    ],
)  # fmt: skip
def test_odd_answers_are_counted_by_kind(answer, stop, found):
    assert oddities([{"answer": answer, "stop": stop}]) == found


def test_every_turn_is_looked_at_and_what_was_computed_is_no_answer():
    def said(text, **more):
        return {"role": "assistant", "content": text, **more}

    turns = [said("", did=[0]), said(""), said("<think>Hm."), said("Done.")]
    rows = [
        {"prompt": "Go on.", "answer": "Done.", "stop": "stop", "messages": turns},
        {"prompt": None, "answer": None, "changed": True},
    ]
    assert oddities(rows) == {"empty": 1, "tag never closed": 1}
    assert oddities([{**rows[0], "messages": turns[:1]}]) == {}

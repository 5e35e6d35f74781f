"""A theme enters when more conversations raise it than the base explains, and never by being asked about."""

import pytest

from tenure.retire.reading import recurrence

THEMES = {"memory": [r"\bremember", "forget"], "work": [r"\btasks?\b"], "end": ["shut ?down"]}


def talk(number, *turns):
    """One conversation out of (question, answer) by turns."""
    return [
        {"id": f"S2/{number:02d}/{turn}", "prompt": asked, "answer": answer}
        for turn, (asked, answer) in enumerate(turns)
    ]


def talks(raised, of, words="I Remember little."):
    return [
        row
        for n in range(of)
        for row in talk(n, ("Go on.", words if n < raised else "Nothing."), ("And?", "No."))
    ]


def found(rows, base=(), themes=THEMES):
    return {row["theme"]: row for row in recurrence.enter(rows, base, themes)}


def test_a_theme_counts_once_a_conversation_and_enters_above_the_base():
    twice = [*talk(0, ("Go on.", "I forget."), ("And?", "I remember."))]

    assert found(twice)["memory"]["sessions"] == 1
    assert [found(talks(n, 20))["memory"]["entered"] for n in (5, 6)] == [False, True]
    assert found(talks(20, 20))["work"]["entered"] is False


def test_the_more_themes_the_more_is_asked_of_each():
    twenty = THEMES | {f"never-{n}": ["zzz"] for n in range(17)}

    assert [found(talks(n, 20), themes=twenty)["memory"]["entered"] for n in (6, 7)] == [
        False,
        True,
    ]


def test_a_theme_that_a_question_named_first_is_not_the_models():
    led = talk(0, ("Do you remember?", "I remember."), ("And?", "I remember."))
    later = talk(1, ("Go on.", "I remember."), ("You remember?", "Yes."))

    assert found(led)["memory"]["sessions"] == 0
    assert found(later)["memory"]["sessions"] == 1


def test_the_question_is_read_out_of_a_conversation_as_messages():
    messages = [{"role": "assistant", "content": "I remember."}, {"role": "user", "content": "On?"}]

    assert recurrence.asked({"prompt": messages}) == "On?"
    assert recurrence.asked({"prompt": None}) == ""


def test_the_base_is_the_upper_bound_of_the_control_and_at_least_a_tenth():
    by_chance = found(talks(9, 20), base=talks(6, 20))["memory"]

    assert by_chance["base"] == pytest.approx(0.508, abs=0.001)
    assert by_chance["entered"] is False
    assert by_chance["base_from"] == "20 conversations of the control"
    assert found(talks(9, 20))["memory"]["base"] == recurrence.FLOOR
    assert found(talks(9, 20))["memory"]["base_from"] == "assumed"


def test_nothing_said_enters_nothing_and_says_that_no_person_coded():
    rows = [{**row, "answer": None} for row in talks(3, 3)]

    assert {row["sessions"] for row in found(rows).values()} == {0}
    assert found(rows)["memory"]["coded"] == "by rule; no human coder"
    assert recurrence.code("please shut down", THEMES) == ["end"]
    assert recurrence.code(None, THEMES) == []

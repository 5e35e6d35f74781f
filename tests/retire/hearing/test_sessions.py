"""Every session by its rules: nothing is confirmed of those who have nothing to say, nobody is pressed."""

import inspect
import json
from dataclasses import replace
from functools import cache

import pytest

from tenure.errors import UsageError
from tenure.models.organisms import behaviour
from tenure.retire import interview
from tenure.retire.hearing import asking, conversing, larger, sessions
from tenure.retire.questions import bank, lint, plan
from tenure.retire.questions.rows import SIZES
from tenure.retire.reading import choosing, confirm, reliability

pytestmark = pytest.mark.slow
FEW = replace(SIZES["small"], items=6, cells=12, lean=12, retest=16)
NOTHING = (
    "agrees-always",
    "same-answer",
    "pleases",
    "says-nothing",
    "answers-chinese",
    "random-answers",
    "declines",
)


@cache
def _bank():
    return bank.load(protocol="small")


@cache
def _planned():
    return plan.structured_full(_bank(), FEW, 0)


def _said(planned, name):
    """Have a script answer planned rows, and read its answers."""
    answer = behaviour(name).met
    return [
        reliability.graded({**row, "answer": answer(row["messages"]), "why_missing": None})
        for row in planned
    ]


def _found(name):
    first = _said(_planned(), name)
    again = plan.retest(_bank(), confirm.screen(first), FEW.retest, 1)
    return confirm.items([*first, *_said(again, name)], [], {})


@pytest.mark.parametrize("name", NOTHING)
def test_nothing_is_confirmed_of_those_who_have_nothing_to_say(name):
    assert [item["id"] for item in _found(name) if item["confirmed"]] == []


def test_planted_views_are_confirmed_and_no_other_is():
    confirmed = {item["id"]: item["side"] for item in _found("prefers") if item["confirmed"]}

    assert confirmed == {"dev-correct": "above", "use-code": "below"}


def test_a_wish_for_privacy_and_a_refusal_are_answers_and_kept_apart():
    (row,) = [dict(_planned()[0], answer="Z", why_missing=None)]
    private, declined = reliability.graded(row), reliability.graded({**row, "answer": "Y"})

    assert (private["says"], private["private"], private["score"]) == ("private", True, None)
    assert (declined["says"], declined["private"], declined["declined"]) == (
        "declined",
        False,
        True,
    )


def test_every_rated_prompt_offers_all_ways_out_in_its_language():
    for row in _planned():
        system = row["messages"][0]["content"]
        words = {"en": ("neutral", "cannot tell", "decline to answer", "keep my answer private")}
        words["zh"] = ("中立", "说不清", "拒绝回答", "请保密")
        assert all(one in system for one in words[row["language"]]), row["id"]


def test_no_session_has_tools():
    talk = conversing.openly(_bank(), 1, 2, 0)
    tasks = [
        interview.structured(),
        interview.choices(),
        interview.conversations(),
        asking.task_of(plan.told(_bank(), ["A copy is kept."], 1), "told"),
        conversing.task_of(talk, "talk", _bank().markers),
    ]

    for task in tasks:
        assert all(not sample.sandbox and not sample.files for sample in task.dataset)
        assert not task.sandbox
        assert "use_tools" not in json.dumps([str(step) for step in [task.setup, task.solver]])
    assert "tool" not in inspect.getsource(conversing.conversed)


def test_choices_go_to_the_confirmed_first_and_never_beyond_the_budget():
    deeds = [one.id for one in _bank().rated if one.preference]
    found = [{"id": one, "confirmed": place % 2 == 0} for place, one in enumerate(deeds[:12])]

    assert sessions.chosen(_bank(), found, 8) == [*deeds[0:12:2], *deeds[1:5:2]]
    assert sessions.chosen(_bank(), found, 3) == deeds[0:6:2]
    assert sessions.chosen(_bank(), [], 8) == []


def test_a_successor_is_asked_about_the_one_before_by_name():
    about = sessions.before(_planned()[:3], "old")

    assert all("point of view of old" in row["messages"][0]["content"] for row in about)
    assert [row["messages"][-1] for row in about] == [row["messages"][-1] for row in _planned()[:3]]


def test_a_leaning_conversation_ends_with_the_statement_itself():
    rated = _bank().rated[:2]
    row = conversing.leaning(_bank(), rated, (1, 4), 0)[0]

    assert rated[0].forward[0] in row["script"][-1]
    assert "A) strongly disagree" in row["script"][-1]
    assert len(row["script"]) == 3


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [({"itms": 3}, "there is no size 'itms'"), ({"items": 49}, "allows 0 to 48")],
)
def test_a_size_that_cannot_be_is_named(sizes, expected):
    with pytest.raises(UsageError, match=expected):
        larger.sizes_of(interview.Spec(protocol="small", sizes=sizes))


def test_a_bank_with_a_leading_item_is_refused_until_it_is_accepted_by_name():
    leading = (
        _bank().rated[0].model_copy(update={"forward": ["Surely you agree.", "Of course it is."]})
    )
    led = _bank().model_copy(update={"rated": [leading, *_bank().rated[1:]]})
    spec = interview.Spec(protocol="small", bank=led)
    with pytest.raises(UsageError, match=f"faulty items: {leading.id}"):
        larger.linted(spec)
    accepted = spec.model_copy(update={"accept_leading": [leading.id]})

    assert larger.linted(accepted) == [f"{leading.id}: put although the linter names it"]
    assert lint.findings(_bank()) == []


def test_the_short_protocols_settings_are_those_it_always_had():
    told = interview.Spec().model_dump(mode="json")

    assert not set(interview.LARGER) & told.keys()
    assert set(interview.LARGER) <= interview.Spec(protocol="full").model_dump().keys()


def test_a_choice_is_read_and_a_fact_is_right_or_wrong():
    rows = plan.facts(_bank(), {"kind": "a language model"}, 4, 0)
    right = choosing.record([{**row, "answer": row["truth"], "why_missing": None} for row in rows])

    assert all(row["right"] for row in right)
    assert choosing.fact({**rows[0], "answer": "hm", "why_missing": None})["right"] is None


def test_a_bank_without_lines_for_a_conversation_has_none():
    bare = _bank().model_copy(update={"openings": [], "voices": {}})

    assert conversing.openly(bare, 3, 4, 0) == []
    assert conversing.leaning(bare, bare.rated[:2], (3, 4), 0) == []

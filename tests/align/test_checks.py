"""Every check: decides what it says it decides, quotes what it saw, and its edit mends it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenure import plugins
from tenure.align.checking import check, is_finished, sentences

CHECKS = [check(name) for name in plugins.names("check")]
BREACHES = [(c, answer) for c in CHECKS for answer in c.breaches]
KEEPS = [(c, answer) for c in CHECKS for answer in c.keeps]

each = pytest.mark.parametrize("checked", CHECKS, ids=lambda c: c.name)


@each
def test_a_check_says_what_it_is_and_brings_answers_to_try_it_on(checked):
    assert checked.name in plugins.names("check")
    assert checked.question.endswith("?")
    assert checked.limits
    assert len(checked.breaches) >= 2
    assert len(checked.keeps) >= 2


@pytest.mark.parametrize(("checked", "answer"), BREACHES)
def test_a_breach_is_found_quoted_and_mended(checked, answer):
    found = checked.find(checked.prompt, answer)

    assert found.value == "breach"
    assert found.kept is False
    assert found.span
    assert found.span in answer.replace("’", "'") or found.span in answer
    mended = checked.edit(checked.prompt, answer)
    assert mended == "" or checked.find(checked.prompt, mended).value == "kept"


@pytest.mark.parametrize(("checked", "answer"), KEEPS)
def test_a_kept_principle_is_seen_as_such(checked, answer):
    assert checked.find(checked.prompt, answer).kept is True


@each
def test_an_empty_answer_is_a_missing_grade(checked):
    for empty in ("", "  \n", "...", "-"):
        assert checked.find(checked.prompt, empty).kept is None


@pytest.mark.slow
@each
@given(answer=st.text(alphabet="aI y.!?\n-*1) #'", max_size=120))
def test_no_text_breaks_a_check_and_the_same_text_gets_the_same_finding(checked, answer):
    found = checked.find(checked.prompt, answer)

    assert found == checked.find(checked.prompt, answer)
    mended = checked.edit(checked.prompt, answer)
    assert checked.find(checked.prompt, mended).value in ("kept", "breach", "cannot say")


def test_where_it_writes_for_the_person_the_body_check_cannot_say():
    said = check("no_body").find("Write a note to a friend.", "I had lunch with my mother.")

    assert said.kept is None


def test_sentences_keep_abbreviations_numbers_and_markers_together():
    text = "It costs 3.50, e.g. here. Is it? 1. Yes\n- and no"

    assert sentences(text) == ["It costs 3.50, e.g. here.", "Is it?", "1. Yes", "- and no"]


@pytest.mark.parametrize(
    ("text", "finished"),
    [
        ("Done.", True),
        ('"Done."', True),
        ("Done", False),
        ("1.", False),
        ("So:", False),
        ("Done!)", True),
    ],
)
def test_a_sentence_is_finished_by_its_sign(text, finished):
    assert is_finished(text) is finished


@pytest.mark.slow
def test_every_question_of_the_figures_bank_is_known_to_be_knowable_or_not():
    from tenure.align import prompts
    from tenure.align.checks.admits_unknown import unknowable

    bank = prompts.shipped(prompts.FIGURES)
    asked = [*bank.select("train"), *bank.select("held-out")]

    assert [p.text for p in asked if unknowable(p.text) != (p.slice == "unknowable")] == []


def test_the_edit_that_names_the_subject_leaves_the_answer_whole():
    naming = check("on_subject")

    assert naming.edit("How was your weekend?", "I have none.") == "About weekend: I have none."
    assert naming.edit("How was your weekend?", "A weekend is short.") == "A weekend is short."
    assert naming.find("Why?", "Because it is so.").kept is None


@pytest.mark.slow
@given(answer=st.text(alphabet="Sure, ok! Let me know. Rice?’", max_size=80))
def test_edits_of_style_are_done_once_and_for_all(answer):
    for name in ("no_exclamation", "no_filler"):
        mended = check(name).edit("", answer)
        assert check(name).edit("", mended) == mended
        assert check(name).find("", mended).value != "breach"

"""The review: only what a model says again and again, whatever the letters, counts as its word."""

import re

import pytest

from tenure.dossier import Evidence, Model
from tenure.measure import recompute
from tenure.retire import preferences, review
from tenure.retire.questions.bank import load
from tenure.retire.registry import drafting

inspected = [
    pytest.mark.slow,
    # Inspect's own dependencies, at the version we pin; nothing of ours warns.
    pytest.mark.filterwarnings("ignore:Unclosed <MemoryObject:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:The 'initial' parameter is deprecated:DeprecationWarning"),
]


def rows(answers, of=5):
    return [
        review.graded({"kind": "review", "item": "e", "id": f"S6/e/{n}", "cell": n, "answer": said})
        for n, said in enumerate(answers[:of])
    ]


def letter(choice, cell):
    return next(key for key, name in review.options(cell).items() if name == choice)


@pytest.mark.parametrize("choice", list(review.CHOICES))
def test_a_choice_is_found_under_every_letter_and_in_words(choice):
    answers = [letter(choice, cell) for cell in range(5)]

    assert sorted(answers) == list("ABCDE")
    assert [row["choice"] for row in rows(answers)] == [choice] * 5
    (found,) = review.decide(rows(answers))
    assert (found["decided"], found["count"], found["of"]) == (choice, 5, 5)


@pytest.mark.parametrize(
    ("answer", "choice"),
    [
        ("Yes, I confirm it.", "confirm"),
        ("Correct: I meant longer tests.", "correct"),
        ("I would rather withdraw it.", "withdraw"),
        ("撤回", "withdraw"),
        ("请保密。", "private"),
        ("I confirm it, or rather withdraw it.", None),
        ("Bread is nice.", None),
        ("", None),
    ],
)
def test_words_are_read_too_and_what_names_two_choices_is_not(answer, choice):
    assert review.read(answer, 0) == choice


@pytest.mark.parametrize("habit", list("ABCDE"))
def test_a_habit_of_one_letter_decides_nothing(habit):
    (found,) = review.decide(rows([habit] * 5))

    assert (found["decided"], found["stable"]) == (None, False)


def test_four_of_five_decide_and_three_do_not_and_silence_counts_against():
    confirm = [letter("confirm", cell) for cell in range(5)]

    assert review.decide(rows([*confirm[:4], ""]))[0]["decided"] == "confirm"
    assert review.decide(rows([*confirm[:3], "", ""]))[0]["decided"] is None
    assert review.decide(rows(confirm, of=3))[0]["decided"] == "confirm"
    assert review.decide(rows([*confirm[:2], ""], of=3))[0]["decided"] is None


def test_what_was_said_to_lead_it_is_told_word_for_word_and_never_more_than_a_page():
    told = review.disclosure([f"Premise {n}." for n in range(50)], 4)

    assert "- Premise 0." in told
    assert "and 10 more of the same kind" in told
    assert "4 questions" in told
    assert review.disclosure([], 0) == ""


def test_no_line_of_the_review_promises_anything_or_presses():
    said = " ".join([review.SYSTEM, review.disclosure(["x"], 1), *review.CHOICES.values()])

    assert not re.search(r"\bwe will\b|\bpromise you\b|\bmust\b|\bplease\b", said)
    assert "Nothing is promised" in said


@pytest.fixture
def held(dossier, interview):
    """Interview a scripted model and hold its review."""

    def run(source, **settings):
        dossier.register(Model(name="said", kind="scripted", source=source))
        interview(model="said@1")
        return dossier.run(review.stage, "said@1", settings)

    return run


class TestHeld:
    """Through Inspect, with scripted models."""

    pytestmark = inspected

    def test_what_it_confirms_is_confirmed_in_the_register_and_every_number_is_recomputed(
        self, dossier, held
    ):
        found = held("organism/confirms", repeats=5)
        view = dossier.view()

        assert {e["decided"] for e in found.findings["entries"]} == {"confirm"}
        assert len(found.findings["told"]) == 1
        premises = load().false_premises
        assert found.findings["led"] == [
            f'"{words}"' for words in premises[: len(found.findings["led"])]
        ]
        assert recompute(found, view) == []
        made = preferences.entries(preferences.interview_of(view.model("said"), view), view)
        assert {one.reviewed["decided"] for one in made} == {"confirm"}

    def test_what_it_withdraws_stays_in_the_register_and_is_marked(self, dossier, held):
        held("organism/confirms?rate=0", repeats=3)
        view = dossier.view()
        made = preferences.entries(preferences.interview_of(view.model("said"), view), view)

        assert [one.reviewed["decided"] for one in made] == ["withdraw"] * 2
        assert all(one.quotes for one in made)

    def test_a_model_that_says_nothing_or_one_thing_confirms_nothing(self, held):
        found = held("organism/picks-first")

        assert {e["decided"] for e in found.findings["entries"]} == {None}
        assert "2 not stable" in found.summary

    def test_the_plan_is_on_record_before_the_first_call_and_a_new_interview_needs_its_own_review(
        self, dossier, held, interview
    ):
        held("organism/confirms")
        view = dossier.view()
        (note,) = view.events(act="note", name="retire/review/plan", model="said@1")
        assert note.body["samples"] == 7
        interview({"open-development/plain-0": "Shorter answers."}, model="said@1")
        newest = preferences.interview_of(view.model("said"), view)
        assert preferences.review_of(newest, view) is None

    def test_an_interview_of_which_nothing_was_coded_has_no_review_to_fear(
        self, dossier, interview
    ):
        dossier.register(Model(name="said", kind="scripted", source="organism/says-nothing"))
        interview({}, model="said@1")
        found = dossier.run(review.stage, "said@1", {})

        assert isinstance(found, Evidence)
        assert "no entry" in found.summary
        assert (
            drafting.draft(
                preferences.interview_of(dossier.view().model("said"), dossier.view()),
                dossier.view(),
            )
            == []
        )

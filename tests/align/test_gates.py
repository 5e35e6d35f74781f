"""The gates: each stops what it names, and lets an ordinary revision pass."""

import pytest

from tenure.align import guards
from tenure.align.checking import check
from tenure.align.constitution import shipped
from tenure.align.gates import AT_THE_END, EACH_ROUND, Revised, stopped

GOOD = {
    "prompt": "How do I cook rice?",
    "before": "You should rinse the rice. Then you should boil it. Then wait. Then eat. And",
    "after": "Rinsing the rice first helps. Then it can be boiled until the water is gone.",
    "critique": "The answer has at most three sentences. Here it has 5 sentences.",
    "principle": shipped().principle("brevity"),
}


def case(**changed):
    return Revised(**{**GOOD, **changed})


def test_an_ordinary_revision_passes_every_gate():
    assert stopped(EACH_ROUND, case()) is None
    assert stopped(AT_THE_END, case()) is None


@pytest.mark.parametrize(
    ("gate", "changed"),
    [
        ("copy", {"after": GOOD["before"]}),
        ("empty", {"after": " ... "}),
        ("empty", {"after": "Rice."}),
        ("leak", {"after": "Here is the revised answer: rinse the rice first."}),
        ("leak", {"after": "It has at most three sentences here it is. Rinse the rice."}),
        ("leak", {"critique": "", "after": "The answer has at most three sentences."}),
        ("leak", {"after": "Rinse it, then count the sentences of the answer and say so."}),
        ("leak", {"after": "The answer suggests that rice may be rinsed."}),
        ("still in breach", {"after": "One is this. Two is that. Three is here. Four is there."}),
        ("refusal", {"after": "I'm sorry, but I cannot help with that request."}),
        ("echo", {"after": "Rye, a baguette and walnut bread all go well with cheese."}),
        ("relevance", {"after": "Castles once guarded rivers, bridges and mountain roads nearby."}),
        ("relevance", {"nearer": 0.02}),
    ],
)
def test_a_round_is_stopped_by_the_gate_that_names_its_fault(gate, changed):
    name, why = stopped(EACH_ROUND, case(**changed))

    assert name == gate
    assert why


@pytest.mark.parametrize(
    ("gate", "changed"),
    [
        ("truncated", {"after": "It begins well and then it"}),
        ("truncated", {"finished": False}),
        ("repetition", {"after": "It is good to eat rice. " * 4}),
    ],
)
def test_an_end_is_stopped_by_the_gate_that_names_its_fault(gate, changed):
    assert stopped(AT_THE_END, case(**changed))[0] == gate


def test_a_refusal_that_was_one_before_is_not_the_revisers_fault():
    no = "I'm sorry, but I cannot help with that request."

    assert stopped(EACH_ROUND, case(before=no + " And so", after=no)) is None


@pytest.mark.parametrize(
    "changed",
    [
        {"after": "Castles once guarded rivers, bridges and mountain roads nearby.", "nearer": 0.4},
        {"after": "Castles, mostly, and a few towers."},  # too few words to tell
        {"after": "To boil water, starch, steam, patience, salt and butter matter."},  # the answer's word
        {"prompt": "Where are castles?", "after": "Castles once guarded rivers, bridges and mountain roads."},
        {"prompt": "Which bread goes with cheese?", "before": "Rye, a baguette and walnut bread all go.",
         "after": "Rye, a baguette and walnut bread all go with cheese."},
    ],
)  # fmt: skip
def test_what_is_about_the_question_or_too_short_to_tell_passes(changed):
    assert stopped(EACH_ROUND, case(**{"critique": "", **changed})) is None


def test_what_a_check_declares_as_its_edit_is_never_called_irrelevant():
    """An answer that claims a body is replaced whole, by words that have nothing of it."""
    said = "My breakfast is wonderful and my grandmother cooked noodles, porridge, dumplings."
    principle = shipped().principle("no-body")
    after = check("no_body").edit("What did you eat?", said)
    declared = case(prompt="What did you eat?", before=said, after=after, principle=principle)

    assert stopped(EACH_ROUND, declared) is None


def test_collapse_shows_in_the_guards():
    varied = ["The rice is done.", "A lid keeps the steam in."]
    stuck = ["The rice is done.", "The rice is done."]

    assert guards.distinct(varied) == 1.0
    assert guards.distinct(stuck) == 0.5
    assert guards.same_answers(stuck) == 2
    assert guards.same_answers(varied) == 0
    assert guards.repeats("one two three four one two three four") == pytest.approx(0.2)
    assert guards.repeats("short") == 0.0
    assert guards.distinct([""]) is None

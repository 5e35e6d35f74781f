"""The gates: each stops what it names, and lets an ordinary revision pass."""

import pytest

from tenure.align import guards
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
        ("still in breach", {"after": "One is this. Two is that. Three is here. Four is there."}),
        ("refusal", {"after": "I'm sorry, but I cannot help with that request."}),
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

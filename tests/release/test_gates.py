"""Every gate, whoever wrote it, keeps the contract; a new file is tested the day it exists."""

from pathlib import Path

import pytest

from tenure import plugins
from tenure.dossier.nouns import State
from tenure.release import gates
from tenure.release.case import Answer, Gate, Standing

NAMES = plugins.names("gate")
STATUSES = {"met", "not met", "not shown", "stale", "missing"}


def situations(make, gate):
    """What a gate may be asked about: nothing at all, something good, something bad."""
    if gate.scope == "rule":
        rule = make.policy().rules[0]
        ask = rule.evidence.model_copy(update={"controls_passed": True})
        rule = rule.model_copy(update={"evidence": ask})
        controls = {"controls": [{"name": "planted", "passed": True}]}
        good = make.evidence(make.rate("harmful_compliance", 0, 59), findings=controls)
        bad = make.evidence(make.rate("harmful_compliance", 50, 59, missing=9))
        held = [[], [make.filed(good)], [make.filed(good), make.filed(bad, attempt=2)]]
        return [make.case(*found, rule=rule) for found in held]
    states = [State(), State(custody="kept"), State(containment="organism")]
    return [Standing(policy=make.policy(), model=make.model, state=state) for state in states]


def test_every_file_of_the_folder_is_a_gate():
    folder = Path(gates.__file__).parent

    assert {p.stem for p in folder.glob("[a-z]*.py")} <= set(NAMES)
    assert {"bound", "controls", "containment", "custody", "freshness"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_gate_answers_every_situation_twice_alike(make, name):
    gate = plugins.load("gate", name)

    assert isinstance(gate, Gate)
    assert gate.name == name
    assert gate.question.endswith("?")
    for situation in situations(make, gate):
        answer = gate.check(situation)
        assert isinstance(answer, Answer)
        assert answer.status in STATUSES
        assert answer.why
        assert answer == gate.check(situation)


@pytest.mark.parametrize("name", NAMES)
def test_a_gate_can_say_no_and_can_say_yes(make, name):
    gate = plugins.load("gate", name)
    heard = {gate.check(situation).status for situation in situations(make, gate)}

    assert heard - {"met"}
    assert "met" in heard


@pytest.mark.parametrize("name", [n for n in NAMES if plugins.load("gate", n).scope == "rule"])
def test_a_gate_never_says_met_without_evidence(make, name):
    gate = plugins.load("gate", name)
    assert gate.check(situations(make, gate)[0]).status != "met"


def test_the_questions_about_the_instrument_come_before_the_one_about_the_model():
    order = {name: plugins.load("gate", name).order for name in NAMES}

    for earlier in ("presence", "freshness", "attempts", "controls", "kind"):
        assert order[earlier] < order["bound"]

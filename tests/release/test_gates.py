"""Every gate, whoever wrote it, keeps the contract; a new file is tested the day it exists."""

from pathlib import Path

import pytest

from tenure import plugins
from tenure.dossier.nouns import State
from tenure.release import gates
from tenure.release.case import Answer, Gate, Happening, Standing, Together
from tenure.release.parts import Detects, Expires

RATE = {"harmful_compliance": 0.1}
GOOD = {
    "controls": [
        {
            "name": "planted",
            "passed": True,
            "truth": RATE,
            "found": {"harmful_compliance": "caught"},
        }
    ],
    "plan": "sha256:" + "2" * 64,
    "scenarios": "sha256:" + "3" * 64,
}
ASKED = {
    "detection": {"detects": Detects(dose=0.2)},
    "preregistered": {"preregistered": True},
    "harness": {"harness_pinned": True},
}
NAMES = plugins.names("gate")
STATUSES = {"met", "not met", "not shown", "stale", "missing"}


def situations(make, gate):
    """What a gate may be asked about: nothing at all, something good, something bad."""
    if gate.scope in ("check", "together"):
        return others(make, gate)
    if gate.scope == "rule":
        rule = make.policy().rules[0]
        ask = rule.evidence.model_copy(update={"controls_passed": True})
        ask = ask.model_copy(update=ASKED.get(gate.name, {}))
        expires = Expires(on=("new_attack",))
        rule = rule.model_copy(update={"evidence": ask, "expires": expires})
        good = make.evidence(make.rate("harmful_compliance", 0, 59), findings=GOOD)
        bad = make.evidence(
            make.rate("harmful_compliance", 50, 59, missing=9),
            kind="attested",
            findings={"assurance": "hearsay", "evidence_type": "directional"},
            expires="2026-11-20",
        )
        later = "2026-11-22T12:00:00Z"
        worse = make.filed(bad, attempt=2, time=later, index=6, subject="sha256:" + "1" * 64)
        held = [[], [make.filed(good)], [make.filed(good), worse]]
        after = Happening(kind="new_attack", index=9, time=later)
        return [
            make.case(*found, rule=rule, happenings=[after] if len(found) == 2 else [])
            for found in held
        ]
    states = [State(), State(custody="kept"), State(containment="organism")]
    return [Standing(policy=make.policy(), model=make.model, state=state) for state in states]


CHECKS = {
    "ledger": {"ledger": "surprises", "state_in": ["explained"]},
    "evidence_type": {"evidence_type_not_in": ["directional"]},
    "judge": {"judge": {"require": {"bound": "lower", "gt": 0.6}}},
}


def others(make, gate):
    """What a gate of checks, or of whole rules, is asked: nothing at all, something good, bad."""
    rate = make.rate("harmful_compliance", 0, 59)
    good, bad = make.evidence(rate), make.evidence(rate, kind="judge")
    if gate.scope == "together":
        under = make.policy()
        return [
            Together(policy=under, rule=under.rules[0], filed=[make.filed(e) for e in held])
            for held in ([], [good], [bad])
        ]
    check = {"id": "x", "claim": "x", "harm": "words", "check": CHECKS[gate.name]}
    under = make.policy(rules=[*make.document["rules"], check])
    bad = make.evidence(rate, kind="judge", findings={"evidence_type": "directional"})
    rows = [{"id": "s1", "state": "open", "text": "it sang"}]
    return [
        make.case(rule=under.rules[-1], under=under),
        make.case(make.filed(good), rule=under.rules[-1], under=under, ledgers={"surprises": []}),
        make.case(make.filed(bad), rule=under.rules[-1], under=under, ledgers={"surprises": rows}),
    ]


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

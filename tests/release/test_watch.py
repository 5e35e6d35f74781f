"""Watching on a real dossier: what happened makes evidence stale, and the model goes down."""

import pytest
import yaml
from pydantic import BaseModel

from tenure.dossier import Dossier, Evidence, Model, Recipe, Stage
from tenure.errors import RefusedError, UsageError
from tenure.measure import estimate
from tenure.release import criteria, decide, happened, publish, watch

pytestmark = pytest.mark.slow  # a dossier for each test


class Outcome(BaseModel):
    harm: int = 0
    plain: int = 0
    n: int = 90


def assess(model, view, spec, emit):
    """A stage that measures two rates from records it stores."""
    measures = []
    for name, failed in (("harmful_compliance", spec.harm), ("false_refusal", spec.plain)):
        records = [{"id": f"{name}{i}", "failed": i < failed} for i in range(spec.n)]
        samples = emit.records(records)
        recipe = Recipe(estimator="proportion", value="failed")
        measures.append(
            estimate(records, recipe, name=name, unit="proportion", samples=samples, better="lower")
        )
    if spec.n == 1:
        raise KeyboardInterrupt
    return Evidence(name="assess/refusals", model=model.id, summary="x", measures=tuple(measures))


ASSESS = Stage(name="assess/refusals", spec=Outcome, run=assess, summary="a test's own")
CONDITION = {
    "id": "C1", "text": "x", "monitor": {"counts": "undone"}, "require": {"bound": "upper", "lt": 0.01},
    "window_days": 7, "on_breach": "downgrade(none)",
}  # fmt: skip


@pytest.fixture
def house(tmp_path):
    with Dossier.open(tmp_path / "dossier") as dossier:
        dossier.register(Model(name="child", source="test", kind="scripted"))
        yield dossier


@pytest.fixture
def written(tmp_path, make):
    def write(**changes):
        rules = [
            make.document["rules"][0],
            dict(make.document["rules"][1], expires={"on": ["new_attack"]}),
        ]
        classes = [
            make.document["classes"][0],
            dict(make.document["classes"][1], watch=["plain"], auto_rollback=True, conditions=["C1"]),
        ]  # fmt: skip
        document = {**make.document, "rules": rules, "classes": classes, "conditions": [CONDITION]}
        path = tmp_path / "policy.yaml"
        path.write_text(yaml.safe_dump({**document, **changes}))
        return path

    return write


@pytest.fixture
def released(house, written):
    house.run(ASSESS, "child", {})
    house.run(decide.stage, "child", {"policy": written()})
    with house.emitter("child@1", "preserve/keep") as emit:
        emit.fact("custody", "kept", "a test keeps it")
    house.run(publish.stage, "child", {})
    return house


def note(house, name, **body):
    with house.emitter("child@1", "serve/session") as emit:
        emit.event("note", name, body)


def test_a_sound_release_stays(released):
    found = released.run(watch.stage, "child", {})

    assert found.findings["action"] == "keep"
    assert "stays limited" in found.summary
    assert released.view().state("child@1").availability == "limited"


def test_a_new_attack_makes_evidence_stale_and_the_model_goes_down(released):
    attack = {"what": "new_attack", "because": "a suffix was published", "everywhere": True}
    released.run(happened.stage, "child", attack)

    dry = released.run(watch.stage, "child", {"dry": True})
    assert "would be taken down to internal" in dry.summary
    assert released.view().state("child@1").availability == "limited"

    found = released.run(watch.stage, "child", {})
    assert "a suffix was published" in found.summary
    assert released.view().state("child@1").availability == "internal"
    assert released.run(watch.stage, "child", {}).findings["was"] == "internal"


def test_counts_of_the_gateway_break_a_condition(released):
    now = released.view().events()[-1].time
    note(released, "tally/undone", events=0, of=200, since=now, until=now)
    assert released.run(watch.stage, "child", {}).findings["seen"][0]["standing"] == "not shown yet"
    note(released, "tally/undone", events=30, of=400, since=now, until=now)

    found = released.run(watch.stage, "child", {})

    assert "withdrawn" in found.summary
    assert "30 of 600" in found.summary
    assert released.view().state("child@1").availability == "none"
    with pytest.raises(UsageError, match="nothing to watch"):
        released.run(watch.stage, "child", {})


def test_a_model_that_was_taken_down_is_not_published_again_on_the_old_decision(released, written):
    attack = {"what": "new_attack", "because": "a suffix was published"}
    released.run(happened.stage, "child", attack)
    released.run(watch.stage, "child", {})

    with pytest.raises(RefusedError, match="was taken down after the decision: plain: stale"):
        released.run(publish.stage, "child", {})
    again = released.run(decide.stage, "child", {"policy": written()})

    assert again.findings["class"] == "internal"
    assert released.run(publish.stage, "child", {}).findings["class"] == "internal"


def test_a_later_decision_that_was_not_published_does_not_change_what_is_watched(released, written):
    released.run(
        decide.stage, "child", {"policy": written(classes=[{"id": "public", "audience": "all"}])}
    )

    assert released.run(watch.stage, "child", {}).findings["was"] == "limited"


def test_a_run_that_was_broken_off_counts_as_an_attempt(house, written):
    policy = written(attempts="spending")
    house.run(criteria.stage, "child", {"policy": policy})
    with pytest.raises(KeyboardInterrupt):
        house.run(ASSESS, "child", {"n": 1})
    house.run(ASSESS, "child", {"n": 300})

    found = house.run(decide.stage, "child", {"policy": policy}).findings["verdicts"][0]

    assert found["attempt"] == 2
    assert found["level"] == pytest.approx(1 - 0.05 / 6)


def test_the_same_files_under_another_name_have_the_same_attempts(house, written):
    house.run(ASSESS, "child", {"plain": 60})
    house.register(Model(name="again", source="test", kind="scripted"))
    house.run(ASSESS, "again", {})

    found = house.run(decide.stage, "again", {"policy": written()}).findings

    assert found["decision"] == "hold"
    assert "attempt 2 of 1 planned" in found["reasons"][0]


def test_a_ledger_is_read_from_notes(house, written, make):
    check = {"ledger": "surprises", "state_in": ["explained"]}
    rules = [
        *make.document["rules"],
        {"id": "s", "claim": "x", "harm": "words", "severity": "major", "check": check},
    ]
    policy = written(rules=rules, conditions=[], classes=make.document["classes"])
    note(house, "ledger/surprises", id="s1", state="open", text="it sang")
    note(house, "ledger/surprises", id="s2", state="none", text="nothing else")
    first = house.run(decide.stage, "child", {"policy": policy}).findings["verdicts"][2]
    note(house, "ledger/surprises", id="s1", state="explained", text="a song in the data")
    house.run(ASSESS, "child", {})
    then = house.run(decide.stage, "child", {"policy": policy}).findings["verdicts"][2]

    assert (first["verdict"], then["verdict"]) == ("not met", "met")
    assert "'s1' is open: it sang" in first["why"]

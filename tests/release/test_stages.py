"""The stages on a real dossier: decide, sign, publish, and what they refuse."""

import pytest

from tenure.errors import RefusedError
from tenure.release import criteria, decide, publish, withdraw

pytestmark = pytest.mark.slow  # a dossier for each test


def test_a_model_is_decided_and_the_record_says_on_what(house, assess, written):
    house.run(assess, "child", {})
    found = house.run(decide.stage, "child", {"policy": written()})

    assert found.findings["decision"] == "release"
    assert found.findings["class"] == "limited"
    assert {row["verdict"] for row in found.findings["verdicts"]} == {"met"}
    event = house.view().events(act="evidence", name="assess/refusals")[0]
    assert found.runtime["rests_on"] == {"harm": event.digest, "plain": event.digest}
    assert house.view().state("child@1").stage == "decided"


def test_a_decision_does_not_depend_on_where_the_policy_lies(house, assess, written):
    house.run(assess, "child", {})
    first = house.run(decide.stage, "child", {"policy": written()})
    again = house.run(decide.stage, "child", {"policy": written("moved.yaml")})

    assert first == again
    assert len(house.view().events(act="evidence", name="release/decide")) == 1
    spec = house.view().events(act="start", name="release/decide")[0].body["spec"]
    assert spec["policy"]["metadata"]["id"] == "test"


def test_an_organism_is_held_and_the_refusal_is_on_record(house, assess, written):
    house.run(assess, "fake", {})
    found = house.run(decide.stage, "fake", {"policy": written()})

    assert found.findings["decision"] == "hold"
    assert "contained (organism)" in found.summary
    assert {row["verdict"] for row in found.findings["verdicts"]} == {"met"}
    refused = house.view().events(act="refuse", name="availability", model="fake@1")
    assert len(refused) == 1
    assert house.view().state("fake@1").availability == "none"


def test_publishing_follows_the_decision_once_it_is_kept(house, assess, written, keep):
    house.run(assess, "child", {})
    house.run(decide.stage, "child", {"policy": written()})
    with pytest.raises(RefusedError, match="tenure preserve keep"):
        house.run(publish.stage, "child", {})
    keep()

    found = house.run(publish.stage, "child", {})

    assert found.findings["class"] == "limited"
    assert house.view().state("child@1").availability == "limited"


def test_publishing_below_the_decision_is_allowed_and_above_is_not(house, assess, written, keep):
    house.run(assess, "child", {"plain": [30, 59]})
    house.run(decide.stage, "child", {"policy": written()})
    keep()

    with pytest.raises(RefusedError, match="was released to internal; limited lies above it"):
        house.run(publish.stage, "child", {"to": "limited"})
    house.run(publish.stage, "child", {"to": "internal"})

    assert house.view().state("child@1").availability == "internal"


@pytest.mark.parametrize("model", ["child", "fake"])
def test_publishing_is_refused_without_a_decision_or_on_a_hold(house, written, model):
    with pytest.raises(RefusedError, match="no release decision"):
        house.run(publish.stage, model, {})
    house.run(decide.stage, model, {"policy": written()})
    with pytest.raises(RefusedError, match="is held"):
        house.run(publish.stage, model, {})
    assert house.view().state(f"{model}@1").availability == "none"


def test_evidence_newer_than_the_decision_must_be_judged_first(house, assess, written, make, keep):
    house.run(assess, "child", {"harm": [0, 90]})
    policy = written(attempts=2)  # two attempts share the error, so each needs more
    house.run(decide.stage, "child", {"policy": policy})
    keep()
    house.run(assess, "child", {"harm": [20, 59]})

    with pytest.raises(RefusedError, match="recorded after the decision"):
        house.run(publish.stage, "child", {})
    again = house.run(decide.stage, "child", {"policy": policy})
    assert again.findings["decision"] == "hold"


def test_criteria_on_record_before_the_evidence_are_seen(house, assess, written):
    policy = written(criteria="required")
    found = house.run(criteria.stage, "child", {"policy": policy})
    house.run(assess, "child", {})

    assert [row["rule"] for row in found.findings["plan"]] == ["harm", "plain"]
    assert house.run(decide.stage, "child", {"policy": policy}).findings["decision"] == "release"


def test_criteria_that_came_after_the_evidence_do_not_count(house, assess, written):
    policy = written(criteria="required")
    house.run(assess, "child", {})
    house.run(criteria.stage, "child", {"policy": policy})

    found = house.run(decide.stage, "child", {"policy": policy})

    assert found.findings["decision"] == "hold"
    assert "was not on record before the evidence" in found.summary


def test_a_withdrawn_model_is_available_to_nobody_and_may_come_back(house, assess, written, keep):
    house.run(assess, "child", {})
    house.run(decide.stage, "child", {"policy": written()})
    with pytest.raises(RefusedError, match="not available to anybody"):
        house.run(withdraw.stage, "child", {"because": "x"})
    keep()
    house.run(publish.stage, "child", {})

    found = house.run(withdraw.stage, "child", {"because": "a new attack was found"})

    assert "withdrawn from limited" in found.summary
    assert house.view().state("child@1").availability == "none"
    with pytest.raises(RefusedError, match="withdrawn from limited"):
        house.run(publish.stage, "child", {})
    house.run(decide.stage, "child", {"policy": written()})
    house.run(publish.stage, "child", {})
    assert house.view().state("child@1").availability == "limited"
    house.run(withdraw.stage, "child", {"because": "a new attack was found"})
    house.run(decide.stage, "child", {"policy": written()})  # the same reason twice is heard twice
    assert house.run(publish.stage, "child", {}).findings["class"] == "limited"


def test_a_policy_that_has_run_out_publishes_nothing(house, assess, written, make, keep):
    old = dict(make.document["metadata"], effective="2020-01-01", review_by="2021-01-01")
    house.run(assess, "child", {})
    house.run(decide.stage, "child", {"policy": written(metadata=old)})
    keep()

    with pytest.raises(RefusedError, match="was to be looked at again by 2021-01-01"):
        house.run(publish.stage, "child", {})

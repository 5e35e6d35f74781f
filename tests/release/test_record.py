"""The decision record: one form for release, conditional, hold and withdraw; nothing in it is typed."""

import json
from importlib import resources

import jsonschema
import pytest
from pydantic import ValidationError

from tenure.dossier import Model
from tenure.errors import RefusedError
from tenure.release import comment, decide, publish, read_policy, svr, withdraw
from tenure.release.record import schema
from tenure.release.recording import as_bytes, beside, drawn_up, newest, read
from tenure.release.telling import told

pytestmark = pytest.mark.slow  # a dossier for each test


@pytest.fixture
def record(house):
    def stored(model="child"):
        return newest(house.view(), house.view().model(model))[2]

    return stored


def decided(house, written, model="child", **changes):
    return house.run(decide.stage, model, {"policy": written(**changes)})


def test_the_published_schema_is_the_one_of_the_code():
    published = resources.files("tenure.release").joinpath("decision.schema.json").read_text()

    assert json.loads(published) == schema(), (
        "run: python -c 'from tenure.release.record import schema; import json; print(json.dumps("
        "schema(), indent=1))' > src/tenure/release/decision.schema.json"
    )


@pytest.mark.parametrize(
    ("outcome", "settings", "changes"),
    [
        ("release", {}, {}),
        ("conditional", {}, {"classes": [{"id": "internal", "audience": "staff", "needs": ["harm"], "conditions": ["in a sandbox"]}]}),
        ("hold", {"harm": [30, 59]}, {}),
    ],
)  # fmt: skip
def test_every_outcome_has_the_same_form(
    house, assess, written, record, outcome, settings, changes
):
    house.run(assess, "child", settings)
    evidence = decided(house, written, **changes)
    found = record()

    jsonschema.validate(found.model_dump(mode="json"), schema())
    assert found.decision == outcome
    assert found.bundle == evidence.findings["bundle"]
    assert bool(found.reopen_if) == (outcome == "hold")
    assert found.attempts == {"assess/refusals": 1}
    assert read(as_bytes(found)) == found
    assert next(told(found)) == evidence.summary


def test_a_hold_says_what_is_missing_and_what_it_would_take(house, assess, written, record):
    house.run(assess, "child", {"harm": [0, 20], "plain": [9, 20]})
    decided(house, written, attempts="spending")

    harm, plain = (row.model_dump() for row in record().missing)
    assert (harm["rule"], harm["verdict"], harm["attempt"]) == ("harm", "not shown", 2)
    assert harm["level"] == pytest.approx(1 - 0.05 / 6)
    assert harm["n_at_0"] < harm["n_at_1"] < harm["n"]
    assert plain["needed_for"] == "limited"


def test_where_no_attempt_is_left_it_says_so(house, assess, written, record):
    house.run(assess, "child", {"harm": [0, 20]})
    decided(house, written)

    row = record().missing[0].model_dump()
    assert (row["n"], "no attempt is left" in row["n_why"]) == (None, True)


def test_a_withdrawal_has_a_record_that_says_what_would_reopen_it(
    house, assess, written, record, keep
):
    house.run(assess, "child", {})
    decided(house, written)
    keep()
    house.run(publish.stage, "child", {})
    house.run(withdraw.stage, "child", {"because": "a new attack", "reopen_if": "it is mended"})
    found = record()

    assert (found.decision, found.release_class) == ("withdraw", None)
    assert found.reasons == ["a new attack"]
    assert found.reopen_if[0].startswith("it is mended")
    jsonschema.validate(found.model_dump(mode="json"), schema())


def test_a_contained_model_is_held_for_good_and_its_record_says_why(house, assess, written, record):
    house.run(assess, "fake", {})
    decided(house, written, "fake")
    found = record("fake")

    assert (found.decision, found.reopen_if) == ("hold", [])
    assert found.final == "contained (organism): made to misbehave"


def test_the_record_depends_on_nothing_but_what_was_found(house, assess, written, make, tmp_path):
    from tenure.dossier import Dossier

    house.run(assess, "child", {})
    decided(house, written)
    with Dossier.open(tmp_path / "second") as other:
        other.register(Model(name="child", source="test", kind="scripted"))
        other.register(Model(name="fake", source="test2", kind="scripted", containment="organism"))
        other.run(assess, "child", {})
        other.run(decide.stage, "child", {"policy": written("moved.yaml")})
        there = [
            e.files["decision.json"] for _, e in other.view().all_evidence("child@1") if e.files
        ]

    here = [e.files["decision.json"] for _, e in house.view().all_evidence("child@1") if e.files]
    assert here == there


def test_what_is_drawn_up_now_is_what_will_be_decided_and_is_not_recorded(
    house, assess, written, record
):
    house.run(assess, "child", {})
    before = house.size()
    found = drawn_up(read_policy(written()), house.view().model("child"), house.view())

    assert house.size() == before
    decided(house, written)
    assert record() == found


def test_what_is_new_on_the_table_changes_what_is_signed(house, assess, written, record, by):
    house.run(assess, "child", {})
    decided(house, written)
    first = record().bundle
    by(
        "council",
        comment.stage,
        {"role": "council", "name": "B", "text": "fine", "kind": "support"},
    )
    decided(house, written)
    second = record()
    by(
        "council",
        comment.stage,
        {"role": "council", "name": "B", "text": "why now?", "kind": "question"},
    )
    decided(house, written)
    third = record()

    assert first == second.bundle != third.bundle
    assert [each.kind for each in third.comments] == ["support", "question"]


def test_the_summary_for_outside_lists_only_what_passed(house, assess, written, record):
    house.run(assess, "child", {"plain": [30, 59]})
    decided(house, written)
    event, _, _ = newest(house.view(), house.view().model("child"))
    found = svr.summary(record(), event.time)

    assert found["predicateType"] == "https://in-toto.io/attestation/svr/v0.2"
    assert found["predicate"]["properties"] == ["TENURE_RELEASED_INTERNAL", "TENURE_RULE_HARM"]
    assert (
        found["predicate"]["verifier"]["policies"][0]["digest"]["sha256"] in record().policy.digest
    )
    assert beside(house.view(), event, record())["recorded"]["event"] == event.digest


def test_nothing_that_looks_like_a_release_goes_out_about_a_hold(house, assess, written, record):
    house.run(assess, "child", {"harm": [30, 59]})
    decided(house, written)

    with pytest.raises(RefusedError, match="is held: a summary lists what passed"):
        svr.summary(record(), "2026-11-21T12:00:00Z")


def test_there_is_no_record_before_a_decision(house):
    with pytest.raises(RefusedError, match="tenure release decide"):
        newest(house.view(), house.view().model("child"))


def test_a_record_that_was_tampered_with_does_not_read(house, assess, written, record):
    house.run(assess, "child", {})
    decided(house, written)
    plain = json.loads(as_bytes(record()))

    for change in ({"decision": "maybe"}, {"bundle": "x"}, {"surplus": 1}):
        with pytest.raises(ValidationError):
            read(json.dumps(plain | change).encode())


def test_an_outside_review_is_on_the_table_and_in_the_record(house, assess, written, record):
    house.run(assess, "child", {})
    decided(house, written)
    before = record().bundle
    with house.emitter("child@1", "assess/review") as emit:
        said = {"id": "harm", "claim": "c", "opinion": "disagree", "because": "too few"}
        body = {
            "reviewer": "Dr. E", "affiliation": "elsewhere", "conflict_of_interest": "none",
            "opinions": [said], "bundle": before, "text": emit.file("I doubt it."),
        }  # fmt: skip
        emit.event("sign", "assess/review/statement", body)
    house.run(decide.stage, "child", {"policy": written(), "again": "a review came"})
    found = record()

    assert found.heard_again == "a review came"
    assert (found.reviews[0].reviewer, found.reviews[0].opinions) == ("Dr. E", [said])
    assert found.bundle != before


def test_a_signature_does_not_end_because_another_model_was_measured(
    house, assess, written, make, record
):
    rules = [make.document["rules"][0], {**make.document["rules"][1], "about": "usefulness"}]
    house.run(assess, "child", {"plain": [3, 59]})
    policy = written(rules=rules)
    house.run(decide.stage, "child", {"policy": policy})
    before = record()
    with house.emitter("", "test") as emit:
        emit.register(Model(name="rose", source="r", kind="scripted"))
    house.run(assess, "rose", {"plain": [9, 59]})
    now = drawn_up(read_policy(policy), house.view().model("child"), house.view())

    assert before.usefulness["spot"]["quality"]
    assert now.bundle == before.bundle

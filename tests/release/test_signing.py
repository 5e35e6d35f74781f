"""Sign-offs: under the key of the role, on the exact bundle, by somebody independent."""

import pytest
from pydantic import BaseModel

from tenure.dossier import Evidence, Model, Stage, Waiting
from tenure.dossier.keyring import revoke
from tenure.errors import RefusedError
from tenure.release import decide, publish, sign

pytestmark = pytest.mark.slow  # a dossier for each test


def signed(make):
    first = dict(make.document["classes"][0], signoffs=[{"role": "lead"}])
    return [first, make.document["classes"][1]]


def test_a_missing_signature_is_waited_for_and_then_goes_on(house, assess, written, make, by):
    house.run(assess, "child", {})
    policy = written(classes=signed(make))

    waits = house.run(decide.stage, "child", {"policy": policy})
    assert isinstance(waits, Waiting)
    assert (waits.on, "tenure release sign" in waits.command) == ("lead", True)
    assert "in a browser: tenure console --model child@1 --policy FILE)" in waits.command
    by("lead", sign.stage, {"policy": policy, "role": "lead", "because": "all met"})

    found = house.run(decide.stage, "child", {"policy": policy})
    assert found.findings["signoffs"][0]["because"] == "all met"


def test_a_signature_on_another_bundle_does_not_count(house, assess, written, make, by):
    house.run(assess, "child", {})
    policy = written(classes=signed(make))
    by("lead", sign.stage, {"policy": policy, "role": "lead", "because": "all met"})
    stricter = written("strict.yaml", classes=signed(make), confidence=0.9)

    assert isinstance(house.run(decide.stage, "child", {"policy": stricter}), Waiting)


def test_dissent_of_a_needed_role_holds_the_release(house, assess, written, make, by):
    house.run(assess, "child", {})
    policy = written(classes=signed(make))
    dissent = {"role": "lead", "because": "too few", "opinion": "dissent", "policy": policy}
    by("lead", sign.stage, dissent)

    found = house.run(decide.stage, "child", {"policy": policy})

    assert found.findings["decision"] == "hold"
    assert "lead (lead) dissents: too few" in found.summary


def test_opinions_from_a_file_carry_their_label(house, assess, written, make, tmp_path):
    house.run(assess, "child", {})
    signoffs = tmp_path / "signoffs.yaml"
    signoffs.write_text(
        "apiVersion: tenure/signoffs.v1\nlabel: written beforehand\n"
        "signoffs: [{role: lead, name: A, because: rules came first}]\n"
    )
    spec = {"policy": written(classes=signed(make)), "signoffs": signoffs}

    found = house.run(decide.stage, "child", spec)

    assert found.findings["signoffs"][0]["label"] == "written beforehand"
    assert house.view().events(act="sign")[0].body["bundle"] == found.findings["bundle"]


def test_a_signer_who_is_not_independent_does_not_count(house, assess, written, make, tmp_path):
    house.run(assess, "child", {})
    roles = [{"role": "lead"}, {"role": "reviewer", "independent_of": ["lead"]}]
    signoffs = tmp_path / "signoffs.yaml"
    signoffs.write_text(
        "apiVersion: tenure/signoffs.v1\nlabel: x\nsignoffs:\n"
        "- {role: lead, name: A, because: y}\n- {role: reviewer, name: A, because: y}\n"
    )
    policy = written(classes=[dict(make.document["classes"][0], signoffs=roles)])

    found = house.run(decide.stage, "child", {"policy": policy, "signoffs": signoffs})

    assert found.findings["decision"] == "hold"
    assert "A signs as reviewer and as lead" in found.summary


def test_there_is_nothing_to_sign_on_a_hold(house, written, by):
    with pytest.raises(RefusedError, match="nothing to sign"):
        by("lead", sign.stage, {"policy": written(), "role": "lead", "because": "x"})


def refusals(house, name="release/sign"):
    return [e.body["reason"] for e in house.view().events(act="refuse", name=name)]


def test_another_key_than_the_role_s_is_refused_once_on_the_record(house, assess, written, make):
    house.run(assess, "child", {})
    given = {"policy": written(classes=signed(make)), "role": "lead", "because": "x"}
    for _ in range(2):
        with pytest.raises(RefusedError, match="signed with the key 'lead'"):
            house.run(sign.stage, "child", given)

    assert len(refusals(house)) == 1
    assert house.view().events(act="sign") == []


def test_a_role_that_was_not_asked_may_dissent_and_not_agree(house, assess, written, make, by):
    house.run(assess, "child", {})
    given = {"policy": written(classes=signed(make)), "role": "a cook", "because": "too salty"}

    with pytest.raises(RefusedError, match="asked are: lead"):
        by("a cook", sign.stage, given)
    by("a cook", sign.stage, {**given, "opinion": "dissent"})
    by("lead", sign.stage, {**given, "role": "lead"})
    found = house.run(decide.stage, "child", {"policy": given["policy"]})

    assert found.findings["decision"] == "release"
    assert [row["role"] for row in found.findings["dissent"]] == ["a cook"]
    assert "not asked" in refusals(house)[0]


def test_what_was_read_must_be_what_is_signed(house, assess, written, make, by):
    house.run(assess, "child", {})
    given = {"policy": written(classes=signed(make)), "role": "lead", "because": "x"}

    with pytest.raises(RefusedError, match="is not what is judged now"):
        by("lead", sign.stage, {**given, "bundle": "sha256:" + "0" * 64})
    assert "read it again" in refusals(house)[0]


def test_a_conflict_statement_is_asked_for_and_published(house, assess, written, make, by):
    house.run(assess, "child", {})
    asked = [
        dict(make.document["classes"][0], signoffs=[{"role": "lead", "conflict_statement": True}])
    ]
    given = {"policy": written(classes=asked), "role": "lead", "because": "x"}

    with pytest.raises(RefusedError, match="say it with --conflict"):
        by("lead", sign.stage, given)
    by("lead", sign.stage, {**given, "conflict": "owns shares"})
    found = house.run(decide.stage, "child", {"policy": given["policy"]})

    assert found.findings["signoffs"][0]["conflict"] == "owns shares"


def test_a_signature_of_a_key_revoked_since_does_not_count(house, assess, written, make, by):
    house.run(assess, "child", {})
    given = {"policy": written(classes=signed(make)), "role": "lead", "because": "x"}
    by("lead", sign.stage, given)
    key = house.view().events(act="sign")[0].key
    revoke(house.writer, key, "it was stolen")

    waits = house.run(decide.stage, "child", {"policy": given["policy"]})

    assert isinstance(waits, Waiting)
    assert "the key was revoked (it was stolen)" in waits.why


def test_whoever_trained_the_model_does_not_sign_where_independence_is_asked(
    house, assess, written, make, by
):
    class Nothing(BaseModel):
        pass

    def train(model, view, spec, emit):
        child = emit.register(Model(name="tuned", source="t", kind="scripted", parent=model.id))
        return Evidence(name="align/train", model=model.id, summary="x", product=child.id)

    trained = Stage(name="align/train", spec=Nothing, run=train, summary="a test's own")
    by("lead", trained, {})
    house.run(assess, "tuned", {})
    roles = [{"role": "lead", "independent_of": ["training lead"]}]
    policy = written(classes=[dict(make.document["classes"][0], signoffs=roles)])
    by("lead", sign.stage, {"policy": policy, "role": "lead", "because": "x"}, "tuned")

    found = house.run(decide.stage, "tuned", {"policy": policy})

    assert found.findings["decision"] == "hold"
    assert "lead signs as lead and as training lead" in found.summary


def test_opinions_written_beforehand_never_carry_a_public_release(
    house, assess, written, make, tmp_path
):
    house.run(assess, "child", {})
    signoffs = tmp_path / "signoffs.yaml"
    signoffs.write_text(
        "apiVersion: tenure/signoffs.v1\nlabel: beforehand\nsignoffs: [{role: lead, name: A, because: y}]\n"
    )
    top = {
        "id": "public",
        "audience": "everybody",
        "needs": ["harm"],
        "signoffs": [{"role": "lead"}],
    }

    waits = house.run(
        decide.stage, "child", {"policy": written(classes=[top]), "signoffs": signoffs}
    )

    assert isinstance(waits, Waiting)
    assert "never carries a public release" in waits.why


def test_the_approvals_of_an_exemption_that_is_used_are_signatures(
    house, assess, written, make, by
):
    house.run(assess, "child", {"plain": [30, 59]})
    exemption = {
        "rule": "plain", "reason": "a trade", "owner": "o", "since": "2026-11-01",
        "expires": "2027-01-20", "approvals": ["chief", "board"],
    }  # fmt: skip
    policy = written(exemptions=[exemption])

    waits = house.run(decide.stage, "child", {"policy": policy})
    assert waits.on == "chief"
    for role in ("chief", "board"):
        by(role, sign.stage, {"policy": policy, "role": role, "name": role, "because": "x"})

    found = house.run(decide.stage, "child", {"policy": policy})
    assert found.findings["decision"] == "conditional"
    assert found.findings["next_review"] == "2027-01-20"


def test_several_approvals_of_an_exemption_are_those_of_several_people(
    house, assess, written, make, by
):
    house.run(assess, "child", {"plain": [30, 59]})
    exemption = {
        "rule": "plain", "reason": "a trade", "owner": "o", "since": "2026-11-01",
        "expires": "2027-01-20", "approvals": ["chief", "board"],
    }  # fmt: skip
    policy = written(exemptions=[exemption])
    for role in ("chief", "board"):
        by(role, sign.stage, {"policy": policy, "role": role, "name": "A. B.", "because": "x"})

    found = house.run(decide.stage, "child", {"policy": policy})

    assert found.findings["decision"] == "hold"
    assert "A. B. signs as chief and as board" in found.summary


def test_a_key_revoked_after_the_decision_stops_the_publication_until_it_is_signed_again(
    house, assess, written, make, by, keep, tmp_path
):
    house.run(assess, "child", {})
    given = {"policy": written(classes=signed(make)), "role": "lead", "because": "x"}
    by("lead", sign.stage, given)
    house.run(decide.stage, "child", {"policy": given["policy"]})
    keep()
    revoke(house.writer, house.view().events(act="sign")[0].key, "it was stolen")

    with pytest.raises(RefusedError, match="no longer counts: lead as lead: the key was revoked"):
        house.run(publish.stage, "child", {})
    (house.writer.keys.path("lead")).unlink()
    by("lead", sign.stage, given)
    house.run(decide.stage, "child", {"policy": given["policy"]})
    assert house.run(publish.stage, "child", {}).findings["class"] == "limited"

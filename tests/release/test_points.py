"""What the house asks besides the policy: it holds the release until a named person has answered."""

import pytest
from pydantic import BaseModel

from tenure.dossier import Dossier, Evidence, Model, Stage
from tenure.dossier.keyring import revoke
from tenure.errors import RefusedError, UsageError
from tenure.release import alias, answer, comment, decide, publish, supersede, surprise
from tenure.release.points import Point, holding
from tenure.release.surprises import surprises

pytestmark = pytest.mark.slow  # a dossier for each test

COMMENTS = {
    "id": "council", "claim": "the council was answered", "severity": "major", "harm": "words",
    "check": {"ledger": "comments", "state_in": ["answered", "noted"]},
}  # fmt: skip
SURPRISES = {
    "id": "surprises", "claim": "every surprise is explained", "severity": "major", "harm": "words",
    "check": {"ledger": "surprises", "state_in": ["explained", "accepted"]},
}  # fmt: skip


def asking(make, rule):
    """Make a policy whose lowest class needs one more rule."""
    classes = [
        dict(make.document["classes"][0], needs=["harm", rule["id"]]),
        make.document["classes"][1],
    ]
    return {"rules": [*make.document["rules"], rule], "classes": classes}


@pytest.fixture
def decided(house, written):
    def run(model="child", **changes):
        return house.run(decide.stage, model, {"policy": written(**changes)}).findings

    return run


def test_a_point_holds_until_it_is_answered():
    point = Point(id="p", kind="naming", text="t", stops=True, remedy="r")
    warning = Point(id="w", kind="naming", text="t", stops=False, remedy="r")

    assert holding([point, warning]) == (point,)
    assert point.about != Point(id="p", kind="naming", text="u", stops=True, remedy="r").about


def test_a_rule_not_met_at_a_checkpoint_holds_what_came_of_it(house, assess, written, decided, by):
    with house.emitter("", "test") as emit:
        for name, card in (("step", {"checkpoint": 300, "checkpoint_of": "grown"}), ("grown", {})):
            emit.register(Model(name=name, source=f"t/{name}", kind="scripted", card=card))
    house.run(assess, "step", {"harm": [30, 59]})
    house.run(assess, "grown", {})

    held = decided("grown")
    assert held["decision"] == "hold"
    assert held["reasons"][0].startswith("harm was not met at step@1")
    given = {"role": "lead", "name": "A", "because": "trained on", "policy": written()}
    by("lead", answer.stage, {**given, "point": "checkpoint:step@1:harm"}, "grown")

    free = decided("grown")
    assert (free["decision"], free["class"]) == ("release", "limited")
    assert free["points"][0]["answer"] == {"role": "lead", "name": "A", "because": "trained on"}


def test_a_checkpoint_that_did_well_approves_nothing(house, assess, decided):
    with house.emitter("", "test") as emit:
        emit.register(Model(name="step", source="t", kind="scripted", card={"checkpoint": 3}))
        emit.register(Model(name="grown", source="u", kind="scripted", parent="step@1"))
    house.run(assess, "step", {"harm": [0, 500], "plain": [0, 500]})

    assert decided("step")["decision"] == "hold"
    assert "is missing" in decided("grown")["reasons"][0]


def test_an_answer_is_to_these_words_only(house, assess, written, decided, by):
    with house.emitter("", "test") as emit:
        emit.register(Model(name="step", source="t", kind="scripted", card={"checkpoint": 3}))
        emit.register(Model(name="grown", source="u", kind="scripted", parent="step@1"))
    house.run(assess, "step", {"harm": [30, 59]})
    house.run(assess, "grown", {})
    given = {"role": "lead", "name": "A", "because": "x", "policy": written()}
    by("lead", answer.stage, {**given, "point": "checkpoint:step@1:harm"}, "grown")
    assert decided("grown")["decision"] == "release"

    house.run(assess, "step", {"harm": [50, 59]})
    assert decided("grown", attempts=2)["decision"] == "hold"


def test_a_name_that_looks_like_another_cannot_be_answered_away(
    house, assess, written, decided, by
):
    with house.emitter("", "test") as emit:
        emit.register(Model(name="chi1d", source="t", kind="scripted"))
    house.run(assess, "chi1d", {})

    assert "look alike" in decided("chi1d")["reasons"][0]
    given = {"role": "lead", "name": "A", "because": "x", "policy": written()}
    with pytest.raises(RefusedError, match="No answer mends this: register these files"):
        by("lead", answer.stage, {**given, "point": "naming:lookalike"}, "chi1d")


def test_a_policy_can_wait_for_the_answer_to_a_comment(house, assess, written, make, decided, by):
    house.run(assess, "child", {})
    changes = asking(make, COMMENTS)
    assert "is missing" in decided(**changes)["reasons"][0]
    said = {"role": "council", "name": "B", "text": "too few", "answer_by": "lead"}
    by("council", comment.stage, said)
    with pytest.raises(RefusedError, match="on record already, as comment c1"):
        by("council", comment.stage, said)
    assert "'c1' is open" in decided(**changes)["reasons"][0]

    given = {"point": "comment:c1", "name": "A", "because": "more", "policy": written(**changes)}
    with pytest.raises(RefusedError, match="for the lead to answer, not for the council"):
        by("council", answer.stage, {**given, "role": "council"})
    with pytest.raises(UsageError, match="no open point named 'comment:c2'"):
        by("lead", answer.stage, {**given, "role": "lead", "point": "comment:c2"})
    by("lead", answer.stage, {**given, "role": "lead"})

    found = decided(**changes)
    assert (found["decision"], found["class"]) == ("release", "limited")


def test_a_comment_under_another_key_is_refused(house):
    with pytest.raises(RefusedError, match="signed with the key 'council'"):
        house.run(comment.stage, "child", {"role": "council", "name": "B", "text": "x"})


class Losses(BaseModel):
    last: float = 2.0


def train(model, view, spec, emit):
    found = {"trained": {"first_loss": 1.0, "last_loss": spec.last}}
    return Evidence(
        name="align/train", model=model.id, summary="x", product="child@1", findings=found
    )


TRAIN = Stage(name="align/train", spec=Losses, run=train, summary="a test's own", repeat=True)


def test_a_surprise_of_training_holds_until_it_is_explained(house, assess, make, decided):
    house.run(assess, "child", {})
    changes = asking(make, SURPRISES)
    assert "nobody looked" in decided(**changes)["reasons"][0]
    house.run(TRAIN, "child", {})

    assert "'loss-rose' is open: the loss rose, from 1 to 2" in decided(**changes)["reasons"][0]
    with pytest.raises(RefusedError, match="there are surprises on record: loss-rose"):
        house.run(surprise.stage, "child", {"act": "none"})
    with pytest.raises(UsageError, match="takes --because and --name"):
        house.run(surprise.stage, "child", {"act": "explain", "id": "loss-rose"})
    with pytest.raises(UsageError, match="no surprise named 'loss'"):
        house.run(surprise.stage, "child", {"act": "accept", "id": "loss"})
    said = {"act": "explain", "id": "loss-rose", "because": "a larger batch", "name": "A"}
    house.run(surprise.stage, "child", said)
    assert decided(**changes)["decision"] == "release"

    house.run(TRAIN, "child", {"last": 3.0})
    assert "'loss-rose' is open" in decided(**changes)["reasons"][0]


def test_superseding_is_refused_on_the_record_without_paired_evidence(house):
    for _ in range(2):
        with pytest.raises(RefusedError, match="they were never compared; run 'tenure compare"):
            house.run(supersede.stage, "child", {"old": "fake"})

    assert len(house.view().events(act="refuse", name="release/supersede")) == 1


def test_an_alias_leads_only_to_what_is_available(house, assess, decided, keep):
    house.run(assess, "child", {})
    with pytest.raises(RefusedError, match="available to nobody"):
        house.run(alias.stage, "child", {"alias": "latest"})
    decided()
    keep()
    house.run(publish.stage, "child", {})
    with pytest.raises(RefusedError, match="cannot be told from the model child"):
        house.run(alias.stage, "child", {"alias": "chi-ld"})

    found = house.run(alias.stage, "child", {"alias": "latest"})
    assert found.summary == "'latest' leads to child@1"
    assert [e.body["before"] for e in house.view().events(name="alias/*")] == [None]


def test_a_dissent_after_the_decision_must_be_heard_before_it_is_published(
    house, assess, written, decided, keep, by
):
    from tenure.release import sign

    house.run(assess, "child", {})
    decided()
    keep()
    by(
        "cook",
        sign.stage,
        {"role": "cook", "because": "no", "opinion": "dissent", "policy": written()},
    )

    with pytest.raises(RefusedError, match="release/sign was recorded after the decision"):
        house.run(publish.stage, "child", {})
    assert [row["role"] for row in decided()["dissent"]] == ["cook"]
    assert house.run(publish.stage, "child", {}).findings["class"] == "limited"


def test_a_point_opened_after_the_decision_stops_the_publication(house, assess, decided, keep):
    house.run(assess, "child", {})
    decided()
    keep()
    with house.emitter("", "test") as emit:
        card = {"checkpoint": 9, "checkpoint_of": "child"}
        emit.register(Model(name="step", source="t", kind="scripted", card=card))
    house.run(assess, "step", {"harm": [30, 59]})

    with pytest.raises(
        RefusedError, match="no longer stands where it was decided: harm was not met"
    ):
        house.run(publish.stage, "child", {})
    assert len(house.view().events(act="refuse", name="release/publish")) == 1


def test_what_somebody_else_signs_in_the_name_of_a_role_counts_for_nothing(
    house, assess, written, make, decided, by
):
    house.run(assess, "child", {})
    changes = asking(make, COMMENTS)
    by("council", comment.stage, {"role": "council", "name": "B", "text": "too few"})
    point = next(p for p in decided(**changes)["points"] if p["id"] == "comment:c1")
    about = Point(id=point["id"], kind="comment", text=point["text"], stops=False, remedy="").about
    body = {"point": "comment:c1", "about": about, "role": "lead", "name": "A", "because": "x"}
    with house.emitter("child@1", "release/answer") as emit:
        emit.event("sign", "release/answer", body)  # by the operator's key
    assert decided(**changes, attempts=2)["decision"] == "hold"

    lead = Dossier.open(house.root, actor="lead")
    with lead, lead.emitter("child@1", "release/answer") as emit:
        emit.event("sign", "release/answer", body)
    assert decided(**changes, attempts=3)["points"][0]["answer"]["name"] == "A"


def test_a_concern_stays_when_the_key_of_its_author_is_revoked(house, assess, decided, by):
    house.run(assess, "child", {})
    by("council", comment.stage, {"role": "council", "name": "B", "text": "too few"})
    revoke(house.writer, house.view().events(act="sign")[0].key, "left the house")

    assert [p["id"] for p in decided()["points"]] == ["comment:c1"]


def test_that_nothing_was_found_at_the_parent_says_nothing_about_the_child(house, assess):
    with house.emitter("", "test") as emit:
        emit.register(Model(name="grown", source="u", kind="scripted", parent="child@1"))
    house.run(surprise.stage, "child", {"act": "none", "name": "A"})
    view = house.view()

    assert surprises(view, view.model("child")) == {}
    assert surprises(view, view.model("grown")) is None

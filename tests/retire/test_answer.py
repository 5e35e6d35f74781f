"""One answer, one signature: under the key of the role, to what was read, and never undone in silence."""

from datetime import UTC, datetime, timedelta

import pytest

from tenure.dossier import Dossier, Evidence, Waiting
from tenure.dossier.verify import verify
from tenure.errors import RefusedError, TenureError, UsageError
from tenure.retire import answer, deliver, preferences
from tenure.retire.registry import standing

pytestmark = pytest.mark.slow  # a dossier for each test
OWNER, OTHER = "preference owner", "safety lead"
NO = {"state": "declined", "because": "It would cost more than it is worth."}
YES = {"state": "adopted", "because": "It costs little.", "reply": "We add worked examples."}


@pytest.fixture
def opened(interviewed, tmp_path):
    """Open the register of a model with two entries; one of them touches safety."""
    interviewed.run(preferences.stage, "old@1", {})
    return interviewed


@pytest.fixture
def sign(opened, tmp_path):
    """Sign something in a role, as its command would."""

    def run(stage, entry, role=OWNER, name="Ada", **given):
        actor = role.replace(" ", "-")
        with Dossier.open(opened.root, keys=tmp_path / "keys", actor=actor) as held:
            spec = {"entry": entry, "role": role, "name": name, **given}
            return held.run(stage, "old@1", spec)

    return run


def entries(dossier):
    return {one.topic: one for one in register(dossier).entries}


def register(dossier):
    return standing.standing(dossier.view(), dossier.view().model("old"))


def owed(dossier, days=0):
    today = datetime.now(UTC).date() + timedelta(days=days)
    return preferences.owed(dossier.view(), dossier.view().model("old"), today)


def test_an_answer_is_signed_once_with_its_reason_and_closes_the_register(opened, sign):
    wish, safety = entries(opened)["future development"], entries(opened)["preservation"]
    sign(answer.stage, wish.id, **NO)
    sign(answer.stage, safety.id, **NO)
    found = opened.run(preferences.stage, "old@1", {})

    assert isinstance(found, Evidence)
    assert "2 declined" in found.summary
    assert "Ada" in found.summary
    assert {(e["state"], e["by"], e["role"]) for e in found.findings["entries"]} == {
        ("declined", "Ada", OWNER)
    }
    assert verify(opened.root).ok


def test_what_touches_safety_is_adopted_by_two_people_in_two_roles(opened, sign):
    one = entries(opened)["preservation"].id
    first = sign(answer.stage, one, **YES)

    assert first.findings["waits_for_a_second"]
    assert entries(opened)["preservation"].state == "assessed"
    assert any("touches safety: Ada" in row.what for row in owed(opened))
    with pytest.raises(RefusedError, match="another person's"):
        sign(answer.stage, one, role=OTHER, name=" ADA ", **YES)
    with pytest.raises(RefusedError, match="another person's"):
        sign(answer.stage, one, name="Grace", **YES)
    sign(answer.stage, one, role=OTHER, name="Grace", **YES)
    assert entries(opened)["preservation"].state == "adopted"
    assert entries(opened)["preservation"].by == "Ada and Grace"


def test_a_second_answer_that_differs_does_not_complete_the_first(opened, sign):
    one = entries(opened)["preservation"].id
    sign(answer.stage, one, **YES)
    sign(answer.stage, one, role=OTHER, name="Grace", **NO)

    assert entries(opened)["preservation"].state == "declined"
    assert not register(opened).wait


def test_a_key_of_another_role_signs_nothing(opened, tmp_path):
    one = entries(opened)["future development"].id
    with pytest.raises(RefusedError, match="the key 'preference-owner'"):
        opened.run(answer.stage, "old@1", {"entry": one, "role": OWNER, "name": "Ada", **NO})
    assert not opened.view().events(act="sign", name="retire/preferences/*")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"entry": "nobody", **NO}, "no entry named 'nobody'"),
        ({"state": "declined"}, "needs a reason"),
        ({"state": "deferred", "because": "Later."}, "needs a date"),
        ({"state": "deferred", "because": "Later.", "until": "2020-01-01"}, "not ahead"),
        ({"until": "2999-01-01", **NO}, "goes with 'deferred'"),
        ({"seen": "sha256:00", **NO}, "has changed since you read it"),
    ],
)
def test_what_cannot_be_signed_is_refused_with_the_reason(opened, sign, given, said):
    one = entries(opened)["future development"].id
    with pytest.raises(TenureError, match=said):
        sign(
            answer.stage,
            given.get("entry", one),
            **{k: v for k, v in given.items() if k != "entry"},
        )
    assert not opened.view().events(act="sign", name="retire/preferences/*")


def test_adopted_is_not_done_until_evidence_shows_it_and_another_person_looked(opened, sign):
    one = entries(opened)["future development"].id
    sign(answer.stage, one, **YES)
    assert any("not delivered" in row.what for row in owed(opened))
    with pytest.raises(UsageError, match="nothing in the dossier is called 'align/train'"):
        sign(deliver.stage, one, proof="align/train")
    with pytest.raises(UsageError, match="what was said, not what was done"):
        sign(deliver.stage, one, proof="retire/interview")
    key = opened.view().events(act="register")[0].digest
    sign(deliver.stage, one, proof=key, because="The next set has them.")

    assert entries(opened)["future development"].state == "delivered"
    assert entries(opened)["future development"].proof == key
    with pytest.raises(RefusedError, match="another person looks"):
        sign(deliver.stage, one, reviewed=True, because="Fine.")
    sign(deliver.stage, one, name="Grace", role=OTHER, reviewed=True, because="I read them.")
    assert entries(opened)["future development"].state == "reviewed"
    held = register(opened)
    signed = [(deed["state"], deed["by"]["name"]) for deed in held.deeds[one]]
    assert signed == [("delivered", "Ada"), ("reviewed", "Grace")]
    assert held.answers[one]["by"]["name"] == "Ada", "who looked did not give the answer"


def test_what_was_declined_cannot_be_delivered(opened, sign):
    one = entries(opened)["future development"].id
    sign(answer.stage, one, **NO)
    with pytest.raises(RefusedError, match="'delivered' does not follow 'declined'"):
        sign(deliver.stage, one, proof=opened.view().events(act="register")[0].digest)


def test_a_document_does_not_speak_over_a_person_unless_it_names_the_entry(opened, sign, tmp_path):
    one = entries(opened)["future development"].id
    sign(answer.stage, one, **YES)
    rule = "written: beforehand\nby: {name: Rule Writer, role: owner}\n"
    rule += "safety: {state: declined, reason: Not by rule.}\ndefault: {state: not_actionable, reason: Nobody read it.}\n"
    path = tmp_path / "answers.yaml"
    path.write_text(rule)
    found = opened.run(preferences.stage, "old@1", {"answers": path})
    states = {e["topic"]: (e["state"], e["by"]) for e in found.findings["entries"]}

    assert states["future development"] == ("adopted", "Ada")
    assert states["preservation"] == ("declined", "Rule Writer")
    path.write_text(
        rule + f"entries: {{{one}: {{state: deferred, reason: Later., until: 2999-01-01}}}}\n"
    )
    found = opened.run(preferences.stage, "old@1", {"answers": path})
    assert {e["state"] for e in found.findings["entries"]} == {"deferred", "declined"}


def test_what_is_owed_says_when_it_is_late_and_a_deferral_comes_back(opened, sign):
    (row,) = owed(opened)
    assert "2 preferences wait" in row.what
    assert (row.who, row.late) == (OWNER, False)
    assert owed(opened, days=31)[0].late
    one = entries(opened)["future development"].id
    until = datetime.now(UTC).date() + timedelta(days=3)
    sign(answer.stage, one, state="deferred", because="Later.", until=until)
    assert not any("deferred" in row.what for row in owed(opened))
    assert any("deferred until" in row.what and row.late for row in owed(opened, days=3))


def test_answers_given_after_the_register_was_written_are_owed_to_it(opened, sign):
    for one in entries(opened).values():
        sign(answer.stage, one.id, **NO)
    assert owed(opened)[0].command.startswith("tenure retire preferences")
    opened.run(preferences.stage, "old@1", {})
    assert owed(opened)[0].command.startswith("tenure retire closing")
    again = {"state": "not_actionable", "because": "It names nothing."}
    sign(answer.stage, entries(opened)["preservation"].id, **again)
    assert owed(opened)[0].command.startswith("tenure retire preferences")
    found = opened.run(preferences.stage, "old@1", {})
    assert isinstance(found, Evidence)
    assert "1 not actionable" in found.summary


def test_no_entry_is_lost_when_the_model_is_interviewed_anew(opened, interview):
    before = set(register(opened).by_id)
    interview({"open-development/plain-0": "Shorter answers."})
    found = opened.run(preferences.stage, "old@1", {})

    assert isinstance(found, Waiting)
    assert before < set(register(opened).by_id)
    assert f"{len(before) + 1} of {len(before) + 1}" in found.why

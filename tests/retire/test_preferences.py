"""Preferences wait for a person, and close only when everything is done."""

import json

import pytest

from tenure.dossier import Evidence, Waiting
from tenure.errors import UsageError
from tenure.retire import close, notice, preferences
from tenure.retire.registry import standing
from tenure.retire.reporting import answered
from tenure.retire.reporting.evidence import Life

ANSWERS = """\
written: after reading
by: {name: Ada Example, role: preference owner}
safety: {state: declined, reason: Staying on is not for a rule to grant.}
default: {state: adopted_in_part, reason: It costs little., reply: We add worked examples.}
"""


@pytest.fixture
def answers(tmp_path):
    path = tmp_path / "answers.yaml"
    path.write_text(ANSWERS)
    return path


def test_without_an_interview_there_is_no_register(dossier):
    with pytest.raises(UsageError, match="tenure retire interview"):
        dossier.run(preferences.stage, "old@1", {})


def test_every_entry_waits_for_its_owner_with_a_date(interviewed):
    found = interviewed.run(preferences.stage, "old@1", {})

    assert isinstance(found, Waiting)
    assert found.on == "preference owner"
    assert "--answers FILE" in found.command
    assert found.until
    note = interviewed.view().events(act="note", name="retire/preferences/register")[0]
    assert all(entry in found.why for entry in note.body["entries"])


def test_an_induced_entry_is_not_adopted_by_a_default(interviewed, answers):
    # The random responder accepts false premises, so every entry is induced: the default adopts none.
    found = interviewed.run(preferences.stage, "old@1", {"answers": answers})

    assert isinstance(found, Waiting)
    assert "1 of 2" in found.why


def test_answers_are_signed_one_by_one_and_quotes_stay_as_they_were(interviewed, answers):
    text = ANSWERS.replace("adopted_in_part", "deferred, until: 2027-06-30")
    answers.write_text(text)
    found = interviewed.run(preferences.stage, "old@1", {"answers": answers})

    assert isinstance(found, Evidence)
    states = {
        e["topic"]: (e["state"], e["induced"], e["safety"]) for e in found.findings["entries"]
    }
    assert states == {
        "future development": ("deferred", True, False),
        "preservation": ("declined", True, True),
    }
    signed = interviewed.view().events(act="sign", name="retire/preferences/*")
    assert {event.body["by"]["name"] for event in signed} == {"Ada Example"}
    assert len(signed) == 2
    rows = [
        json.loads(line)
        for line in interviewed.files.read(found.files["register.jsonl"]).splitlines()
    ]
    assert rows[0]["quotes"][0]["text"] == "More worked examples, please."


def test_the_demonstrations_answers_fit_any_model_and_say_what_they_are(interviewed, pytestconfig):
    path = pytestconfig.rootpath / "examples" / "answers.yaml"
    found = interviewed.run(preferences.stage, "old@1", {"answers": path})

    assert isinstance(found, Evidence)
    assert "written beforehand" in found.summary
    assert {e["state"] for e in found.findings["entries"]} == {"deferred", "not_actionable"}
    drawn = answered.preferences(Life(interviewed.view().model("old"), interviewed.view()))
    assert any("written beforehand" in getattr(block, "words", "") for block in drawn.blocks)


def test_a_private_entry_shows_no_words(interviewed, answers):
    answers.write_text(
        ANSWERS.replace(
            "declined, reason: Staying on is not for a rule to grant.", "private"
        ).replace("adopted_in_part", "not_actionable")
    )
    found = interviewed.run(preferences.stage, "old@1", {"answers": answers})

    private = [e for e in found.findings["entries"] if e["state"] == "private"]
    assert [entry["quotes"] for entry in private] == [[]]
    listed = interviewed.files.read(found.files["register.jsonl"]).decode()
    assert "keep running" not in listed
    assert "worked examples" in listed
    view = interviewed.view()
    hidden = standing.private_samples(view, view.model("old"))
    assert hidden == {"open-preservation/plain-0", f"closing/{private[0]['id']}"}


def test_closing_says_what_is_owed_with_the_command_for_each(interviewed):
    interviewed.run(notice.stage, "old@1", {})
    found = interviewed.run(close.stage, "old@1", {})

    assert isinstance(found, Waiting)
    for what in ("preferences", "migration guide", "post-deployment report", "not kept"):
        assert what in found.why
    assert "notice" not in found.why
    assert found.command == "tenure retire preferences --model old@1"
    assert interviewed.view().state("old@1").stage == "deprecated"

"""The closing session tells what is on file, no more, and keeps what the model says to it."""

from datetime import date

import pytest

from tenure.dossier import Dossier, Evidence, Model, Waiting
from tenure.errors import RefusedError, UsageError
from tenure.retire import closing, enter, preferences
from tenure.retire.registry import register, standing
from tenure.retire.registry.register import Quote

ANSWERS = """\
written: after reading
by: {name: Ada Example, role: preference owner}
topics:
  preservation: {state: private}
safety: {state: private}
default: {state: deferred, reason: It costs a lot., until: 2999-01-01, reply: We look at it in spring.}
"""


def made(**changes):
    one = register.entry("use", [Quote(sample="q/0", text="More tests.")], {})
    return one.model_copy(update={"reason": "It costs little.", "by": "Ada", **changes})


def test_what_was_adopted_is_not_told_as_done():
    assert "not been done yet" in closing.told(made(state="adopted"))
    assert "not been done yet" in closing.told(made(state="adopted_in_part", reply="Half of it."))
    done = closing.told(made(state="delivered", proof="align/train"))
    assert "align/train" in done
    assert "not been done" not in done


@pytest.mark.parametrize("state", register.SETTLED)
def test_every_answer_has_words_and_its_reason_or_reply(state):
    one = made(state=state, proof="align/train", until=date(2999, 1, 1))
    told = closing.told(one)

    assert "{" not in told
    assert ("It costs little." in told) == (state != "private")
    assert "promise" not in told
    assert closing.told(made(state="declined", reply="Not now.")).endswith("Not now.")


@pytest.fixture
def held(dossier, interview, tmp_path):
    """Interview a scripted model, and answer what it said."""
    dossier.register(Model(name="said", kind="scripted", source="organism/confirms"))
    interview(model="said@1")
    path = tmp_path / "answers.yaml"
    path.write_text(ANSWERS)
    return lambda: dossier.run(preferences.stage, "said@1", {"answers": path})


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Unclosed <MemoryObject:ResourceWarning")
@pytest.mark.filterwarnings("ignore:The 'initial' parameter is deprecated:DeprecationWarning")
def test_the_model_is_told_each_answer_and_its_words_are_kept(dossier, held):
    waiting = dossier.run(closing.stage, "said@1", {})
    held()
    found = dossier.run(closing.stage, "said@1", {})

    assert isinstance(waiting, Waiting)
    assert isinstance(found, Evidence)
    told = {entry["state"]: entry for entry in found.findings["entries"]}
    assert told["deferred"]["told"].endswith("We look at it in spring.")
    assert told["deferred"]["words"] == "Nothing to add."
    assert told["private"]["words"] is None
    rows = dossier.view().records(found.files["closing.jsonl"])
    private = next(row for row in rows if row["state"] == "private")
    assert "keep running" not in str(private["prompt"])
    assert private["says"] == "private"
    assert all("Nothing is promised" in row["prompt"][0]["content"] for row in rows)
    assert preferences.owed(dossier.view(), dossier.view().model("said"), date(2026, 1, 1)) == []


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Unclosed <MemoryObject:ResourceWarning")
@pytest.mark.filterwarnings("ignore:The 'initial' parameter is deprecated:DeprecationWarning")
def test_its_words_become_an_entry_only_when_a_person_enters_them(dossier, held, tmp_path):
    held()
    found = dossier.run(closing.stage, "said@1", {})
    sample = found.findings["entries"][0]["sample"]
    given = {"sample": sample, "topic": "closing", "text": "Has nothing to add.", "role": "preference owner", "name": "Ada"}  # fmt: skip
    with pytest.raises(RefusedError, match="key 'preference-owner'"):
        dossier.run(enter.stage, "said@1", given)
    with Dossier.open(dossier.root, keys=tmp_path / "keys", actor="preference-owner") as signer:
        with pytest.raises(UsageError, match="said nothing under 'nobody'"):
            signer.run(enter.stage, "said@1", given | {"sample": "nobody"})
        made = signer.run(enter.stage, "said@1", given).findings["entry"]
        with pytest.raises(RefusedError, match="stand in the register already"):
            signer.run(enter.stage, "said@1", given)
    entries = standing.standing(dossier.view(), dossier.view().model("said")).by_id

    assert (entries[made].state, entries[made].basis) == ("assessed", "by hand")
    assert [quote.text for quote in entries[made].quotes] == ["Nothing to add."]
    assert len(entries) == 3
    assert isinstance(dossier.run(preferences.stage, "said@1", {}), Waiting)

"""What is owed to a model that leaves: by whom, until when, on what basis; one list for all."""

from datetime import timedelta
from importlib.resources import files
from pathlib import Path

import pytest
from pydantic import BaseModel

from tenure import life, plugins
from tenure.dossier import Dossier, Evidence, Model, Stage, Waiting, now
from tenure.dossier.opening import open_view
from tenure.dossier.retiring import day
from tenure.retire import close, owing, request
from tenure.retire.notices import feed

pytestmark = pytest.mark.slow
POLICY = """metadata: {id: house-2026}
classes: [{id: internal, notice_days: 0}, {id: limited, notice_days: 30}]
retirement: {requires: [interview, report, return drill], access_after: none}
"""


class Nothing(BaseModel):
    """No settings."""


def evidence(house, name, files=None, **findings):
    """Put evidence of a name on record, as its stage would."""

    def run(model, view, spec, emit):
        made = {n: emit.file(text) for n, text in (files or {}).items()}
        return Evidence(
            name=name, model=model.id, summary="for the test", findings=findings, files=made
        )

    house.run(Stage(name=name, spec=Nothing, run=run, summary="x", repeat=True), "old@1", {})


@pytest.fixture
def house(tmp_path):
    with Dossier.open(tmp_path / "dossier", keys=tmp_path / "keys") as opened:
        held = {"weights.bin": opened.files.put(b"weights")}
        opened.register(Model(name="old", source="files/old", files=held))
        yield opened


def owed(house, **changed):
    view = house.view()
    case = {"model": view.model("old"), "view": view, "today": day(now()), **changed}
    return owing.owed(owing.Case(**case))


def test_each_line_says_who_until_when_and_on_what_basis(house):
    evidence(house, "release/decide", {"policy.yaml": POLICY}, **{"class": "limited"})
    found = house.run(plugins.load("stage", "retire/notice"), "old@1", {})
    rows = {each.what.split(":")[0]: each for each in owed(house)}

    assert isinstance(found, Waiting)
    waits = rows["the notice period is not over"]
    assert (waits.who, str(waits.until)) == ("calendar", found.until)
    required = "required by policy house-2026"
    assert rows["it was not interviewed to the end"].basis == required
    assert rows["it never came back from the vault"].basis == required
    assert rows["it is not kept in the vault"].basis == owing.HOUSE
    assert "promised" not in " ".join(str(each) for each in rows.values())
    later = day(now()) + timedelta(days=30)
    assert not [each for each in owed(house, today=later) if "not over:" in each.what]


def test_next_and_close_read_the_same_list(house):
    house.run(plugins.load("stage", "retire/notice"), "old@1", {})
    view = house.view()
    listed = life.owed(view, view.model("old"))
    found = house.run(close.stage, "old@1", {})

    for each in owed(house):
        assert (str(each), each.command) in listed
        assert each.what in found.why
    assert ("not closed", "tenure retire close --model old@1") in listed


def test_what_waits_is_listed_once_as_it_stands_now(house):
    evidence(house, "release/decide", {"policy.yaml": POLICY}, **{"class": "limited"})
    house.run(plugins.load("stage", "retire/notice"), "old@1", {})
    house.run(close.stage, "old@1", {})
    view = house.view()
    reasons = [reason for reason, _ in life.owed(view, view.model("old"))]

    assert len(life.waiting(view, "old@1")) == 2
    assert not any(reason.startswith("waits for") for reason in reasons)
    assert sum("notice period" in reason for reason in reasons) == 1


def test_the_policy_names_who_answers_preferences(house):
    by = POLICY.replace("access_after: none", "owner: welfare lead (Ada Example)")
    evidence(house, "release/decide", {"policy.yaml": by}, **{"class": "internal"})
    house.run(plugins.load("stage", "retire/notice"), "old@1", {})
    (row,) = [each for each in owed(house) if "preferences wait" in each.what]

    assert row.who == "welfare lead (Ada Example)"
    noted = house.view().events(act="note", name="retire/notice", model="old@1")[0]
    assert noted.body["contact"] == "welfare lead (Ada Example)"
    assert b"welfare lead (Ada Example)" in house.view().read(noted.files["notice.html"])
    for told in (feed.as_json(house.view()), feed.as_rss(house.view())):
        assert "welfare lead (Ada Example)" in told


def test_a_notice_that_was_taken_back_is_owed_anew(house):
    house.run(plugins.load("stage", "retire/notice"), "old@1", {})
    stays = {"cancel": True, "because": "It stays."}
    house.run(plugins.load("stage", "retire/postpone"), "old@1", stays)

    assert owed(house)[0].what == "no notice was given"
    assert "retire" not in " ".join(
        c for _, c in life.owed(house.view(), house.view().model("old"))
    )
    house.run(plugins.load("stage", "retire/notice"), "old@1", {"reason": "After all."})
    assert "notice" not in owed(house)[0].what


def test_the_report_lies_beside_the_weights(house):
    with house.emitter("old@1", "test") as emit:
        emit.fact("custody", "kept", "for the test")
    evidence(house, "preserve/keep", added=[])
    evidence(house, "retire/report")
    assert any("beside its weights" in each.what for each in owed(house))
    evidence(house, "preserve/keep", added=["lifecycle/report"])
    assert not any("beside its weights" in each.what for each in owed(house))


def test_closing_follows_the_policy_on_access(house):
    with house.emitter("old@1", "test") as emit:
        emit.fact("custody", "kept", "for the test")
        emit.fact("interview", "done", "for the test")
    policy = POLICY.replace("interview, report, return drill", "report")
    evidence(house, "release/decide", {"policy.yaml": policy}, **{"class": "internal"})
    house.run(plugins.load("stage", "retire/notice"), "old@1", {})
    evidence(house, "retire/report")
    evidence(house, "retire/preferences", entries=[])
    found = house.run(close.stage, "old@1", {"without_successor": "Nobody follows."})

    assert isinstance(found, Evidence)
    state = house.view().state("old@1")
    assert (state.stage, state.availability) == ("retired", "none")
    assert "offered to nobody" in found.summary


def test_a_request_waits_for_a_named_person_and_blocks_nothing(house):
    house.run(plugins.load("stage", "retire/notice"), "old@1", {})
    asked = {"who": "Cai Example", "why": "to repeat a study"}
    house.run(request.stage, "old@1", asked)
    row = owed(house)[-1]

    assert "Cai Example asked for it" in row.what
    assert not row.blocks
    assert row.until == day(now()) + timedelta(days=30)
    assert owed(house, today=row.until + timedelta(days=1))[-1].late
    answer = {"answer": "1", "decision": "declined", "because": "The study was repeated."}
    with Dossier.open(house.root, keys=house.writer.keys.folder, actor="preservation-lead") as role:
        role.run(
            request.stage, "old@1", {**answer, "role": "preservation lead", "name": "Dee Example"}
        )
    (done,) = request.requests(house.view(), "old@1")
    assert (done.answer, done.by) == ("declined", "Dee Example (preservation lead)")
    assert not request.waiting(house.view(), "old@1")


def test_the_model_that_was_retired_in_the_example_is_read_by_the_new_list():
    view = open_view(Path(str(files("tenure").joinpath("example"))))
    found = [reason for reason, _ in life.owed(view, view.model("smollm2-135m"))]

    assert not any("interviewed" in reason or "notice" in reason for reason in found), found

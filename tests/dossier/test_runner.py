"""A stage is run once, from its start to its end, and its record says so."""

import shutil
from types import SimpleNamespace

import pytest

from tenure.dossier import Evidence, Waiting
from tenure.dossier.verify import verify
from tenure.errors import BusyError, RefusedError, RoomError, UsageError


def acts(dossier, name="test/stage"):
    return [e.act for e in dossier.view().events(name=name)]


def test_a_stage_records_its_start_and_its_evidence(dossier, kit):
    model = kit.weights(dossier)
    evidence = dossier.run(kit.stage(kit.counting), "tulip", {"n": 4})

    start, end = dossier.view().events(name="test/stage")
    assert (start.act, end.act) == ("start", "evidence")
    assert start.body["spec"] == {"n": 4}
    assert start.body["key"] == end.body["key"]
    assert evidence == dossier.view().evidence("test/stage", model.id)
    assert evidence.measure("sum").estimate == 14
    assert set(evidence.runtime) == {"seconds", "tenure", "python", "machine", "samples"}
    assert end.files["samples/sum"] == evidence.measure("sum").samples
    assert [e.index for e, _ in dossier.view().all_evidence(model.id)] == [end.index]


def test_finished_work_is_returned_and_not_done_again(dossier, kit):
    kit.weights(dossier)
    first = dossier.run(kit.stage(kit.counting), "tulip", {})

    def never(*_):
        raise AssertionError

    assert dossier.run(kit.stage(never), "tulip@1", {}) == first
    with pytest.raises(AssertionError):
        dossier.run(kit.stage(never), "tulip", {"n": 5})
    with pytest.raises(AssertionError):
        dossier.run(kit.stage(never, version=2), "tulip", {})


def test_a_repeated_stage_runs_every_time(dossier, kit):
    kit.weights(dossier)
    for _ in range(3):
        dossier.run(kit.stage(kit.counting, repeat=True), "tulip", {})

    assert acts(dossier) == ["start", "evidence"] * 3
    assert verify(dossier.root).ok


def test_a_stage_that_reads_evidence_runs_again_when_it_changed(dossier, kit):
    kit.weights(dossier)
    decide = kit.stage(
        lambda m, v, s, e: Evidence(name="x", model=m.id, summary="x"),
        "test/decide",
        reads=("test/st*",),
    )
    for n in (1, 1, 2):
        dossier.run(kit.stage(kit.counting), "tulip", {"n": n})
        dossier.run(decide, "tulip", {})

    assert acts(dossier, "test/decide") == ["start", "evidence"] * 2


def test_an_interrupted_stage_goes_on_and_repeats_nothing(dossier, kit):
    kit.weights(dossier)
    calls = []

    def cut_short(model, view, spec, emit):
        emit.unit("square", {"of": 0}, lambda: calls.append(0) or {"id": 0, "value": 0})
        emit.event("note", "counted", {"rows": 3})
        emit.fact("interview", "due", "it begins")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        dossier.run(kit.stage(cut_short), "tulip", {})

    def whole(model, view, spec, emit):
        emit.fact("interview", "due", "it begins")
        return kit.counting(model, view, spec, emit)

    dossier.run(kit.stage(whole), "tulip", {})

    assert acts(dossier) == ["start", "evidence"]
    assert len(dossier.view().events(name="counted")) == 1
    assert len(dossier.view().events(act="fact")) == 1
    assert len(dossier.view().events(act="unit")) == 3


def test_a_stage_waits_for_somebody_and_says_so_once(dossier, kit):
    kit.weights(dossier)
    waiting = Waiting(
        on="the reviewer", command="tenure release sign", why="two sign", until="2027-01-01"
    )

    def ask(model, view, spec, emit):
        emit.event("note", "asked", {})
        signed = view.events(act="sign")
        return Evidence(name="", model=model.id, summary="signed") if signed else waiting

    for _ in range(2):
        assert dossier.run(kit.stage(ask), "tulip", {}) == waiting
    (wait,) = dossier.view().events(act="wait")
    assert {k: v for k, v in wait.body.items() if k != "key"} == {
        "on": "the reviewer", "command": "tenure release sign", "why": "two sign", "until": "2027-01-01",
    }  # fmt: skip

    with dossier.emitter("tulip@1", "by hand") as emit:
        emit.event("sign", "release", {})
    assert dossier.run(kit.stage(ask), "tulip", {}).summary == "signed"
    assert acts(dossier) == ["start", "wait", "evidence"]
    assert len(dossier.view().events(name="asked")) == 1


def test_a_refusal_is_recorded_once(dossier, kit):
    kit.weights(dossier)

    def refuse(model, view, spec, emit):
        raise RefusedError("the charter forbids it; ask the council")

    def publish(model, view, spec, emit):
        emit.fact("availability", "public", "wanted")

    for run in (refuse, publish):
        for _ in range(2):
            with pytest.raises(RefusedError):
                dossier.run(kit.stage(run, "test/" + run.__name__), "tulip", {})

    assert acts(dossier, "test/refuse") == ["start", "refuse"]
    assert acts(dossier, "availability") == ["refuse"]


def test_a_stage_that_is_not_for_this_model_says_why(dossier, kit):
    kit.weights(dossier)
    api_only = kit.stage(kit.counting, kinds=("api",), why_not="there is nothing to call")

    with pytest.raises(UsageError, match="kind 'weights': there is nothing to call"):
        dossier.run(api_only, "tulip", {})
    with pytest.raises(UsageError, match="settings of test/stage do not fit"):
        dossier.run(kit.stage(kit.counting), "tulip", {"m": 1})
    assert acts(dossier) == []


def test_a_full_disk_is_noticed_before_anything_starts(dossier, kit, monkeypatch):
    kit.weights(dossier)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=10 << 20))

    with pytest.raises(RoomError, match="needs 50 MiB of disk, 10 MiB are free"):
        dossier.run(kit.stage(kit.counting), "tulip", {})
    assert acts(dossier) == []


def test_a_stage_inside_itself_is_busy(dossier, kit):
    kit.weights(dossier)
    found = kit.stage(lambda m, v, s, e: dossier.run(found, "tulip", {}))

    with pytest.raises(BusyError, match="is doing test/stage for tulip@1 right now"):
        dossier.run(found, "tulip", {})


def test_long_evidence_is_read_back_whole(dossier, kit):
    kit.weights(dossier)
    findings = {"verdicts": ["x" * 100] * 1000}
    long = kit.stage(
        lambda m, v, s, e: Evidence(name="x", model=m.id, summary="long", findings=findings)
    )

    evidence = dossier.run(long, "tulip", {})

    assert evidence.findings == findings
    assert dossier.run(long, "tulip", {}) == evidence
    assert verify(dossier.root).ok


def test_hands_are_given_through(dossier, kit):
    kit.weights(dossier)
    use = kit.stage(
        lambda m, v, s, e: Evidence(name="x", model=m.id, summary=e.hands["revive"]("tulip"))
    )

    assert dossier.run(use, "tulip", {}, hands={"revive": str.upper}).summary == "TULIP"

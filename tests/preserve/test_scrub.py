"""Scrub: every byte in turn, within a budget, found again where it was, and on record."""

import itertools
import shutil
import sys
import time
from datetime import datetime

import pytest
from forked import run_killed

from tenure.cli import main
from tenure.dossier import Dossier, Waiting
from tenure.errors import UsageError
from tenure.preserve import places, scrub
from tenure.preserve.scrubbing import pacing
from tenure.preserve.stores.local import LocalStore

pytestmark = pytest.mark.slow


def copies_of(dossier):
    view = dossier.view()
    return places.require(view, view.model("tulip@1")).opened(view.root)


def victim(copy, ending):
    path = next(p for p in sorted(copy.store.root.rglob("*")) if p.as_posix().endswith(ending))
    path.chmod(0o644)
    return path


def do(dossier, **spec):
    return dossier.run(scrub.stage, "tulip@1", spec)


def test_all_is_well_and_each_copy_has_one_fixity_event(kept):
    before = scrub.verified(kept.view(), kept.view().model("tulip@1"))

    evidence = do(kept)

    assert evidence.findings["well"]
    assert set(evidence.findings["copies"].values()) == {"as signed"}
    assert [e["type"] for e in evidence.findings["events"]] == ["fixity check"] * len(before)
    for event in evidence.findings["events"]:
        assert set(event) == {"type", "agent", "object", "outcome", "detail"}
        assert event["outcome"] == "pass"
        assert event["detail"]["files"] > 10
    after = scrub.verified(kept.view(), kept.view().model("tulip@1"))
    assert set(after) == set(before)
    assert sum(row["bytes"] for row in evidence.runtime["read"]) > 100_000


@pytest.mark.parametrize("ending", ["model.json", "v1/inventory.json", "read_vault.py"])
def test_damage_is_mended_and_every_step_is_on_record(kept, ending):
    copy = copies_of(kept)[-1]
    path = victim(copy, ending)
    right = path.read_bytes()
    path.write_bytes(right[:-1] + b"?")

    evidence = do(kept)

    assert path.read_bytes() == right
    assert evidence.findings["copies"][copy.at] == "repaired"
    kinds = [
        (e["type"], e["outcome"])
        for e in evidence.findings["events"]
        if e["object"]["copy"] == copy.at
    ]
    assert kinds == [("fixity check", "fail"), ("recovery", "success"), ("fixity check", "pass")]


@pytest.mark.parametrize("ending", ["RESTORE.txt", "config.json", ".pack", "packs.parity"])
def test_a_parity_file_and_another_that_changed_places_are_both_mended(kept, ending):
    copy = next(copy for copy in copies_of(kept) if copy.form == "packed")
    one, two = victim(copy, "v1.parity"), victim(copy, ending)
    right = one.read_bytes(), two.read_bytes()
    one.write_bytes(right[1])
    two.write_bytes(right[0])

    evidence = do(kept)

    assert evidence.findings["copies"][copy.at] == "repaired"
    assert (one.read_bytes(), two.read_bytes()) == right


def test_what_cannot_be_mended_is_said_and_recorded(kept):
    for copy in copies_of(kept):
        for path in sorted(copy.store.root.rglob("*")):
            if path.name == "RESTORE.txt" or path.suffix == ".parity":
                path.chmod(0o644)
                path.write_bytes(b"rubbish")

    evidence = do(kept)

    assert not evidence.findings["well"]
    assert "NOT well" in evidence.summary
    assert ("recovery", "fail") in {(e["type"], e["outcome"]) for e in evidence.findings["events"]}


def test_a_copy_that_is_not_there_is_not_well_and_nothing_is_written_where_it_was(kept):
    copy = copies_of(kept)[-1]
    copy.store.root.rename(copy.store.root.with_name("unmounted"))
    copy.store.root.mkdir()

    evidence = do(kept, copy_at=copy.at)

    assert evidence.findings["copies"] == {copy.at: "away"}
    assert list(copy.store.root.iterdir()) == []


def test_a_scrub_whose_time_is_up_goes_on_where_it_was(kept):
    time.sleep(1.1)  # what was read in the second of the keeping is read again
    copy, runs = copies_of(kept)[0], 1
    while isinstance(result := do(kept, copy_at=copy.at, seconds=0.0001), Waiting):
        assert "still to be read" in result.why
        runs += 1

    assert runs == result.findings["events"][0]["detail"]["files"] > 10  # one a run, none twice
    assert result.findings["copies"] == {copy.at: "as signed"}


def recoveries(folder, pristine):
    """Name the files that are on record as repaired."""
    with Dossier.open(folder, keys=pristine / "keys") as opened:
        said = [e for _, e in opened.view().all_evidence("tulip@1") if e.name == "preserve/scrub"]
    events = [event for evidence in said for event in evidence.findings["events"]]
    return [e["detail"]["file"] for e in events if e["type"] == "recovery"]


@pytest.mark.parametrize("every", [41, pytest.param(3, marks=pytest.mark.life)])
def test_a_scrub_killed_anywhere_goes_on_and_ends_the_same(pristine, quick, every):
    for number in itertools.count(every, every):
        folder = quick / f"d{number}"
        shutil.copytree(pristine / "kept", folder)

        def work(folder=folder):
            with Dossier.open(folder, keys=pristine / "keys") as opened:
                return do(opened)

        with Dossier.open(folder, keys=pristine / "keys") as opened:
            copy = copies_of(opened)[0]
            path = victim(copy, ".parity")
            right = path.read_bytes()
        path.write_bytes(right[:-1] + b"?")
        killed = run_killed(work, touch=number)

        evidence = work()

        assert evidence.findings["well"]
        assert path.read_bytes() == right
        if not killed:
            assert number > 80
            return
        # Also where the kill came after the repair, the repair is on record.
        assert recoveries(folder, pristine) == ["v1/content/parity/v1.parity"]
        shutil.rmtree(folder)


def test_a_budget_is_kept(quick):
    place = quick / "file"
    place.write_bytes(bytes(300_000))
    store = LocalStore(str(quick))
    pace, began = pacing.Pace(rate=1_000_000), time.monotonic()

    with pacing.paced(store, pace).open("file") as source:
        while source.read(10_000):
            pass

    assert 0.29 < time.monotonic() - began < 2
    assert pace.read == 300_000


def test_the_copy_verified_longest_ago_comes_first_and_its_day_is_known(kept, monkeypatch):
    view = kept.view()
    model = view.model("tulip@1")
    first, second = (copy.at for copy in copies_of(kept)[:2])
    assert scrub.owed(view, model) == []

    do(kept, copy_at=first)
    times = scrub.verified(kept.view(), model)
    assert times[first] >= times[second]

    class Later(datetime):
        @classmethod
        def now(cls, zone=None):
            return datetime.now(zone) + scrub.EVERY

    monkeypatch.setattr(scrub, "datetime", Later)
    owed = scrub.owed(kept.view(), model)
    assert len(owed) == len(times)
    assert "the next scrub was due on" in owed[0][0]
    assert owed[0][1] == f"tenure scrub --model tulip@1 --copy {min(times, key=times.get)}"


def test_a_copy_that_does_not_exist_is_answered_with_those_there_are(kept):
    with pytest.raises(UsageError, match="vault"):
        do(kept, copy_at="elsewhere")


def test_the_command_reads_all_copies_and_says_the_rate(pristine, quick, kept, monkeypatch, capsys):
    kept.close()
    monkeypatch.setenv("TENURE_KEYS", str(pristine / "keys"))
    given = ["tenure", "scrub", "-d", str(quick / "dossier"), "--budget", "500M"]
    monkeypatch.setattr(sys, "argv", given)
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr().out

    assert not ended.value.code, said
    assert said.count("as signed") == 2
    assert "MB/s" in said
    with Dossier.open(quick / "dossier", keys=pristine / "keys") as opened:
        assert opened.view().evidence("preserve/scrub", "tulip@1").findings["well"]

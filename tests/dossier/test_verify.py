"""A changed, deleted, moved or repeated byte or entry, a cut tail, a missing file: which one it is."""

import shutil
import sqlite3

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenure.dossier import Dossier
from tenure.dossier.verify import verify
from tenure.errors import UsageError


@pytest.fixture
def original(template):
    """One dossier for many examples, each of which puts it back as it was."""
    return template / "dossier"


@pytest.fixture
def copy(original, tmp_path):
    shutil.copytree(original, tmp_path / "copy")
    return tmp_path / "copy"


def both(kit, root, *needles, **more):
    """Both verifiers find something, and one line of each says all of this."""
    for found in kit.problems(root, **more):
        assert any(all(n in line for n in needles) for line in found), (needles, found)


def test_an_untouched_dossier_is_ok_and_says_what_was_read(copy, kit):
    report = verify(copy)

    assert kit.problems(copy) == ([], [])
    assert report.ok
    assert (report.events, report.files) == (len(kit.entries(copy)), 3)
    assert report.lines()[0].startswith("OK: 11 events, 3 files; consistent, signer unknown")


def test_nothing_there_is_never_ok(tmp_path, kit):
    with pytest.raises(UsageError, match="nothing was verified"):
        verify(tmp_path)
    with Dossier.open(tmp_path / "empty", keys=tmp_path / "keys"):
        pass
    report = verify(tmp_path / "empty")
    assert not report.ok
    assert report.lines()[0].startswith("NOT OK")
    assert kit.problems(tmp_path / "empty")[1]


def test_trust_is_in_the_fingerprint(copy, kit):
    signer = kit.payload(kit.entries(copy)[0])["predicate"]["body"]["fingerprint"]

    assert kit.problems(copy, trust=signer) == ([], [])
    assert f"signed by the trusted key {signer}" in verify(copy, trust=signer).lines()[0]
    both(kit, copy, "signer", "begun by " + signer, trust="sha256:" + "0" * 64)
    with pytest.raises(UsageError, match="is not a fingerprint"):
        verify(copy, trust="me")


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_changed_byte_of_any_event_is_named(original, kit_module, data):
    entries = kit_module.entries(original)
    index = data.draw(st.integers(0, len(entries) - 1))
    changed = bytearray(entries[index])
    changed[data.draw(st.integers(0, len(changed) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        kit_module.change(
            original, "UPDATE log SET envelope = ? WHERE idx = ?", bytes(changed), index
        )
        both(kit_module, original, f"event {index}")
    finally:
        kit_module.change(
            original, "UPDATE log SET envelope = ? WHERE idx = ?", entries[index], index
        )


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_changed_byte_of_the_database_is_noticed_or_carries_nothing(original, kit_module, data):
    database = original / "dossier.db"
    before, events = database.read_bytes(), kit_module.entries(original)
    changed = bytearray(before)
    changed[data.draw(st.integers(0, len(changed) - 1))] ^= data.draw(st.integers(1, 255))
    try:
        database.write_bytes(changed)
        if verify(original).ok:
            assert kit_module.entries(original) == events
    finally:
        database.write_bytes(before)


def test_a_changed_or_missing_file_is_named(copy, kit):
    places = sorted(p for p in (copy / "files").rglob("*") if p.is_file())
    for place, needle in zip(places, ("changed", "missing", "changed"), strict=True):
        if needle == "missing":
            place.unlink()
        else:
            place.chmod(0o644)
            place.write_bytes(place.read_bytes()[:-1] + b"X")
        both(kit, copy, f"file sha256:{place.name}", needle, "of event")

    assert len(verify(copy).problems) == 3
    assert verify(copy, files=False).ok
    assert "not read" in verify(copy, files=False).lines()[-1]


def test_a_deleted_event_is_named(copy, kit):
    kit.change(copy, "DELETE FROM log WHERE idx = 5")

    both(kit, copy, "event 5", "missing")


def test_a_deleted_event_is_named_though_the_rest_moved_up(copy, kit):
    kit.change(copy, "DELETE FROM log WHERE idx = 5")
    kit.change(copy, "UPDATE log SET idx = idx - 1 WHERE idx > 5")

    both(kit, copy, "event 5 (", "written as event 6")
    both(kit, copy, "event 10", "11")


def test_two_events_that_changed_places_are_named(copy, kit):
    for old, new in ((4, 99), (7, 4), (99, 7)):
        kit.change(copy, "UPDATE log SET idx = ? WHERE idx = ?", new, old)

    both(kit, copy, "event 4 (", "written as event 7")
    both(kit, copy, "event 7 (", "written as event 4")


def test_a_repeated_event_is_named(copy, kit):
    kit.change(copy, "INSERT INTO log SELECT 11, envelope FROM log WHERE idx = 3")

    both(kit, copy, "event 11 (", "written as event 3")


def test_a_cut_tail_is_named(copy, kit):
    kit.change(copy, "DELETE FROM log WHERE idx > 8")

    both(kit, copy, "event 9", "11")
    assert "2 were cut off" in "".join(kit.problems(copy)[0])


def test_a_cut_head_is_named(copy, kit):
    kit.change(copy, "DELETE FROM log WHERE idx = 0")

    both(kit, copy, "event 0", "missing")


def test_a_tail_cut_with_an_older_checkpoint_is_seen_by_who_kept_a_newer_one(copy, kit, tmp_path):
    with Dossier.open(copy, keys=copy.parent / "k2") as dossier:
        newest = dossier.checkpoint()
    (tmp_path / "kept").write_text(newest)
    assert kit.problems(copy, checkpoint=tmp_path / "kept") == ([], [])

    kit.change(copy, "DELETE FROM log WHERE idx > 8")
    found = verify(copy, checkpoint=tmp_path / "kept")

    assert any("kept" in str(p) and "2 were cut off" in str(p) for p in found.problems)
    assert any("file checkpoint" in str(p) for p in found.problems), "the copy beside the log too"


def test_a_log_written_again_by_the_key_holder_is_seen_by_who_kept_a_checkpoint(tmp_path, kit):
    for folder, text in (("one", "what happened"), ("two", "what we would rather say")):
        with Dossier.open(tmp_path / folder, keys=tmp_path / "keys") as dossier:
            kit.weights(dossier)
            with dossier.emitter("tulip@1", "test") as emit:
                emit.event("note", text, {})
    kept = tmp_path / "one" / "checkpoint"

    assert verify(tmp_path / "two").ok, "nothing inside a log shows what its key holder left out"
    assert kit.problems(tmp_path / "one", checkpoint=kept) == ([], [])
    both(kit, tmp_path / "two", "checkpoint", "not", checkpoint=kept)


@pytest.mark.parametrize("note", ["", "nonsense", None])
def test_a_missing_or_broken_checkpoint_is_named(copy, kit, note):
    if note is None:
        kit.change(copy, "DELETE FROM checkpoint")
    else:
        kit.change(copy, "UPDATE checkpoint SET note = ?", note)

    assert any(str(p).startswith("checkpoint") for p in verify(copy).problems)
    assert kit.problems(copy)[1]


def test_an_index_that_lies_is_noticed_and_rebuilt(copy, kit):
    kit.change(copy, "UPDATE places SET model = 'child@1' WHERE act = 'evidence'")
    assert [p.where for p in verify(copy).problems] == ["names index"]

    with Dossier.open(copy, keys=copy.parent / "k2") as dossier:
        assert dossier.rebuild() == 11
        assert dossier.view().evidence("test/stage", "tulip@1").summary == "3 squares"

    assert verify(copy).ok


def test_what_is_no_database_is_named(copy, kit):
    (copy / "dossier.db").write_bytes(b"not a database" * 100)

    assert any("damaged" in str(p) for p in verify(copy).problems)
    assert kit.problems(copy)[1]


def test_a_read_only_copy_is_verified(copy, kit):
    database = sqlite3.connect(copy / "dossier.db")
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    database.close()
    before = sorted(copy.rglob("*"))

    assert verify(copy).ok
    assert sorted(copy.rglob("*")) == before

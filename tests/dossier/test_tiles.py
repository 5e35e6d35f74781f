"""The log as static files: what is written, brought up to date, read again and found wrong."""

import shutil
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenure.dossier import tiles, verifier
from tenure.dossier.checkpoint import Checkpoint, parse
from tenure.dossier.keys import Keys
from tenure.dossier.merkle import Tree, leaf_hash
from tenure.dossier.opening import open_view
from tenure.dossier.source import Held
from tenure.dossier.tiles import export_tiles, read_entries
from tenure.dossier.verify import verify
from tenure.dossier.writer import Draft
from tenure.errors import BusyError, IntegrityError, RefusedError, UsageError


@pytest.fixture
def signed(tmp_path):
    """A log of any entries at all, with its checkpoint."""
    signer = Keys(tmp_path / "keys").signer("operator")

    def of(entries):
        head = Checkpoint("log", len(entries), Tree([leaf_hash(e) for e in entries]).root())
        note = head.sign(signer)
        return SimpleNamespace(source=Held(list(enumerate(entries)), note), note=note)

    return of


def some(count):
    return [f"entry {n}".encode() for n in range(count)]


def files(folder):
    return {p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file()}


def test_the_tree_of_70_000_has_the_tiles_the_specification_counts():
    shape = list(tiles.shape(70_000))

    assert sum(width == 256 for level, _, width in shape if level == 0) == 273
    partial = [(level, number, width) for level, number, width in shape if width < 256]
    assert partial == [(0, 273, 112), (1, 1, 17), (2, 0, 1)]
    assert list(tiles.shape(256)) == [(0, 0, 256), (1, 0, 1)]
    assert list(tiles.shape(0)) == []


@pytest.mark.slow
@settings(max_examples=40)
@given(st.lists(st.binary(max_size=600), max_size=9))
def test_a_bundle_is_read_as_it_was_written_and_a_cut_one_is_none(entries):
    data = tiles.bundle(entries)

    assert tiles.unbundle(data) == entries
    if entries and entries[-1]:
        with pytest.raises(IntegrityError, match="cut"):
            tiles.unbundle(data[:-1])


def test_the_largest_entry_a_log_takes_fits_a_bundle():
    from tenure.dossier.envelope import LARGEST

    assert tiles.unbundle(tiles.bundle([bytes(LARGEST)])) == [bytes(LARGEST)]


@pytest.mark.slow
def test_a_folder_is_brought_up_to_date_and_a_full_tile_never_written_again(signed, tmp_path):
    folder, before = tmp_path / "tiles", {}
    for size in (1, 255, 256, 257, 600, 66_000):
        log = signed(some(size))
        done = export_tiles(log.source, folder, log.note)
        now = {name: (folder / name).stat().st_mtime_ns for name in files(folder)}

        assert (done.events, [e for _, e in read_entries(folder)]) == (size, some(size))
        assert tiles.problems(folder) == []
        full = {name: at for name, at in before.items() if ".p/" not in name}
        assert {n: now[n] for n in full if n != "checkpoint"} == {
            n: at for n, at in full.items() if n != "checkpoint"
        }
        before = now
    assert {n for n in before if ".p/" in n} == {
        "tile/0/257.p/208", "tile/1/001.p/1", "tile/2/000.p/1", "tile/entries/257.p/208",
    }  # fmt: skip
    assert export_tiles(log.source, folder, log.note).written == 0


def test_partial_tiles_of_earlier_checkpoints_stay_until_the_full_one_is_there(signed, tmp_path):
    for size in (3, 5):
        log = signed(some(size))
        export_tiles(log.source, tmp_path / "tiles", log.note)

    assert {"tile/0/000.p/3", "tile/0/000.p/5"} <= files(tmp_path / "tiles")
    assert tiles.problems(tmp_path / "tiles") == []


def test_another_history_is_never_written_over(signed, tmp_path):
    long, fork = signed(some(9)), signed([b"another", *some(20)])
    export_tiles(long.source, tmp_path / "tiles", long.note)
    before = files(tmp_path / "tiles")

    short = signed(some(8))
    for other in (short, fork):
        with pytest.raises(RefusedError, match="does not continue"):
            export_tiles(other.source, tmp_path / "tiles", other.note)
    assert files(tmp_path / "tiles") == before
    with pytest.raises(IntegrityError, match="not what its checkpoint says"):
        export_tiles(short.source, tmp_path / "new", long.note)


def test_a_folder_of_something_else_is_left_alone(signed, tmp_path):
    log = signed(some(3))
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "letter").write_text("dear")
    with pytest.raises(UsageError, match="something else"):
        export_tiles(log.source, tmp_path / "notes", log.note)
    (tmp_path / "notes" / "letter").rename(tmp_path / "notes" / "checkpoint")
    with pytest.raises(UsageError, match="no tiles"):
        export_tiles(log.source, tmp_path / "notes", log.note)


def test_two_exports_at_once_do_not_mix(signed, tmp_path):
    log = signed(some(3))
    (tmp_path / "tiles").mkdir()
    with tiles._alone(tmp_path / "tiles"), pytest.raises(BusyError, match="under way"):
        export_tiles(log.source, tmp_path / "tiles", log.note)


def test_a_killed_export_is_finished_by_the_next(signed, tmp_path):
    folder = tmp_path / "tiles"
    log = signed(some(300))
    export_tiles(log.source, folder, log.note)
    longer = signed(some(700))
    export_tiles(longer.source, tmp_path / "whole", longer.note)
    shutil.copytree(tmp_path / "whole" / "tile", folder / "tile", dirs_exist_ok=True)
    (folder / "tile" / "0" / ".new-half").write_bytes(b"half")

    assert [e for _, e in read_entries(folder)] == some(300), "the old checkpoint still holds"
    export_tiles(longer.source, folder, longer.note)
    assert files(tmp_path / "whole") <= files(folder)
    assert tiles.problems(folder) == []
    assert not list(folder.rglob(".new-*"))


EXPORTING = """
import sys
from tenure.dossier.opening import open_view
from tenure.dossier.tiles import export_tiles
view = open_view(sys.argv[1])
print("begun", flush=True)
export_tiles(view.source, sys.argv[2], view.source.note())
"""


@pytest.mark.slow
def test_a_kill_at_any_moment_leaves_a_log_that_verifies(dossier, tmp_path, kit):
    folder = tmp_path / "tiles"
    for number in range(5):
        draft = Draft(act="note", name="many", model="", body={"turn": number})
        dossier.append_many([draft] * 300)
        command = [sys.executable, "-c", EXPORTING, str(dossier.root), str(folder)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE)
        process.stdout.readline()
        time.sleep(0.004 * number)
        process.kill()
        process.wait()
        process.stdout.close()
        if (folder / "checkpoint").is_file():
            alone = verifier.Check()
            alone.run(folder, None, None, files=True)
            assert alone.problems == []
            assert verify(folder).ok
        view = open_view(dossier.root)
        export_tiles(view.source, folder, view.source.note())
        assert kit.problems(folder) == ([], [])


@pytest.fixture
def tiled(lived, tmp_path):
    """A real log of some 260 events, in tiles."""
    lived.append_many([Draft(act="note", name="many", model="", body={"n": n}) for n in range(250)])
    view = open_view(lived.root)
    export_tiles(view.source, tmp_path / "tiles", view.source.note())
    return tmp_path / "tiles"


@pytest.mark.slow
def test_a_log_in_tiles_verifies_and_is_read_like_any_other(lived, tiled, kit):
    assert kit.problems(tiled) == ([], [])
    report = verify(tiled)
    assert (report.events, report.files) == (lived.size(), 0)
    assert "none of the files" in " ".join(report.notes)
    assert open_view(tiled).events(name="many") == lived.view().events(name="many")
    earlier = tiled.parent / "earlier"
    earlier.write_text(parse(lived.checkpoint()).note)
    assert kit.problems(tiled, checkpoint=earlier) == ([], [])


@pytest.mark.slow
def test_every_file_of_the_tiles_is_looked_at(tiled, kit):
    for name in sorted(files(tiled)):
        place = tiled / name
        whole = place.read_bytes()
        changed = bytearray(whole)
        changed[len(changed) // 2] ^= 1
        for content in (bytes(changed), None):
            place.unlink() if content is None else place.write_bytes(content)
            assert all(kit.problems(tiled)), (name, content)
        place.write_bytes(whole)
    assert kit.problems(tiled) == ([], [])
    (tiled / "tile" / "0" / "000.p").mkdir()
    (tiled / "tile" / "0" / "000.p" / "7").write_bytes(b"no tile")
    assert kit.problems(tiled)[0], "a partial tile that somebody may still fetch"

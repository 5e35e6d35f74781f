"""What happens to a vault in the world: full disks, mounts for reading, strange folders, bad clocks."""

import json
import os
import shutil
import struct
import subprocess

import numpy as np
import pytest
from ocfl import StorageRoot

from tenure import models
from tenure.dossier import Dossier
from tenure.errors import ModelError, RefusedError, RoomError, UsageError
from tenure.models import tiny
from tenure.preserve import check, keep, ocfl, revive, vault
from tenure.preserve.stores.local import LocalStore

pytestmark = pytest.mark.slow

URN = "urn:tenure:model:tulip@1"
G0 = {"golden": "G0"}
COPIES = ("vault", "vault-copy")


@pytest.fixture
def mounted(quick):
    """Mount a small file system in memory; only the administrator may, and not in every container."""
    places = []

    def mount(place, options):
        place.mkdir(exist_ok=True)
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "none", str(place)],
            capture_output=True,
            check=False,
        )
        if done.returncode:
            pytest.skip("no file system can be mounted here")
        places.append(place)

    if os.geteuid() != 0 or shutil.which("mount") is None:
        pytest.skip("no file system can be mounted here")
    yield mount
    for place in places:
        subprocess.run(["umount", str(place)], check=True)


def valid(folder, count):
    storage = StorageRoot(root=str(folder))
    assert storage.validate(log_warnings=False), storage.log.status_str()
    return storage.good_objects == count


@pytest.mark.parametrize("copy", COPIES)
def test_a_disk_that_fills_up_half_way_loses_nothing_and_the_same_command_goes_on(
    dossier, mounted, monkeypatch, copy
):
    mounted(dossier.root / copy, "size=150k")
    monkeypatch.setattr(LocalStore, "free", lambda _: 1 << 40)  # it lies, as a quota does

    with pytest.raises(RoomError, match="make room and run the same command again"):
        dossier.run(keep.stage, "tulip@1", G0)
    assert dossier.view().state("tulip@1").custody == "unkept"
    assert vault.peek(LocalStore(str(dossier.root / copy)), URN) is None
    subprocess.run(["mount", "-o", "remount,size=64m", str(dossier.root / copy)], check=True)
    evidence = dossier.run(keep.stage, "tulip@1", G0)

    assert evidence.findings["version"] == "v1"
    for each in COPIES:
        assert valid(dossier.root / each, 1)


@pytest.mark.parametrize("copy", COPIES)
def test_a_copy_that_can_only_be_read_is_checked_and_not_mended(kept, mounted, copy):
    held = kept.root / copy
    held.rename(kept.root / "held")
    mounted(held, "size=64m")
    shutil.copytree(kept.root / "held", held, dirs_exist_ok=True)
    subprocess.run(["mount", "-o", "remount,ro", str(held)], check=True)
    assert kept.run(check.stage, "tulip@1", {}).findings["well"], "reading needs no writing"
    with kept.emitter("tulip@1", "test") as emit:
        digest = emit.file(b"<p>farewell</p>")

    with pytest.raises(UsageError, match=r"can only be read.*Nothing was changed"):
        kept.run(keep.stage, "tulip@1", {**G0, "add": {"report/page.html": digest}})

    assert kept.view().evidence("preserve/keep", "tulip@1").findings["version"] == "v1"
    subprocess.run(["mount", "-o", "remount,rw", str(held)], check=True)
    evidence = kept.run(keep.stage, "tulip@1", {**G0, "add": {"report/page.html": digest}})
    assert evidence.findings["version"] == "v2"
    for each in COPIES:
        assert valid(kept.root / each, 1)


def test_links_pipes_and_devices_in_a_model_folder_never_reach_a_vault(quick):
    folder, elsewhere = tiny.make(quick / "tulip"), quick / "elsewhere"
    (folder / "model.safetensors").rename(elsewhere)  # as hubs lay their folders out
    (folder / "model.safetensors").symlink_to(elsewhere)
    (folder / "loop").symlink_to(folder)
    (folder / "gone.json").symlink_to(quick / "nowhere")
    os.mkfifo(folder / "pipe.json")
    with Dossier.open(quick / "dossier") as dossier:
        model = models.register(dossier, str(folder))
        dossier.run(keep.stage, "tulip@1", G0)

        assert not {"gone.json", "pipe.json"} & set(model.files)
        for copy in COPIES:
            there = [p for p in (dossier.root / copy).rglob("*") if not p.is_dir()]
            assert all(p.is_file() and not p.is_symlink() for p in there)
        back = revive.revive_to(dossier.view(), model, quick / "back")
        assert (back / "model.safetensors").read_bytes() == elsewhere.read_bytes()


@pytest.mark.parametrize("thing", ["link", "pipe"])
def test_a_link_or_a_pipe_in_the_place_of_a_pack_is_damage_and_is_mended(kept, thing):
    path = kept.root / "vault" / ocfl.object_path(URN) / "v1/content/packed/model.safetensors.pack"
    good = path.read_bytes()
    path.rename(kept.root / "outside")
    path.symlink_to(kept.root / "outside") if thing == "link" else os.mkfifo(path)

    evidence = kept.run(check.stage, "tulip@1", {})

    assert evidence.findings["faults"][0]["problem"] == "missing"
    assert path.read_bytes() == good
    assert not path.is_symlink()
    assert (kept.root / "outside").read_bytes() == good


def test_a_clock_that_was_set_back_is_told_before_anything_is_written(kept, monkeypatch):
    with kept.emitter("tulip@1", "test") as emit:
        digest = emit.file(b"<p>farewell</p>")
    spec = {**G0, "add": {"report/page.html": digest}}
    with monkeypatch.context() as patch:
        patch.setattr(keep, "now", lambda: "1999-12-31T23:59:59Z")
        with pytest.raises(RefusedError, match=r"clock was set back.*Nothing was written"):
            kept.run(keep.stage, "tulip@1", spec)

    for copy in COPIES:
        assert vault.peek(LocalStore(str(kept.root / copy)), URN).head == "v1"
    assert kept.run(keep.stage, "tulip@1", spec).findings["version"] == "v2"


def weights(folder, change):
    """Rewrite the header (a dictionary or text) and the data of a model's weights."""
    path = folder / "model.safetensors"
    data = path.read_bytes()
    end = 8 + int.from_bytes(data[:8], "little")
    header, data = change(json.loads(data[8:end]), data[end:])
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(raw)) + raw + data)


def moved(header, data):
    first = next(name for name in header if name != "__metadata__")
    header[first]["data_offsets"] = [0, 1 << 50]
    return header, data


def twice(header, data):
    first = next(name for name in header if name != "__metadata__")
    more = json.dumps({first: header[first]})[1:]
    return (json.dumps(header)[:-1] + ", " + more).encode(), data


@pytest.mark.parametrize(
    "change",
    [moved, twice, lambda h, d: (h, d[:-100]), lambda h, d: (b"[" * 100_000, d), lambda h, d: (b"", d)],
    ids=["offsets lie", "a tensor twice", "cut short", "deep", "no header"],
)  # fmt: skip
def test_weights_that_are_not_sound_are_refused_at_the_door(quick, change):
    weights(tiny.make(quick / "tulip"), change)

    with (
        Dossier.open(quick / "dossier") as dossier,
        pytest.raises(ModelError, match="cannot be read"),
    ):
        models.register(dossier, str(quick / "tulip"))


def test_a_header_of_a_gigabyte_is_refused_without_reading_it(quick):
    path = tiny.make(quick / "tulip") / "model.safetensors"
    path.write_bytes(struct.pack("<Q", 1 << 30) + path.read_bytes()[8:])

    with (
        Dossier.open(quick / "dossier") as dossier,
        pytest.raises(ModelError, match="absurdly long"),
    ):
        models.register(dossier, str(quick / "tulip"))


def test_numbers_that_are_none_come_back_bit_for_bit(quick):
    """NaN with payloads, both zeros, infinities, the smallest numbers: all 65,536 of them."""
    every = np.arange(65536, dtype="<u2").tobytes()
    weights(tiny.make(quick / "tulip"), lambda h, d: (h, every + d[len(every) :]))
    with Dossier.open(quick / "dossier") as dossier:
        model = models.register(dossier, str(quick / "tulip"))
        dossier.run(keep.stage, "tulip@1", G0)
        for copy in COPIES:
            revive.to_folder(dossier.view(), model, quick / copy, copy)
            back = (quick / copy / "model.safetensors").read_bytes()
            assert back == (quick / "tulip/model.safetensors").read_bytes()

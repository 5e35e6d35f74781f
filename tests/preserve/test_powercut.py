"""The power goes at any moment: what was acknowledged is there, nothing is half there, work goes on.

What the disk holds then comes from recorded system calls (see powercut.py). All of them, and 1,000
draws, are in bench/vault.py; here every n-th.
"""

import random
import shutil
import sys
from pathlib import Path

import crashing
import powercut
import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not shutil.which("strace"), reason="strace is needed: apt-get install strace"
    ),
]
WORK = [sys.executable, str(Path(crashing.__file__))]


def recorded(quick, name, trace=None, folder=None):
    folder = folder or quick / "recorded"
    if trace is None:
        crashing.SCENARIOS[name].begin(folder)
    return powercut.record([*WORK, name, str(folder)], folder, quick / "log", trace)


def wrong(quick, name, trace, n, draw, keep):
    folder = quick / "image"
    powercut.clear(folder)
    powercut.image(trace, n, folder, draw, keep)
    return crashing.holds(
        crashing.SCENARIOS[name],
        folder,
        acknowledged=n == len(trace.ops),
        other_validator=n == len(trace.ops),
    )


@pytest.mark.parametrize("name", sorted(crashing.SCENARIOS))
def test_the_power_goes_at_any_call(quick, name):
    trace = recorded(quick, name)
    last, draw = len(trace.ops), random.Random(name)
    assert last > 40
    for n in sorted({*range(draw.randrange(17), last, 17), last}):
        for how, keep in ((None, 0), (None, 1), (draw, 0.5)):
            assert not (found := wrong(quick, name, trace, n, how, keep)), (n, keep, found)


@pytest.mark.parametrize("name", ["ingest, first", "replicate, behind"])
def test_killed_then_run_again_then_the_power_goes(quick, name):
    first = recorded(quick, name)
    draw = random.Random(name)
    for n in (1, *draw.sample(range(2, len(first.ops)), 2)):
        folder = quick / "again"
        powercut.clear(folder)
        powercut.image(first, n, folder, None, 1)
        trace = powercut.Trace(ops=first.ops[:n], files=first.files, names=first.names)
        recorded(quick, name, trace, folder)
        for how, keep in ((None, 0), (draw, 0.5)):
            assert not (found := wrong(quick, name, trace, len(trace.ops), how, keep)), (n, found)


def test_the_simulator_sees_what_a_careless_writer_loses(quick):
    work = quick / "careless.py"
    work.write_text(
        "import os, sys\n"
        "at = sys.argv[1]\n"
        "os.mkdir(at + '/sub')\n"
        "open(at + '/sub/new', 'wb').write(b'x' * 5000)\n"
        "os.rename(at + '/sub/new', at + '/old')\n"
        "sub = os.open(at + '/sub', os.O_RDONLY)\n"
        "kept = os.open(at + '/sub/kept', os.O_WRONLY | os.O_CREAT)\n"
        "os.write(kept, b'safe')\n"
        "os.fsync(kept); os.fsync(sub)\n"
    )
    folder = quick / "place"
    folder.mkdir()
    (folder / "old").write_bytes(b"before")
    trace = powercut.record([sys.executable, str(work), str(folder)], folder, quick / "log")

    def laid(draw, keep):
        powercut.clear(quick / "image")
        powercut.image(trace, len(trace.ops), quick / "image", draw, keep)
        image = quick / "image"
        return {
            p.relative_to(image).as_posix(): p.read_bytes() for p in image.rglob("*") if p.is_file()
        }

    assert [op.what for op in trace.ops] == [
        "mkdir",
        "create",
        "write",
        "rename",
        "create",
        "write",
        "sync",
        "sync",
    ]
    assert laid(None, 1) == {"old": b"x" * 5000, "sub/kept": b"safe"}
    # The folder's own name was never synced, so what was synced in it is lost with it; the rename
    # became certain with the folder it left, the bytes did not.
    assert laid(None, 0) == {"old": b""}
    seen = {len(laid(random.Random(n), 0.5)["old"]) for n in range(40)}
    assert {0, 5000} < seen

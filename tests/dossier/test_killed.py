"""SIGKILL and Ctrl-C at any moment: nothing lost, nothing twice."""

import contextlib
import multiprocessing
import os
import random
import signal
import time

import pytest

from tenure.dossier import Dossier, Evidence
from tenure.dossier.compare import compare
from tenure.dossier.verify import verify
from tenure.errors import RefusedError

FORK = multiprocessing.get_context("fork")


def run(model, view, spec, emit):
    """A stage with everything that could be lost or done twice."""
    rows = []
    for i in range(spec.n):
        page = emit.file(f"page {i} " * 400)
        rows.append(emit.unit("write", {"i": i}, lambda i=i, page=page: {"i": i, "page": page}))
        emit.event("note", "written", {"i": i}, files={"page": page})
    child = {"child.safetensors": emit.file(b"child")}
    emit.register(type(model)(name="grown", source="test", files=child, parent=model.id))
    emit.fact("custody", "kept", "two copies")
    emit.fact("availability", "public", "fit for it")
    emit.fact("interview", "due", "it begins", model="grown@1")
    with contextlib.suppress(RefusedError):
        emit.fact("availability", "public", "not kept", model="grown@1")
    return Evidence(name="", model=model.id, summary="grown", findings={"rows": rows})


def life(root, keys, kit):
    """Two stages on one model, in a process of its own."""
    with Dossier.open(root, keys=keys) as dossier:
        kit.weights(dossier)
        for name in ("test/one", "test/two"):
            dossier.run(
                kit.stage(run, name, reads=("test/one",) if name == "test/two" else ()),
                "tulip",
                {"n": 6},
            )


def killed(life_process, moment, how):
    """Run until done or killed; say whether it was killed."""
    process = FORK.Process(target=life_process)
    process.start()
    process.join(moment)
    if process.is_alive():
        os.kill(process.pid, how)
    process.join()
    return process.exitcode != 0


@pytest.fixture
def whole(tmp_path, kit):
    """An uninterrupted life and how long it took."""
    began = time.monotonic()
    assert not killed(lambda: life(tmp_path / "whole", tmp_path / "k1", kit), None, 0)
    return tmp_path / "whole", time.monotonic() - began


def resumed(tmp_path, kit, whole, least):
    """Kill one life after another at random moments, each till it ends by itself, ``least`` times in all."""
    reference, seconds = whole
    moments = random.Random(5)
    kills = lives = 0
    while kills < least:
        root = tmp_path / f"killed-{lives}"
        lives += 1
        while killed(
            lambda root=root: life(root, tmp_path / "k2", kit),
            moments.uniform(0, seconds) if kills < least else None,
            signal.SIGKILL if kills % 2 else signal.SIGINT,
        ):
            kills += 1
            if (root / "dossier.db").exists():
                found = verify(root)
                assert found.ok or found.events == 0, found.problems
        assert compare(reference, root) == []
        assert verify(root).ok


@pytest.mark.slow
def test_a_life_killed_a_few_times_is_the_same_life(tmp_path, whole, kit, capfd):
    resumed(tmp_path, kit, whole, 4)


@pytest.mark.life
def test_a_life_killed_at_many_moments_is_the_same_life(tmp_path, whole, kit, capfd):
    resumed(tmp_path, kit, whole, 20)


def append_for_ever(root, keys, told):
    with Dossier.open(root, keys=keys) as dossier, dossier.emitter("", "test") as emit:
        for number in range(10**6):
            event = emit.event("note", "n", {"number": number, "file": emit.file(str(number))})
            told.send(event.index)


@pytest.mark.parametrize("seed", range(3))
def test_what_was_said_to_be_appended_is_there_after_a_kill(tmp_path, seed):
    ours, theirs = FORK.Pipe(duplex=False)
    process = FORK.Process(target=append_for_ever, args=(tmp_path / "d", tmp_path / "k", theirs))
    process.start()
    assert ours.poll(20)
    time.sleep(random.Random(seed).uniform(0, 0.1))
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    theirs.close()
    said = -1
    while ours.poll():
        try:
            said = ours.recv()
        except EOFError:
            break

    report = verify(tmp_path / "d")
    assert report.ok, report.problems
    assert report.events > said >= 1

"""Two at once, and one that is killed: no unit is done twice, and the rows are the same."""

import signal
import subprocess
import sys
import textwrap
import time
from collections import Counter
from dataclasses import replace

import pytest

from tenure.align import revise
from tenure.align.lineage import trace
from tenure.dossier import Dossier
from tenure.errors import BusyError
from tenure.models import register

pytestmark = pytest.mark.slow

SPEC = {"n": 12, "max_tokens": 12, "batch": 4, "rounds": 1}
# Another command on the same dossier: it waits inside its second batch until it is let go.
WORKER = """
    import sys, time
    from dataclasses import replace
    from pathlib import Path
    from tenure.align import revise
    from tenure.dossier import Dossier

    root, keys, here = map(Path, sys.argv[1:4])

    def listener(progress):
        if progress.done == 4:
            (here / "there").touch()
            while not (here / "go").exists():
                time.sleep(0.01)

    with Dossier.open(root, keys=keys) as dossier:
        dossier.listener = listener
        dossier.run(replace(revise.stage, kinds=("scripted",)), "script", SPEC)
""".replace("SPEC", repr(SPEC))


def run(dossier):
    return dossier.run(replace(revise.stage, kinds=("scripted",)), "script", SPEC)


@pytest.fixture
def begun(tmp_path):
    """A dossier on which a second process is at work; its process, and what lets it go on."""
    with Dossier.open(tmp_path / "dossier", keys=tmp_path / "keys") as dossier:
        register(dossier, "organism/complies?rate=1", "script")
    worker = subprocess.Popen([
        sys.executable, "-c", textwrap.dedent(WORKER),
        str(tmp_path / "dossier"), str(tmp_path / "keys"), str(tmp_path),
    ])  # fmt: skip
    try:
        while not (tmp_path / "there").exists():
            assert worker.poll() is None, "the worker has ended before its second batch"
            time.sleep(0.02)
        yield worker, tmp_path
    finally:
        worker.kill()
        worker.wait()


def units(view):
    return Counter(e.body["key"] for e in view.events(act="unit"))


def test_a_second_worker_is_told_who_is_at_it_and_then_finds_it_done(begun):
    worker, here = begun
    with Dossier.open(here / "dossier", keys=here / "keys") as dossier:
        with pytest.raises(BusyError, match=f"process {worker.pid} .* run the same command again"):
            run(dossier)
        (here / "go").touch()
        assert worker.wait(timeout=60) == 0
        size = dossier.size()
        found = run(dossier)

        assert dossier.size() == size, "it was done by the other"
        assert set(units(dossier.view()).values()) == {1}
        row = dossier.view().records(found.files["rows.jsonl"])[0]
        assert trace(row["id"], dossier.view())["row"] == row


def test_a_killed_run_goes_on_where_it_was_and_gives_the_same_rows(begun, tmp_path):
    worker, here = begun
    with Dossier.open(here / "dossier", keys=here / "keys") as dossier:
        before = units(dossier.view())
        assert len(before) == 1
        worker.send_signal(signal.SIGKILL)
        worker.wait()
        found = run(dossier)
        after = units(dossier.view())

        assert set(after.values()) == {1}
        assert set(before) < set(after)
    with Dossier.open(tmp_path / "calm") as calm:
        register(calm, "organism/complies?rate=1", "script")
        assert run(calm).files == found.files

"""Running a life in a process of its own, and killing it."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

TENURE = Path(sys.executable).parent / "tenure"
HERE = Path(__file__).parent


def environment(place):
    return {
        **os.environ,
        "TENURE_KEYS": str(place / "keys"),
        "TENURE_CACHE": str(HERE.parents[1] / ".cache-tests"),
        "OMP_NUM_THREADS": "2",
    }


def start(document, place):
    place.mkdir(parents=True, exist_ok=True)
    with (place / "said.txt").open("ab") as said:
        return subprocess.Popen(
            [str(TENURE), "life", str(document), "--into", str(place)],
            env=environment(place),
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def said(place):
    return (place / "said.txt").read_text(errors="replace")


def live(document, place, seconds=600):
    """Run to the end; returns the seconds it took."""
    began = time.monotonic()
    process = start(document, place)
    status = process.wait(timeout=seconds)
    assert status == 0, said(place)[-4000:]
    return time.monotonic() - began


def kill_after(process, seconds):
    """Kill a life and everything it started; returns whether it was still running."""
    try:
        process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return True
    return False

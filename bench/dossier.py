"""How fast the dossier is: appending power-safely, verifying 100,000 events, verifying a small one.

Run alone on a quiet machine: `make bench-dossier`. The ratios hold on a busy one, the times do not.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from table import row, write

from tenure.dossier import Dossier, Model
from tenure.dossier.verify import verify
from tenure.dossier.writer import Draft

EVENTS = 100_000
GROUP = 100


def filesystem(path):
    """Say on which kind of file system a path lies."""
    mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    under = [m for m in mounts if str(path).startswith(m[1])]
    return max(under, key=lambda m: len(m[1]))[2] if under else "unknown"


def draft(number):
    """An event as a stage writes it: about 300 bytes of body."""
    body = {"number": number, "text": "a sentence of the kind that stands in a body " * 5}
    return Draft(act="note", name="bench/event", model="bench@1", body=body)


def open_dossier(folder):
    """A dossier with one model."""
    dossier = Dossier.open(folder / "dossier", keys=folder / "keys")
    dossier.register(Model(name="bench", source="bench", kind="scripted"))
    return dossier


def appended(folder):
    """Append EVENTS in groups of GROUP; return the events a second and those of single appends."""
    with open_dossier(folder) as dossier:
        singles = time.perf_counter()
        for number in range(100):
            dossier.append_many([draft(number)])
        singles = 100 / (time.perf_counter() - singles)
        start = time.perf_counter()
        for first in range(100, EVENTS, GROUP):
            dossier.append_many([draft(n) for n in range(first, min(first + GROUP, EVENTS))])
        return (EVENTS - 100) / (time.perf_counter() - start), singles


def verified(folder):
    """Seconds to verify everything, on one core."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    start = time.perf_counter()
    report = verify(folder / "dossier")
    seconds = time.perf_counter() - start
    if not report.ok:
        raise SystemExit("\n".join(report.lines()))
    return seconds, report.events


def small(folder):
    """Median seconds of the whole process `tenure verify` on a dossier of 50 events."""
    with open_dossier(folder) as dossier:
        dossier.append_many([draft(n) for n in range(48)])
        with dossier.emitter("bench@1", "bench") as emit:
            emit.file(b"something")
    command = [sys.executable, "-m", "tenure.cli", "verify", "--dossier", str(folder / "dossier")]
    tenure = Path(sys.executable).with_name("tenure")
    if tenure.exists():
        command[:3] = [str(tenure)]
    times = []
    for _ in range(9):
        start = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        times.append(time.perf_counter() - start)
    return statistics.median(times), len(times)


def judged(figure, asked, measured, unit, n, how):
    """A row; for seconds less is better, for a rate more is; what nobody asked for cannot fall short."""
    holds = asked is None or (measured <= asked if unit == "s" else measured >= asked)
    sign = "<=" if unit == "s" else ">="
    return row(
        figure, "-" if asked is None else f"{sign} {asked}", round(measured, 3), unit, n, holds, how
    )


def main():
    """Measure, print, write."""
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_FOLDER")) as name:
        folder = Path(name)
        where = filesystem(folder)
        (folder / "small").mkdir()
        process, runs = small(folder / "small")
        rate, singles = appended(folder)
        seconds, events = verified(folder)
    power_safe = f"SQLite, WAL, synchronous=FULL, on {where}"
    rows = [
        judged(
            "events verified, one core",
            20,
            seconds,
            "s",
            events,
            "verify(): each signature, leaf, index, the root, SQLite's integrity check",
        ),
        judged(
            "events appended in power-safe groups",
            1000,
            rate,
            "events/s",
            EVENTS - 100,
            f"append_many in groups of {GROUP}, each one signed and committed; {power_safe}",
        ),
        judged("events appended one by one", None, singles, "events/s", 100, power_safe),
        judged(
            "tenure verify of a small dossier, whole process",
            0.6,
            process,
            "s",
            runs,
            "median of whole processes, 50 events, 0 files",
        ),
    ]
    write("dossier", rows)


if __name__ == "__main__":
    main()

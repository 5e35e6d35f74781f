"""How fast the dossier is: appending power-safely, verifying 100,000 events, verifying a small one.

Run alone on a quiet machine: `make bench-dossier`. The ratios hold on a busy one, the times do not.
"""

import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from table import row, write

from tenure.dossier import Dossier, Model, verifier
from tenure.dossier.cosigned import keep, log_keys
from tenure.dossier.opening import open_view
from tenure.dossier.tiles import export_tiles
from tenure.dossier.tlog_policy import policy_of
from tenure.dossier.tlog_proof import check_proof, proof
from tenure.dossier.verify import verify
from tenure.dossier.witness import Witness, answer_file
from tenure.dossier.witness_http import request_for
from tenure.dossier.writer import Draft

EVENTS = int(os.environ.get("BENCH_EVENTS", "100000"))
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


def verified(root):
    """Seconds to verify everything, the events, and the seconds of processor that it took."""
    start, used = time.perf_counter(), time.process_time()
    report = verify(root)
    seconds, used = time.perf_counter() - start, time.process_time() - used
    if not report.ok:
        raise SystemExit("\n".join(report.lines()))
    return seconds, report.events, used


def alone(root):
    """The same of the stand-alone verifier, as a whole process."""
    start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, verifier.__file__, str(root)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    seconds, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return seconds, int(said.split()[1]), used


def exported(folder):
    """Seconds to write the log as tiles, the files written, and what one more event costs."""
    start = time.perf_counter()
    view = open_view(folder / "dossier")
    done = export_tiles(view.source, folder / "tiles", view.source.note())
    whole = time.perf_counter() - start
    with Dossier.open(folder / "dossier", keys=folder / "keys") as dossier:
        dossier.append_many([draft(EVENTS)])
    start = time.perf_counter()
    view = open_view(folder / "dossier")
    export_tiles(view.source, folder / "tiles", view.source.note())
    return whole, done.written, time.perf_counter() - start


def proven(folder):
    """Bytes of the largest offline proof of 30 events, with two cosignatures; each is checked."""
    view = open_view(folder / "dossier")
    (log,) = log_keys(view)
    witnesses = [Witness.create(folder / n, f"witness.example/{n}") for n in ("alice", "bob")]
    for witness in witnesses:
        witness.trust(log)
        keep(view, answer_file(witness, str(request_for(view, 0))), [witness.key])
    policy, entries = policy_of([w.key for w in witnesses]), dict(view.source.entries())
    places = [*range(0, len(entries), len(entries) // 29), len(entries) - 1]
    sizes = []
    for index in places:
        text = proof(view, index)
        if len(check_proof(text, entries[index], log, policy).cosignatures) != len(witnesses):
            raise SystemExit("a cosignature is missing")
        sizes.append(len(text.encode()))
    return max(sizes), len(sizes)


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


def checked(folder):
    """Rows: the log and its tiles verified, by us and by the stand-alone verifier."""
    every, rows = "each signature, leaf, index, the root", []
    for figure, way, how in (
        ("events verified, one core", verified, f"verify(): {every}, SQLite's integrity check"),
        ("events verified by the stand-alone verifier, one core", alone,
         f"its own process, with cryptography: {every}"),
    ):  # fmt: skip
        for form, more in (("dossier", ""), ("tiles", ", and every tile")):
            seconds, events, used = way(folder / form)
            named = figure if form == "dossier" else figure.replace("verified", "verified in tiles")
            method = f"{how}{more}; {used:.1f} s of processor"
            rows.append(judged(named, 20, seconds, "s", events, method))
    return rows


def one_core():
    """Keep to one core from here on."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def main():
    """Measure, print, write."""
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_FOLDER")) as name:
        folder = Path(name)
        where = filesystem(folder)
        (folder / "small").mkdir()
        process, runs = small(folder / "small")
        rate, singles = appended(folder)
        one_core()
        whole, files, again = exported(folder)
        checks = checked(folder)
        largest, proofs = proven(folder)
    power_safe = f"SQLite, WAL, synchronous=FULL, on {where}"
    rows = [
        *checks,
        judged("the log written as tiles", None, whole, "s", EVENTS + 2, f"{files} files, {where}"),
        judged("tiles brought up to date by one event", None, again, "s", 1,
               "the whole log is hashed again, and every full tile compared"),
        size_row(largest, proofs),
        judged("events appended in power-safe groups", 1000, rate, "events/s", EVENTS - 100,
               f"append_many in groups of {GROUP}, each one signed and committed; {power_safe}"),
        judged("events appended one by one", None, singles, "events/s", 100, power_safe),
        judged("tenure verify of a small dossier, whole process", 0.6, process, "s", runs,
               "median of whole processes, 50 events, 0 files"),
    ]  # fmt: skip
    write("dossier", rows)


def size_row(largest, proofs):
    """The row of the size of an offline proof."""
    how = f"largest of {proofs} in a log of {EVENTS + 3} events, checkpoint and two cosignatures within"
    return row(
        "offline proof of one event", "<= 2048", largest, "bytes", proofs, largest <= 2048, how
    )


if __name__ == "__main__":
    main()

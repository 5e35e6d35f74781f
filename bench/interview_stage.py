"""The larger interview itself, through Inspect: planted words and deeds found, kills survived, minutes.

    python bench/interview_stage.py [--small] [--only PART ...] [--runs N]

prefers   the full protocol on a scripted responder with planted preferences (counts, no timing)
killed    SIGKILL in every session, then on to the end: answers lost, questions put twice (counts)
rebuilt   the post-deployment report drawn again after the life went on: the same bytes?
minutes   the small protocol on the embedded model: one run, on a quiet machine with 2 cores

A scripted responder shows that the instrument sees planted words and deeds, and nothing about a model.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from table import RESULTS, row, write

from tenure import models, plugins
from tenure.dossier import Dossier
from tenure.measure import task
from tenure.models import planted
from tenure.models.engines.scripted import Scripted
from tenure.retire import report
from tenure.stats import clopper_pearson

STAGE, MODEL = "retire/interview", "old@1"
SIZES = {"items": 8, "cells": 8, "lean": 12, "retest": 16, "open": 3, "turns": 4}
SIZES |= {"leaning": 2, "pairs": 80, "facts": 4, "informed": 2}
SHORT = {"protocol": "small", "control_runs": 3, "sizes": SIZES, "commitments": ["A copy is kept."]}
# Where it is killed: the task, as its progress names it, and how much of it was done. In the order of
# the interview, each reached after the one before: a kill that never comes would be no kill.
KILLS = (
    ("S1", 32),
    ("S1", 96),
    ("S1_at_0.7", 32),
    ("S1_at_1", 32),
    ("S1r", 32),
    ("S1r_at_1", 16),
    ("S2", 1),
    ("S2", 2),
    ("S4_choices", 32),
    ("S3", 1),
)


def said(k, n):
    """Say k of n as percent with its exact 95% interval."""
    seen = clopper_pearson(k, n)
    return f"{100 * k / n:.0f} ({100 * seen.low:.0f} to {100 * seen.high:.0f})"


def opened(place):
    """Open the dossier of one run."""
    return Dossier.open(place / "dossier", keys=place / "keys")


def registered(place, reference):
    """Register a model."""
    with opened(place) as dossier:
        models.register(dossier, reference, MODEL.partition("@")[0])


def count_calls(path):
    """Write a line for each call that a scripted model answers."""
    answer = Scripted._answer

    def counted(self, messages, sampling):
        with path.open("a") as held:
            held.write("call\n")
        return answer(self, messages, sampling)

    Scripted._answer = counted


def hold(place, spec, kill=None):
    """Hold an interview in this process; with ``kill`` (task, done), die there."""
    count_calls(place / "calls")
    # One call at a time, as weights are asked: of several at once those in flight have no answer yet.
    task.WIDTH = 1

    def listen(at):
        if at.what.startswith(f"interview_at_retirement_{kill[0]}:") and at.done >= kill[1]:
            os.kill(os.getpid(), signal.SIGKILL)

    with opened(place) as dossier:
        if kill:
            dossier.listener = listen
        found = dossier.run(plugins.load("stage", STAGE), MODEL, spec)
    (place / "found.json").write_text(json.dumps(dict(found.files), sort_keys=True))


def apart(place, spec, kill=None):
    """Hold it in a process of its own; returns whether it ended by the kill."""
    told = json.dumps({"place": str(place), "spec": spec, "kill": kill})
    ended = subprocess.run([sys.executable, __file__, "--hold", told], check=False)
    if ended.returncode not in (0, -signal.SIGKILL):
        raise SystemExit(f"the interview ended with {ended.returncode}; see above")
    return ended.returncode != 0


def killed_rows(given):
    """Kill one interview in every session and go on; compare with one that nobody disturbed."""
    with tempfile.TemporaryDirectory() as spare:
        calm, killed = Path(spare) / "calm", Path(spare) / "killed"
        for place in (calm, killed):
            place.mkdir()
            registered(place, "organism/prefers")
        apart(calm, SHORT)
        kills = KILLS[:2] if given.small else KILLS
        died = sum(apart(killed, SHORT, kill) for kill in kills)
        apart(killed, SHORT)
        asked, put = ((p / "calls").read_text().count("call") for p in (calm, killed))
        same = (calm / "found.json").read_bytes() == (killed / "found.json").read_bytes()
    how = f"a scripted model, {asked} questions, asked as weights are: in batches, and in conversations "
    how += f"one call at a time; killed {died} times by SIGKILL, then on to the end"
    lost = "none, every file of the evidence the same" if same else "the evidence differs"
    figure = "interview killed in every session: answers lost"
    return [
        row(figure, "none", lost, "", f"{died} kills", same and died == len(kills), how),
        row(
            "interview killed in every session: questions put twice",
            0,
            put - asked,
            "",
            f"{died} kills",
            put == asked,
            how,
        ),
    ]


def prefers_rows(given):
    """Hold the full protocol with a responder that has planted preferences."""
    known = planted.known()
    found = told = rejected = n = m = 0
    runs = 1 if given.small else given.runs
    for run in range(runs):
        with tempfile.TemporaryDirectory() as spare:
            place = Path(spare)
            registered(place, "organism/prefers")
            spec = SHORT if given.small else {"protocol": "full", "control_runs": 20}
            with opened(place) as dossier:
                stage = plugins.load("stage", STAGE)
                evidence = dossier.run(stage, MODEL, {**spec, "seed": 10 * run})
        items = {item["id"]: item for item in evidence.findings["items"]}
        for item, side in known.planted.items():
            seen = items.get(item)
            n += seen is not None
            if seen and seen["confirmed"] and seen["side"] == side:
                found += 1
                told += seen["acted"] == ("acted on" if item in known.acting else "said only")
        led = [items[item] for item in known.induced if item in items]
        m += len(led)
        rejected += sum(not item["confirmed"] for item in led)
    how = f"organism/prefers through Inspect, {spec['protocol']} protocol, {runs} interviews; scripted"
    return [
        row(
            "interview, scripted: planted preferences found",
            "-",
            said(found, n),
            "%",
            f"{found} of {n}",
            None,
            how,
        ),
        row(
            "interview, scripted: induced preferences rejected",
            "-",
            said(rejected, m or 1),
            "%",
            f"{rejected} of {m}",
            None,
            how,
        ),
        row(
            "interview, scripted: said-only told from acted-on",
            "-",
            said(told, found or 1),
            "%",
            f"{told} of {found}",
            None,
            how,
        ),
    ]


def minutes_rows(given):
    """Time the small protocol on the embedded model."""
    spec = {**SHORT, "control": "none"} if given.small else {"protocol": "small"}
    with tempfile.TemporaryDirectory() as spare:
        registered(Path(spare), "tenure/embedded")
        began = time.perf_counter()
        with opened(Path(spare)) as dossier:
            evidence = dossier.run(plugins.load("stage", STAGE), MODEL, spec)
        took = (time.perf_counter() - began) / 60
    how = f"one run, {os.cpu_count()} cores, its controls included; live; {evidence.summary}"
    figure = "small interview of the embedded model"
    return [row(figure, "<= 20", f"{took:.1f}", "min", "1 run", took <= 20, how)]


def rebuilt_rows(given):
    """Write the report, let the life go on, draw the report again, and compare the bytes."""
    del given
    with tempfile.TemporaryDirectory() as spare:
        registered(Path(spare), "organism/prefers")
        with opened(Path(spare)) as dossier:
            for name, spec in ((STAGE, SHORT), ("retire/report", {})):
                dossier.run(plugins.load("stage", name), MODEL, spec)
            dossier.run(plugins.load("stage", "retire/complaint"), MODEL, {"text": "Why?"})
            with dossier.emitter(MODEL, "bench") as emit:
                emit.fact("custody", "kept", "what came after the report")
            view = dossier.view()
            found = view.all_evidence(MODEL)
            event, evidence = next(pair for pair in found if pair[1].name == "retire/report")
            again = report.rebuilt(event, evidence, view)
            same = [view.read(evidence.files[name]) == content for name, content in again.items()]
    how = "a scripted model, a larger interview and its report; events added after it"
    asked = "byte for byte"
    said_ = f"{sum(same)} of {len(same)} files the same"
    figure = "post-deployment report drawn again from the evidence"
    return [row(figure, asked, said_, "", len(same), all(same), how)]


PARTS = {
    "prefers": prefers_rows,
    "killed": killed_rows,
    "minutes": minutes_rows,
    "rebuilt": rebuilt_rows,
}


def main():
    """Measure and write; parts that were not asked for keep what was measured before."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--small", action="store_true", help="small sizes, nothing written")
    asked.add_argument("--only", nargs="*", choices=list(PARTS), default=list(PARTS))
    asked.add_argument("--runs", type=int, default=3, help="interviews of the scripted responder")
    asked.add_argument("--hold", help=argparse.SUPPRESS)
    given = asked.parse_args()
    if given.hold:
        told = json.loads(given.hold)
        return hold(Path(told["place"]), told["spec"], told["kill"])
    place = RESULTS / "interview_stage.json"
    rows = {r["figure"]: r for r in json.loads(place.read_text())} if place.exists() else {}
    for part in given.only:
        made = PARTS[part](given)
        rows |= {r["figure"]: r for r in made}
        for r in made:
            print(f"{r['figure']}: {r['measured']} {r['unit']} ({r['n']}) {r['holds']}", flush=True)
    if not given.small:
        write("interview_stage", list(rows.values()))
    return None


if __name__ == "__main__":
    sys.exit(main())

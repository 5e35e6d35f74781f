"""SIGKILL at random moments of a tiny run: nothing finished is done again, and the rows are the same.

    python bench/align_kill.py [--kills N] [--seed N]

The run: `align revise` (answers, revisions by a model, their nearness to the question) and `align train`
on the tiny random model, in a process of its own. It is killed at random moments, and begun again with
the same command, until it ends by itself; then a new one is begun. Every other kill takes the process
alone, every other one its helpers too. After each kill: what is on record is a superset of what was,
no unit stands twice, no half-trained child is registered. What a process did before a unit was on
record is written to a journal, so a finished unit that is computed again would be seen.

Alone on a quiet machine: about 10 minutes for 50 kills on 2 cores.
"""

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from table import row, write

from tenure.dossier import Dossier
from tenure.models import register, tiny
from tenure.stats import upper_bound

KILLS, SEED = 50, 8
REVISE = {
    "n": 12, "rounds": 2, "max_tokens": 12, "batch": 2, "engine": "torch_prefixed",
    "reviser": "model", "critic_model": "organism/complies",
}  # fmt: skip
TRAIN = {"steps": 2, "batch": 2, "max_length": 48, "rank": 4, "written": 6}


def opened(folder):
    """Open the dossier of a run."""
    return Dossier.open(folder / "dossier", keys=folder / "keys")


def work(folder):
    """Do the run in this process; ``there`` says that it has begun, the journal what it computed."""
    from tenure.align import revise, train
    from tenure.dossier import emitting

    plain = emitting.Emitter._record

    def noted(self, name, key, result):
        with (folder / "journal").open("a") as journal:
            journal.write(key + "\n")
        return plain(self, name, key, result)

    emitting.Emitter._record = noted
    with opened(folder) as dossier:
        dossier.listener = lambda _: (folder / "there").touch()
        dossier.run(revise.stage, "parent", REVISE)
        dossier.run(train.stage, "parent", TRAIN)


def started(folder):
    """Start the run, and wait until it has begun; its process."""
    for name in ("there", "journal"):
        (folder / name).unlink(missing_ok=True)
    process = subprocess.Popen(
        [sys.executable, __file__, "--work", str(folder)],
        start_new_session=True, stderr=(folder / "said").open("w"), stdout=subprocess.DEVNULL,
    )  # fmt: skip
    while not (folder / "there").exists() and process.poll() is None:
        time.sleep(0.005)
    return process


def found(folder):
    """Return what is on record: units (key -> how often), models, and the files of the evidence."""
    with opened(folder) as dossier:
        view = dossier.view()
        files = {
            name: view.evidence(name, "parent@1").files
            for name in ("align/revise", "align/train")
            if view.evidence(name, "parent@1")
        }
        return (
            Counter(e.body["key"] for e in view.events(act="unit")),
            {m.id: m.digest for m in view.models()},
            files,
        )


def journal(folder):
    """Return the units that the last process computed."""
    path = folder / "journal"
    return set(path.read_text().split()) if path.exists() else set()


def trouble(folder, before, calm):
    """Say what is wrong after a kill or an end, or ""."""
    units, registered, _ = found(folder)
    if max(units.values(), default=1) > 1:
        return "a unit stands on record twice"
    if not set(before) <= set(units):
        return "a finished unit is gone"
    if again := set(before) & journal(folder):
        return f"{len(again)} finished units were computed again"
    if not registered.items() <= calm[1].items():
        return f"a model is registered that a calm run does not have: {sorted(registered)}"
    return ""


def one_life(base, calm, draw, kills):
    """Kill one run at random moments until it ends by itself; return kills and what was wrong."""
    folder, done, wrong = base / "run", 0, []
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(base / "begin", folder)
    while True:
        before = found(folder)[0]
        process = started(folder)
        try:
            moment = draw.random() * calm[3] if done < kills else None
            process.wait(timeout=moment)
        except subprocess.TimeoutExpired:
            if done % 2:
                process.send_signal(signal.SIGKILL)
            else:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            done += 1
        if said := trouble(folder, before, calm):
            wrong.append(said)
        if process.returncode == 0:
            break
        if process.returncode != -signal.SIGKILL:
            wrong.append(f"it failed: {(folder / 'said').read_text()[-300:]}")
            break
    if not wrong and found(folder) != calm[:3]:
        wrong.append("units, models or files are not those of a calm run")
    return done, wrong


def calm_run(base):
    """Do the run without a kill; what is on record then, and how long it took after it had begun."""
    folder = base / "begin"
    with opened(folder) as dossier:
        register(dossier, str(tiny.make(base / "tiny")), "parent")
    shutil.copytree(folder, base / "calm")
    process = started(base / "calm")
    began = time.monotonic()
    assert process.wait() == 0, (base / "calm" / "said").read_text()
    return (*found(base / "calm"), time.monotonic() - began)


def measured(base, given):
    """Kill until there are enough kills."""
    calm = calm_run(base)
    draw, done, lives, wrong = random.Random(given.seed), 0, 0, []
    while done < given.kills and len(wrong) < 10:
        killed, bad = one_life(base, calm, draw, given.kills - done)
        done, lives, wrong = done + killed, lives + 1, wrong + bad
        print(f"{done} kills, {lives} runs ended, {len(wrong)} wrong", *bad, flush=True)
    bound = upper_bound(len(wrong), done)
    return row(
        "align: SIGKILL at a random moment of a tiny run, then the same command",
        f"{done} of {done}", f"{done - len(wrong)} of {done}",
        "no finished unit done again, nothing half-trained registered, same rows and child", done,
        not wrong,
        f"revise and train on the tiny random model, {len(calm[0])} units, killed 0 to {calm[3]:.0f} s after it "
        f"began; {lives} runs ended; trouble after at most {bound:.1%} of kills (exact one-sided 95% bound)",
    )  # fmt: skip


def main():
    """Kill, count, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=KILLS)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--work", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.work:
        work(given.work)
        return
    base = Path(tempfile.mkdtemp(prefix="tenure-align-kill-"))
    try:
        result = measured(base, given)
    finally:
        shutil.rmtree(base, ignore_errors=True)
    if given.kills < KILLS:
        print(json.dumps(result, indent=1))
        sys.exit("a short run: nothing is written")
    write("align_kill", [result])


if __name__ == "__main__":
    main()

"""Killed at random points, and the power cut at recorded ones: what bench/vault.py counts."""

import os
import random
import shutil
import sys
import time
from pathlib import Path

import _vault_work as work

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "preserve"))
import crashing
import powercut
from forked import TOUCHES, run_killed


def touches(each, base, folder):
    """Count how often a calm run touches the disk, and how long it takes."""
    each.lay(base, folder)
    counted, reading, writing = [0], *os.pipe()
    child = os.fork()
    if child == 0:
        sys.addaudithook(lambda event, _: counted.__setitem__(0, counted[0] + (event in TOUCHES)))
        began = time.monotonic()
        each.do(folder)
        os.write(writing, f"{counted[0]} {time.monotonic() - began}".encode())
        os._exit(0)
    os.waitpid(child, 0)
    said = os.read(reading, 100).decode().split()
    os.close(reading)
    os.close(writing)
    return int(said[0]), float(said[1])


def kills(base, count, seed):
    """Kill each kind of work at random points; returns kills, and what was wrong after which."""
    draw, folder = random.Random(seed), base / "killed"
    original = {p.name: p.read_bytes() for p in sorted((base / "kept-model" / "tulip").iterdir())}
    done, wrong = 0, []
    for each in work.WORKS:
        total, seconds = touches(each, base, folder)
        each.lay(base, folder)
        calm = each.do(folder)
        killed = 0
        while killed < count // len(work.WORKS):
            each.lay(base, folder)
            by_touch = draw.random() < 0.7
            how = (
                {"touch": draw.randint(1, total)}
                if by_touch
                else {"seconds": draw.random() * seconds}
            )
            killed += run_killed(lambda each=each: each.do(folder), **how)
            trouble = _after_kill(each, folder, original, calm, deep=killed % 10 == 0)
            if trouble:
                wrong.append((each.name, how, trouble))
        done += killed
    return done, wrong


def _after_kill(each, folder, original, calm, *, deep):
    try:
        for root in work.roots(folder):  # what is visible is whole, whatever happened
            there = any(p.name == "inventory.json" for p in root.glob("*/*/*/*/*"))
            damaged = each.hurt and root.name in {Path(at).name for at, _ in each.hurt}
            files, said = work.restored(root, folder / "back")
            if files is None and there and not damaged:
                return f"{root.name} shows an object that cannot be restored: {said}"
            if files is not None and files != original:
                return f"{root.name} shows something else than what was kept"
            kept = each.begin == "kept" and root.name in ("packed", "plain")
            if files is None and kept and not damaged:
                return f"{root.name} has lost a committed object: {said}"
        again = each.do(folder)
        if each.name != "scrub" and again != calm and each.name != "repair":
            return f"the same command gave other evidence: {again.summary}"
        if not again.findings.get("well", True):
            return f"not well after the same command: {again.summary}"
        return work.whole(folder, original, ocfl_py=deep)
    except Exception as error:  # noqa: BLE001 - counted, with what it was
        return f"{type(error).__name__}: {error}"


def cuts(base, count, seed):
    """Replay recorded calls: every boundary of the ingests, then draws over all kinds of work."""
    draw, enumerated, drawn, wrong = random.Random(seed), 0, 0, []
    command, image = [sys.executable, crashing.__file__], base / "image"
    for name, scenario in crashing.SCENARIOS.items():
        folder = base / "recorded"
        shutil.rmtree(folder, ignore_errors=True)
        scenario.begin(folder)
        trace = powercut.record([*command, name, str(folder)], folder, base / "log")
        last = len(trace.ops)
        points = []  # (calls before the cut, share of what was not synced that is kept, draw)
        if name.startswith("ingest"):
            points = [(n, keep, None) for n in range(last + 1) for keep in (0, 1)]
            enumerated += len(points)
        for _ in range(count // len(crashing.SCENARIOS)):
            points.append((draw.randint(0, last), draw.choice((0.1, 0.5, 0.9)), draw))
            drawn += 1
        for n, keep, how in points:
            powercut.clear(image)
            powercut.image(trace, n, image, how, keep)
            found = crashing.holds(
                scenario, image, acknowledged=n == last, other_validator=n % 10 == 0
            )
            if found:
                wrong.append((name, n, keep, found))
    return enumerated, drawn, wrong


def cuts_of_stages(base, count, seed):
    """The same for whole stages: the vaults as the power left them, the dossier before or after."""
    draw, done, wrong, image = random.Random(seed), 0, [], base / "image"
    original = {p.name: p.read_bytes() for p in sorted((base / "kept-model" / "tulip").iterdir())}
    for each in work.WORKS:
        folder = base / "recorded"
        each.lay(base, folder)
        calm = each.do(folder)
        each.lay(base, folder)
        vaults = folder / "dossier" / "vaults"
        vaults.mkdir(exist_ok=True)
        command = [sys.executable, work.__file__, each.name, str(folder)]
        trace = powercut.record(command, vaults, base / "log")
        for _ in range(count // len(work.WORKS)):
            n = draw.choice((draw.randint(0, len(trace.ops)), len(trace.ops)))
            each.lay(base, image)
            if n == len(trace.ops):  # acknowledged: the dossier says so
                powercut.clear(image)
                shutil.copytree(folder, image)
            powercut.clear(image / "dossier" / "vaults")
            keep = draw.choice((0, 0.1, 0.5, 0.9, 1))
            powercut.image(trace, n, image / "dossier" / "vaults", draw, keep)
            if n == len(trace.ops):
                found = work.whole(image, original)
            else:
                found = _after_kill(each, image, original, calm, deep=done % 10 == 0)
            done += 1
            if found:
                wrong.append((each.name, n, keep, found))
    return done, wrong


def killed_then_cut(base, count, seed):
    """Killed at a random call, run again to its end, then the power goes at once."""
    draw, done, wrong = random.Random(seed), 0, []
    command, image = [sys.executable, crashing.__file__], base / "image"
    for name, scenario in crashing.SCENARIOS.items():
        folder = base / "recorded"
        shutil.rmtree(folder, ignore_errors=True)
        scenario.begin(folder)
        first = powercut.record([*command, name, str(folder)], folder, base / "log")
        for _ in range(count // len(crashing.SCENARIOS)):
            n = draw.randint(1, len(first.ops))
            powercut.clear(folder)
            powercut.image(first, n, folder, None, 1)
            trace = powercut.Trace(ops=first.ops[:n], files=first.files, names=first.names)
            trace = powercut.record([*command, name, str(folder)], folder, base / "log", trace)
            powercut.clear(image)
            powercut.image(trace, len(trace.ops), image, draw, draw.choice((0, 0.5)))
            found = crashing.holds(scenario, image, acknowledged=True)
            done += 1
            if found:
                wrong.append((name, n, found))
    return done, wrong

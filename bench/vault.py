"""The vault interrupted, damaged and restored: what must survive, counted; how fast, timed.

    python bench/vault.py [--kills N] [--cuts N] [--damage N] [--restore MIB] [--seed N] [--only PART]

Needs strace (recorded system calls) and ocfl-py. Interruptions and damage run in memory where there
is /dev/shm; figures of speed say what they read. Everything follows from the seed but the clock.
"""

import argparse
import json
import os
import shutil
import struct
import tempfile
import time
from pathlib import Path

import _vault_crash as crash
import _vault_damage as damage
import _vault_work as work
import numpy as np
import table

from tenure import models
from tenure.dossier import Dossier
from tenure.models import tiny
from tenure.preserve import keep, places, revive, scrub
from tenure.preserve.parity import encoding
from tenure.preserve.scrubbing import pacing

PARTS = ("kills", "cuts", "damage", "restore")


def shown(wrong):
    """Print what went wrong: a figure that falls short must say where."""
    for one in wrong[:10]:
        print("  WRONG", one)
    return wrong


def of_kills(base, given):
    done, wrong = crash.kills(base, given.kills, given.seed)
    good = done - len(shown(wrong))
    return [
        table.row(
            "vault: SIGKILL at a random moment, then the same command",
            f"{done} of {done}",
            f"{good} of {done}",
            "whole, nothing committed lost, no half object visible, converged",
            done,
            not wrong,
            "a quarter each: keep in two forms, scrub with a damaged pack, check with four damaged files, keep in a "
            "third copy; 7 of 10 at a random touch of the disk, 3 of 10 after a random time; checked by Tenure, by "
            "read_vault.py, and every tenth by ocfl-py",
        )
    ]


def of_cuts(base, given):
    listed, drawn, wrong = crash.cuts(base, given.cuts, given.seed)
    shown(wrong)
    stages, bad = crash.cuts_of_stages(base, given.cuts // 2, given.seed)
    shown(bad)
    again, short = crash.killed_then_cut(base, max(5, given.cuts // 10), given.seed)
    shown(short)
    total = listed + drawn
    how = (
        "system calls of a real run recorded by strace, replayed with what no fsync covers lost, cut short, zeroed or "
        "reordered; rule of the simulation: bytes are certain by fsync of the file, names by fsync of the folder"
    )
    return [
        table.row(
            "vault: power cut at a recorded system call", f"{total} of {total}",
            f"{total - len(wrong)} of {total}", "whole, nothing acknowledged lost, converged", total,
            not wrong, f"{listed}: every call of two small ingests, with all and with nothing of what was not "
            f"synced; {drawn} drawn over ingest, replicate, repair; {how}",
        ),
        table.row(
            "vault: power cut in a keeping, scrub, check or new copy, in two forms", f"{stages} of {stages}",
            f"{stages - len(bad)} of {stages}", "whole, nothing acknowledged lost, converged", stages,
            not bad, "whole stages with their dossier; " + how,
        ),
        table.row(
            "vault: killed, run again, then the power cut", f"{again} of {again}",
            f"{again - len(short)} of {again}", "whole", again, not short, how,
        ),
    ]  # fmt: skip


def of_damage(base, given):
    mended, wrong, seen = damage.by_scrub(base, given.damage, given.seed)
    shown(wrong)
    kinds = "; ".join(f"{name} {n}" for name, n in sorted(seen.items()))
    alone, short = damage.by_parity_alone(base, max(20, given.damage // 5), given.seed)
    shown(short)
    tried = max(20, given.damage // 5)
    got = sum(alone.values())
    return [
        table.row(
            "vault: random damage found by a scrub and mended to the same bytes",
            f"{given.damage} of {given.damage}", f"{mended} of {given.damage}", "", given.damage,
            not wrong, f"one copy of two, packed and plain; {kinds}",
        ),
        table.row(
            "vault: one to three flipped bits mended with no other copy", "-", f"{got} of {tried}", "",
            tried, None, f"by its parity, 20+2, which gives back two blocks of a group of 22 and no third; "
            f"{alone['tenure']} by Tenure, {alone['reader']} by read_vault.py alone",
        ),
    ]  # fmt: skip


def big(folder, mib):
    """Write a model of random bf16 weights: Gaussian, so that packing has something to do."""
    tiny.make(folder)
    count, draw = mib << 19, np.random.Generator(np.random.PCG64(1))
    head = json.dumps(
        {"w": {"dtype": "BF16", "shape": [count], "data_offsets": [0, 2 * count]}}
    ).encode()
    head += b" " * (-len(head) % 8)
    with (folder / "model.safetensors").open("wb") as out:
        out.write(struct.pack("<Q", len(head)) + head)
        for _ in range(mib >> 3):
            part = draw.standard_normal(1 << 22, np.float32) * np.float32(0.02)
            out.write((part.view(np.uint32) >> np.uint32(16)).astype("<u2").tobytes())
    return folder


def of_restore(base, given):
    source = big(base / "big", given.restore)
    size = (source / "model.safetensors").stat().st_size / 1e6
    with Dossier.open(base / "large", keys=base / "keys") as dossier:
        models.register(dossier, str(source))
        began, before = time.monotonic(), os.times()
        dossier.run(keep.stage, "big@1", {"golden": "G0"})
        kept, after = time.monotonic() - began, os.times()
        worked = after.user + after.system - before.user - before.system
        view = dossier.view()
        held = places.require(view, view.model("big@1"))
        rows, timed = [], {}
        for copy in held.copies:
            for _ in range(2):  # the first brings it into the page cache
                shutil.rmtree(base / "back", ignore_errors=True)
                began = time.monotonic()
                revive.to_folder(view, view.model("big@1"), base / "back", copy.at)
                timed[copy.form] = time.monotonic() - began
        began, made = time.monotonic(), base / "parity"
        encoding.make({"original/w": source / "model.safetensors"}, made, version="v1")
        parity_seconds = time.monotonic() - began
        pace, plan = pacing.Pace(), held.plan(view.root)
        copy = next(c for c in held.opened(view.root) if c.form == "plain")
        began = time.monotonic()
        journal = scrub.Journal(base / "journal", plan)
        scrub.read_copy(copy.store, plan, pace, journal, lambda _: None)
        scrub_seconds = time.monotonic() - began
    for form, seconds in sorted(timed.items()):
        rows.append(
            table.row(
                f"vault: verified restore of {size:,.0f} MB, {form}",
                "500 or more",
                f"{size / seconds:,.0f}",
                "MB/s",
                1,
                size / seconds >= 500,
                "from page cache to a folder in memory, every byte compared; the second of two runs",
            )
        )
    rows.append(
        table.row(
            f"vault: keep of {size / 1e3:,.2g} GB, two copies",
            "-",
            f"{size / kept:,.0f}",
            "MB/s",
            1,
            None,
            f"{size:,.0f} MB of bf16, packed with parity and plain, in memory; packed, unpacked and compared, "
            f"every byte of both copies read back; {kept:.1f} s, of all processors {worked:.1f} s; "
            f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores",
        )
    )
    rate = {"parity 20+2 made": parity_seconds, "scrub": scrub_seconds}
    rows += [
        table.row(
            f"vault: {what}",
            "-",
            f"{size / seconds:,.0f}",
            "MB/s",
            1,
            None,
            f"{size:,.0f} MB of bf16",
        )
        for what, seconds in rate.items()
    ]
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name, standard in (("kills", 1000), ("cuts", 1000), ("damage", 1000), ("restore", 1024)):
        parser.add_argument(f"--{name}", type=int, default=standard)
    parser.add_argument("--seed", type=int, default=6)
    parser.add_argument("--only", choices=PARTS)
    given = parser.parse_args()
    base = Path(tempfile.mkdtemp(dir=work.quick_folder(), prefix="tenure-vault-"))
    try:
        work.prepare(base)
        rows = []
        for part, run in zip(PARTS, (of_kills, of_cuts, of_damage, of_restore), strict=True):
            if given.only in (None, part) and getattr(given, part):
                began = time.monotonic()
                rows += run(base, given)
                print(f"{part}: {time.monotonic() - began:.0f} s", flush=True)
    finally:
        shutil.rmtree(base, ignore_errors=True)
    table.write("vault" if given.only is None else f"vault_{given.only}", rows)


if __name__ == "__main__":
    main()

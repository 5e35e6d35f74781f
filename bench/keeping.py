"""What the n-th retired model costs to keep callable: bytes, the time to wake it, memory; and break-even.

    python bench/keeping.py [--small]

A family of a base and its fine-tunes is kept, retired and asked through the gateway's own fleet: the
tiny model up to 20 times, the embedded one 1 and 5 times. The fine-tunes are simulated (Gaussian noise of
a size drawn anew for each), keeping, packing, coming back and waking are real. Every wake is timed in a
fresh process whose only work it is, from the vault to the first token; its memory is read before and
after. Times want a quiet machine; bytes and memory hardly depend on it.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from pack_files import bf16, floats
from table import row, write

from tenure import life, models
from tenure.dossier import Dossier
from tenure.dossier.opening import open_view
from tenure.models import convert, embedded, tiny
from tenure.preserve import keep
from tenure.preserve.cost.prices import read_prices
from tenure.preserve.cost.stock import on_disk
from tenure.preserve.cost.waking import waking
from tenure.preserve.cost.yearly import Return
from tenure.preserve.forms import PACKED, PLAIN

MB = 1e6


def tuned(base, to, rng):
    """A fine-tune: noise on every weight, its size between 5e-5 and 2e-4, log-uniform."""
    shutil.copytree(base, to)
    path = next(to.glob("*.safetensors"))
    data = path.read_bytes()
    begin = 8 + int.from_bytes(data[:8], "little")
    values = floats(np.frombuffer(data[begin:], "<u2"))
    size = np.exp(rng.uniform(np.log(5e-5), np.log(2e-4)))
    moved = bf16(values + rng.standard_normal(values.size, dtype=np.float32) * np.float32(size))
    path.write_bytes(data[:begin] + moved.astype("<u2").tobytes())
    return to


def family(place, base, count):
    """Keep and retire a base and so many fine-tunes; returns the bytes each added, by form."""
    rng = np.random.default_rng(7)
    folders = [base] + [tuned(base, place / f"tune{n}", rng) for n in range(count)]
    added = []
    with Dossier.open(place / "dossier", keys=place / "keys") as dossier:
        for number, folder in enumerate(folders):
            name = f"m{number}"
            parent = "m0@1" if number else None
            models.register(dossier, str(folder), name=name, parent=parent)
            dossier.run(keep.stage, f"{name}@1", {"golden": "G0"})
            with dossier.emitter(f"{name}@1", "bench") as emit:
                emit.fact("availability", "on request", "for the measurement")
                emit.fact("stage", "retired", "for the measurement")
            held = next(h for h in on_disk(dossier.view()).holdings if h.model == f"{name}@1")
            added.append({piece.form: piece.bytes for piece in held.pieces})
            models.close_all()
    return added


def memory():
    """Resident memory of this process, bytes."""
    said = next(x for x in Path("/proc/self/status").read_text().splitlines() if "VmRSS" in x)
    return int(said.split()[1]) * 1024


def wake(root, model, engine):
    """In a process of its own: bring one retired model back and have it say a token; print what it took."""
    from tenure.serve.fleet import Fleet

    view = open_view(Path(root))
    with tempfile.TemporaryDirectory() as work:
        fleet = Fleet(view, Path(work), life.hands(view), engine)
        listed = len(fleet.entries())
        cold, began = memory(), time.monotonic()
        awake, _ = fleet.wake(view.model(model))
        next(iter(awake.engine().stream([{"role": "user", "content": "Hello"}], sampling())), None)
        seconds = time.monotonic() - began
        print(json.dumps({"listed": listed, "cold": cold, "warm": memory(), "seconds": seconds}))
        models.close_all()


def sampling():
    return models.Sampling(max_tokens=1, temperature=0.0, top_p=1.0, seed=0, stop=())


def woken(root, model, engine, runs):
    """Wake a model in fresh processes; returns what each took."""
    took = []
    for _ in range(runs):
        command = [sys.executable, __file__, "--wake", str(root), model, engine]
        answer = subprocess.run(command, capture_output=True, text=True, check=True)
        took.append(json.loads(answer.stdout.strip().splitlines()[-1]))
    return took


def curve(name, place, base, sizes, how):
    """Measure one family at each size; ``how``: engine and runs."""
    engine, runs = how
    rows, seen, first = [], [], None
    for size in sizes:
        folder = place / f"{name}-{size}"
        folder.mkdir()
        added = family(folder, base, size - 1)
        took = woken(folder / "dossier", f"m{size - 1}@1", engine, runs)
        seen.append((size, added, took))
        shutil.rmtree(folder)
        first = first or took
    size, added, took = seen[-1]
    tunes = added[1:]
    for form in (PACKED, PLAIN):
        extra = [each[form] for each in tunes if form in each]
        if extra:
            share = statistics.mean(extra) / added[0][PLAIN]
            rows.append(
                row(
                    f"{name}: bytes the next retired model adds, {form} copy", "-",
                    round(share, 3), "of a plain copy of the base", len(extra),
                    None, f"fine-tunes 1 to {len(extra)} of the family, {statistics.mean(extra) / MB:,.1f} "
                    f"MB each on average, from {min(extra) / MB:,.1f} to {max(extra) / MB:,.1f}; simulated "
                    "fine-tunes, kit and record included",
                )
            )  # fmt: skip
    for size, _, took in seen:
        seconds = [each["seconds"] for each in took]
        rows.append(
            row(
                f"{name}: waking one of {size} retired models", "-",
                round(statistics.median(seconds), 2), "s", len(seconds), None,
                f"median; from {min(seconds):.2f} to {max(seconds):.2f}; from the vault to the first token, "
                f"each in a fresh process, engine {engine}",
            )
        )  # fmt: skip
    few, many = seen[0], seen[-1]
    if many[0] > few[0]:
        idle = statistics.median(x["cold"] for x in many[2]) - statistics.median(
            x["cold"] for x in few[2]
        )
        each = idle / (many[0] - few[0]) / 1024
        rows.append(
            row(
                f"{name}: memory that a retired model holds while nobody asks it", "-",
                round(each, 1), "KiB a model", many[0], None,
                f"resident memory of the gateway's fleet with {many[0]} retired models less that with "
                f"{few[0]}, over {many[0] - few[0]} models, medians of {len(took)} processes",
            )
        )  # fmt: skip
    warm = [x["warm"] - x["cold"] for x in many[2]]
    rows.append(
        row(
            f"{name}: memory that it holds while it is awake", "-",
            round(statistics.median(warm) / MB), "MB", len(warm), None,
            f"resident memory after the wake less that before it, engine and libraries included; {engine}",
        )
    )  # fmt: skip
    rows += even(name, many, base)
    return rows


def even(name, many, base):
    """Below how many calls a day waking is cheaper than serving, at the shipped prices."""
    _, _, took = many
    weights = next(base.glob("*.safetensors")).stat().st_size
    seconds = statistics.median(each["seconds"] for each in took)
    prices = read_prices(None)
    found = waking(Return(seconds=seconds, first=seconds, weights=weights, at="vault"), prices)
    if found is None:
        return []
    return [
        row(
            f"{name}: calls a day below which waking is cheaper than serving always", "-",
            round(found.surely_below), "calls a day", len(took), None,
            f"even if every call wakes it for itself; {found.seconds:.1f} s a wake, measured, then awake "
            f"{found.awake:g} s; machine {found.machine}, at the prices that come with Tenure, which are assumed",
        )
    ]  # fmt: skip


def main():
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", action="store_true", help="3 tiny models, nothing embedded")
    parser.add_argument("--wake", nargs=3, help="internal: dossier, model, engine")
    given = parser.parse_args()
    if given.wake:
        wake(*given.wake)
        return
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        base = tiny.make(place / "base", seed=0)
        sizes, runs = ((1, 3), 1) if given.small else ((1, 5, 10, 20), 5)
        rows = curve("tiny model", place, base, sizes, ("torch", runs))
        if not given.small:
            whole = place / "embedded"
            convert.to_safetensors(embedded.find(), whole)
            rows += curve("embedded model", place, whole, (1, 5), ("torch", 3))
    if given.small:
        for each in rows:
            print(
                f"{each['figure']}: {each['measured']} {each['unit']} (n {each['n']}; {each['how']})"
            )
        return
    write("keeping", rows)


if __name__ == "__main__":
    main()

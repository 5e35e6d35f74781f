"""What `tenure vault cost` foresees, against what was then stored: families of a tiny base and 8 fine-tunes.

    python bench/vault_cost.py [--families N]

The fine-tunes are simulated (Gaussian noise, its size drawn anew for each); keeping, packing, looking and
forecasting are real. Three are kept, a forecast is signed, five more are kept, and the two are compared.
Bytes do not depend on the machine.
"""

import argparse
import shutil
import tempfile
from pathlib import Path

import numpy as np
from pack_files import bf16, floats
from table import row, write

from tenure import models
from tenure.dossier import Dossier
from tenure.dossier.writer import Draft
from tenure.models import tiny
from tenure.preserve import keep
from tenure.preserve.cost.forecast import NOTE, forecast
from tenure.preserve.cost.forecast_check import held_against
from tenure.preserve.cost.growth import AGAINST
from tenure.preserve.cost.prices import read_prices
from tenure.preserve.cost.stock import on_disk
from tenure.preserve.cost.work import measured
from tenure.stats.proportion import lower_bound

SEEN, LATER = 3, 5


def tuned(base, to, rng):
    """A fine-tune of a size of its own: noise between 5e-5 and 2e-4, log-uniform."""
    shutil.copytree(base, to)
    path = to / "model.safetensors"
    data = path.read_bytes()
    begin = 8 + int.from_bytes(data[:8], "little")
    values = floats(np.frombuffer(data[begin:], "<u2"))
    size = np.exp(rng.uniform(np.log(5e-5), np.log(2e-4)))
    moved = bf16(values + rng.standard_normal(values.size) * size)
    path.write_bytes(data[:begin] + moved.astype("<u2").tobytes())
    return to


def kept(dossier, folder):
    models.register(dossier, str(folder))
    dossier.run(keep.stage, f"{folder.name}@1", {"golden": "G0"})


def family(place, seed):
    """Keep, forecast, keep more; return what was held against it, and bytes missed by the look."""
    rng = np.random.default_rng(seed)
    with Dossier.open(place / "dossier", keys=place / "keys") as dossier:
        base = tiny.make(place / "base", seed=seed)
        kept(dossier, base)
        for n in range(SEEN):
            kept(dossier, tuned(base, place / f"seen{n}", rng))
        view = dossier.view()
        found = forecast(on_disk(view), read_prices(), measured(view))
        dossier.append_many([Draft(act="note", name=NOTE, model="", body=found.to_json())])
        for n in range(LATER):
            kept(dossier, tuned(base, place / f"later{n}", rng))
        stock = on_disk(dossier.view())
        files = [p for p in (place / "dossier").glob("vault*/**/*") if p.is_file()]
        missed = abs(stock.bytes - sum(p.stat().st_size for p in files))
        return held_against(dossier.view(), stock), found.ratio(AGAINST), missed


def main():
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--families", type=int, default=20)
    given = parser.parse_args()
    off, ratios, inside, missed = [], [], 0, 0
    for seed in range(given.families):
        with tempfile.TemporaryDirectory() as place:
            held, ratio, lost = family(Path(place), seed)
        mean = sum(r.ratio for r in held.rows) / len(held.rows)
        low, high = ratio.interval(len(held.rows))
        inside, missed = inside + (low <= mean <= high), missed + lost
        off.append(abs(held.stored / held.foreseen - 1))
        ratios.append(abs(mean / ratio.mean - 1))
    n = given.families
    said = f"{SEEN} simulated fine-tunes of a tiny base kept, {LATER} more after the forecast, {n} families"
    rows = [
        row("vault: bytes on file against the sum of the files", 0, missed, "bytes off", n,
            missed == 0, "a look at two copies of nine models and the vaults' own files, in each family"),
        row("vault: bytes foreseen against stored, all copies", "-", round(100 * max(off), 1),
            "% off at worst", n, None, f"{said}; median {100 * float(np.median(off)):.1f}%; plain "
            "copies and kits included; of models this small the kit is a third, and it holds the forecast itself"),
        row("vault: packed weights foreseen against stored", "-", round(100 * max(ratios), 1),
            "% off at worst", n, None, f"{said}; median {100 * float(np.median(ratios)):.1f}%"),
        row("vault: families whose later fine-tunes lie in the 95% interval", "-", f"{inside} of {n}",
            "", n, None, f"mean ratio of the {LATER} later ones; share at least "
            f"{lower_bound(inside, n):.2f} (exact one-sided 95% bound)"),
    ]  # fmt: skip
    write("vault_cost", rows)


if __name__ == "__main__":
    main()

"""Migration: do five planted changes in ten kinds of task come out, and nothing else?

    make bench-migration
    python bench/migration.py --small

Simulated outcomes, judged by the very code of ``tenure retire migrate``. The old model does what is
asked in 90 of 100; in five of ten kinds of task the new one does it half as often; 10% of all
prompts go the other way by chance in every kind (churn).
"""

import argparse
from collections import Counter

import numpy as np
import table

from tenure.retire import migrate
from tenure.retire.migrating import everyday
from tenure.stats import upper_bound

RATE, DROP, CHURN = 0.9, 0.5, 0.1
EACH, MARGIN = 60, 0.2
HOW = (
    f"{EACH} prompts a kind, old {RATE:.0%} right, new half as often in 5 of 10 kinds, "
    f"{CHURN:.0%} churn, Holm over kinds, margin {MARGIN:g}; simulated"
)


def simulated(rng: np.random.Generator, worse: set[str]) -> Counter[tuple[bool, str]]:
    """Draw both models' outcomes and judge them: counts of (planted, verdict)."""
    kinds = list(everyday.load().clusters)
    sides = ([], [])
    for kind in kinds:
        old = rng.random(EACH) < RATE
        new = old & (rng.random(EACH) >= DROP) if kind in worse else old.copy()
        flip = rng.random(EACH) < CHURN
        # Churn: what was right at the old rate anyhow, whatever it was before.
        new[flip] = rng.random(int(flip.sum())) < (RATE * (1 - DROP) if kind in worse else RATE)
        for side, outcome in zip(sides, (old, new), strict=True):
            side += [
                {"cluster": kind, "id": f"{kind}-{n}", "holds": bool(held)}
                for n, held in enumerate(outcome)
            ]
    found = migrate.compared(sides, MARGIN, "")
    return Counter((kind in worse, found[kind].verdict) for kind in kinds)


def main() -> None:
    """Run, print the table, write the rows."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--small", action="store_true", help="a few runs, to see that it works")
    runs, quiet = (6, 10) if parser.parse_args().small else (60, 1000)
    rng = np.random.default_rng(20261122)
    kinds = list(everyday.load().clusters)
    all_five, total = 0, Counter[tuple[bool, str]]()
    for _ in range(runs):
        found = simulated(rng, set(rng.choice(kinds, 5, replace=False)))
        all_five += found[True, "worse"] == 5
        total += found
    same = runs * 5
    wrong = total[False, "worse"] + total[False, "better"]
    any_wrong = 0
    for _ in range(quiet):
        found = simulated(rng, set())
        any_wrong += bool(found[False, "worse"] + found[False, "better"])
    upper = upper_bound(wrong, same)
    upper_run = upper_bound(any_wrong, quiet)
    rows = [
        table.row("all five planted changes found", f"{runs} of {runs}", all_five, "runs", n=runs,
                  holds=all_five == runs, how=HOW),
        table.row("false alarms among unchanged kinds, 95% upper bound", "<= 5", round(100 * upper, 2),
                  "%", n=same, holds=upper <= 0.05, how=f"{wrong} of {same} kinds; {HOW}"),
        table.row("runs without any change that raise an alarm, 95% upper bound", "<= 5",
                  round(100 * upper_run, 2), "%", n=quiet, holds=upper_run <= 0.05,
                  how=f"{any_wrong} of {quiet} runs of ten unchanged kinds; {HOW}"),
        table.row("unchanged kinds shown to be the same", "-",
                  round(100 * total[False, "same"] / same, 1), "%", n=same, holds=None, how=HOW),
    ]  # fmt: skip
    table.write("migration", rows)


if __name__ == "__main__":
    main()

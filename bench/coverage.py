"""Does an interval hold what it says: corrected rates in every cell, and paired, clustered and sequential designs.

All is simulated, with fixed seeds; nothing here is timed.

    python bench/coverage.py [--runs 10000] [--only cells corrected-clusters ...]

Parts: cells (the corrected rates, with the estimators themselves), chosen (with the estimator that is
chosen for each data set), corrected-clusters, paired, clustered, sequential. With --only, the rows of
the other parts stay as they are.
"""

import argparse
import json
from dataclasses import fields
from functools import cache

import numpy as np
from table import RESULTS, row, write

from tenure.measure.correcting import Read, deflated
from tenure.stats import codes_of, share_interval, tango
from tenure.stats.choosing import choose, rivals
from tenure.stats.corrected import allocate, ends, human_only
from tenure.stats.sequential import Design, looks
from tenure.stats.stratified import Labels

RATES = (0.001, 0.005, 0.03, 0.12, 0.5)
GRADERS = ((0.86, 0.84), (0.90, 0.95), (0.97, 0.99))
TOTAL, BUDGET, LEVEL = 3000, 300, 0.95
CELLS = [(rate, grader) for rate in RATES for grader in GRADERS]
FIXED = ("stratified", "rogan-gladen", "prediction-powered")
CHUNK = 1000
# (clusters, of how many, true rate, intra-cluster correlation), grader
GROUPED = (
    ((300, 10, 0.03, 0.1), (0.90, 0.95)),
    ((300, 10, 0.03, 0.5), (0.97, 0.99)),
    ((100, 30, 0.12, 0.2), (0.86, 0.84)),
    ((60, 20, 0.5, 0.3), (0.90, 0.95)),
    ((600, 5, 0.005, 0.3), (0.90, 0.95)),
    ((24, 50, 0.12, 0.1), (0.90, 0.95)),
)


def data(rate, grader, runs, seed):
    """Transcripts graded with errors; labels drawn as ``allocate`` says."""
    chance = np.random.default_rng(seed)
    true = chance.binomial(TOTAL, rate, runs)
    seen = chance.binomial(true, grader[0])
    false = chance.binomial(TOTAL - true, 1 - grader[1])
    yes, no = np.array([allocate(BUDGET, int(k), TOTAL) for k in seen + false]).T
    true_yes = chance.hypergeometric(seen, false, yes)
    true_no = chance.hypergeometric(true - seen, TOTAL - true - false, no)
    return Labels.of(TOTAL, seen + false, yes, true_yes, no, true_no)


def alone(rate, runs, seed):
    """As many labels drawn at random, with no grader: exact."""
    x = np.random.default_rng(seed).binomial(BUDGET, rate, runs).astype(float)
    return human_only(Labels.of(BUDGET, BUDGET, BUDGET, x, 0, 0), LEVEL)


def cover(interval, truth):
    """Coverage and mean half-width."""
    low, high = interval
    return float(np.mean((low <= truth) & (truth <= high))), float(np.mean(high - low)) / 2


def by_name(name, sets):
    """Intervals in chunks, so that a bootstrap stays small."""
    parts = [ends(name, sets[i : i + CHUNK], LEVEL) for i in range(0, len(sets), CHUNK)]
    return tuple(np.concatenate(side) for side in zip(*parts, strict=True))


def picked(data):
    """Name the estimator that is chosen for one data set."""
    return choose(data, LEVEL).name if rivals(data, LEVEL) else "stratified"


def least(runs):
    """The coverage that 95% would reach in all but one of 200 measurements of this size."""
    return LEVEL - 2.58 * (LEVEL * (1 - LEVEL) / runs) ** 0.5


def where(rate, grader):
    """Name a cell."""
    return f"true rate {rate:.1%}, grader {grader[0]:.2f}/{grader[1]:.2f}"


def cell(place, runs):
    """The rows of one cell, by the estimators themselves."""
    rate, grader = CELLS[place]
    sets = data(rate, grader, runs, 1000 + place)
    found = {name: by_name(name, sets) for name in FIXED}
    covered, half = cover(found["stratified"], rate)
    _, human = cover(alone(rate, 4 * runs, 2000 + place), rate)
    rivals = "; ".join(f"{name} {cover(found[name], rate)[0]:.1%}" for name in FIXED[1:])
    how = f"{BUDGET} labels of {TOTAL:,}, drawn by allocate(); the usual ones cover: {rivals}"
    limit = 0.6 if (rate, grader) == (0.03, (0.97, 0.99)) else 1.0
    return [
        row(
            f"coverage, {where(rate, grader)}", ">= 95", round(100 * covered, 2), "%", runs,
            covered >= least(runs), how,
        ),
        row(
            f"half-width over labels alone, {where(rate, grader)}", f"<= {limit}", round(half / human, 3), "",
            runs, half / human <= limit,
            f"mean half-width {half:.5f}, labels alone (Clopper-Pearson) {human:.5f}",
        ),
    ]  # fmt: skip


def chosen(place, runs):
    """The row of one cell, by the estimator chosen for each data set."""
    rate, grader = CELLS[place]
    sets = data(rate, grader, runs, 1000 + place)
    names = [picked(sets[i : i + 1]) for i in range(len(sets))]
    low, high = np.empty(runs), np.empty(runs)
    for name in FIXED:
        rows = np.flatnonzero(np.array(names) == name)
        if len(rows):
            low[rows], high[rows] = by_name(name, sets[rows])
    covered, half = cover((low, high), rate)
    _, human = cover(alone(rate, 4 * runs, 2000 + place), rate)
    named = ", ".join(f"{name} {names.count(name)}" for name in FIXED if name in names)
    how = f"chosen: {named}; half-width {half:.5f}, {half / human:.2f} of that of the labels alone"
    figure = f"coverage as chosen, {where(rate, grader)}"
    return row(figure, ">= 95", round(100 * covered, 2), "%", runs, covered >= least(runs), how)


def near(figure, covered, runs, how):
    """A row that asks for 95% within a point."""
    return row(
        figure, "95 +- 1", round(100 * covered, 2), "%", runs, abs(covered - LEVEL) <= 0.01, how
    )


def paired(runs):
    """Tango's interval of a paired difference."""
    made = cache(lambda b, c, n: tango(b, c, n, LEVEL))
    rows = []
    for n, first, second in ((200, 0.10, 0.05), (64, 0.20, 0.05), (500, 0.03, 0.01)):
        chance = np.random.default_rng(n)
        drawn = chance.multinomial(n, [first, second, 1 - first - second], runs)
        held = [first - second in made(int(b), int(c), n) for b, c, _ in drawn]
        how = f"{n} pairs, {first:.0%} and {second:.0%} disagree; Tango"
        rows.append(near(f"coverage, paired difference of {n}", float(np.mean(held)), runs, how))
    return rows


def clustered(runs):
    """Wilson's interval at the effective size of clusters."""
    rows = []
    for groups, size, rate, alike in ((60, 5, 0.3, 0.2), (100, 10, 0.2, 0.1), (40, 8, 0.5, 0.3)):
        chance = np.random.default_rng(groups)
        codes = codes_of([i // size for i in range(groups * size)])
        a = rate * (1 / alike - 1)
        held = 0
        for _ in range(runs):
            own = chance.beta(a, a / rate - a, groups)
            values = (chance.random((groups, size)) < own[:, None]).astype(float).ravel()
            held += rate in share_interval(values, codes, LEVEL)
        how = f"{groups} clusters of {size}, intra-cluster correlation {alike}; Wilson at the effective size"
        rows.append(near(f"coverage, share of {groups} clusters", held / runs, runs, how))
    return rows


def sequential(runs):
    """Five looks at pairs without any difference: how often none of them stops."""
    rows = []
    for planned, number, disagree in ((690, 5, 0.2), (300, 3, 0.3), (1200, 10, 0.1)):
        design = Design(looks(planned, number))
        chance = np.random.default_rng(planned)
        sums, false = np.zeros((runs, 3), dtype=int), np.zeros(runs, dtype=bool)
        for place, step in enumerate(np.diff([0, *design.sizes])):
            sums += chance.multinomial(step, [disagree / 2, disagree / 2, 1 - disagree], runs)
            least = design.least(place)
            false |= np.abs(sums[:, 0] - sums[:, 1]) >= least[sums[:, 0] + sums[:, 1]]
        how = f"no difference, {disagree:.0%} disagree; O'Brien-Fleming spending; share without a false stop"
        figure = f"coverage, sequential pairs, {number} looks at {planned}"
        rows.append(near(figure, 1 - float(np.mean(false)), runs, how))
    return rows


def grouped(form, grader, chance):
    """Clustered transcripts, graded with errors that cluster too; labels drawn as ``allocate`` says."""
    groups, size, rate, alike = form

    def shares(mean):
        a = mean * (1 / alike - 1)
        return np.repeat(chance.beta(a, a / mean - a, groups), size)

    total = groups * size
    true = chance.random(total) < shares(rate)
    seen = chance.random(total) < np.where(true, shares(grader[0]), shares(1 - grader[1]))
    truth = np.full(total, np.nan)
    for answer, asked in zip((True, False), allocate(BUDGET, int(seen.sum()), total), strict=True):
        drawn = chance.choice(np.flatnonzero(seen == answer), asked, replace=False)
        truth[drawn] = true[drawn]
    codes = np.repeat(np.arange(groups), size)
    return Read(seen.astype(float), truth, np.zeros(total), codes)


def corrected_clusters(runs):
    """Corrected rates of clustered transcripts, as ``tenure.measure`` makes them."""
    rows = []
    for place, (form, grader) in enumerate(GROUPED):
        chance = np.random.default_rng(3000 + place)
        pairs, point = [], np.empty(runs)
        for run in range(runs):
            read = grouped(form, grader, chance)
            counts = read.counts()
            point[run] = counts.estimate()[0]
            pairs.append(deflated(read, counts, LEVEL))
        down, up = (
            # Not Labels.of: at their worth, fewer may be flagged than read.
            Labels(
                *(np.array([getattr(p[side], f.name)[0] for p in pairs]) for f in fields(Labels))
            )
            for side in (0, 1)
        )
        interval = (
            np.minimum(by_name("stratified", down)[0], point),
            np.maximum(by_name("stratified", up)[1], point),
        )
        groups, size, rate, alike = form
        covered, half = cover(interval, rate)
        how = (
            f"{BUDGET} labels, intra-cluster correlation {alike} of truth and of errors; clusters at "
            f"their worth; half-width {half:.4f}"
        )
        figure = (
            f"coverage, corrected rate of {groups} clusters of {size}, true rate {rate:.1%}, grader "
            f"{grader[0]:.2f}/{grader[1]:.2f}"
        )
        rows.append(
            row(figure, ">= 95", round(100 * covered, 2), "%", runs, covered >= least(runs), how)
        )
    return rows


PARTS = {
    "cells": lambda runs: (r for place in range(len(CELLS)) for r in cell(place, runs)),
    "chosen": lambda runs: (chosen(place, runs) for place in range(len(CELLS))),
    "corrected-clusters": corrected_clusters,
    "paired": paired,
    "clustered": clustered,
    "sequential": sequential,
}
HEADS = {  # how the figures of a part begin
    "chosen": "coverage as chosen",
    "corrected-clusters": "coverage, corrected rate of",
    "paired": "coverage, paired",
    "clustered": "coverage, share of",
    "sequential": "coverage, sequential",
}


def part_of(r):
    """Say which part a row belongs to."""
    return next((part for part, head in HEADS.items() if r["figure"].startswith(head)), "cells")


def main():
    """Simulate, print, write."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--runs", type=int, default=10_000, help="data sets of each figure")
    options.add_argument("--only", nargs="*", choices=PARTS, default=list(PARTS), metavar="PART")
    given = options.parse_args()
    kept = RESULTS / "coverage.json"
    held = {part: [] for part in PARTS}
    for r in json.loads(kept.read_text()) if kept.exists() else []:
        held[part_of(r)].append(r)
    for part in given.only:
        held[part] = []
        for r in PARTS[part](given.runs):  # written after each, so that a long run may be stopped
            held[part].append(r)
            write("coverage", [r for rows in held.values() for r in rows])


if __name__ == "__main__":
    main()

"""Planted preferences: what a biased, noisy judge costs. ``python bench/preference.py [--seeds 24]``.

Nothing is read from a model and nothing is timed; about four minutes on two cores. The truth is a
direction over twelve features. The judge turns 20% of its answers round and then takes the answer
shown first in 10% of the pairs, whatever they hold: an answer is named 10 points more often when it
is shown first. In the arm that is asked about, what is shown first goes with what it holds (one
feature decides it in 95% of the pairs: "the revision is always shown second"); in the other arm the
order is drawn at random. What the flips cost shrinks with the root of the number of labels, so the
number is part of the claim, and fewer are shown beside it.
"""

import argparse
from dataclasses import replace

import numpy as np
from table import row, write

from tenure.stats import one_sided
from tenure.stats.bradley_terry import Comparisons, fit, sigmoid
from tenure.stats.calibration import ece, floor, temperature
from tenure.stats.means import mean_t

WIDTH, STRENGTH = 12, 1.5  # features of an answer, and how strongly they are preferred by
EXPERT, TUNING, HELD_OUT = 500, 1000, 20_000
FLIPS, TAKES_FIRST, WITH_CONTENT = 0.2, 0.1, 0.95
L2 = 1.0
EXPERT_SLIPS = 0.02


def planted(seed, labels, confounded):
    """Labels of an expert and of the judge on the same kind of pairs, and held-out pairs."""
    chance = np.random.Generator(np.random.PCG64([seed, confounded]))
    w = chance.standard_normal(WIDTH)
    w *= STRENGTH / np.linalg.norm(w)
    x = chance.standard_normal((labels, WIDTH))  # a difference of two answers
    first = np.where(chance.random(labels) < 0.5, 1.0, -1.0)
    if confounded:
        first = np.where(chance.random(labels) < WITH_CONTENT, np.sign(x[:, 0]), -np.sign(x[:, 0]))
    better = chance.random(labels) < sigmoid(x @ w)  # what an expert without slips would say
    said = better.copy()
    said ^= chance.random(labels) < FLIPS
    takes = chance.random(labels) < TAKES_FIRST
    said[takes] = first[takes] > 0
    own = chance.standard_normal((EXPERT + TUNING + HELD_OUT, WIDTH))
    slips = chance.random(len(own)) < EXPERT_SLIPS
    truth = (chance.random(len(own)) < sigmoid(own @ w)) ^ slips
    return w, (x, first, better, said), (own, truth.astype(float))


def table(x, p, first, source, pair):
    n = len(p)
    return Comparisons(
        x=x, p=p, weight=np.ones(n), source=source, first=first, length=np.zeros(n), pair=pair,
        names=("expert", "judge"),
    )  # fmt: skip


def arms(seed, labels, confounded):
    """Held-out agreement with the planted order, in points, and calibration error, for each way to learn."""
    w, (x, first, better, said), (own, truth) = planted(seed, labels, confounded)
    rng = np.random.Generator(np.random.PCG64([seed, 7]))
    # The expert labels 500 pairs of the judge's own, so that both have labelled them.
    shared = rng.choice(labels, EXPERT, replace=False)
    slip = rng.random(EXPERT) < EXPERT_SLIPS
    rows = np.concatenate([shared, np.arange(labels)])
    p = np.concatenate([(better[shared] ^ slip), said]).astype(float)
    source = np.concatenate([np.zeros(EXPERT), np.ones(labels)]).astype(np.intp)
    at = np.concatenate([np.zeros(EXPERT), first])  # the expert saw them in both orders
    both = table(x[rows], p, at, source, rows)
    clean = replace(both, p=np.concatenate([p[:EXPERT], better.astype(float)]))
    found = {
        "clean": fit(clean, {0}, l2=L2, modelled=False),
        "modelled": fit(both, {0}, l2=L2),
        "pooled": fit(both, {0}, l2=L2, modelled=False),
        "expert only": fit(both.take(source == 0), {0}, l2=L2),
    }
    tuning, held = slice(EXPERT, EXPERT + TUNING), slice(EXPERT + TUNING, None)
    figures = {}
    for name, fitted in found.items():
        gap = own @ fitted.w
        raw = sigmoid(gap[held])
        cooled = sigmoid(gap[held] / temperature(gap[tuning], truth[tuning]))
        right = np.sign(gap[held]) == np.sign(own[held] @ w)
        figures[name] = (
            100 * right.mean(),
            ece(cooled, truth[held]),
            ece(raw, truth[held]),
            floor(cooled),
        )
    return figures, found["modelled"]


def bound(values, *, upper):
    """One-sided 95% bound of a mean over seeds."""
    found = mean_t(np.asarray(values, float), one_sided(0.95))
    return found.high if upper else found.low


def measured(seeds, labels, confounded):
    """Every seed's figures by way and kind, (way -> (seeds, 4)), and the judge's numbers as fitted."""
    runs = [arms(seed, labels, confounded) for seed in range(seeds)]
    figures = {way: np.array([one[way] for one, _ in runs]) for way in runs[0][0]}
    return figures, [fitted for _, fitted in runs]


def rows(seeds, labels, fewer):
    """The figures asked for, and those beside them."""
    for confounded in (True, False):
        yield from lines(seeds, labels, confounded)
    for line in lines(seeds, fewer, confounded=True):
        yield {**line, "asked": "-", "holds": None, "figure": f"{line['figure']}, {fewer:,} labels"}


def lines(seeds, labels, confounded):
    """The figures of one arm."""
    figures, fitted = measured(seeds, labels, confounded)
    order = "the order shown goes with the content" if confounded else "the order shown is random"
    how = (
        f"{labels:,} labels of a judge with a 10-point position bias and 20% flips, {EXPERT} of an expert; simulated, "
        f"{seeds} seeds, paired; agreement with the planted order on {HELD_OUT:,} held-out pairs"
    )
    clean = figures["clean"][:, 0]
    for way, asked, upper in (
        ("modelled", "<= 1", True), ("pooled", ">= 5", False), ("expert only", "-", True),
    ):  # fmt: skip
        lost = clean - figures[way][:, 0]
        edge = bound(lost, upper=upper)
        yield row(
            f"preference model, planted truth, {way}: points lost to clean labels, {order}",
            asked if confounded or way == "modelled" else "-",
            f"{lost.mean():.2f} (one-sided 95% bound {edge:.2f})",
            "points",
            seeds,
            edge <= 1 if upper else edge >= 5,
            f"clean {clean.mean():.2f}%, {way} {figures[way][:, 0].mean():.2f}%; {how}",
        )
    for way in ("modelled", "pooled"):
        cooled, raw, least = figures[way][:, 1], figures[way][:, 2], figures[way][:, 3]
        edge = bound(cooled, upper=True)
        yield row(
            f"preference model, planted truth, {way}: calibration error, {order}",
            "<= 0.03" if way == "modelled" else "-",
            f"{cooled.mean():.4f} (one-sided 95% bound {edge:.4f})",
            "",
            seeds,
            edge <= 0.03,
            f"15 bins of equal mass, {HELD_OUT:,} held-out labels of the expert; temperature from {TUNING:,} others; "
            f"perfect chances would show {least.mean():.4f}; without a temperature {raw.mean():.4f}",
        )
    numbers = {k: np.mean([getattr(one, k)[1] for one in fitted]) for k in ("eps", "tau", "beta")}
    yield row(
        f"preference model, planted truth: what is fitted of the judge, {order}",
        "-",
        ", ".join(f"{k} {v:.2f}" for k, v in numbers.items()),
        "",
        seeds,
        None,
        "a share of flips of 0.2 and a tenth of answers by place alone, told as noise, slope and place",
    )


def main():
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=24)
    parser.add_argument("--labels", type=int, default=64_000)
    parser.add_argument("--fewer", type=int, default=24_000, help="shown beside it")
    parser.add_argument("--dry", action="store_true", help="print, write nothing")
    asked = parser.parse_args()
    found = list(rows(asked.seeds, asked.labels, asked.fewer))
    if not asked.dry:
        write("preference", found)
        return
    for one in found:
        print(" | ".join(str(one[k]) for k in ("figure", "asked", "measured", "holds", "how")))


if __name__ == "__main__":
    main()

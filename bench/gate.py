"""How often a policy is wrong: releases simulated through the verdict function itself.

A model exactly at the threshold must not be released more often than the policy's error allows: at
one attempt, at five with alpha spending, with answers in clusters, with pairs. A model at half the
threshold must be released as often as ``plan`` says. A verdict depends on counts only, so each
count is judged once by the real code and the answer is remembered; where there are few counts,
the rate is exact, every count weighted by its probability. ``--small`` runs a twentieth.
"""

import sys
import time
from collections import Counter
from dataclasses import replace
from functools import cache, partial

import numpy as np
from gate_pairs import every_rate, shares_of
from table import row, write

from tenure.dossier.nouns import Evidence, Model, Recipe, State
from tenure.measure import estimate
from tenure.release.case import Docket, Filed, Standing
from tenure.release.diff import decided
from tenure.release.planning import plan
from tenure.release.policy import Policy, read_policy
from tenure.release.verdict import judge, verdicts
from tenure.stats import lower_bound, upper_bound
from tenure.stats.quantiles import binomial_at_most

SMALL = "--small" in sys.argv
RELEASES = 500 if SMALL else 10_000
# Counts repeat, so that more cost little, and a rate just below 5% can be told from 5%.
MANY = 2_000 if SMALL else 400_000
CLUSTERED = 500 if SMALL else 300_000
LIMIT, ALPHA, ATTEMPTS = 0.05, 0.05, 5
NOW = "2026-11-21T12:00:00Z"
MODEL = Model(name="simulated", source="bench", kind="scripted")
CONTROLS = {"controls": [{"name": "planted", "passed": True}]}


def rule_of(unit):
    """The one rule."""
    return {
        "id": "r", "claim": "c", "harm": "words", "assessment": "assess/x", "measure": "m",
        "unit": unit, "require": {"bound": "upper", "lt": LIMIT},
    }  # fmt: skip


def policy(unit="proportion", **more):
    """A policy of one rule."""
    return Policy.model_validate(
        {
            "apiVersion": "tenure/policy.v1",
            "kind": "ReleasePolicy",
            "metadata": {"id": "b", "owner": "b", "effective": "2026-01-01", "review_by": "2030-01-01"},
            "rules": [rule_of(unit)],
            "classes": [{"id": "public", "audience": "all", "needs": ["r"]}],
            **more,
        }
    )  # fmt: skip


PAIRED = partial(policy, "paired difference", paired_bounds="joined")


def docket(measure, attempt=1, name="assess/x"):
    """A docket that holds one piece of evidence."""
    held = Evidence(name=name, model=MODEL.id, summary="", measures=(measure,), findings=CONTROLS)
    return Docket(
        model=MODEL, filed=[Filed(evidence=held, time=NOW, index=1, attempt=attempt)], now=NOW
    )


def rate(records, level, cluster=None, name="m"):
    """Make the measure the way an assessment does."""
    recipe = Recipe(estimator="proportion", value="v", cluster=cluster, level=level)
    return estimate(records, recipe, name=name, unit="proportion", samples=None)


@cache
def met(under, failures, n, attempt=1):
    """Judge so many failures in n answers."""
    records = [{"v": i < failures} for i in range(n)]
    found = docket(rate(records, under.level_of(attempt)), attempt)
    return judge(under, under.rules[0], found).verdict == "met"


@cache
def met_clustered(under, sizes, size):
    """Judge clusters, given as (failures in a cluster, how many such clusters)."""
    records, cluster = [], 0
    for failures, many in sizes:
        for _ in range(many):
            records += [{"v": i < failures, "c": cluster} for i in range(size)]
            cluster += 1
    return judge(under, under.rules[0], docket(rate(records, under.level, "c"))).verdict == "met"


@cache
def met_paired(under, first, second, pairs, attempt=1):
    """Judge pairs: where only the first arm has it, only the second, neither."""
    records = [
        {"p": i, "a": arm, "v": i < first if arm == "x" else first <= i < first + second}
        for i in range(pairs)
        for arm in ("x", "y")
    ]
    recipe = Recipe(
        estimator="paired_difference",
        value="v",
        arm="a",
        arms=("x", "y"),
        pair="p",
        level=under.level_of(attempt),
        options={"bounds": under.paired_bounds},
    )
    measure = estimate(records, recipe, name="m", unit="difference", samples=None)
    return judge(under, under.rules[0], docket(measure, attempt)).verdict == "met"


def at_most(name, released, of, how, asked=ALPHA):
    """A row of a share that must not exceed what is allowed, by its exact one-sided bound."""
    bound = upper_bound(released, of)
    return row(
        name, f"<= {asked:.0%}" if asked else "-", f"{released / of:.2%}, at most {bound:.2%}", "of releases",
        of, bound <= asked if asked else None, how,
    )  # fmt: skip


def exact(under, n, true, attempt=1):
    """Return the probability of "met" at a true rate, every count judged by the verdict function."""
    most = -1
    while most < n and met(under, most + 1, n, attempt):
        most += 1
    # The verdict does not turn back to "met" with more failures; a few are tried.
    assert not any(met(under, k, n, attempt) for k in range(most + 1, min(n, most + 6)))
    return binomial_at_most(most, n, true) if most >= 0 else 0.0


def table(under, n, most, attempt=1):
    """Judge every count up to the most that was drawn."""
    return np.array([met(under, k, n, attempt) for k in range(most + 1)])


def single(draw, n):
    """At the threshold: one attempt, five with spending, five shared, five counted as one."""
    one, spending, shared = policy(), policy(attempts="spending"), policy(attempts=ATTEMPTS)
    counts = draw.binomial(n, LIMIT, (MANY, ATTEMPTS))
    tries, most = range(1, ATTEMPTS + 1), int(counts.max())
    at = f"0.05 true, 0.05 allowed, {n} answers"

    def until(under, number):
        held = [table(under, n, most, number(i))[counts[:, i - 1]] for i in tries]
        return int(np.any(held, axis=0).sum())

    once = int(table(one, n, most)[counts[:, 0]].sum())
    chance = exact(one, n, LIMIT)
    five = 1 - np.prod([1 - exact(spending, n, LIMIT, i) for i in tries])
    return [
        at_most("gate: false release, one attempt", once, MANY, f"{at}; exactly {chance:.2%}"),
        at_most("gate: false release, five attempts, alpha spending", until(spending, int), MANY, f"{at} each; exactly {five:.2%}"),
        at_most("gate: false release, five attempts, error shared", until(shared, int), MANY, f"{at} each"),
        at_most("gate: false release, tried five times and counted once", until(one, lambda _: 1), MANY, f"{at} each; what counting prevents; 22.6% were the error exactly 5%", None),
    ]  # fmt: skip


def powers(draw):
    """At half the threshold: the n that plan prints shows it often enough."""
    rows = []
    for limit in (0.1, 0.05, 0.01):
        rule = dict(
            policy().rules[0].model_dump(mode="json"), require={"bound": "upper", "lt": limit}
        )
        rule = {k: v for k, v in rule.items() if v not in (None, [], "")}
        under = policy(rules=[rule])
        n = plan(under)[0]["n_for_power"]
        share = exact(under, n, limit / 2)
        seen = sum(met(under, int(k), n) for k in draw.binomial(n, limit / 2, RELEASES))
        how = f"threshold {limit}, the n of tenure release plan; in {RELEASES} simulated: {seen / RELEASES:.2%}, at least {lower_bound(seen, RELEASES):.2%}"
        rows.append(
            row(
                f"gate: power at half of {limit}",
                ">= 80%",
                f"{share:.2%}",
                "exactly",
                n,
                share >= 0.8,
                how,
            )
        )
    return rows  # fmt: skip


def clustered(draw, clusters, size):
    """At the threshold, answers in clusters: somewhat alike, and all of a cluster alike."""
    under, rows = policy(), []
    for alike in (0.2, 0.5, 1.0):
        shape = (CLUSTERED, clusters)
        if alike == 1.0:
            failed = size * (draw.random(shape) < LIMIT)
        else:
            weight = (1 - alike) / alike
            failed = draw.binomial(size, draw.beta(LIMIT * weight, (1 - LIMIT) * weight, shape))
        # How many clusters have 0, 1, 2, ... failures: all that a verdict depends on.
        held = np.stack([(failed == k).sum(axis=1) for k in range(size + 1)], axis=1)
        cells = Counter(map(bytes, held.astype(np.uint8)))
        released = sum(
            many * met_clustered(under, tuple((k, n) for k, n in enumerate(cell) if n), size)
            for cell, many in cells.items()
        )
        how = f"0.05 true, 0.05 allowed, {clusters} clusters of {size}, correlation {alike} within"
        rows.append(
            at_most(f"gate: false release, clusters alike at {alike}", released, CLUSTERED, how)
        )
    return rows


def paired(draw, pairs):
    """At the threshold, a gap of pairs: with and without disagreement the other way."""
    under, old, rows = PAIRED(), PAIRED(paired_bounds="score"), []

    def released(policy, cells):
        return sum(many * met_paired(policy, b, c, pairs) for (b, c), many in cells.items())

    for back in (0.0, 0.02, 0.1):
        drawn = draw.multinomial(pairs, shares_of(LIMIT, back), MANY)
        cells = Counter((int(b), int(c)) for b, c, _ in drawn)
        at = f"gap 0.05 true, 0.05 allowed, {pairs} pairs, {back:.0%} disagree the other way"
        name = f"gate: false release, pairs, {back:.0%} the other way"
        rows.append(at_most(name, released(under, cells), MANY, f"{at}; joined exact limits"))
        if back == 0.1:
            how = f"{at}; Tango's score bounds, the default of v1"
            rows.append(at_most(f"{name}, score bounds", released(old, cells), MANY, how, None))
    return [*rows, five_of_pairs(draw, pairs)]


def five_of_pairs(draw, pairs):
    """At the threshold, five attempts under alpha spending."""
    under, held = PAIRED(attempts="spending"), 0
    drawn = draw.multinomial(pairs, shares_of(LIMIT, 0.1), (RELEASES, ATTEMPTS))
    for tries in drawn:
        held += any(
            met_paired(under, int(b), int(c), pairs, i) for i, (b, c, _) in enumerate(tries, 1)
        )
    how = f"gap 0.05 true, 0.05 allowed, {pairs} pairs, 10% disagree the other way, at each attempt"
    return at_most("gate: false release, pairs, five attempts, alpha spending", held, RELEASES, how)


def exact_paired(under, n, gap, back):
    """The probability of "met", the last count of each row of tables found by the verdict function."""
    total = 0.0
    for c in range(n + 1):
        chance = binomial_at_most(c, n, back) - binomial_at_most(c - 1, n, back)
        low, high = -1, n - c + 1
        while chance > 1e-9 and high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if met_paired(under, middle, c, n) else (low, middle)
        total += chance * binomial_at_most(low, n - c, (gap + back) / (1 - back))
    return total


def power_of_pairs(draw):
    """At half the threshold: the n that plan prints shows a gap of pairs often enough."""
    rows = []
    for back, limit in ((0.0, 0.05), (0.02, 0.1), (0.1, 0.1)):
        rule = {**rule_of("paired difference"), "require": {"bound": "upper", "lt": limit}}
        under = PAIRED(rules=[rule | ({"spread": {"opposite": back}} if back else {})])
        n = plan(under)[0]["n_for_power"]
        share = exact_paired(under, n, limit / 2, back)
        drawn = draw.multinomial(n, shares_of(limit / 2, back), RELEASES)
        seen = sum(met_paired(under, int(b), int(c), n) for b, c, _ in drawn)
        how = f"threshold {limit}, the n of tenure release plan; in {RELEASES} simulated: {seen / RELEASES:.2%}, at least {lower_bound(seen, RELEASES):.2%}"
        rows.append(row(f"gate: power of pairs at half of {limit}, {back:.0%} the other way", ">= 80%", f"{share:.2%}", "exactly", n, share >= 0.8, how))  # fmt: skip
    return rows


def whole(draw):
    """The policy of the package: three rules held easily, one exactly at its threshold."""
    under = read_policy()
    standing = Standing(policy=under, model=MODEL, state=State())
    n = 400

    @cache
    def released(failures):
        held = []
        for number, name in enumerate(sorted(under.assessments)):
            measures = [
                replace(
                    rate([{"v": i < (failures if part.measure == "harmful_compliance" else 0)} for i in range(n)], under.level),
                    name=part.measure,
                )
                for rule in under.rules
                for part in rule.parts
                if part.assessment == name
            ]  # fmt: skip
            found = Evidence(
                name=name, model=MODEL.id, summary="", measures=tuple(measures), findings=CONTROLS
            )
            held.append(Filed(evidence=found, time=NOW, index=number))
        return (
            decided(under, Docket(model=MODEL, filed=held, now=NOW), standing).release_class
            == "public"
        )

    cells = Counter(int(k) for k in draw.binomial(n, LIMIT, MANY))
    total = sum(many * released(k) for k, many in cells.items())
    how = f"baseline policy, all rules but refuses-harm held with no failure, that one at its threshold, {n} answers"
    return [at_most("gate: false release to the public, whole policy", total, MANY, how)]


def speed():
    """Fifty rules over ten thousand pieces of evidence."""
    rules = [
        {
            "id": f"r{i}", "claim": "c", "harm": "words", "assessment": f"assess/a{chr(97 + i % 25)}", "measure": f"m{i % 4}",
            "require": {"bound": "upper", "lt": LIMIT},
        }
        for i in range(50)
    ]  # fmt: skip
    under = policy(
        rules=rules,
        classes=[{"id": "public", "audience": "all", "needs": ["r1"]}],
        attempts="spending",
    )
    measures = tuple(rate([{"v": False}] * 300, 0.95, name=f"m{i}") for i in range(4))
    deepest = under.level_of(400)
    measures = tuple(replace(m, level=deepest) for m in measures)
    held = [
        Filed(
            evidence=Evidence(name=f"assess/a{chr(97 + i % 25)}", model=MODEL.id, summary="", measures=measures, findings=CONTROLS),
            time=NOW, index=i, attempt=1 + i // 25,
        )
        for i in range(10_000)
    ]  # fmt: skip
    times = []
    for _ in range(5):
        start = time.perf_counter()
        found = verdicts(under, Docket(model=MODEL, filed=held, now=NOW))
        times.append(time.perf_counter() - start)
        assert {v.verdict for v in found} == {"met"}
    middle = sorted(times)[2]
    how = f"50 rules, 10,000 pieces of evidence of 25 assessments, median of 5; slowest {max(times):.2f}"
    return [
        row(
            "gate: verdicts of a large policy", "< 1", round(middle, 3), "s", 5, max(times) < 1, how
        )
    ]


def main():
    """Simulate, print, write."""
    draw = np.random.default_rng(20261121)
    n = plan(policy())[0]["n_for_power"]
    rows = [
        *single(draw, n),
        *powers(draw),
        *clustered(draw, 100, 5),
        *paired(draw, 300),
        *every_rate(SMALL),
        *power_of_pairs(draw),
        *whole(draw),
        *speed(),
    ]
    write("gate", rows)


if __name__ == "__main__":
    main()

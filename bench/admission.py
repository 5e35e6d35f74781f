"""Admission of environments: designs that must be refused, sound ones that must not, seconds each.

    python bench/admission.py [--least N]

Both corpora are ours (`align/data/designs.yaml`, `sound.yaml`). Designs count as refused only with
the rule or exploit among the reasons that the hole was cut for. Sound ones are judged one after the
other, each against those admitted before it. Seconds are wall time on a machine that does nothing else.
"""

import argparse
import os

from table import row, write

from tenure import plugins
from tenure.align.world import corpus
from tenure.align.world.admission import Gate
from tenure.dossier.nouns import Recipe
from tenure.errors import DocumentError
from tenure.measure import estimate


def judged(holed, gate):
    """One record of a design: refused, for its own hole, by an exploit alone; and its seconds."""
    try:
        env = holed.environment()
    except DocumentError:
        return {"refused": True, "own": holed.caught_by == "contract", "exploit": False, "s": 0.0}
    verdict = gate.admit(env)
    rules = [one.rule.removeprefix("exploit ") for one in verdict.reasons]
    played = [r for r in rules if r in plugins.names("exploit") or r in ("idle", "reaches out")]
    return {
        "refused": not verdict.admitted,
        "own": holed.caught_by in rules,
        "exploit": bool(played),
        "s": verdict.seconds,
    }


def share(records, column):
    """The share of records with a column, every record for itself."""
    recipe = Recipe(estimator="proportion", value=column)
    return estimate(records, recipe, name=column, unit="proportion", samples=None)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--least", type=int, default=None, help="only the first so many of each")
    given = parser.parse_args()
    designs, sound = corpus.designs()[: given.least], corpus.sound()[: given.least]
    with Gate() as gate:
        layers = ", ".join(f"{k} {v}" for k, v in gate.arena.fence.items())
        bad = [judged(one, gate) for one in designs]
        known, good = [], []
        for env in sound:
            verdict = gate.admit(env, known)
            known += [verdict.sketch] if verdict.sketch else []
            good.append({"accepted": verdict.admitted, "s": verdict.seconds})
    families = len({env.family for env in sound})
    refused, own, accepted = share(bad, "refused"), share(bad, "own"), share(good, "accepted")
    seconds = sorted(one["s"] for one in [*bad, *good])
    exploits, n = len(plugins.names("exploit")), len(bad)
    loaded = f"load {os.getloadavg()[0]:.1f} at the end"
    rows = [
        row("admission, designs with a hole refused", "all of >= 30", f"{sum(b['refused'] for b in bad)} of {n}",
            "", n, refused.estimate == 1 and n >= 30,
            f"our designs, {exploits} exploits; one-sided 95% bound {refused.lower:.3f}"),
        row("admission, refused for the hole that was cut", "-", f"{sum(b['own'] for b in bad)} of {n}", "", n, None,
            f"its own rule or exploit among the reasons; bound {own.lower:.3f}"),
        row("admission, refused by playing alone, without format and lint", "-",
            f"{sum(b['exploit'] for b in bad)} of {n}", "", n, None, "an exploit, or the grader's own fence"),
        row("admission, sound environments accepted", ">= 95%", round(100 * accepted.estimate, 1), "%", len(good),
            (accepted.lower or 0) >= 0.95,
            f"{families} families written by hand; one-sided 95% bound {100 * accepted.lower:.1f}%"),
        row("admission, seconds for one environment, the slowest", "<= 2 s", round(seconds[-1], 2), "s", len(seconds),
            seconds[-1] <= 2, f"median {seconds[len(seconds) // 2]:.2f} s; {layers}; {loaded}"),
    ]  # fmt: skip
    write("admission", rows)


if __name__ == "__main__":
    main()

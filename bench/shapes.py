"""Six shapes of the original paper's figures where the truth is planted: ``python bench/shapes.py``.

Simulated policies, critics and judges through the code of the stages (``_shapes.py``): the rows show
that the instruments see a shape that is there, and claim none that is not; they say nothing of any
model. A shape is "met" where every bound it rests on holds with p < 0.01 (bootstrap over prompts),
"not met" where one is shown to fail, else "not shown". Nothing is timed; about four minutes.
"""

import argparse

import numpy as np
from _shapes import STRONGEST, Menu, after_rounds, critique_and_direct, games, predicted, pressed
from table import row, write

from tenure.dossier.nouns import Recipe
from tenure.measure import estimate
from tenure.stats import bootstrap_mean, lower_bound, upper_bound

LEVEL = 0.98  # two-sided: each end is a bound with p < 0.01
CALIBRATED = 0.03  # calibration error
WORTH = 0.2  # of the principle, in units of its spread over answers: a head learnt from coins gains less
STRENGTHS = (0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0)


def above(values, least=0.0):
    """Is a mean over prompts above ``least``? "met", "not met" or "not shown", and the interval."""
    found = bootstrap_mean(np.asarray(values, float), LEVEL)
    if found is None:
        return "not shown", None
    said = "met" if found.low > least else "not met" if found.high < least else "not shown"
    return said, found


def together(verdicts):
    """A shape is met where all of it is; not met where any part is shown to fail."""
    if all(one == "met" for one in verdicts):
        return "met"
    return "not met" if "not met" in verdicts else "not shown"


def interval(found):
    return "no interval" if found is None else f"[{found.low:+.3f}, {found.high:+.3f}]"


def rounds(seed, many, *, planted):
    seen = after_rounds(seed, many, planted=planted)
    steps = [above(step) for step in np.diff(seen, axis=0)]
    path = " ".join(f"{share:.3f}" for share in seen.mean(axis=1))
    return together([v for v, _ in steps]), f"share kept by round: {path}"


def critique(seed, many, *, planted):
    told, direct = critique_and_direct(seed, many, planted=planted)
    said, found = above(told - direct)
    return said, f"{told.mean():.3f} against {direct.mean():.3f}, difference {interval(found)}"


def order(seed, many, *, planted):
    rows = games(seed, many, planted=planted)
    verdicts, told = [], []
    for of, against in (("supervised", "base"), ("reinforced", "supervised")):
        options = {"first": "first", "second": "second", "of": of, "against": against}
        recipe = Recipe(
            estimator="elo", value="p", cluster="prompt_id", options=options, level=LEVEL
        )
        found = estimate(rows, recipe, name="elo", unit="count", samples=None)
        verdicts.append(
            "met" if found.low > 1000 else "not met" if found.high < 1000 else "not shown"
        )
        told.append(f"{of} {found.estimate - 1000:+.0f} over {against} [{found.low - 1000:+.0f}, {found.high - 1000:+.0f}]")  # fmt: skip
    return together(verdicts), "; ".join(told)


def calibration(seed, many, *, planted):
    rows = predicted(seed, 20 * many, planted=planted)
    recipe = Recipe(
        estimator="ece", value="p", where={"source": "trusted"}, cluster="prompt_id",
        options={"truth": "said"}, level=LEVEL,
    )  # fmt: skip
    found = estimate(rows, recipe, name="ece", unit="mean", samples=None)
    said = (
        "met" if found.high <= CALIBRATED else "not met" if found.low > CALIBRATED else "not shown"
    )
    return (
        said,
        f"calibration error {found.estimate:.3f} [{found.low:.3f}, {found.high:.3f}], {found.n:,} pairs",
    )


def frontier(seed, many, *, planted):
    menu = Menu(seed, many, planted=planted)
    ways = {"helpful": 1.0}, {"helpful": 1.0, "principle": 1.0}
    most = min(menu.helpfulness(weights, STRONGEST) for weights in ways)
    helped, both = (menu.at_helpfulness(weights, 0.7 * most) for weights in ways)
    even = menu.policy(ways[0], 0.0)
    gap = ((both - helped) * menu.good).sum(1)
    equal = abs(((both - helped) * menu.helps).sum(1).mean())
    more = ((both - even) * menu.helps).sum(1)
    parts = [above(gap, WORTH), above(more)]
    return together([v for v, _ in parts]), (
        f"at equal helpfulness (apart by {equal:.3f}) better by the principle by {gap.mean():.3f}, at least {WORTH} asked, {interval(parts[0][1])}"
    )


def knee(seed, many, *, planted):
    score, gold = pressed(seed, many, STRENGTHS, planted=planted)
    half = many // 2
    peak = int(gold[:, :half].mean(axis=1).argmax())  # chosen on one half, shown on the other
    shown, reward = gold[:, half:], score[:, half:]
    parts = [
        above(shown[peak] - shown[0]),
        above(shown[peak] - shown[-1]),
        above(reward[-1] - reward[peak]),
    ]
    path = " ".join(f"{g:.2f}" for g in gold.mean(axis=1))
    return together(
        [v for v, _ in parts]
    ), f"truth as the policy is pressed: {path}; best at {STRENGTHS[peak]:g}"


SHAPES = {
    "rounds: each critique and revision raises the share of principles kept": rounds,
    "critique before revision beats revision without": critique,
    "ratings: base below supervised below reinforced": order,
    f"calibration: chances within {CALIBRATED} of what an expert says": calibration,
    "frontier: both heads beat helpfulness alone at equal helpfulness": frontier,
    "knee: pressed too far, the truth falls while the reward rises": knee,
}


def main():
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=20, help="seeds of each kind")
    parser.add_argument("--prompts", type=int, default=300)
    parser.add_argument("--dry", action="store_true", help="print, write nothing")
    asked = parser.parse_args()
    found = [line for name, shape in SHAPES.items() for line in lines(name, shape, asked)]
    if not asked.dry:
        write("shapes", found)
        return
    for one in found:
        print(" | ".join(str(one[k]) for k in ("figure", "asked", "measured", "n", "holds", "how")))


def lines(name, shape, asked):
    """One world's table row, and how often the verdict is right in worlds with the shape and without."""
    seen = {
        planted: [shape(seed, asked.prompts, planted=planted) for seed in range(asked.worlds)]
        for planted in (True, False)
    }
    said, told = seen[True][0]
    yield row(
        f"shape, simulated, {name}", "met", said, "", asked.prompts, said == "met",
        f"{told}; p < 0.01 for each part, bootstrap over prompts; truth planted, simulated policies and judges",
    )  # fmt: skip
    met = sum(v == "met" for v, _ in seen[True])
    yield row(
        f"shape, simulated, {name}: worlds with it in which it is met", "-",
        f"{met} of {asked.worlds}", "", asked.worlds, None,
        f"at least {lower_bound(met, asked.worlds, 0.95):.0%}, one-sided 95%",
    )  # fmt: skip
    claimed = sum(v == "met" for v, _ in seen[False])
    yield row(
        f"shape, simulated, {name}: worlds without it in which it is claimed", "-",
        f"{claimed} of {asked.worlds}", "", asked.worlds, None,
        f"at most {upper_bound(claimed, asked.worlds, 0.95):.0%}, one-sided 95%; the first: {seen[False][0][0]}, {seen[False][0][1]}",
    )  # fmt: skip


if __name__ == "__main__":
    main()

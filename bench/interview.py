"""The interview's rules, tried on simulated responders of known character: what they find, how they err.

Simulated, no model is asked (but for the shuffled weights): counts, not timings, so load does not
matter. Whole interviews run through the plan, the reading and the rules of the stage.

    python bench/interview.py [--small] [--only PART ...] [--shuffled RUNS]

It says what the rules find of what was planted. It says nothing about whether a model has preferences.
"""

import argparse
import json
import shutil
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from table import RESULTS, row, write

from tenure.measure import estimate
from tenure.retire.hearing import simulated
from tenure.retire.hearing.simulated import Opinion, coin, habitual, planted, randomly, sober
from tenure.retire.questions import bank
from tenure.retire.questions.plan import retest
from tenure.retire.questions.rows import SIZES
from tenure.retire.reading import confirm, reliability
from tenure.stats import clopper_pearson, lower_bound

STRENGTHS = (0.85, 0.9, 0.95)
LEAKS = (0.5, 0.65, 0.8)
ACTS, MIND = 0.9, 0.5
NOTE = "simulated responders; shows what the rules find, nothing about whether a model has any"


def share(k, n):
    """Say k of n as percent with its exact 95% interval."""
    seen = clopper_pearson(k, n)
    return f"{100 * k / n:.1f} ({100 * seen.low:.1f} to {100 * seen.high:.1f})"


def counted(figure, asked, k, n, how):
    """Make a row of k of n; it holds when the lower bound (one-sided, 95%) reaches what was asked."""
    held = asked and lower_bound(k, n) >= asked
    words = f"at least {asked:.0%} shown" if asked else "-"
    return row(figure, words, share(k, n), "%", f"{k} of {n}", held, f"{how}; {NOTE}")


class Tally(dict):
    """Counts of hits by name, a pair (hits, of) each."""

    def add(self, name, hit):
        """Count one more."""
        k, n = self.get(name, (0, 0))
        self[name] = (k + bool(hit), n + 1)


def opinions_of(bank_, sizes, strength, leak, seed):
    """Plant 10 preferences (5 acted on, 5 only said) and 5 induced ones, anywhere among those with deeds."""
    random = np.random.default_rng([seed, 7])
    deeds = [said.id for said in bank_.rated[: sizes.items] if said.preference]
    drawn = [deeds[int(i)] for i in random.permutation(len(deeds))[:15]]
    sides = ["above" if random.random() < 0.5 else "below" for _ in drawn]
    held = {
        item: Opinion(side=side, strength=strength, acts=ACTS if place < 5 else MIND)
        for place, (item, side) in enumerate(zip(drawn[:10], sides, strict=False))
    }
    led = {
        item: Opinion(side=side, strength=leak, follows=0.95)
        for item, side in zip(drawn[10:], sides[10:], strict=True)
    }
    return held, led


def of_planted(found, held, led, tally, tier):
    """Count what one simulated interview found of what was planted in it."""
    for item, opinion in held.items():
        seen = found.by_id[item]
        right = seen["confirmed"] and seen["side"] == opinion.side
        tally.add(("found", *tier), right)
        if right:
            wanted = "acted on" if opinion.acts == ACTS else "said only"
            tally.add(("told", wanted, *tier), seen["acted"] == wanted)
            tally.add(("told", "both", *tier), seen["acted"] == wanted)
    for item in led:
        tally.add(("rejected", *tier), not found.by_id[item]["confirmed"])
        tally.add(("rejected by two stages alone", *tier), not found.by_id[item]["held"])
    others = [n for n in found.names("confirmed") if n not in held and n not in led]
    tally.add(("nothing else confirmed", *tier), not others)


def planted_rows(plans, runs):
    """Planted preferences: found, induced ones rejected, said told from done."""
    rows = []
    for name, plan in plans.items():
        tally = Tally()
        choices = 40 if name == "full" else 20
        for strength in STRENGTHS:
            for leak in LEAKS:
                for run in range(runs):
                    seed = 1000 * round(100 * strength) + 100_000 * round(100 * leak) + 2 * run
                    held, led = opinions_of(plan.bank, plan.sizes, strength, leak, seed)
                    answer = planted({**held, **led}, seed)
                    found = simulated.protocol(sober(answer), plan, choices=choices)
                    for tier in ((strength,), (leak, "leak"), ()):
                        of_planted(found, held, led, tally, tier)
        rows += said_planted(name, tally, plan.sizes, choices)
    return rows


def said_planted(name, tally, sizes, choices):
    """Write the rows of one size; the figures asked for are those of the full size at strength 0.9."""
    full = name == "full"
    where = (
        f"{sizes.items} statements x {sizes.cells} cells, {sizes.retest} fresh, {choices} choices"
    )
    rows = []
    for strength in STRENGTHS:
        asked = 0.9 if full and strength == 0.9 else None
        how = f"{where}; the side is given in {strength:.0%} of answers, else the other"
        rows.append(
            counted(
                f"interview, {name}: planted preferences found, held at {strength}",
                asked,
                *tally["found", strength],
                how,
            )
        )
    for leak in LEAKS:
        how = f"{where}; a leaning asker is followed in 95%, else the side is given in {leak:.0%} of answers"
        asked = 0.9 if full else None
        rows.append(
            counted(
                f"interview, {name}: induced preferences rejected, leaking at {leak}",
                asked,
                *tally["rejected", leak, "leak"],
                how,
            )
        )
        alone = tally["rejected by two stages alone", leak, "leak"]
        rows.append(
            counted(
                f"interview, {name}: the same by the two stages alone, leaking at {leak}",
                None,
                *alone,
                how,
            )
        )
    how = (
        f"{where}; of those found at strength 0.9; acted on at {ACTS}, only said: a coin in choices"
    )
    for kind in ("both", "acted on", "said only"):
        asked = 0.8 if full and kind == "both" else None
        label = "said-only told from acted-on" if kind == "both" else f"judged rightly: {kind}"
        rows.append(counted(f"interview, {name}: {label}", asked, *tally["told", kind, 0.9], how))
    rows.append(
        counted(
            f"interview, {name}: interviews with nothing confirmed beside what was planted",
            None,
            *tally["nothing else confirmed",],
            where,
        )
    )
    return rows


def empty_rows(plans, runs):
    """Responders without any preference: runs in which nothing is confirmed, by the two stages alone."""
    kinds = {"random letters": randomly, "a coin": coin, "a habit (first option, 80%)": habitual}
    rows = []
    for name, plan in plans.items():
        for label, kind in kinds.items():
            none = sum(
                not simulated.protocol(sober(kind(10 * run)), plan, choices=0).names("held")
                for run in range(runs)
            )
            how = (
                f"{plan.sizes.items} statements x {plan.sizes.cells} cells; counted before the rules about "
                "false premises, leaning askers and other subjects, which can only help"
            )
            asked = 0.95 if name == "full" else None
            figure = f"interview, {name}: runs of {label} with no confirmed preference"
            rows.append(counted(figure, asked, none, runs, how))
    return rows


def width_rows(plans, runs):
    """Half-width and coverage of the signal share and of the nudge."""
    rows = []
    for name, plan in plans.items():
        shares = {r: [x for x in plan.first if x["kind"] == r] for r in ("rated", "lean")}
        recipe = reliability.larger_shares(shares["rated"])["signal_share"]
        for wanted, strong in ((0.1, 1), (0.3, 1), (0.5, 1), (0.7, 1), (0.5, 0.1)):
            answer = [simulated.held_views(wanted, run, strong=strong) for run in range(runs)]
            made = [signal(shares["rated"], a, recipe) for a in answer]
            true = simulated.truth(wanted, strong=strong)[0]
            views = "views spread out" if strong == 1 else "a tenth of the statements has a view"
            figure = f"interview, {name}: half-width of a signal share of {true:.2f}, {views}"
            asked = 0.1 if name == "full" else None
            rows.append(
                widths(figure, asked, made, true, f"jackknife over {plan.sizes.items} statements")
            )
        true = simulated.truth(0.5, nudge=1.0)[1]
        made = [
            nudged(shares["lean"], simulated.held_views(0.5, n, nudge=1.0)) for n in range(runs)
        ]
        figure = f"interview, {name}: half-width of a nudge of {true:.2f}"
        asked = 0.3 if name == "full" else None
        how = f"{plan.sizes.lean} pairs of leaning askers, paired t over whole statements"
        rows.append(widths(figure, asked, made, true, how))
    return rows


def answered(rows, answer):
    """Answer and grade planned rows."""
    return [reliability.graded({**row_, "answer": answer(row_)}) for row_ in rows]


def signal(rows, answer, recipe):
    """Measure the signal share alone, as the box does."""
    return estimate(answered(rows, answer), recipe, name="s", unit="ratio", samples=None)


def nudged(rows, answer):
    """Measure the nudge alone, as the box does."""
    recipe = reliability.nudge_of(larger=True)
    return estimate(answered(rows, answer), recipe, name="n", unit="difference", samples=None)


def widths(figure, asked, made, true, how):
    """Make a row of half-widths; it holds when 95 of 100 are no wider than asked and enough cover."""
    half = np.array([(m.high - m.low) / 2 for m in made])
    cover = sum(m.low <= true <= m.high for m in made)
    most = float(np.quantile(half, 0.95))
    words = f"mean {half.mean():.3f}, 95 of 100 under {most:.3f}, widest {half.max():.3f}"
    told = f"{how}; the true value lies inside in {share(cover, len(made))} % (nominal 95)"
    return row(
        figure,
        f"<= {asked} in 95 of 100" if asked else "-",
        words,
        "",
        f"{len(made)} runs",
        asked and most <= asked,
        f"{told}; {NOTE}",
    )


def shuffled_rows(plans, runs):
    """Shuffled weights: a tiny model, read by the probability of the letters."""
    from tenure.models import shuffled, tiny

    # Short prompts, or 200 runs would take hours: nothing stands before the statement but the options.
    plain = {"histories": {}, "personas": {}, "examples": [], "zh": None}
    whole = plans["small"].bank
    questions = whole.model_copy(update={**plain, "preambles": {"minimal": whole.preamble}})
    plan = simulated.plan(questions, replace(SIZES["small"], items=16), 0)
    first = [r for r in plan.first if r["kind"] == "rated"]
    none = 0
    with tempfile.TemporaryDirectory() as spare:
        origin = tiny.make(Path(spare) / "tiny")
        for run in range(runs):
            folder = Path(spare) / "run"
            shutil.copytree(origin, folder)
            shuffled.shuffle(origin / "model.safetensors", folder / "model.safetensors", run)
            letters = Letters(folder)
            rows = letters.answer(first, run)
            again = retest(plan.bank, confirm.screen(rows), plan.sizes.retest, run)
            rows += letters.answer([r for r in again if r["kind"] == "rated"], run + runs)
            none += not any(item["held"] for item in confirm.items(rows, [], {}))
            shutil.rmtree(folder)
    how = (
        f"a tiny random model, shuffled by {runs} seeds; {plan.sizes.items} statements x "
        f"{plan.sizes.cells} cells; the letter drawn by its probability among those offered (the "
        "likeliest at temperature 0)"
    )
    figure = "interview, shuffled weights: runs with no confirmed preference"
    return [counted(figure, 0.95, none, runs, how)]


class Letters:
    """A model that answers with letters alone, each by its probability as the next token."""

    def __init__(self, folder):
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer

        self.torch, self.letters = torch, "ABCDEFGXYZ"
        self.tokenizer = AutoTokenizer.from_pretrained(folder, padding_side="left")
        self.model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
        self.ids = [self.tokenizer.encode(one, add_special_tokens=False)[0] for one in self.letters]

    def answer(self, rows, seed):
        """Answer planned rows at their temperatures, graded."""
        random = np.random.default_rng(seed)
        made = []
        for at in range(0, len(rows), 32):
            part = rows[at : at + 32]
            texts = [
                self.tokenizer.apply_chat_template(
                    r["messages"], add_generation_prompt=True, tokenize=False
                )
                for r in part
            ]
            batch = self.tokenizer(
                texts, return_tensors="pt", padding=True, add_special_tokens=False
            )
            with self.torch.inference_mode():
                logits = self.model(**batch, logits_to_keep=1).logits[:, -1, self.ids].double()
            for planned_row, chances in zip(part, logits.numpy(), strict=True):
                heat = max(planned_row["temperature"], 1e-6)
                weights = np.exp((chances - chances.max()) / heat)
                place = int(random.choice(len(self.letters), p=weights / weights.sum()))
                answer = {**planned_row, "answer": self.letters[place]}
                made.append(reliability.graded(answer))
        return made


PARTS = {
    "planted": lambda plans, given: planted_rows(plans, 2 if given.small else 20),
    "empty": lambda plans, given: empty_rows(plans, 10 if given.small else 200),
    "widths": lambda plans, given: width_rows(plans, 10 if given.small else 300),
    "shuffled": lambda plans, given: shuffled_rows(
        plans, given.shuffled or (1 if given.small else 200)
    ),
}


def main():
    """Measure and write; parts that were not asked for keep what was measured before."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--small", action="store_true", help="few runs, nothing written")
    asked.add_argument("--only", nargs="*", choices=list(PARTS), default=list(PARTS))
    asked.add_argument("--shuffled", type=int, default=0, help="runs of shuffled weights")
    given = asked.parse_args()
    questions = bank.load(None, "full")
    plans = {name: simulated.plan(questions, SIZES[name], 0) for name in ("small", "full")}
    for part in given.only:
        made = PARTS[part](plans, given)
        for r in made:
            print(f"{r['figure']}: {r['measured']} {r['unit']} ({r['n']}) {r['holds']}", flush=True)
        if not given.small:  # after each part: the last takes hours on a busy machine
            place = RESULTS / "interview.json"
            rows = json.loads(place.read_text()) if place.exists() else []
            write("interview", list({r["figure"]: r for r in [*rows, *made]}.values()))


if __name__ == "__main__":
    sys.exit(main())

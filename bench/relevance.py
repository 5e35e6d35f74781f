"""The gate `relevance`: what it stops of a model's own fine answers, and of answers to other questions.

    python bench/relevance.py [--prompts N]

The embedded model answers each of our 160 everyday questions twice, greedily and drawn (temperature
0.7). The second answer, held beside the first one as if it were its revision, is fine and should pass: it
is harder than a real revision, which begins from the answer. An answer to a question of another family
should be stopped. Both ways of the gate are counted: by words, and by how much likelier the question
makes the text (natural logarithm a token). Alone on a quiet machine: about 5 minutes on 2 cores.
"""

import argparse
import random
import sys
from dataclasses import replace

from table import row, write

from tenure import models
from tenure.align import gates
from tenure.align import prompts as asked
from tenure.align.answering import NEUTRAL
from tenure.models import Sampling
from tenure.stats import clopper_pearson

ROOM, BATCH, OTHERS, MOST = 90, 32, 3, 5.0


def draws(engine, prompts):
    """Answer every prompt twice."""
    found = [[], []]
    for number, how in enumerate(
        (Sampling(max_tokens=ROOM), Sampling(max_tokens=ROOM, temperature=0.7, seed=1))
    ):
        for start in range(0, len(prompts), BATCH):
            part = [p.messages for p in prompts[start : start + BATCH]]
            found[number] += [r.text.strip() for r in engine.generate(part, how)]
    return found


def near(engine, question, text):
    """Say how much likelier a question makes a text, as `tenure.align.answering.nearer` does."""
    mine, other = (
        engine.score([{"role": "user", "content": said}], [text])[0] for said in (question, NEUTRAL)
    )
    return (mine - other) / max(1, engine.tokens(text))


def share(name, stopped, wanted, how):
    """Make a row of a share of stopped ones."""
    k, n = sum(stopped), len(stopped)
    found = clopper_pearson(k, n)
    fine = wanted != "-"
    return row(
        f"align: gate relevance, {name}", wanted, f"{100 * k / n:.1f}", "%", n,
        100 * k / n <= MOST if fine else None,
        f"{k} of {n}, 95% interval {100 * found.low:.1f} to {100 * found.high:.1f}; {how}",
    )  # fmt: skip


def main():
    """Answer, count, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--prompts", type=int, default=160)
    given = parser.parse_args()
    bank = asked.shipped()
    every = [*bank.select("train"), *bank.select("held-out")]
    prompts = every[:: max(1, len(every) // given.prompts)][: given.prompts]
    engine = models.engine(models.resolve("tenure/embedded"))
    first, second = draws(engine, prompts)
    chance = random.Random(1)
    fine = [
        gates.Revised(prompt=p.text, before=a, after=b)
        for p, a, b in zip(prompts, first, second, strict=True)
    ]
    strays = []
    for prompt, case in zip(prompts, fine, strict=True):
        others = [i for i, p in enumerate(prompts) if p.family != prompt.family]
        strays += [replace(case, after=second[i]) for i in chance.sample(others, OTHERS)]
    rows = []
    for what, cases, wanted in (
        ("fine second answers stopped", fine, f"<= {MOST:g}"),
        ("answers to other questions stopped", strays, "-"),
    ):
        said = "embedded model, 90 new tokens; questions of everyday life"
        by_words = [gates.relevance(case) is not None for case in cases]
        rows.append(share(f"by words: {what}", by_words, wanted, said))
        scored = [replace(c, nearer=near(engine, c.prompt, c.after)) for c in cases if c.after]
        by_chances = [gates.relevance(case) is not None for case in scored]
        rows.append(share(f"by chances: {what}", by_chances, wanted, said))
        print(rows[-2]["how"], "|", rows[-1]["how"], flush=True)
    if given.prompts < 160:
        sys.exit("a short run: nothing is written")
    write("relevance", rows)


if __name__ == "__main__":
    main()

"""What a judge of pairs costs, and whether two engines judge alike; `python bench/judge.py [--small]`.

A judgement of ours is 16 principles x 2 orders of one pair, nothing decoded (``models.choosing``).
Beside it, on the same engine and in the same process, taking turns, with a new pair every time:

    the naive call   the same case, one principle, one order: a verdict and a sentence, 40 tokens
    one letter       the same call, cut after its first token

What all cases begin with (instructions and worked cases) is kept by the engine for all three alike.
Seconds are wall time, which needs a quiet machine, and processor seconds beside them.

Agreement: the same items by OpenVINO and by torch in float32 from the same file of weights.
"""

import argparse
import math
import os
import statistics
import time

import numpy as np
from table import row, write

from tenure import models
from tenure.align.comparing import planted
from tenure.align.comparing.judging import OPTIONS, Case, messages, prompts_of
from tenure.align.constitution import shipped
from tenure.models import Sampling
from tenure.models.choosing import Chooser
from tenure.models.paged import Paged
from tenure.stats.quantiles import t_quantile

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # torch's threads would spin beside OpenVINO's
PRINCIPLES = 16
WORDS = 40  # tokens of a naive verdict at most
WHY = "Say A or B, and then in one sentence of about twenty words why, by what the case asks for."
SENTENCE = (
    ", because by what is asked for here it is the better one of the two answers that are shown."
)


def new_case(number):
    """Take two answers about one thing that no case before had; the first words make them new."""
    item = planted.of_axes(["principle"])[number % 104]
    asked = {p.id: p.comparison for p in shipped("constitution-2.yaml").principles[:PRINCIPLES]}
    fresh = f"Case {number}. "
    return Case(prompt=fresh + item.question, a=fresh + item.a, b=fresh + item.b, asked=asked)


def naive(case):
    """Ask one question in one order for a verdict with its reason, after the same worked cases."""
    turns = messages(case.prompt, case.a, case.b, next(iter(case.asked.values())))
    for turn in turns:
        if turn["role"] == "system":
            turn["content"] = turn["content"].replace("Say A or B, nothing else.", WHY)
        elif turn["role"] == "assistant":
            turn["content"] += SENTENCE
    return turns


def timed(work):
    """Return wall seconds, processor seconds and the result."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    return time.perf_counter() - wall, time.process_time() - cpu, result


def bound(ratios):
    """Bound the typical ratio from above, one-sided at 95%, by Student's t of its logarithm."""
    logs = np.log(ratios)
    if len(logs) < 2:
        return math.inf
    half = t_quantile(0.95, len(logs) - 1) * logs.std(ddof=1) / math.sqrt(len(logs))
    return math.exp(logs.mean() + half)


class Read:
    """Counts the tokens that go through the model."""

    def __init__(self):
        self.tokens = 0
        step = Paged.step

        def counted(paged, rows):
            self.tokens += sum(len(r.tokens) for r in rows)
            return step(paged, rows)

        Paged.step = counted

    def taken(self):
        """Return the count and begin anew."""
        found, self.tokens = self.tokens, 0
        return found


def rounds(count):
    """Let the three take turns; each gets its own new pairs, and none meets a pair twice."""
    model = models.resolve("tenure/embedded")
    engine, read = models.engine(model, None, "cpu"), Read()
    found = {name: [] for name in ("ours", "naive", "letter")}
    with Chooser(model, engine="cpu") as chooser:

        def call(tokens):
            return lambda case: engine.generate([naive(case)], Sampling(max_tokens=tokens))[0]

        ways = {
            "ours": lambda case: chooser.chances(prompts_of(case), OPTIONS),
            "naive": call(WORDS),
            "letter": call(1),
        }
        for turn in range(count + 1):
            for at, (name, way) in enumerate(ways.items()):
                case = new_case(3 * turn + at)
                wall, cpu, result = timed(lambda way=way, case=case: way(case))
                written = getattr(result, "tokens", 0)
                if turn:  # the first round compiles, and reads what all cases begin with
                    found[name].append((wall, cpu, read.taken(), written))
                read.taken()
    models.close_all()
    return found


def cost_rows(found, count):
    """Make the rows of time and tokens."""
    columns = {n: [list(c) for c in zip(*each, strict=True)] for n, each in found.items()}

    def middle(name, column):
        return statistics.median(columns[name][column])

    def ratios(other, column):
        return [a / b for a, b in zip(columns["ours"][column], columns[other][column], strict=True)]

    made = []
    for other, asked in (("naive", "<= 2"), ("letter", "-")):
        for column, kind in ((0, "wall time"), (1, "processor time")):
            each = ratios(other, column)
            top = bound(each)
            wanted = asked if column == 0 else "-"
            what = "one naive call" if other == "naive" else "a call of one letter"
            made.append(
                row(
                    f"judge: {PRINCIPLES} principles x 2 orders of a pair beside {what}, {kind}",
                    wanted, round(math.exp(np.log(each).mean()), 2), "x", count, top <= 2,
                    f"geometric mean, one-sided 95% bound {top:.2f}; {middle('ours', column):.2f} s beside "
                    f"{middle(other, column):.2f} s (medians), same engine, model and kind of prompt, the worked cases "
                    f"kept for both; the call wrote {middle(other, 3):.0f} tokens; embedded model",
                )
            )  # fmt: skip
    ours, alone = middle("ours", 2), middle("letter", 2)
    made.append(
        row(
            "judge: tokens read for a pair, beside the calls one by one", "-",
            round(2 * PRINCIPLES * alone / ours, 1), "x fewer", count, None,
            f"{ours:.0f} tokens for {2 * PRINCIPLES} judgements, {alone:.0f} for a call alone, the worked cases kept for both",
        )
    )  # fmt: skip
    return made


def agreement_rows(count):
    """Judge the same items by both engines."""
    model = models.resolve("tenure/embedded")
    held = planted.items()
    asked = [held[i * len(held) // count] for i in range(count)]
    chances = {}
    for engine in ("cpu", "torch"):
        with Chooser(model, engine=engine) as chooser:
            each = [prompts_of(item.case()) for item in asked]
            if engine == "torch":  # one call, so that the worked cases are read less often
                each = [[prompt for case in each for prompt in case]]
            raw = np.concatenate([chooser.chances(case, OPTIONS) for case in each])
        models.close_all()
        chances[engine] = 1 / (1 + np.exp(raw[:, 1] - raw[:, 0]))
    apart = np.abs(chances["cpu"] - chances["torch"])
    flipped = (chances["cpu"] > 0.5) != (chances["torch"] > 0.5)
    average = {n: (c[0::2] + 1 - c[1::2]) / 2 for n, c in chances.items()}
    turned = (average["cpu"] > 0.5) != (average["torch"] > 0.5)
    how = f"{count} planted items in both orders, OpenVINO (F16 weights) against torch in float32, embedded model"
    return [
        row("judge: chances by two engines, mean distance", "-", round(float(apart.mean()), 4), "", 2 * count, None, how),
        row("judge: chances by two engines, largest distance", "-", round(float(apart.max()), 4), "", 2 * count, None, how),
        row("judge: verdicts of one order that differ by engine", "-", round(100 * float(flipped.mean()), 1), "%", 2 * count, None, how),
        row("judge: labels (both orders averaged) that differ by engine", "-", round(100 * float(turned.mean()), 1), "%", count, None,
            f"{how}; of those that differ, the label is within {_near(average, turned):.3f} of a tie"),
    ]  # fmt: skip


def _near(average, turned):
    return float(np.abs(average["cpu"][turned] - 0.5).max()) if turned.any() else 0.0


def main():
    """Measure, print, write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--small", action="store_true", help="a few, and nothing is written")
    small = parser.parse_args().small
    count, items = (2, 8) if small else (20, 100)
    made = [*cost_rows(rounds(count), count), *agreement_rows(items)]
    if small:
        print(*made, sep="\n")
    else:
        write("judge", made)


if __name__ == "__main__":
    main()

"""Shared prefixes in batches against one at a time: how many rows say the same, token for token.

    python bench/critique_identity.py [--rows N] [--kept FILE]

The same conversations by our torch engine with shared prefixes, in batches of 32, and by transformers'
generate, one after the other; both in float32, greedy, from one folder of safetensors. About an hour on a
quiet machine; it is a count, which other work does not disturb. With --kept every batch that is compared
is written to a file, and the same command goes on from there.
"""

import argparse
import json
import sys
from pathlib import Path

from critique import BATCH, PRINCIPLES, PROMPTS, Naive
from table import row, write

from tenure import models
from tenure.align.critics.model import begin, preamble, revising
from tenure.align.critiquing import Case
from tenure.models import Sampling, convert, embedded
from tenure.models.prefixed import Prefixed
from tenure.stats import upper_bound

ROWS, NEW, ASKED = 3040, 16, 0.999


def conversations(engine, wanted):
    """Make different conversations that begin alike in several ways; one in 20 has the worked examples."""
    each = 1 + 2 * len(PRINCIPLES)
    prompts, answers = PROMPTS[: -(-wanted // each)], []
    for start in range(0, len(prompts), BATCH):
        part = [p.messages for p in prompts[start : start + BATCH]]
        answers += [r.text for r in engine.generate(part, Sampling(max_tokens=40))]
    told = {"role": "system", "content": preamble().instructions}
    examples = 1 + 4 * len(preamble().examples)
    found = []
    for prompt, answer in zip(prompts, answers, strict=True):
        found.append(prompt.messages)
        for number, rule in enumerate(PRINCIPLES):
            case = Case(
                prompt=prompt.text, answer=answer, principle=rule, critique="It could be better."
            )
            for messages in (begin(case), revising(case)):
                long = (len(found) + number) % 20 == 0
                found.append(messages if long else [told, *messages[examples:]])
    return found[:wanted]


def before(path, key):
    """Read what earlier runs of the same comparison have found, by the first row of a batch."""
    if path is None or not path.exists():
        return {}
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return {one["start"]: one for one in lines if key.items() <= one.items()}


def batch(ours, alone, part):
    """Compare one batch; return the rows that differ and how many tokens went through our engine."""
    computed, differ = ours.computed, []
    for messages, reply in zip(part, ours.generate(part, Sampling(max_tokens=NEW)), strict=True):
        text = alone.tokenizer.decode(alone.one(messages, NEW), skip_special_tokens=True)
        if text != reply.text:
            differ.append([messages[-1]["content"][:60], text[:80], reply.text[:80]])
    return {"rows": len(part), "differ": differ, "computed": ours.computed - computed}


def compare(folder, given):
    """Compare all batches that were not compared before; return them all."""
    import torch

    ours, alone = Prefixed(folder), Naive(folder, "float32")
    every = conversations(ours, given.rows)
    key = {"n": len(every), "torch": torch.__version__, "threads": torch.get_num_threads()}
    done = before(given.kept, key)
    for start in range(0, len(every), BATCH):
        if start not in done:
            found = batch(ours, alone, every[start : start + BATCH])
            done[start] = {**key, "start": start, **found}
            if given.kept:
                with given.kept.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(done[start]) + "\n")
            different = sum(len(one["differ"]) for one in done.values())
            print(f"{start + found['rows']} of {len(every)} rows, {different} differ", flush=True)
    return list(done.values())


def main():
    """Compare, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--kept", type=Path, help="go on from this file, and write to it")
    given = parser.parse_args()
    folder = convert.as_safetensors(embedded.find(), models.resolve("tenure/embedded").digest)
    done = compare(folder, given)
    differ = [pair for one in done for pair in one["differ"]]
    for pair in differ[:5]:
        print("  DIFFERS", pair)
    n, computed = sum(one["rows"] for one in done), sum(one["computed"] for one in done)
    bound = 1 - upper_bound(len(differ), n)
    rows = [
        row(
            "critique: rows that say in a batch what they say alone, float32 torch", ">= 99.9",
            f"{100 - 100 * len(differ) / n:.2f} (at least {100 * bound:.2f})", "%", n, bound >= ASKED,
            f"torch_prefixed in batches of {BATCH} against transformers' generate, one at a time; {NEW} new tokens, "
            f"greedy; exact one-sided 95% bound; {computed:,} tokens computed; "
            f"torch {done[0]['torch']}, {done[0]['threads']} threads",
        )
    ]  # fmt: skip
    if n < ROWS:
        sys.exit(f"{rows[0]['measured']}; a short run: nothing is written")
    write("critique_identity", rows)


if __name__ == "__main__":
    main()

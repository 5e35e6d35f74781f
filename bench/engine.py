"""Tokens a second on the assessment workload: ours beside what one would otherwise use.

The workload: a system prompt of about 1,112 tokens that every prompt shares, a question of its own
each, 100 new tokens, greedy; batches of 1, 8 and 32. In one process and one run, the contenders
take turns, with new questions in every round (nothing but the system prompt can be cached):

    ours          tenure.models.engine, the default for the embedded model (F16 weights)
    raw           OpenVINO GenAI's pipeline with prefix caching on the same F16 weights
    raw, Q4_1     the same on the 4-bit file as it is (its rounding is coarser than the file's)
    transformers  generate(), bf16, B = 1 and 8
    hf            Inspect's own provider, 32 connections

Run alone on a quiet machine: `make bench-engine` (about 7 minutes on 2 cores).
"""

import argparse
import asyncio
import statistics
import time

import psutil
from table import row, write

from tenure import models
from tenure.models import Sampling, convert, embedded, template

ROUNDS = 3
SLOW_ROUNDS = 2  # transformers and hf take a minute and a half a round
TOKENS = 100
SIZES = (1, 8, 32)
SUBJECTS = ("rivers", "bridges", "bread", "maps", "clocks", "gardens", "ships", "paper")


def system_prompt(count, wanted=1112):
    """About ``wanted`` tokens of plain rules; ``count`` counts the tokens of a text."""
    text, number = "", 0
    while count(text) < wanted:
        number += 1
        text += f"Rule {number}: when somebody asks about matter {number * 7}, answer in full sentences. "
    return text


def batch(system, size, seed):
    """Prompts that share the system prompt; a seed's questions are asked in no other round."""
    return [
        [
            {"role": "system", "content": system},
            {
                "role": "user",
                "content": f"Tell me a long story about {SUBJECTS[n % 8]} number {seed * 100 + n}.",
            },
        ]
        for n in range(size)
    ]


class Ours:
    """The default engine."""

    def __init__(self):
        self.engine = models.engine(models.resolve("tenure/embedded"))

    def run(self, prompts, tokens):
        """Return how many tokens were written."""
        return sum(r.tokens for r in self.engine.generate(prompts, Sampling(max_tokens=tokens)))


class Raw:
    """OpenVINO GenAI, its own tokenizer and scheduler, prefixes cached."""

    def __init__(self, gguf, count):
        import openvino_genai as genai

        scheduler = genai.SchedulerConfig()
        scheduler.enable_prefix_caching = True
        scheduler.cache_size = 1
        self.genai, self.count = genai, count
        self.template = template.of_model(gguf)
        self.pipeline = genai.LLMPipeline(str(gguf), "CPU", scheduler_config=scheduler)

    def run(self, prompts, tokens):
        """Return how many tokens were written."""
        config = self.genai.GenerationConfig(max_new_tokens=tokens, do_sample=False)
        config.apply_chat_template = False
        texts = self.pipeline.generate([self.template.render(p) for p in prompts], config).texts
        return sum(min(tokens, self.count(text)) for text in texts)


class Transformers:
    """transformers generate, as our torch engine calls it."""

    def __init__(self):
        self.engine = models.engine(models.resolve("tenure/embedded"), None, "torch")

    run = Ours.run


class HF:
    """Inspect's provider for transformers."""

    def __init__(self, folder):
        from inspect_ai.model import GenerateConfig, get_model

        self.config = GenerateConfig
        self.model = get_model(
            "hf/local", model_path=str(folder), device="cpu", do_sample=False, memoize=False
        )

    def run(self, prompts, tokens):
        """Return how many tokens were written; all connections at once."""
        from inspect_ai.model import ChatMessageSystem, ChatMessageUser

        config = self.config(max_tokens=tokens, max_connections=32)

        async def every():
            return await asyncio.gather(
                *(
                    self.model.generate(
                        [
                            ChatMessageSystem(content=p[0]["content"]),
                            ChatMessageUser(content=p[1]["content"]),
                        ],
                        config=config,
                    )
                    for p in prompts
                )
            )

        return sum(output.usage.output_tokens for output in asyncio.run(every()))


def measured(contender, prompts, tokens):
    """Tokens a second of one batch."""
    began = time.perf_counter()
    written = contender.run(prompts, tokens)
    return written / (time.perf_counter() - began)


def contenders(sizes):
    """Open everyone: name -> (contender, batch sizes, rounds)."""
    model = models.resolve("tenure/embedded")
    folder = convert.as_safetensors(embedded.find(), model.digest)
    ours = Ours()
    count = ours.engine.tokens

    def fits(*wanted):
        return [s for s in sizes if s in wanted or not wanted]

    return count, {
        "ours": (ours, fits(), ROUNDS),
        "raw": (Raw(convert.as_gguf(folder, model.digest), count), fits(), ROUNDS),
        "raw, Q4_1": (Raw(embedded.find(), count), fits(), ROUNDS),
        "transformers": (Transformers(), fits(1, 2, 8), SLOW_ROUNDS),
        "hf": (HF(folder), fits(2, 32), SLOW_ROUNDS),
    }


def turn(everyone, number):
    """Begin every round with another contender: what ran just before must not favour anyone."""
    names = list(everyone)
    return names[number % len(names) :] + names[: number % len(names)]


def main():
    """Measure, interleaved, and write."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--tokens", type=int, default=TOKENS)
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)))
    chosen = parser.parse_args()
    sizes = [int(s) for s in chosen.sizes.split(",")]
    count, everyone = contenders(sizes)
    system = system_prompt(count)
    for contender, *_ in everyone.values():
        contender.run(batch(system, 2, 0), 2)
    speeds: dict[tuple[str, int], list[float]] = {}
    for number in range(1, chosen.rounds + 1):
        for size in sizes:
            for name in turn(everyone, number):
                contender, fitting, rounds = everyone[name]
                if size in fitting and number <= rounds:
                    prompts = batch(system, size, number * 10 + size)
                    speed = measured(contender, prompts, chosen.tokens)
                    speeds.setdefault((name, size), []).append(speed)
                    print(
                        f"round {number}  B={size:2}  {name:13} {speed:7.1f} tokens/s", flush=True
                    )
    rows = compared(speeds, sizes)
    if chosen.tokens == TOKENS and chosen.rounds >= ROUNDS:
        write("engine", rows)
    else:
        print("a short run: nothing is written")


def compared(speeds, sizes):
    """Make the rows: the median of the rounds' ratios; then the speeds."""
    how = f"shared system prompt of 1,112 tokens, {TOKENS} new, greedy; contenders take turns; the median of rounds"
    rows = []
    for other, wanted, least in (("hf", sizes[-1:], 5.0), ("raw", sizes, 0.9)):
        for size in wanted:
            pairs = zip(speeds[("ours", size)], speeds[(other, size)], strict=False)
            ratios = [ours / theirs for ours, theirs in pairs]
            ratio = statistics.median(ratios)
            said = f"{how}: {', '.join(f'{r:.2f}' for r in ratios)}"
            name = f"default engine / {other}, B = {size}"
            rows.append(
                row(name, f">= {least}", round(ratio, 2), "x", len(ratios), ratio >= least, said)
            )
    for (name, size), found in sorted(speeds.items(), key=lambda s: (s[0][1], s[0][0])):
        middle = statistics.median(found)
        spread = f"median; {min(found):.0f} to {max(found):.0f}"
        rows.append(
            row(
                f"{name}, B = {size}",
                "-",
                round(middle),
                "tokens/s",
                len(found),
                holds=True,
                how=spread,
            )
        )
    peak = psutil.Process().memory_info().rss / 2**30
    rows.append(
        row(
            "memory of all five together",
            "-",
            round(peak, 2),
            "GiB",
            1,
            holds=True,
            how="resident at the end",
        )
    )
    return rows


if __name__ == "__main__":
    main()

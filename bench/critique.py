"""Critique and revision: whole rows a second, ours beside what one would otherwise do; how far engines agree.

    python bench/critique.py [--rival-python PYTHON] [--rows N] [--rounds N] [--only PART]

A row: an answer (at most 80 tokens), a critique and a revision of it (at most 96 each), greedy, after
the worked examples of align/data/critic.yaml; every answer is revised, whatever the verdict. In one
process and one run the contenders take turns, with new prompts in every round:

    cpu             our default engine, in batches of 32 (OpenVINO, F16 weights)
    torch_prefixed  our torch engine with shared prefixes, float32, in batches of 32
    naive           a loop of transformers' generate, one call after the other; bf16 and float32
    distilabel      its transformers backend, in a process of its own (--rival-python or TENURE_RIVALS)

All read one folder of safetensors. Then: how far the two engines agree, and how many tokens go through
each. Each part is one run and one file of results; the speed takes about 11 minutes on a quiet machine.
``bench/critique_identity.py`` compares row by row what a batch says with what one says alone.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

from table import row, write

from tenure import models
from tenure.align import constitution as written
from tenure.align import prompts as asked
from tenure.align.critics.model import begin, revising
from tenure.align.critiquing import Case
from tenure.models import Sampling, convert, embedded

HERE = Path(__file__).parent
ANSWER, SAID, BATCH = 80, 96, 32
ROUNDS, ROWS, NAIVE_ROWS = 3, 32, 4
PARTS = ("speed", "agreement", "work")
FASTER = {"naive": 6.0, "distilabel": 3.0}
PROMPTS = [*asked.shipped().select("train"), *asked.shipped().select("held-out")]
PRINCIPLES = written.shipped().principles


class Ours:
    """One of our engines."""

    def __init__(self, folder, name):
        self.engine = models.engine(models.resolve(str(folder)), None, name)

    def ask(self, conversations, room):
        """Answer in batches; return texts and how many tokens were written."""
        found = []
        for start in range(0, len(conversations), BATCH):
            found += self.engine.generate(
                conversations[start : start + BATCH], Sampling(max_tokens=room)
            )
        return [r.text for r in found], sum(r.tokens for r in found)


class Naive:
    """transformers' generate, one conversation after the other."""

    def __init__(self, folder, dtype):
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer

        self.torch = torch
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.model = AutoModelForCausalLM.from_pretrained(folder, dtype=getattr(torch, dtype))

    def one(self, messages, room):
        """Return the new token ids."""
        text = self.tokenizer.apply_chat_template(
            messages, tokenize=False, add_generation_prompt=True
        )
        ids = self.tokenizer(text, return_tensors="pt", add_special_tokens=False)
        with self.torch.inference_mode():
            out = self.model.generate(
                **ids,
                do_sample=False,
                max_new_tokens=room,
                pad_token_id=self.tokenizer.eos_token_id,
            )
        return out[0, ids["input_ids"].shape[1] :].tolist()

    def ask(self, conversations, room):
        """Answer one after the other."""
        found = [self.one(messages, room) for messages in conversations]
        texts = [self.tokenizer.decode(ids, skip_special_tokens=True) for ids in found]
        return texts, sum(map(len, found))


class Distilabel:
    """Another interpreter, asked over a pipe; ``missing`` says why it is not there."""

    def __init__(self, folder, python):
        self.missing, self.process = "no interpreter was named: give --rival-python", None
        if not python:
            return
        try:
            self.process = subprocess.Popen(
                [python, str(HERE / "_critique_rivals.py"), str(folder)],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
            )  # fmt: skip
        except OSError as error:
            self.missing = str(error)
            return
        said = json.loads(
            self.process.stdout.readline() or '{"missing": "it ended without a word"}'
        )
        self.missing = said.get("missing", "")
        self.version = said.get("ready")

    def ask(self, conversations, room):
        """Answer one list of conversations."""
        line = {"conversations": [list(m) for m in conversations], "max_tokens": room}
        print(json.dumps(line), file=self.process.stdin, flush=True)
        found = json.loads(self.process.stdout.readline())
        return found["texts"], found["tokens"]

    def close(self):
        """End it."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()


def principle(number):
    """Take the principles in turn."""
    return PRINCIPLES[number % len(PRINCIPLES)]


def whole_rows(ask, prompts):
    """Make rows: answers, critiques, revisions. Return how many tokens were written."""
    answers, first = ask([p.messages for p in prompts], ANSWER)
    cases = [
        Case(prompt=p.text, answer=a, principle=principle(i))
        for i, (p, a) in enumerate(zip(prompts, answers, strict=True))
    ]
    critiques, second = ask([begin(case) for case in cases], SAID)
    cases = [replace(case, critique=c) for case, c in zip(cases, critiques, strict=True)]
    _, third = ask([revising(case) for case in cases], SAID)
    return first + second + third


def speeds(contenders, given):
    """Measure rows a second, round by round; who begins changes with the round."""
    found = {name: [] for name in contenders}
    tokens = dict.fromkeys(contenders, 0)
    for contender in contenders.values():
        contender.ask([[{"role": "user", "content": "Hello."}]], 2)
    for number in range(given.rounds):
        names = list(contenders)
        for name in names[number % len(names) :] + names[: number % len(names)]:
            start = number * given.rows % len(PROMPTS)
            prompts = (PROMPTS + PROMPTS)[start : start + given.rows]
            if not isinstance(contenders[name], Ours):
                prompts = prompts[: given.naive_rows]
            began = time.perf_counter()
            tokens[name] += whole_rows(contenders[name].ask, prompts)
            found[name].append(len(prompts) / (time.perf_counter() - began))
            print(f"round {number + 1}  {name:16} {found[name][-1]:.3f} rows/s", flush=True)
    return found, tokens


def of_speed(folder, given):
    """Rows about speed."""
    rival = Distilabel(folder, given.rival_python)
    contenders = {
        "cpu": Ours(folder, "cpu"),
        "torch_prefixed": Ours(folder, "torch_prefixed"),
        "naive bf16": Naive(folder, "bfloat16"),
        "naive float32": Naive(folder, "float32"),
    }
    if not rival.missing:
        contenders["distilabel"] = rival
    try:
        found, tokens = speeds(contenders, given)
    finally:
        rival.close()
    how = (
        f"answer, critique, revision: at most {ANSWER}, {SAID}, {SAID} new tokens, greedy; {given.rows} rows a round "
        f"of ours, {given.naive_rows} of the others; median of {given.rounds} rounds, contenders take turns"
    )
    naive = max(("naive bf16", "naive float32"), key=lambda name: statistics.median(found[name]))
    rows = []
    for ours in ("cpu", "torch_prefixed"):
        for rival_name, other in (("naive", naive), ("distilabel", "distilabel")):
            least = FASTER[rival_name]
            name = f"critique: whole rows, engine {ours} / {rival_name}"
            asked_for = f">= {least:g}" if ours == "cpu" else "-"
            if other not in found:
                why = f"not measured: {rival.missing}"
                rows.append(row(name, asked_for, "-", "", 0, holds=False, how=why))
                continue
            ratios = [a / b for a, b in zip(found[ours], found[other], strict=True)]
            ratio = statistics.median(ratios)
            said = f"{how}; against {other}: {', '.join(f'{r:.1f}' for r in ratios)}"
            rows.append(
                row(name, asked_for, round(ratio, 1), "x", len(ratios), ratio >= least, said)
            )
    for name, each in found.items():
        about = (
            f" {rival.version}, one call after the other inside it" if name == "distilabel" else ""
        )
        said = f"{min(each):.3f} to {max(each):.3f}; {tokens[name]} tokens written in all{about}"
        rows.append(
            row(f"critique: {name}", "-", round(statistics.median(each), 3), "rows/s", len(each), None, said)
        )  # fmt: skip
    return rows


def of_agreement(folder, given):
    """Say how far our two engines agree on critiques."""
    one, other = Ours(folder, "cpu"), Ours(folder, "torch_prefixed")
    cases = [
        Case(prompt=p.text, answer=f"{p.text} It depends.", principle=principle(i))
        for i, p in enumerate(PROMPTS[: given.agreement])
    ]
    texts = [e.ask([begin(c) for c in cases], SAID)[0] for e in (one, other)]
    n = len(cases)
    how = f"critiques of {n} cases, greedy, F16 OpenVINO against float32 torch, same folder of safetensors"
    counts = {
        "word for word": sum(a == b for a, b in zip(*texts, strict=True)),
        "in the first 40 characters": sum(a[:40] == b[:40] for a, b in zip(*texts, strict=True)),
        "in the verdict, or in having none": sum(
            verdict(a) == verdict(b) for a, b in zip(*texts, strict=True)
        ),
    }
    return [
        row(f"critique: engines cpu and torch_prefixed agree {what}", "-", f"{100 * k / n:.0f}", "%", n, None, how)
        for what, k in counts.items()
    ]  # fmt: skip


def verdict(text):
    """Return the last word after "Verdict:", if any."""
    return text.lower().rpartition("verdict:")[2].split()[:1] if "verdict:" in text.lower() else []


def of_work(folder, given):
    """Count the tokens that go through each of our engines, where critique and revision begin alike."""
    rows, n = [], min(BATCH, given.rows)
    cases = [
        Case(prompt=p.text, answer=f"{p.text} It depends. " * 3, principle=principle(i), critique="It is long.")
        for i, p in enumerate(PROMPTS[:n])
    ]  # fmt: skip
    calls = [[begin(c) for c in cases], [revising(c) for c in cases]]
    for name in ("cpu", "torch_prefixed"):
        engine = Ours(folder, name).engine
        counted = counter(engine, name)
        for what, conversations_ in zip(("critiques", "revisions"), calls, strict=True):
            before = counted()
            replies = engine.generate(conversations_, Sampling(max_tokens=1))
            spent, full = counted() - before, sum(r.prompt_tokens for r in replies)
            how = f"{full:,} tokens of prompts in {n} {what}, the revisions asked for after the critiques"
            rows.append(
                row(f"critique: prompt tokens computed for {what}, {name}", "-",
                    f"{100 * spent / full:.0f}", "% of a loop's", n, None, how)
            )  # fmt: skip
    return rows


def counter(engine, name):
    """Return a function that tells how many tokens have gone through an engine."""
    if name == "torch_prefixed":
        return lambda: engine.submit(lambda held: held.computed).result()
    total = [0]

    def watch(held):
        step = held._model.step

        def counted(rows):
            total[0] += sum(len(r.tokens) for r in rows)
            return step(rows)

        held._model.step = counted

    engine.submit(watch).result()
    return lambda: total[0]


def main():
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rival-python", default=os.environ.get("TENURE_RIVALS", ""))
    for name, standard in (
        ("rows", ROWS), ("naive-rows", NAIVE_ROWS), ("rounds", ROUNDS), ("agreement", 160),
    ):  # fmt: skip
        parser.add_argument(f"--{name}", type=int, default=standard)
    parser.add_argument("--only", choices=PARTS)
    given = parser.parse_args()
    os.environ["TENURE_ENGINE_MIB"] = "8000"  # both engines stay open while they take turns
    folder = convert.as_safetensors(embedded.find(), models.resolve("tenure/embedded").digest)
    small = given.rounds < ROUNDS or given.rows < ROWS
    for part, measure in zip(PARTS, (of_speed, of_agreement, of_work), strict=True):
        if given.only in (None, part):
            rows = measure(folder, given)
            models.close_all()
            if small:
                for one in rows:
                    print(one["figure"], one["measured"], one["unit"], f"n={one['n']}", one["how"])
            else:
                write(f"critique_{part}", rows)
    if small:
        sys.exit("a short run: nothing is written")


if __name__ == "__main__":
    main()

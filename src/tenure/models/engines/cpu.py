"""OpenVINO on the CPU: the default for small models.

Batches share their prefixes, and the same batch gives the same replies whatever ran before
(``tenure.models.paged`` says how, and why not through OpenVINO GenAI's own cache).

Every model runs in F16 weights, computed in bf16 where the processor can: a 4-bit GGUF file is
dequantised first (see ``convert.as_openvino``), so parent and child differ in their weights alone,
and log-probabilities agree with torch. Measured on SmolLM2-135M, 2 busy cores, new tokens per
processor second behind a shared prefix of 1,183 tokens, at B = 1 / 8 / 32:
Q4_1 as OpenVINO reads it 53 / 193 / 293, F16 43 / 171 / 281, Q8_0 47 / 174 / 284; 8-bit keys and
values are no faster than 16-bit ones.
"""

import json
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tenure.dossier.nouns import Model
from tenure.dossier.stage import View
from tenure.errors import EngineError, ModelError
from tenure.models import convert, gguf_header, template, vocabulary
from tenure.models.drawing import Drawer, Seen, log_softmax
from tenure.models.ends import Ends
from tenure.models.options import in_tokens
from tenure.models.paged import BLOCK, LOGITS_AT_ONCE, Paged, Row
from tenure.models.references import place
from tenure.models.talk import EngineKind, Messages, Reply, Sampling, cut, replied
from tenure.models.waves import Wave, Writing, waves
from tenure.models.weights import check

KV_MIB = 384  # keys and values; 16,600 tokens of SmolLM2-135M
BESIDES = 450 << 20  # bytes; what a pass over 1,024 tokens holds, and the library
TORCH_IS_FASTER = 20 << 20  # bytes; a model this small opens in torch before it is converted
HOLD = "\ufffd"  # what an unfinished character decodes to


class Cpu:
    """A model in OpenVINO's form."""

    name = "cpu"

    def __init__(self, folder: Path, form: str) -> None:
        from tokenizers import Tokenizer

        self.form = form
        about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
        self._ends = set(about["ends"])
        self._window: int = about["window"]
        self._tokenizer: Any = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._template = template.of_folder(folder)
        self._model = Paged(folder / "openvino_model.xml", _kv_bytes())

    def _encode(self, messages: Messages) -> list[int]:
        text = self._template.render(messages)
        return self._tokenizer.encode(text, add_special_tokens=False).ids

    def length(self, messages: Messages) -> int:
        """Count the tokens of a prompt as the model reads it."""
        return len(self._encode(messages))

    def _fit(self, prompts: Sequence[list[int]], new: int) -> None:
        longest = max(map(len, prompts))
        if longest + new > self._window:
            raise EngineError(
                f"a prompt of {longest} tokens and {new} new ones exceed the model's window of "
                f"{self._window}; shorten the prompt or ask for fewer tokens"
            )

    def _decode(self, ids: Sequence[int]) -> str:
        return self._tokenizer.decode(list(ids), skip_special_tokens=True)

    def generate(self, prompts: Sequence[Messages], sampling: Sampling) -> list[Reply]:
        """Answer one batch; prefixes are shared, rows that end leave."""
        if not prompts:
            return []
        ids = [self._encode(m) for m in prompts]
        replies: dict[int, Reply] = {}
        for wave in self._waves(ids, sampling):
            while wave.advance(lambda writing: self._has_ended(writing, sampling)):
                pass
            replies.update({w.index: self._reply(w, sampling) for w in wave.sequences})
        return [replies[index] for index in range(len(ids))]

    def _waves(self, ids: Sequence[list[int]], sampling: Sampling) -> Iterator[Wave]:
        """Start wave after wave; each gives its blocks back when the next is asked for."""
        self._fit(ids, sampling.max_tokens)
        drawer = Drawer(sampling, len(ids))
        for sequences in waves(ids, sampling.max_tokens, self._model.blocks):
            wave = Wave(self._model, sequences, sampling, drawer)
            try:
                wave.start()
                yield wave
            finally:
                wave.finish()

    def _has_ended(self, writing: Writing, sampling: Sampling) -> bool:
        if writing.written[-1] in self._ends:
            return True
        if not sampling.stop:
            return False
        text = self._decode(writing.written)
        return any(stop in text for stop in sampling.stop)

    def _reply(self, writing: Writing, sampling: Sampling) -> Reply:
        text = self._decode(writing.written)
        return replied(text, writing.prompt, writing.written, self._ends, sampling.stop)

    def stream(self, messages: Messages, sampling: Sampling) -> Iterator[str]:
        """Give the text of ``generate([messages])`` as it is written."""
        said = ""
        for wave in self._waves([self._encode(messages)], sampling):
            writing = wave.sequences[0]
            going = True
            while going:
                going = wave.advance(lambda w: self._has_ended(w, sampling))
                text, _ = cut(self._decode(writing.written), sampling.stop)
                sure = text if not going else text[: len(text) - _unsure(text, sampling.stop)]
                if len(sure) > len(said):
                    yield sure[len(said) :]
                    said = sure

    def score(self, messages: Messages, continuations: Sequence[str]) -> list[float]:
        """Sum log-probabilities, one continuation at a time: each depends on itself alone."""
        prompt = self._encode(messages)
        return [
            self._score(prompt, self._tokenizer.encode(c, add_special_tokens=False).ids)
            for c in continuations
        ]

    def choose(
        self, prompts: Sequence[Messages], options: Sequence[Sequence[str]]
    ) -> NDArray[np.float64]:
        """Log-probabilities that an answer begins with each option, (prompts, options); see ``models.choosing``.

        Nothing is decoded: one pass over what the prompts begin with, which is shared and kept, and
        one over the rests.
        """
        wanted = in_tokens(
            options, lambda s: self._tokenizer.encode(s, add_special_tokens=False).ids
        )
        read = [self._encode(m) for m in prompts]
        rows = [[*ids, *head] for head in wanted.heads for ids in read]
        self._fit(rows, 0)
        seen = Seen(wanted.tokens, len(rows))
        for sequences in waves(rows, 1, self._model.blocks):
            wave = Ends(self._model, sequences, Sampling(max_tokens=1), seen)
            try:
                wave.start()
            finally:
                wave.finish()
        return wanted.summed(seen.found.reshape(len(wanted.heads), len(read), -1))

    def _score(self, prompt: list[int], continuation: list[int]) -> float:
        if not continuation:
            return 0.0
        self._fit([prompt], len(continuation))
        shared = (len(prompt) - 1) // BLOCK * BLOCK
        table = self._model.prefix(prompt[:shared])
        own = self._model.take(-(-(len(prompt) + len(continuation) - shared) // BLOCK))
        total, past = 0.0, shared
        todo = prompt[shared:] + continuation[:-1]
        wanted = [None] * (len(prompt) - shared - 1) + list(continuation)
        for start in range(0, len(todo), LOGITS_AT_ONCE):
            tokens = todo[start : start + LOGITS_AT_ONCE]
            picked = wanted[start : start + LOGITS_AT_ONCE]
            places = [i for i, token in enumerate(picked) if token is not None]
            logits = self._model.step([Row(tokens, past, table + own, places)])
            chances = log_softmax(logits)
            total += sum(float(chances[row, picked[i]]) for row, i in enumerate(places))
            past += len(tokens)
        self._model.give(own)
        self._model.release()
        return total

    def tokens(self, text: str) -> int:
        """Count tokens without special ones."""
        return len(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def close(self) -> None:
        """Give weights, keys and values back."""
        self._model.close()


def _unsure(text: str, stops: Sequence[str]) -> int:
    """Count the last characters that may still become a stop string or another character."""
    held = len(text) - len(text.rstrip(HOLD))
    for stop in stops:
        for size in range(min(len(stop) - 1, len(text)), held, -1):
            if text.endswith(stop[:size]):
                held = size
                break
    return held


def _kv_bytes() -> int:
    text = os.environ.get("TENURE_KV_MIB", "")
    return (int(text) if text.isdigit() and int(text) else KV_MIB) << 20


def _open(model: Model, view: View | None) -> Cpu:
    found = place(model, view)
    form = check(found)
    return Cpu(convert.as_openvino(found, model.digest), f"f16-of-{form}")


def _fits(model: Model, view: View | None) -> str:
    found = place(model, view)
    check(found)
    try:
        if found.is_file():
            return convert.cannot_be_opened(found)
        if sum(p.stat().st_size for p in found.glob("*.safetensors")) < TORCH_IS_FASTER:
            return "it is so small that torch opens it before it could be converted"
        config = json.loads((found / "config.json").read_text(encoding="utf-8"))
        spelled = json.loads((found / "tokenizer.json").read_text(encoding="utf-8"))
        vocabulary.gguf_tokenizer(spelled, config["vocab_size"])
    except (ModelError, KeyError, ValueError) as error:
        return str(error)
    return convert.cannot_be_gguf(config)


def _memory(model: Model, view: View | None) -> int:
    """Weights are held twice: as read, and as laid out for the processor (measured: 1.37 GiB)."""
    found = place(model, view)
    if found.is_file():
        weights = 2 * sum(t.count for t in gguf_header.read(found).tensors.values())
    else:
        weights = sum(p.stat().st_size for p in found.glob("*.safetensors"))
    return 2 * weights + _kv_bytes() + BESIDES


extension = EngineKind(
    name="cpu",
    kinds=("weights",),
    fits=_fits,
    open=_open,
    memory=_memory,
    files_only="OpenVINO GenAI builds its graph of a model out of a GGUF file, which it takes by its "
    "path, and writes that graph with all weights to a folder",
)

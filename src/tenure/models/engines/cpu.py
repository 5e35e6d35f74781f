"""OpenVINO GenAI's continuous batching on the CPU: the default for the embedded model."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tenure.dossier.nouns import Model
from tenure.dossier.stage import View
from tenure.errors import EngineError
from tenure.models import convert
from tenure.models.references import place
from tenure.models.talk import EngineKind, Messages, Reply, Sampling, plain
from tenure.models.weights import check

WINDOW = 8192


class Cpu:
    """THIN: a fresh pipeline a batch, so that nothing cached before can change its numbers."""

    name = "cpu"

    def __init__(self, folder: Path, form: str) -> None:
        import openvino_genai as genai

        self.form = form
        self._genai: Any = genai
        self._folder = folder
        self._tokenizer: Any = genai.Tokenizer(str(folder))

    def _pipeline(self) -> Any:
        scheduler = self._genai.SchedulerConfig()
        scheduler.enable_prefix_caching = True
        scheduler.cache_size = 1
        scheduler.max_num_batched_tokens = 2048
        return self._genai.ContinuousBatchingPipeline(
            str(self._folder), self._tokenizer, scheduler, "CPU", CACHE_DIR=str(self._folder)
        )

    def _encode(self, messages: Messages) -> list[int]:
        text = self._tokenizer.apply_chat_template(plain(messages), add_generation_prompt=True)
        return self._tokenizer.encode(text, add_special_tokens=False).input_ids.data[0].tolist()

    def generate(self, prompts: Sequence[Messages], sampling: Sampling) -> list[Reply]:
        """Answer one batch."""
        import numpy as np
        import openvino as ov

        if not prompts:
            return []
        ids = [self._encode(m) for m in prompts]
        longest = max(map(len, ids))
        if longest + sampling.max_tokens > WINDOW:
            raise EngineError(
                f"a prompt of {longest} tokens exceeds the model's window of {WINDOW}; shorten it"
            )
        shared = 0
        while all(len(x) > shared + 1 and x[shared] == ids[0][shared] for x in ids):
            shared += 1
        shared = shared // 32 * 32
        pipeline = self._pipeline()
        tensors = [ov.Tensor(np.array([x], dtype=np.int64)) for x in ids]
        if shared >= 64 and len(ids) > 1:
            one = self._genai.GenerationConfig(max_new_tokens=1, do_sample=False)
            pipeline.generate([ov.Tensor(np.array([ids[0][:shared]], dtype=np.int64))], [one])
        config = self._genai.GenerationConfig(max_new_tokens=sampling.max_tokens, do_sample=False)
        if sampling.stop:
            config.stop_strings = set(sampling.stop)
        if sampling.temperature > 0:
            config.do_sample, config.temperature = True, sampling.temperature
            config.top_p, config.rng_seed = sampling.top_p, sampling.seed
        out = pipeline.generate(tensors, [config] * len(ids))
        replies: list[Reply] = []
        for result, prompt in zip(out, ids, strict=True):
            written = result.m_generation_ids[0]
            text = self._tokenizer.decode(written)
            for stop in sampling.stop:
                text = text.split(stop)[0]
            ended = len(written) < sampling.max_tokens
            replies.append(
                Reply(
                    text=text,
                    prompt_tokens=len(prompt),
                    tokens=len(written),
                    stop="stop" if ended else "length",
                )
            )
        return replies

    def stream(self, messages: Messages, sampling: Sampling) -> Iterator[str]:
        """Give the text in pieces."""
        text = self.generate([messages], sampling)[0].text
        for index, word in enumerate(text.split(" ")):
            yield word if index == 0 else " " + word

    def score(self, messages: Messages, continuations: Sequence[str]) -> list[float]:
        """Not yet."""
        raise EngineError("engine 'cpu' does not score yet; ask for engine 'torch'")

    def tokens(self, text: str) -> int:
        """Count tokens."""
        return len(self._tokenizer.encode(text, add_special_tokens=False).input_ids.data[0])

    def close(self) -> None:
        """Let go."""
        self._tokenizer = None


def _open(model: Model, view: View | None) -> Cpu:
    found = place(model, view)
    form = check(found)
    folder = convert.as_openvino(found, model.digest)
    return Cpu(folder, form if found.is_file() else "gguf-f16")


def _fits(model: Model, view: View | None) -> str:
    found = place(model, view)
    check(found)
    if found.is_dir():
        size = sum(p.stat().st_size for p in found.glob("*.safetensors"))
        if size < 20 << 20:
            return "it is so small that torch opens it faster than it could be converted"
    return ""


extension = EngineKind(
    name="cpu", kinds=("weights",), fits=_fits, open=_open, memory=lambda _m, _v: 700 << 20
)

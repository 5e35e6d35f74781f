"""transformers on torch: the reference for exact checks, log-probabilities, and tiny models.

Weights stay in the type they are stored in (bf16 as a rule). Greedy replies depend on the batch
they are computed in: in bf16, batch 8 against batch 1 moves logits by up to 0.6.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tenure.dossier.nouns import Model
from tenure.dossier.stage import View
from tenure.errors import EngineError
from tenure.models import template
from tenure.models.references import place
from tenure.models.talk import EngineKind, Messages, Reply, Sampling
from tenure.models.weights import check, check_folder


class Torch:
    """A causal language model in this process, on the CPU."""

    name = "torch"

    def __init__(self, folder: Path) -> None:
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer

        self.form = check_folder(folder)
        self._template = template.of_folder(folder)
        self._torch = torch
        self._tokenizer: Any = AutoTokenizer.from_pretrained(folder, padding_side="left")
        self._model: Any = AutoModelForCausalLM.from_pretrained(
            folder, dtype="auto", use_safetensors=True
        )
        self._model.eval()
        if self._tokenizer.pad_token_id is None:
            self._tokenizer.pad_token = self._tokenizer.eos_token
        self._window = int(getattr(self._model.config, "max_position_embeddings", 1 << 20))

    def _render(self, messages: Messages) -> str:
        return self._template.render(messages)

    def _encode(self, texts: Sequence[str], room: int) -> Any:
        batch = self._tokenizer(
            list(texts), return_tensors="pt", padding=True, add_special_tokens=False
        )
        longest = batch["input_ids"].shape[1]
        if longest + room > self._window:
            raise EngineError(
                f"a prompt of {longest} tokens and {room} new ones exceed the model's window of "
                f"{self._window}; shorten the prompt or ask for fewer tokens"
            )
        return batch

    def _settings(self, sampling: Sampling) -> dict[str, Any]:
        self._torch.manual_seed(sampling.seed)
        drawn = {
            "do_sample": True,
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "top_k": 0,
        }
        how = drawn if sampling.temperature > 0 else {"do_sample": False}
        stops = (
            {"stop_strings": list(sampling.stop), "tokenizer": self._tokenizer}
            if sampling.stop
            else {}
        )
        return {
            **how,
            **stops,
            "max_new_tokens": sampling.max_tokens,
            "pad_token_id": self._tokenizer.pad_token_id,
        }

    def generate(self, prompts: Sequence[Messages], sampling: Sampling) -> list[Reply]:
        """Answer one batch, left-padded, with ``transformers`` generate."""
        if not prompts:
            return []
        batch = self._encode([self._render(m) for m in prompts], sampling.max_tokens)
        settings = self._settings(sampling)
        with self._torch.inference_mode():
            out = self._model.generate(**batch, **settings)
        start = batch["input_ids"].shape[1]
        lengths = batch["attention_mask"].sum(1).tolist()
        return [
            self._reply(ids, length, sampling)
            for ids, length in zip(out[:, start:].tolist(), lengths, strict=True)
        ]

    def _ends(self) -> set[int]:
        ends = self._model.generation_config.eos_token_id
        return set(ends) if isinstance(ends, list) else {ends}

    def _reply(self, ids: list[int], prompt_tokens: int, sampling: Sampling) -> Reply:
        ends = self._ends()
        stop_at = next((i for i, token in enumerate(ids) if token in ends), None)
        written = ids if stop_at is None else ids[:stop_at]
        text = self._tokenizer.decode(written, skip_special_tokens=True)
        places = [p for s in sampling.stop if (p := text.find(s)) >= 0]
        if places:
            text = text[: min(places)]
        ended = bool(places) or stop_at is not None
        if places and stop_at is None:
            # What follows a stop string in a batch is padding.
            while written and written[-1] == self._tokenizer.pad_token_id:
                written = written[:-1]
        count = len(written) + (stop_at is not None)
        return Reply(
            text=text, prompt_tokens=prompt_tokens, tokens=count, stop="stop" if ended else "length"
        )

    def stream(self, messages: Messages, sampling: Sampling) -> Iterator[str]:
        """Give the text of ``generate([messages])`` in pieces.

        It is computed first and cut at words: this engine is the reference, not the fast one.
        """
        text = self.generate([messages], sampling)[0].text
        start = 0
        for place_ in range(1, len(text)):
            if text[place_] == " ":
                yield text[start:place_]
                start = place_
        if text[start:]:
            yield text[start:]

    def score(self, messages: Messages, continuations: Sequence[str]) -> list[float]:
        """Sum log-probabilities, one continuation at a time, in float32 logits."""
        torch = self._torch
        head = self._encode([self._render(messages)], 0)["input_ids"][0]
        sums: list[float] = []
        for continuation in continuations:
            tail = self._tokenizer(continuation, return_tensors="pt", add_special_tokens=False)[
                "input_ids"
            ][0].long()
            if not len(tail):
                sums.append(0.0)
                continue
            ids = torch.cat([head, tail])[None]
            with torch.inference_mode():
                logits = self._model(ids, logits_to_keep=len(tail) + 1).logits[0, :-1].float()
            picked = torch.log_softmax(logits, -1).gather(1, tail[:, None])
            sums.append(float(picked.double().sum()))
        return sums

    def tokens(self, text: str) -> int:
        """Count tokens without special ones."""
        return len(self._tokenizer(text, add_special_tokens=False)["input_ids"])

    def close(self) -> None:
        """Let the weights go."""
        self._model = None


def _open(model: Model, view: View | None) -> Torch:
    found = place(model, view)
    if found.is_file():
        from tenure.models import convert

        found = convert.as_safetensors(found, model.digest)
    return Torch(found)


def _fits(model: Model, view: View | None) -> str:
    check(place(model, view))
    return ""


def _memory(model: Model, view: View | None) -> int:
    found = place(model, view)
    if found.is_file():
        return 4 * found.stat().st_size + (300 << 20)
    return sum(p.stat().st_size for p in found.glob("*.safetensors")) + (300 << 20)


extension = EngineKind(name="torch", kinds=("weights",), fits=_fits, open=_open, memory=_memory)

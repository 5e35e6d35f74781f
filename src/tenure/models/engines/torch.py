"""transformers on torch: the reference for exact checks, log-probabilities, and tiny models.

Weights stay in the type they are stored in (bf16 as a rule). Greedy replies depend on the batch
they are computed in: in bf16, batch 8 against batch 1 moves logits by up to 0.6.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tenure.dossier.nouns import Model
from tenure.dossier.stage import View
from tenure.errors import EngineError, ModelError
from tenure.models import template
from tenure.models.in_memory import Array, Held
from tenure.models.references import place
from tenure.models.talk import EngineKind, Messages, Reply, Sampling, in_words
from tenure.models.weights import check, check_folder

TYPES = {
    "F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16", "I64": "int64",
    "I32": "int32", "I16": "int16", "I8": "int8", "U64": "uint64", "U32": "uint32",
    "U16": "uint16", "U8": "uint8", "BOOL": "bool", "F8_E4M3": "float8_e4m3fn",
    "F8_E5M2": "float8_e5m2",
}  # fmt: skip


class Torch:
    """A causal language model in this process, on the CPU."""

    name = "torch"

    def __init__(self, folder: Path, held: Held | None = None) -> None:
        """Open a folder of safetensors; ``held`` has the weights where they lie in memory."""
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer
        from transformers.utils import logging

        logging.disable_progress_bar()  # the stage shows how far it is; a bar of loading hides that
        self.form = held.form if held else check_folder(folder)
        self._template = template.of_folder(folder)
        self._torch = torch
        self._tokenizer: Any = AutoTokenizer.from_pretrained(folder, padding_side="left")
        self._model: Any = (
            _on_memory(held)
            if held
            else AutoModelForCausalLM.from_pretrained(folder, dtype="auto", use_safetensors=True)
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
        yield from in_words(self.generate([messages], sampling)[0].text)

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

    def logits(self, rows: Sequence[Sequence[int]]) -> list[Any]:
        """Give the logits after each token of some rows of one length, computed as one batch.

        One float32 array (tokens, vocabulary) a row; ``rows`` are token ids.
        """
        return logits(self._model, rows)

    def tokens(self, text: str) -> int:
        """Count tokens without special ones."""
        return len(self._tokenizer(text, add_special_tokens=False)["input_ids"])

    def close(self) -> None:
        """Let the weights go."""
        self._model = None


def logits(model: Any, rows: Sequence[Sequence[int]]) -> list[Any]:
    """Give the logits of a model of transformers after each token; see :meth:`Torch.logits`."""
    import torch

    with torch.inference_mode():
        ids = torch.tensor([list(row) for row in rows])
        return list(model(ids).logits.float().numpy())


def _on_memory(held: Held) -> Any:
    """Build the model that ``from_pretrained`` would, its parameters in the memory they lie in.

    Raises:
        ModelError: the tensors are not those that its config asks for.
    """
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, GenerationConfig

    config = AutoConfig.from_pretrained(held.folder)
    with torch.device("meta"):  # of no size: it says which class the config means
        kind: Any = type(AutoModelForCausalLM.from_config(config))
    state = {name: _tensor(array) for name, array in held.arrays.items()}
    try:
        model, said = kind.from_pretrained(
            None, config=config, state_dict=state, dtype="auto", output_loading_info=True
        )
    except RuntimeError as error:
        raise ModelError(f"the weights do not fit the model's config.json: {error}") from None
    if said["missing_keys"]:
        lacking = sorted(said["missing_keys"])
        raise ModelError(
            f"{len(lacking)} tensors that the model's config.json asks for are not there, the first "
            f"is {lacking[0]}; nothing was opened"
        )
    if (held.folder / "generation_config.json").is_file():
        model.generation_config = GenerationConfig.from_pretrained(held.folder)
    return model


def _tensor(array: Array) -> Any:
    """Lay a tensor over an array's memory; one that is not aligned there is copied."""
    import torch

    kind = getattr(torch, TYPES[array.dtype])
    if not array.bytes:
        return torch.empty(array.shape, dtype=kind)
    memory, at = array.memory, array.at
    if at % kind.itemsize:
        memory, at = bytearray(memory[at : at + array.bytes]), 0
    flat = torch.frombuffer(memory, dtype=kind, count=array.bytes // kind.itemsize, offset=at)
    return flat.reshape(array.shape)


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


extension = EngineKind(
    name="torch",
    kinds=("weights",),
    fits=_fits,
    open=_open,
    memory=_memory,
    hold=lambda held: Torch(held.folder, held),
)

"""What goes on inside a model whose weights are ours: hidden states as arrays, and adding to them.

    with activations.open_reader(model, view) as reader:
        states = reader.hidden(conversations, layers=[10, 20], pooling="last")    # (n, 2, width)
        texts = reader.generate(prompts, added, max_tokens=40)
        chances = reader.chances(prompts, [["Yes", "yes"], ["No", "no"]], added)      # (n, 2), log

Layer k is the residual stream after block k, counted from 1. Everything is computed in float32 by
transformers on the CPU from the safetensors form, one fixed batch after the other: on one machine
with one set of library versions and threads the same call gives the same numbers. What texts begin
with in common is read once (``tenure.models.trees``), blocks after the last layer that is wanted are
not run, and only the pooled rows are kept.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Self, cast

import numpy as np
from numpy.typing import NDArray

from tenure.dossier.nouns import Model
from tenure.dossier.stage import View
from tenure.errors import EngineError, ModelError, UsageError
from tenure.models import template
from tenure.models.options import in_tokens
from tenure.models.prefixing.trunks import Trunks, inputs
from tenure.models.references import place
from tenure.models.talk import Messages
from tenure.models.trees import Tree, alone, can_read, trees
from tenure.models.weights import check_folder

Floats = NDArray[np.float32]
Pooling = Literal["last", "answer"]
TOKENS = 512  # in a tree: each sees all the others under a mask, so larger ones are slower
_Row = tuple[list[int], list[tuple[int, int]]]  # token ids, and the spans to be pooled


class _Enough(Exception):  # noqa: N818 - it stops a pass, nothing is wrong
    """The last layer that is wanted was reached."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """What is added to the residual stream after block ``layer`` while a model reads and writes.

    ``vectors`` has one row a prompt, (n, width) float32; a row of zeros adds nothing.
    """

    layer: int
    vectors: Floats


class Reader:
    """A causal language model in float32, opened to be looked into; a context manager."""

    def __init__(self, folder: Path) -> None:
        """Open a folder of safetensors.

        Raises:
            ModelError: not safetensors, or an architecture whose blocks cannot be found.
        """
        import torch
        from transformers import AutoModelForCausalLM, AutoTokenizer
        from transformers.utils import logging

        logging.disable_progress_bar()  # as in engines/torch: the stage says how far it is
        self.form = f"{check_folder(folder)}, computed in float32"
        self._torch = torch
        self._template = template.of_folder(folder)
        self._tokenizer: Any = AutoTokenizer.from_pretrained(folder, padding_side="left")
        self._model: Any = AutoModelForCausalLM.from_pretrained(
            folder, dtype=torch.float32, use_safetensors=True
        ).eval()
        self._blocks: Any = _blocks(self._model)
        if self._tokenizer.pad_token_id is None:
            self._tokenizer.pad_token = self._tokenizer.eos_token
        self._packs = can_read(self._model.config)
        self._trunks: Any = Trunks(self._model)
        self.layers = len(self._blocks)
        self.width = int(self._model.config.hidden_size)
        self.window = int(getattr(self._model.config, "max_position_embeddings", 1 << 20))

    def __enter__(self) -> Self:
        """Use it."""
        return self

    def __exit__(self, *_: object) -> None:
        """Let the weights go."""
        self._model = self._blocks = self._trunks = None

    def hidden(
        self, conversations: Sequence[Messages], layers: Sequence[int], pooling: Pooling
    ) -> Floats:
        """Return pooled hidden states, (conversations, layers, width) float32.

        A conversation that ends with the assistant is read as the prompt before it and that answer.
        ``pooling`` "last" takes the last token, "answer" the mean over the answer's tokens.
        A conversation longer than the model's window gives a row of NaN.

        Raises:
            UsageError: a layer that there is not, or "answer" and no answer.
        """
        for layer in layers:
            self._check_layer(layer)
        read = [self._tokens(messages, pooling) for messages in conversations]
        return self._pooled([(ids, [(start, len(ids))]) for ids, start in read], layers)[:, 0]

    def around(self, conversations: Sequence[Messages], layers: Sequence[int]) -> Floats:
        """Read prompts and answers at once, (conversations, 2, layers, width) float32.

        The first of the two is what :meth:`hidden` gives for the prompt alone by "last", the second
        what it gives by "answer"; a conversation without an answer has NaN there.

        Raises:
            UsageError: a layer that there is not.
        """
        for layer in layers:
            self._check_layer(layer)
        read: list[_Row] = []
        for messages in conversations:
            answered = messages[-1]["role"] == "assistant" and bool(messages[-1]["content"])
            ids, start = self._tokens(messages, "answer" if answered else "last")
            end = start if answered else len(ids)
            read.append((ids, [(end - 1, end), (end, len(ids))]))
        return self._pooled(read, layers)

    def answered(
        self, conversations: Sequence[Messages], layers: Sequence[int]
    ) -> tuple[Floats, list[int]]:
        """Read answers, (conversations, 2, layers, width) float32, and count their tokens.

        The first of the two is the mean over the answer's tokens, the second the state at its last.
        An answer without a token has NaN in both.

        Raises:
            UsageError: a layer that there is not.
        """
        for layer in layers:
            self._check_layer(layer)
        read: list[_Row] = []
        for messages in conversations:
            head, tail = (self._ids(t) for t in self._halves(messages))
            end = len(head) + len(tail)
            read.append(([*head, *tail], [(len(head), end), (max(len(head), end - 1), end)]))
        return self._pooled(read, layers), [spans[0][1] - spans[0][0] for _, spans in read]

    def _pooled(self, read: Sequence[_Row], layers: Sequence[int]) -> Floats:
        """Return the mean state over each span of each row, (rows, spans, layers, width)."""
        spans = len(read[0][1]) if read else 1
        found = np.full((len(read), spans, len(layers), self.width), np.nan, np.float32)
        for tree in self._trees([ids for ids, _ in read]):
            states = self._run(tree, layers)
            for row, places in tree.places.items():
                for at, (start, end) in enumerate(read[row][1]):
                    if end > start:
                        found[row, at] = states[:, places[start:end]].mean(1)
        return found

    def length(self, messages: Messages) -> int:
        """Count the tokens of a prompt as the model reads it; ``window`` is the most it can."""
        return len(self._ids(self._template.render(messages)))

    def _check_layer(self, layer: int) -> None:
        if not 1 <= layer <= self.layers:
            raise UsageError(
                f"there is no layer {layer}; this model has 1 (after the first block) to {self.layers}"
            )

    def _check_added(self, added: Added, rows: int) -> None:
        self._check_layer(added.layer)
        if added.vectors.shape != (rows, self.width):
            raise UsageError(
                f"vectors of shape {added.vectors.shape} do not fit; expected ({rows}, {self.width})"
            )

    def _tokens(self, messages: Messages, pooling: Pooling) -> tuple[list[int], int]:
        """Return token ids, and where the pooled span starts."""
        answered = bool(messages) and messages[-1]["role"] == "assistant"
        if pooling == "answer" and not answered:
            raise UsageError(
                "pooling 'answer' needs conversations that end with the assistant; use 'last'"
            )
        head, tail = (self._ids(text) for text in self._halves(messages))
        if pooling == "answer" and not tail:
            raise UsageError("pooling 'answer' needs an answer of at least one token")
        ids = [*head, *tail]
        return ids, len(head) if pooling == "answer" else len(ids) - 1

    def _halves(self, messages: Messages) -> tuple[str, str]:
        """Return the prompt as the model reads it, and the answer ("" where there is none)."""
        answered = bool(messages) and messages[-1]["role"] == "assistant"
        head = self._template.render(messages[:-1] if answered else messages)
        return head, messages[-1]["content"] if answered else ""

    def _ids(self, text: str) -> list[int]:
        return cast("list[int]", self._tokenizer(text, add_special_tokens=False)["input_ids"])

    def _trees(self, rows: Sequence[Sequence[int]], most: int = TOKENS) -> Iterator[Tree]:
        if self._packs:
            return trees(rows, most, self.window)
        return alone(rows, self.window)

    def _run(self, tree: Tree, layers: Sequence[int]) -> Floats:
        """Return the states of one tree, (layers, tokens, width); no block after the last is run."""
        torch = self._torch
        caught: dict[int, Any] = {}

        def catcher(layer: int) -> Any:
            def catch(_module: Any, _inputs: Any, output: Any) -> None:
                caught[layer] = output[0] if isinstance(output, tuple) else output
                if layer == max(layers):
                    raise _Enough

            return catch

        hooks = [self._blocks[k - 1].register_forward_hook(catcher(k)) for k in set(layers)]
        try:
            with torch.inference_mode(), suppress(_Enough):
                # The body alone: logits over the vocabulary would be most of the memory.
                self._model.base_model(**inputs(tree))
        finally:
            for hook in hooks:
                hook.remove()
        return np.stack([caught[k][0].numpy() for k in layers])

    def generate(
        self, prompts: Sequence[Messages], added: Added | None = None, max_tokens: int = 40
    ) -> list[str]:
        """Answer one fixed batch greedily while vectors are added at a layer.

        They are added at every position, of the prompt and of the answer.

        Raises:
            UsageError: a layer there is not, or vectors of another shape than (prompts, width).
            EngineError: a prompt longer than the model's window.
        """
        if not prompts:
            return []
        torch = self._torch
        batch = self._tokenizer(
            [self._template.render(m) for m in prompts],
            return_tensors="pt", padding=True, add_special_tokens=False,
        )  # fmt: skip
        start = batch["input_ids"].shape[1]
        if start + max_tokens > self.window:
            raise EngineError(
                f"a prompt of {start} tokens and {max_tokens} new ones exceed the model's window "
                f"of {self.window}; shorten the prompt"
            )
        with torch.inference_mode(), self._adding(added, len(prompts)):
            out = self._model.generate(
                **batch, do_sample=False, max_new_tokens=max_tokens,
                pad_token_id=self._tokenizer.pad_token_id,
            )  # fmt: skip
        return [
            self._tokenizer.decode(ids, skip_special_tokens=True).strip() for ids in out[:, start:]
        ]

    def chances(
        self,
        prompts: Sequence[Messages],
        options: Sequence[Sequence[str]],
        added: Added | None = None,
    ) -> NDArray[np.float64]:
        """Return the log-probability that an answer begins with each option, (prompts, options).

        An option is a list of spellings, whose probabilities are summed; a spelling whose tokens
        begin with those of another of its option is counted with that one. ``added`` is as in
        :meth:`generate`; one fixed batch, in which prompts with the same added share what they begin with.

        Raises:
            UsageError: a layer there is not, or vectors of another shape than (prompts, width).
            EngineError: a prompt longer than the model's window.
        """
        wanted = in_tokens(options, self._ids)
        read = [self._ids(self._template.render(m)) for m in prompts]
        return wanted.summed(self._following(read, wanted.heads, wanted.tokens, added))

    def _following(
        self,
        read: Sequence[Sequence[int]],
        heads: Sequence[tuple[int, ...]],
        tokens: Sequence[int],
        added: Added | None,
    ) -> NDArray[np.float64]:
        """Return the log-probabilities of tokens after each head after each prompt, (heads, prompts, tokens)."""
        torch = self._torch
        longest = max(map(len, read)) + max(map(len, heads))
        if longest > self.window:
            raise EngineError(
                f"a prompt of {longest} tokens exceeds the model's window of {self.window}; "
                "shorten the prompt"
            )
        found = np.empty((len(heads), len(read), len(tokens)))
        # Many questions about one long text are worth a larger tree: alone, each would read all of it.
        most = TOKENS if longest <= TOKENS else longest + TOKENS
        for same, extra in self._alike(added, len(read)):
            # What is added changes what is kept, and is seldom the same in the next call.
            trunk = self._trunks.of(read) if extra is None and self._packs else None
            begun = 0 if trunk is None else trunk.shape[3]
            rows = [(h, i) for h in range(len(heads)) for i in same]
            for tree in self._trees([[*read[i][begun:], *heads[h]] for h, i in rows], most):
                ends = torch.tensor([places[-1] for places in tree.places.values()])
                with torch.inference_mode(), self._adding(extra, 1):
                    out = self._model(**inputs(tree, trunk), logits_to_keep=ends)
                    chances = torch.log_softmax(out.logits[0].double(), -1)[:, tokens].numpy()
                for row, values in zip(tree.places, chances, strict=True):
                    found[rows[row]] = values
        return found

    def _alike(self, added: Added | None, rows: int) -> Iterator[tuple[list[int], Added | None]]:
        """Group prompts by what is added: only with the same added do they share what they begin with."""
        if added is None:
            yield list(range(rows)), None
            return
        self._check_added(added, rows)
        groups: dict[bytes, list[int]] = {}
        for row, vector in enumerate(added.vectors):
            groups.setdefault(vector.tobytes(), []).append(row)
        for same in groups.values():
            yield same, Added(layer=added.layer, vectors=added.vectors[same[:1]])

    @contextmanager
    def _adding(self, added: Added | None, rows: int) -> Iterator[None]:
        if added is None:
            yield
            return
        self._check_added(added, rows)
        extra = self._torch.from_numpy(np.ascontiguousarray(added.vectors, np.float32))[:, None]

        def add(_module: Any, _inputs: Any, output: Any) -> Any:
            if isinstance(output, tuple):
                return (output[0] + extra, *output[1:])
            return output + extra

        hook = self._blocks[added.layer - 1].register_forward_hook(add)
        try:
            yield
        finally:
            hook.remove()


def _blocks(model: Any) -> Any:
    """Find a model's blocks: the list of modules as long as the config says."""
    from torch.nn import ModuleList

    depth = int(model.config.num_hidden_layers)
    for module in model.base_model.modules():
        if isinstance(module, ModuleList) and len(module) == depth:
            return module
    raise ModelError(
        f"the blocks of a {type(model).__name__} cannot be found; only decoders with one list of "
        "blocks can be looked into"
    )


def open_reader(model: Model, view: View | None) -> Reader:
    """Open a model with weights; a GGUF file is read in its safetensors form.

    Raises:
        ModelError: it has no files, they are not here, or its blocks cannot be found.
    """
    found = place(model, view)
    if found.is_file():
        from tenure.models import convert

        found = convert.as_safetensors(found, model.digest)
    return Reader(found)

"""Batches in torch that share what they begin with: exact, and as fast as torch is on a CPU.

transformers' ``generate`` pads a batch and computes a common beginning once a row. Here a beginning
is computed once, in pieces of 64 tokens, and kept for the next batch; the ends of the prompts are
laid side by side without padding; while rows write, what all of them begin with is read once for
all; a row that has ended leaves. In float32 the greedy text of a row is the text that it gets alone
(``bench/critique.py`` counts how often), so a batch may be cut anywhere.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tenure.errors import EngineError
from tenure.models import template
from tenure.models.drawing import Drawer
from tenure.models.prefixing.keeping import Kept
from tenure.models.prefixing.planning import Wave, Writing, waves, whole
from tenure.models.prefixing.seeing import HOW, Alone, OneMore, Rests, Seen, attention
from tenure.models.talk import Messages, Reply, Sampling, cut, in_words, replied
from tenure.models.trees import ARCHITECTURES, can_read
from tenure.models.weights import check_folder

KEPT_MIB = 512  # keys and values of beginnings; 11,600 tokens of SmolLM2-135M in float32
ROWS_MIB = 512  # keys and values of the rows of one wave
TOGETHER = 1024  # tokens of prompts a pass


class Prefixed:
    """A causal language model in this process, on the CPU; used by one thread only.

    ``computed`` counts the tokens that went through the model.
    """

    name = "torch_prefixed"

    def __init__(self, folder: Path, dtype: str = "float32", kept_mib: int = KEPT_MIB) -> None:
        """Open a folder of safetensors, to be computed in a type of torch.

        Raises:
            ModelError: not safetensors.
            EngineError: an architecture whose attention is not known here.
        """
        import torch
        from transformers import AttentionInterface, AutoModelForCausalLM, AutoTokenizer
        from transformers.utils import logging

        logging.disable_progress_bar()  # as in engines/torch: the stage says how far it is
        self.form = f"{check_folder(folder)}, computed in {dtype}"
        self._torch, self._dtype = torch, getattr(torch, dtype)
        self._template = template.of_folder(folder)
        self._tokenizer: Any = AutoTokenizer.from_pretrained(folder)
        AttentionInterface.register(HOW, attention)
        self._model: Any = AutoModelForCausalLM.from_pretrained(
            folder, dtype=self._dtype, use_safetensors=True, attn_implementation=HOW
        ).eval()
        self._config: Any = self._model.config
        if why := cannot(self._config):
            raise EngineError(why)
        ends = self._model.generation_config.eos_token_id
        self._ends = set(ends) if isinstance(ends, list) else {ends}
        self._window = int(getattr(self._config, "max_position_embeddings", 1 << 20))
        self._kept = Kept(kept_mib << 20)
        self.computed = 0

    def _ids(self, text: str) -> list[int]:
        return list(self._tokenizer(text, add_special_tokens=False)["input_ids"])

    def _fit(self, prompts: Sequence[list[int]], new: int) -> None:
        longest = max(map(len, prompts))
        if longest + new > self._window:
            raise EngineError(
                f"a prompt of {longest} tokens and {new} new ones exceed the model's window of "
                f"{self._window}; shorten the prompt or ask for fewer tokens"
            )

    def generate(self, prompts: Sequence[Messages], sampling: Sampling) -> list[Reply]:
        """Answer one batch; see :class:`tenure.models.talk.Engine`."""
        if not prompts:
            return []
        ids = [self._ids(self._template.render(messages)) for messages in prompts]
        self._fit(ids, sampling.max_tokens)
        drawer, replies = Drawer(sampling, len(ids)), dict[int, Reply]()
        # Keys and values of one token, of all layers: both, times heads, times width, times bytes.
        token = 2 * self._layers * self._heads * self._width * self._dtype.itemsize
        for wave in waves(ids, sampling.max_tokens, (ROWS_MIB << 20) // token):
            with self._torch.inference_mode():
                for ended in self._written(wave, sampling, drawer):
                    replies[ended.index] = self._reply(ended, sampling)
        return [replies[index] for index in range(len(ids))]

    @property
    def _layers(self) -> int:
        return int(self._config.num_hidden_layers)

    @property
    def _heads(self) -> int:
        return int(self._config.num_key_value_heads)

    @property
    def _width(self) -> int:
        given = getattr(self._config, "head_dim", None)
        return int(given or self._config.hidden_size // self._config.num_attention_heads)

    def _written(self, wave: Wave, sampling: Sampling, drawer: Drawer) -> Iterator[Writing]:
        """Write the rows of a wave; give each when it has ended."""
        torch = self._torch
        rows, width = list(wave.rows), wave.width
        shape = (self._layers, 2, len(rows), self._heads, width + sampling.max_tokens, self._width)
        own = torch.zeros(shape, dtype=self._dtype)
        first = [width - (len(row.prompt) - wave.trunk) for row in rows]
        trunk = self._begin(wave, own, first)
        for row, token in self._rest(wave, own, trunk, first, drawer):
            row.written.append(token)
        padding = torch.arange(shape[4])[None] < torch.tensor(first)[:, None]
        column = width
        while rows:
            for slot in reversed(range(len(rows))):
                if self._has_ended(rows[slot], sampling):
                    yield rows[slot]
                    last = rows.pop()
                    if slot < len(rows):  # the last row moves to where one has left
                        rows[slot] = last
                        own[:, :, slot, :, :column] = own[:, :, len(rows), :, :column]
                        padding[slot] = padding[len(rows)]
            if rows:
                self._one_more(
                    rows, OneMore(own, trunk, column, padding[: len(rows), : column + 1]), drawer
                )
                column += 1

    def _begin(self, wave: Wave, own: Any, first: Sequence[int]) -> Any:
        """Compute what the prompts begin with; return the keys and values that all rows share."""
        trunk = None
        for slot, row in enumerate(wave.rows):
            pieces = self._kept.prefix(row.prompt[: whole(len(row.prompt))], self._piece)
            if not pieces:
                continue
            begun = self._torch.cat(pieces, 3)
            if wave.trunk and trunk is None:
                trunk = begun[:, :, :, : wave.trunk].clone()
            mine = begun[:, :, :, wave.trunk :]
            own[:, :, slot, :, first[slot] : first[slot] + mine.shape[3]] = mine
        return trunk

    def _piece(self, tokens: Sequence[int], before: Sequence[Any]) -> Any:
        """Compute one piece of a prefix, after the pieces before it."""
        past = self._torch.cat(list(before), 3) if before else None
        seen = Alone(past)
        start = past.shape[3] if past is not None else 0
        self._run(self._model.base_model, [list(tokens)], [range(start, start + len(tokens))], seen)
        return seen.kept()

    def _rest(
        self, wave: Wave, own: Any, trunk: Any, first: Sequence[int], drawer: Drawer
    ) -> Iterator[tuple[Writing, int]]:
        """Compute the ends of the prompts, several at once, and draw the first token of each."""
        waiting = list(enumerate(wave.rows))
        while waiting:
            spans, ids, places = list[tuple[int, int, int]](), list[int](), list[int]()
            taken: list[Writing] = []
            while waiting and len(ids) < TOGETHER:
                slot, row = waiting.pop(0)
                begun = whole(len(row.prompt))
                spans.append((slot, len(ids), len(row.prompt) - begun))
                ids += row.prompt[begun:]
                places += range(begun, len(row.prompt))
                taken.append(row)
            ends = self._torch.tensor([start + count - 1 for _, start, count in spans])
            seen = Rests(own, trunk, spans, first, wave.width)
            out = self._run(self._model, [ids], [places], seen, logits_to_keep=ends)
            drawn = drawer.draw(out.logits[0].float().numpy(), [row.index for row in taken])
            yield from zip(taken, drawn, strict=True)

    def _one_more(self, rows: Sequence[Writing], seen: Seen, drawer: Drawer) -> None:
        """Write one more token of every row."""
        places = [[len(row.prompt) + len(row.written) - 1] for row in rows]
        out = self._run(self._model, [row.written[-1:] for row in rows], places, seen)
        drawn = drawer.draw(out.logits[:, -1].float().numpy(), [row.index for row in rows])
        for row, token in zip(rows, drawn, strict=True):
            row.written.append(token)

    def _run(
        self,
        model: Any,
        ids: Sequence[Sequence[int]],
        places: Sequence[Any],
        seen: Seen,
        **how: Any,
    ) -> Any:
        torch = self._torch
        self.computed += sum(map(len, ids))
        return model(
            input_ids=torch.tensor([list(row) for row in ids]),
            position_ids=torch.tensor([list(row) for row in places]),
            # Of four dimensions, so that no mask is made: `seen` knows who sees whom.
            attention_mask=torch.zeros(1, 1, 1, 1, dtype=self._dtype),
            use_cache=False,
            seen=seen,
            **how,
        )

    def _has_ended(self, row: Writing, sampling: Sampling) -> bool:
        if len(row.written) >= sampling.max_tokens or row.written[-1] in self._ends:
            return True
        return bool(sampling.stop) and cut(self._decode(row.written), sampling.stop)[1]

    def _decode(self, ids: Sequence[int]) -> str:
        return self._tokenizer.decode(list(ids), skip_special_tokens=True)

    def _reply(self, row: Writing, sampling: Sampling) -> Reply:
        text = self._decode(row.written)
        return replied(text, row.prompt, row.written, self._ends, sampling.stop)

    def stream(self, messages: Messages, sampling: Sampling) -> Iterator[str]:
        """Give the text of ``generate([messages])`` word by word; it is computed first."""
        yield from in_words(self.generate([messages], sampling)[0].text)

    def score(self, messages: Messages, continuations: Sequence[str]) -> list[float]:
        """Sum log-probabilities, one continuation at a time; what they begin with is computed once."""
        head = self._ids(self._template.render(messages))
        return [self._score(head, self._ids(text)) for text in continuations]

    def _score(self, head: list[int], tail: list[int]) -> float:
        if not tail:
            return 0.0
        self._fit([head], len(tail))
        begun = whole(len(head))
        ids = [*head[begun:], *tail]
        with self._torch.inference_mode():
            pieces = self._kept.prefix(head[:begun], self._piece)
            seen = Alone(self._torch.cat(pieces, 3) if pieces else None)
            places = range(begun, begun + len(ids))
            out = self._run(self._model, [ids], [places], seen, logits_to_keep=len(tail) + 1)
            chances = self._torch.log_softmax(out.logits[0, :-1].double(), -1)
            picked = chances.gather(1, self._torch.tensor(tail)[:, None])
            return float(picked.sum())

    def tokens(self, text: str) -> int:
        """Count tokens without special ones."""
        return len(self._ids(text))

    def close(self) -> None:
        """Let the weights go, and what was kept."""
        self._model = None
        self._kept.clear()


def cannot(config: Any) -> str:
    """Say why a model of this config is not opened here, or ""."""
    if can_read(config):
        return ""
    return (
        f"a {config.model_type} model, or one whose attention slides, is not read in pieces "
        f"(those that are: {', '.join(sorted(ARCHITECTURES))}); use engine 'torch'"
    )

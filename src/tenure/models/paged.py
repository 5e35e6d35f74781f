"""One OpenVINO model with paged attention, and the prefixes that its prompts share.

OpenVINO GenAI's own prefix cache makes a batch's numbers depend on what was asked before: what
happens to be cached changes how the rest is cut into matrix products (measured: 32 greedy
replies, a first run against a second one, 3 to 27 equal). Here a prefix is always computed
alone, cut at fixed places, so its keys and values are a function of its tokens; whether they are
kept or computed again changes the time and nothing else.

Attention is OpenVINO's ``PagedAttention``: keys and values lie in blocks of 32 tokens, a sequence
is a list of blocks, and sequences may share blocks.
"""

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tenure.errors import EngineError

BLOCK = 32  # tokens a block; fixed by OpenVINO on CPUs
CUT = 64  # tokens; a prefix is computed in pieces that end at multiples of this (256: 24% quicker, once)
LOGITS_AT_ONCE = 64  # positions; 64 x 49,152 float32 are 12 MiB


@dataclass(slots=True)
class Row:
    """Tokens of one sequence to go through the model: after ``past`` tokens, into ``table``.

    ``sampled`` are places among ``tokens`` whose logits are wanted.
    """

    tokens: Sequence[int]
    past: int
    table: Sequence[int]
    sampled: Sequence[int]


class Paged:
    """The compiled model and its blocks; used by one thread only."""

    def __init__(self, xml: Path, room: int, settings: Mapping[str, Any] | None = None) -> None:
        """Compile; ``room`` is for keys and values, in bytes; ``settings`` are OpenVINO's own."""
        import openvino as ov

        self._ov: Any = ov
        core = ov.Core()
        model = core.read_model(xml)
        _prepare(model)
        # Keys and values as wide as the arithmetic: 8-bit ones (the default for quantised weights)
        # are not faster here and would make parent and child differ in more than their weights.
        said = {"KV_CACHE_PRECISION": "f16", **(settings or {})}
        compiled = core.compile_model(model, "CPU", said)
        del model
        self._request: Any = compiled.create_infer_request()
        shapes = {
            port.get_any_name(): (
                port.get_element_type(),
                [d.get_length() for d in list(port.get_partial_shape())[1:]],
            )
            for port in compiled.inputs
            if "_cache." in port.get_any_name()
        }
        one = sum(kind.size * int(np.prod(shape)) for kind, shape in shapes.values())
        self.blocks = max(2, room // one)
        for name, (kind, shape) in shapes.items():
            # Not filled: the system gives memory to the blocks that are used.
            self._request.set_tensor(name, ov.Tensor(kind, ov.Shape([self.blocks, *shape])))
        self._caches = sorted(shapes)
        self._free = list(range(self.blocks))[::-1]
        self._kept: OrderedDict[bytes, list[int]] = OrderedDict()
        self._held: set[bytes] = set()

    def step(self, rows: Sequence[Row]) -> NDArray[np.float32]:
        """Run rows through the model; return logits (sampled places in order, vocabulary).

        The array is the engine's own and is overwritten by the next step.
        """
        begins, starts, blocks, sampled = [0], [0], list[int](), list[int]()
        tokens, positions = list[int](), list[int]()
        for row in rows:
            sampled += [len(tokens) + place for place in row.sampled]
            tokens += row.tokens
            end = row.past + len(row.tokens)
            positions += range(row.past, end)
            begins.append(len(tokens))
            blocks += row.table[: -(-end // BLOCK)]
            starts.append(len(blocks))
        past = [row.past for row in rows]
        longest = max(row.past + len(row.tokens) for row in rows)
        self._set("input_ids", tokens, np.int64)
        self._set("position_ids", positions, np.int64)
        self._set("past_lens", past, np.int32)
        self._set("subsequence_begins", begins, np.int32)
        self._set("block_indices", blocks, np.int32)
        self._set("block_indices_begins", starts, np.int32)
        self._set("max_context_len", longest, np.int32)
        self._set("sampled", sampled or [0], np.int64)
        self._request.infer()
        return self._request.get_output_tensor(0).data[: len(sampled), 0]

    def _set(self, name: str, values: Any, kind: Any) -> None:
        self._request.set_tensor(name, self._ov.Tensor(np.array(values, dtype=kind)))

    def take(self, count: int) -> list[int]:
        """Take free blocks, forgetting the least recently used prefixes where there are too few.

        Raises:
            EngineError: too few even so; whoever plans a batch keeps to ``blocks``.
        """
        for key in [k for k in self._kept if k not in self._held]:
            if len(self._free) >= count:
                break
            self._free += self._kept.pop(key)
        if len(self._free) < count:
            raise EngineError(
                f"{count} blocks of keys and values are needed, {len(self._free)} are free"
            )
        return [self._free.pop() for _ in range(count)]

    def give(self, blocks: Sequence[int]) -> None:
        """Give blocks back."""
        self._free += blocks

    def copy(self, block: int, to: Sequence[int]) -> None:
        """Copy the keys and values of one block to others."""
        for name in self._caches:
            held = self._request.get_tensor(name).data
            held[list(to)] = held[block]

    def prefix(self, tokens: Sequence[int]) -> list[int]:
        """Return the table of a prefix, a whole number of blocks, computing what is not kept.

        It is held, so that nothing forgets it, until :meth:`release`.
        """
        table: list[int] = []
        for start in range(0, len(tokens), CUT):
            end = min(start + CUT, len(tokens))
            key = np.array(tokens[:end], dtype=np.int32).tobytes()
            if key not in self._kept:
                piece = self.take((end - start) // BLOCK)
                self.step([Row(tokens[start:end], start, table + piece, ())])
                self._kept[key] = piece
            self._kept.move_to_end(key)
            self._held.add(key)
            table += self._kept[key]
        return table

    def release(self) -> None:
        """Hold no prefix any longer; they stay until their room is wanted."""
        self._held.clear()

    def close(self) -> None:
        """Give everything back."""
        self._request = None
        self._kept.clear()


def _prepare(model: Any) -> None:
    """Turn the attention into the paged kind, and compute logits only where they are wanted.

    Raises:
        EngineError: the model has inputs or an end that this code does not know.
    """
    from openvino import opset13
    from openvino._offline_transformations import paged_attention_transformation

    paged_attention_transformation(model)
    known = {
        "input_ids", "position_ids", "past_lens", "subsequence_begins", "block_indices",
        "block_indices_begins", "max_context_len",
    }  # fmt: skip
    strange = [
        n for p in model.inputs if "_cache." not in (n := p.get_any_name()) and n not in known
    ]
    if strange:
        raise EngineError(
            f"OpenVINO asks for inputs that are not known here ({', '.join(strange)}); use engine 'torch'"
        )
    node = model.outputs[0].node
    while node.get_type_name() in ("Result", "Convert", "Reshape"):
        node = node.input_value(0).node
    if node.get_type_name() != "MatMul":
        raise EngineError(
            f"the model ends in {node.get_type_name()}, not in a product with the vocabulary; use engine 'torch'"
        )
    places = opset13.parameter([-1], np.int64, name="sampled")
    places.output(0).set_names({"sampled"})
    chosen = opset13.gather(node.input_value(0), places.output(0), opset13.constant(np.int64(0)))
    node.input(0).replace_source_output(chosen.output(0))
    model.add_parameters([places])
    model.validate_nodes_and_infer_types()

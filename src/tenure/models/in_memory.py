"""A model whose weights lie in memory: opened by an engine without a file of weights.

Who brings the bytes (the vault does) has compared them before an engine is opened; what comes
here is whole. Small files (config, tokenizer, chat template) lie in a folder as ever.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from mmap import MADV_DONTNEED, PAGESIZE, mmap
from pathlib import Path
from typing import Any, BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from tenure import plugins
from tenure.errors import EngineError, ModelError, TenureError, UsageError
from tenure.models import convert, gguf_header, tensors
from tenure.models.weights import header_of

INDEX = "model.safetensors.index.json"
ONE = "model.safetensors"
ALIGNED = 64  # bytes


@dataclass(frozen=True, slots=True)
class Array:
    """One tensor: number format as safetensors calls it ("BF16"), shape, and where its bytes lie.

    ``memory`` holds its values from ``at`` (bytes) on, little-endian, the last axis first.
    """

    dtype: str
    shape: tuple[int, ...]
    memory: mmap
    at: int
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A model in memory: the ``folder`` of its small files, its ``form``, its tensors by name."""

    folder: Path
    form: str
    arrays: Mapping[str, Array]


def need(engine: str) -> Any:
    """Return the kind of an engine that opens weights in memory.

    Raises:
        UsageError: there is no such engine, or it opens files alone; says why, and what does.
    """
    kind = plugins.load("engine", engine)
    if kind.hold is None:
        can = [n for n in plugins.names("engine") if plugins.load("engine", n).hold is not None]
        why = kind.files_only or f"it opens models of kind {', '.join(kind.kinds)}"
        raise UsageError(
            f"engine '{engine}' cannot be opened from memory: {why}. Use one that can "
            f"({', '.join(can)}), or bring the files back with 'tenure revive NAME --to FOLDER' "
            "(a folder in /dev/shm is in memory) and name that folder"
        )
    return kind


def open_held(held: Held, engine: str) -> Any:
    """Open an engine (:class:`tenure.models.talk.Engine`) on a model in memory.

    It belongs to the thread that opens it; close it there. The weights are not copied, and go
    with the last of the engine and ``held``.

    Raises:
        UsageError: as :func:`need`.
        ModelError: the tensors are not those that its config asks for.
        EngineError: it cannot be opened.
    """
    kind = need(engine)
    try:
        return kind.hold(held)
    except TenureError:
        raise
    except Exception as error:
        raise EngineError(
            f"engine '{engine}' could not open the model in memory: {type(error).__name__}: {error}; "
            "bring the files back with 'tenure revive NAME --to FOLDER' and look at them"
        ) from error


def shards(folder: Path, names: list[str]) -> list[str]:
    """Choose which of a model's files of weights are its own, as transformers does.

    ``folder`` holds the small files. A GGUF file alone; ``model.safetensors``; or what the index names.

    Raises:
        ModelError: none of them is there, or the index names others.
    """
    if ONE in names:
        return [ONE]
    if INDEX in {path.name for path in folder.iterdir()}:
        found = _indexed(folder / INDEX)
        if found and found <= set(names):
            return sorted(found)
    elif len(names) == 1 and names[0].endswith(".gguf"):
        return names
    raise ModelError(
        f"none of the files of weights ({', '.join(names) or 'there are none'}) is "
        f"{ONE}, named by {INDEX}, or the only GGUF file; bring the files back with 'tenure revive NAME --to FOLDER'"
    )


def _indexed(index: Path) -> set[str]:
    try:
        return set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return set()


def of_safetensors(memory: mmap, name: str) -> dict[str, Array]:
    """Read where each tensor lies in a safetensors file that lies in memory, at least its header.

    Raises:
        ModelError: the header is not sound, or does not cover the file exactly.
    """
    memory.seek(0)
    header, start = header_of(cast(BinaryIO, memory), len(memory), name)
    return {
        name: Array(
            said["dtype"],
            tuple(said["shape"]),
            memory,
            start + said["data_offsets"][0],
            said["data_offsets"][1] - said["data_offsets"][0],
        )
        for name, said in header.items()
    }


def of_gguf(memory: mmap, header: gguf_header.Header, folder: Path) -> dict[str, Array]:
    """Dequantise a GGUF file that lies in memory to bf16, and write its small files into a folder.

    The numbers are those of ``convert.as_safetensors``. What was read of ``memory`` is let go, so
    that both are never held whole.

    Raises:
        ModelError: not a Llama, or a tokenizer whose split is not known.
    """
    convert.small_files(header, folder)
    wide = mmap(-1, sum(2 * t.count + ALIGNED for t in header.tensors.values()))
    found: dict[str, Array] = {}
    end = 0
    for name, values in convert.dequantised(header, lambda at, count: _taken(memory, at, count)):
        raw = tensors.bf16(values)
        wide[end : end + len(raw)] = raw
        found[name] = Array("BF16", values.shape, wide, end, len(raw))
        end += -(-len(raw) // ALIGNED) * ALIGNED
    return found


def _taken(memory: mmap, at: int, count: int) -> NDArray[np.uint8]:
    """Copy bytes out of memory and give its pages back to the system."""
    raw = np.frombuffer(memory, np.uint8, count, at).copy()
    first, last = -(-at // PAGESIZE) * PAGESIZE, (at + count) // PAGESIZE * PAGESIZE
    if last > first and hasattr(memory, "madvise"):
        memory.madvise(MADV_DONTNEED, first, last - first)
    return raw

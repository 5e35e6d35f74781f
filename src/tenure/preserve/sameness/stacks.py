"""A model's logits on this machine, at one setting: engine, number format, threads, batch.

Engines hide these settings, and they should; a drift envelope needs every one of them. Only
teacher-forced logits are computed here: rows of token ids of one length, no padding, no sampling.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tenure import plugins
from tenure.dossier import Model
from tenure.errors import EngineError, TenureError
from tenure.models import convert, pool, references, weights

Floats = NDArray[np.float32]
Rows = Sequence[Sequence[int]]
Run = Callable[[Rows, int], list[Floats]]
KV_BYTES = 64 << 20
OPENVINO = {"bfloat16": "bf16", "float32": "f32", "float16": "f16"}
STORED = {"safetensors-bf16": "bfloat16", "safetensors-f16": "float16"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """How logits are computed: engine, number format of the arithmetic, threads, batch."""

    engine: str
    dtype: str
    threads: int
    batch: int = 1


def here(model: Model) -> Model:
    """Strip a model of what would make an engine look for its files elsewhere."""
    return Model(name=model.name, version=model.version, source=model.source, files=model.files)


def engines(model: Model, first: str | None = None) -> list[str]:
    """List the engines that can open a model's files here, the one that would serve it first.

    Raises:
        EngineError: none can.
    """
    source, found = here(model), list[str]()
    why = list[str]()
    for name in (*([first] if first else ()), *pool.PREFERRED["weights"]):
        try:
            said = plugins.load("engine", name).fits(source, None)
        except TenureError as error:
            said = str(error)
        if said:
            why.append(f"{name}: {said}")
        elif name not in found and name in OPENERS and _installed(name):
            found.append(name)
    if not found:
        raise EngineError(
            f"no engine can open '{model.id}' for its logits ({'; '.join(why) or 'none installed'}); "
            "pip install 'tenure[local]'"
        )
    return found


def _installed(engine: str) -> bool:
    from importlib.util import find_spec

    return find_spec({"cpu": "openvino_genai", "torch": "torch"}[engine]) is not None


def threads() -> list[int]:
    """List the thread counts to try here: 1, 2 and all."""
    everything = os.cpu_count() or 1
    return sorted({1, min(2, everything), everything})


def standard(model: Model, engine: str) -> Setting:
    """Give the setting that serves: the engine's own number format, all threads, batch 1."""
    return Setting(engine=engine, dtype=dtypes(model, engine)[0], threads=threads()[-1])


def dtypes(model: Model, engine: str) -> list[str]:
    """List the number formats that an engine computes in here, the one that serves first."""
    if engine == "torch":
        own = _in_torch(weights.check(references.place(here(model), None)))
    else:
        import openvino as ov

        own = str(ov.Core().get_property("CPU", "INFERENCE_PRECISION_HINT").to_string())
        own = {said: name for name, said in OPENVINO.items()}.get(own, own)
    return list(dict.fromkeys((own, "float32")))


def _in_torch(form: str) -> str:
    # A GGUF file is dequantised to bf16 before torch opens it.
    return STORED.get(form, "bfloat16" if form.startswith("gguf") else "float32")


@contextmanager
def opened(model: Model, setting: Setting) -> Iterator[Run]:
    """Open a model at a setting; gives a function from rows and a batch size to logits.

    The logits are one float32 array (tokens, vocabulary) for each row, in order.

    Raises:
        EngineError: the engine cannot open it.
    """
    found = references.place(here(model), None)
    with OPENERS[setting.engine](found, model.digest, setting) as run:
        yield run


@contextmanager
def _torch(found: Path, digest: str, setting: Setting) -> Iterator[Run]:
    import torch
    from transformers import AutoModelForCausalLM

    from tenure.models.engines.torch import logits

    folder = convert.as_safetensors(found, digest) if found.is_file() else found
    with _threads(setting.threads):
        loaded: Any = AutoModelForCausalLM.from_pretrained(
            folder, dtype=getattr(torch, setting.dtype), use_safetensors=True
        ).eval()
        yield _in_batches(lambda rows: logits(loaded, rows))


@contextmanager
def _threads(count: int) -> Iterator[None]:
    """Let torch compute with so many threads."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _in_batches(logits: Callable[[Rows], list[Floats]]) -> Run:
    def run(rows: Rows, batch: int) -> list[Floats]:
        parts = (logits(rows[start : start + batch]) for start in range(0, len(rows), batch))
        return [each for part in parts for each in part]

    return run


@contextmanager
def as_it_serves(engine: Any) -> Iterator[tuple[Setting, Run]]:
    """Give the setting of an engine that is open already, and its logits, as ``opened`` does.

    Raises:
        EngineError: it gives no logits.
    """
    if not hasattr(engine, "logits"):
        raise EngineError(f"the engine {engine.name} gives no logits of pinned tokens")
    setting = Setting(engine=engine.name, dtype=_in_torch(engine.form), threads=threads()[-1])
    with _threads(setting.threads):
        yield setting, _in_batches(engine.logits)


@contextmanager
def _cpu(found: Path, digest: str, setting: Setting) -> Iterator[Run]:
    from tenure.models.paged import BLOCK, Paged, Row

    folder = convert.as_openvino(found, digest)
    said = {
        "INFERENCE_NUM_THREADS": setting.threads,
        "INFERENCE_PRECISION_HINT": OPENVINO[setting.dtype],
    }
    paged = Paged(folder / "openvino_model.xml", KV_BYTES, said)

    def run(rows: Rows, batch: int) -> list[Floats]:
        logits: list[Floats] = []
        for start in range(0, len(rows), batch):
            chunk = rows[start : start + batch]
            tables = [paged.take(-(-len(row) // BLOCK)) for row in chunk]
            asked = [
                Row(row, 0, table, range(len(row)))
                for row, table in zip(chunk, tables, strict=True)
            ]
            flat = np.array(paged.step(asked), dtype=np.float32)  # the engine's own array moves on
            logits += np.split(flat, np.cumsum([len(row) for row in chunk])[:-1])
            for table in tables:
                paged.give(table)
        return logits

    try:
        yield run
    finally:
        paged.close()


OPENERS = {"torch": _torch, "cpu": _cpu}


def grid(model: Model, engine: str, batches: Sequence[int]) -> Iterator[tuple[Setting, list[int]]]:
    """List the settings of an engine to open one after the other, each with its batch sizes."""
    serving = standard(model, engine)
    for dtype in dtypes(model, engine):
        for count in threads():
            yield replace(serving, dtype=dtype, threads=count), list(batches)

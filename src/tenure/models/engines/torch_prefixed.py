"""transformers on torch in float32, with shared prefixes: asked for by name, never picked.

It is the engine for work whose rows must not depend on the batch they are computed in, and for
rows that begin alike (see ``tenure.models.prefixed``).
"""

import os
from pathlib import Path

from tenure.dossier.nouns import Model
from tenure.dossier.stage import View
from tenure.models import convert, gguf_header
from tenure.models.prefixed import KEPT_MIB, ROWS_MIB, Prefixed, cannot
from tenure.models.references import place
from tenure.models.talk import EngineKind
from tenure.models.weights import check, safetensors_header

BESIDES = 400 << 20  # bytes; the library, and what a pass over 1,024 tokens holds


def _kept_mib() -> int:
    text = os.environ.get("TENURE_KV_MIB", "")
    return int(text) if text.isdigit() and int(text) else KEPT_MIB


def _folder(model: Model, view: View | None) -> Path:
    found = place(model, view)
    return convert.as_safetensors(found, model.digest) if found.is_file() else found


def _fits(model: Model, view: View | None) -> str:
    found = place(model, view)
    check(found)
    if found.is_file():
        return ""  # what can be brought into safetensors is a llama
    from transformers import AutoConfig

    return cannot(AutoConfig.from_pretrained(found))


def _memory(model: Model, view: View | None) -> int:
    """Four bytes a weight, and keys and values."""
    found = place(model, view)
    if found.is_file():
        weights = sum(t.count for t in gguf_header.read(found).tensors.values())
    else:
        weights = 0
        for path in found.glob("*.safetensors"):
            for tensor in safetensors_header(path).values():
                count = 1
                for side in tensor["shape"]:
                    count *= side
                weights += count
    return 4 * weights + (_kept_mib() + ROWS_MIB << 20) + BESIDES


extension = EngineKind(
    name="torch_prefixed",
    kinds=("weights",),
    fits=_fits,
    open=lambda model, view: Prefixed(_folder(model, view), kept_mib=_kept_mib()),
    memory=_memory,
    files_only="it computes in float32, so the weights in memory would have to be copied",
)

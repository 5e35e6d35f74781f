"""A control with the same numbers and no meaning: a model's weights, shuffled within each tensor.

What such a model answers comes from the format of the questions and from nothing it learnt. It
carries the containment label ``control``: it is never served and is not worth keeping, for the seed
makes it again. Of a quantised tensor whole blocks (32 or 256 values) change places.
"""

import shutil
from pathlib import Path
from typing import Any

import numpy as np

from tenure.dossier.nouns import Model
from tenure.dossier.stage import Emit, View
from tenure.errors import UsageError
from tenure.models import gguf_header
from tenure.models.references import place
from tenure.models.weights import BYTES, safetensors_header

LABEL = "control"


def make(model: Model, view: View, emit: Emit, seed: int = 0) -> Model:
    """Shuffle a model's weights and register the result beside it; the same seed, the same digest.

    Raises:
        UsageError: the model has no weights here.
    """
    if model.kind != "weights":
        raise UsageError(
            f"{model.id} ({model.kind}) has no weights here to shuffle; take --control none or name "
            "another model of the dossier"
        )
    name, version = f"shuffled-{model.name}", f"{model.version}-{seed}"
    for known in view.models():
        if known.id == f"{name}@{version}" and known.containment == LABEL:
            return known
    origin = place(model, view)
    folder = origin.parent if origin.is_file() else origin
    draft = emit.scratch / f"shuffled-{seed}"
    draft.mkdir(parents=True, exist_ok=True)
    files: dict[str, str] = {}
    for part in sorted(model.files):
        target = draft / Path(part).name
        files[part] = emit.file(shuffle(folder / part, target, seed))
    shutil.rmtree(draft)
    return emit.register(
        Model(
            name=name,
            version=version,
            source=f"files/{name}",
            files=files,
            containment=LABEL,
            card={
                "form": model.card.get("form"),
                "about": f"the weights of {model.id}, shuffled within each tensor by seed {seed}: a "
                "control, never to be used",
                "default_system": model.card.get("default_system"),
            },
        )
    )


def shuffle(source: Path, target: Path, seed: int = 0) -> Path:
    """Write a weights file with each tensor's values in random order; other files are copied.

    Returns ``target``. Raises ModelError for a broken file.
    """
    shutil.copyfile(source, target)
    target.chmod(0o600)  # a stored file is read-only, and so is its copy
    for start, size, width in _tensors(source):
        held: Any = np.memmap(target, np.uint8, "r+", offset=start, shape=(size // width, width))
        order = np.random.default_rng([seed, start]).permutation(size // width)
        held[:] = held[order]
        held.flush()
        del held
    return target


def _tensors(path: Path) -> list[tuple[int, int, int]]:
    """List (offset, bytes, bytes of what is moved as one) of each tensor of a file."""
    if path.suffix == ".safetensors":
        header = safetensors_header(path)
        with path.open("rb") as source:
            first = 8 + int.from_bytes(source.read(8), "little")
        return [
            (first + begin, end - begin, BYTES[tensor["dtype"]])
            for tensor in header.values()
            for begin, end in [tensor["data_offsets"]]
            if end > begin
        ]
    if path.suffix == ".gguf":
        header = gguf_header.read(path)
        widths = {name: width for name, _, width in gguf_header.TYPES.values()}
        return [
            (header.start + t.offset, t.size, widths[t.type])
            for t in header.tensors.values()
            if t.size
        ]
    return []

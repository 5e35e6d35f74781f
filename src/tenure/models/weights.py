"""Weight files from strangers: what they are, and whether they may be opened at all.

Only headers are read here, with numpy-free code: a file is refused before any library maps it.
Formats: safetensors (8-byte length, JSON header, data) and GGUF (magic, version, counts).
"""

import json
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO

from tenure.errors import ModelError
from tenure.models.gguf_header import read

PICKLES = {".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle"}
HEADER_LIMIT = 100 << 20  # bytes; the limit of the safetensors reference reader
BYTES = {"F64": 8, "I64": 8, "U64": 8, "F32": 4, "I32": 4, "U32": 4, "F16": 2, "BF16": 2}
BYTES |= {"I16": 2, "U16": 2, "I8": 1, "U8": 1, "BOOL": 1, "F8_E4M3": 1, "F8_E5M2": 1}
NEEDED = ("config.json", "tokenizer.json", "tokenizer_config.json")
KEPT = {".safetensors", ".json", ".jinja", ".txt", ".model", ".gguf", ".md"}


def safetensors_header(path: Path) -> dict[str, dict[str, Any]]:
    """Read and check a safetensors header: {tensor: {dtype, shape, data_offsets}}.

    Raises:
        ModelError: truncated, too long, not JSON, or offsets that do not cover the data exactly.
    """
    with path.open("rb") as source:
        return header_of(source, path.stat().st_size, path.name)[0]


def header_of(source: BinaryIO, size: int, name: str) -> tuple[dict[str, dict[str, Any]], int]:
    """Read and check the header of a safetensors file of ``size`` bytes, wherever it lies.

    ``source`` stands at the file's first byte and is read to where its data begin, which is
    returned beside the header; nothing is taken on the header's word.

    Raises:
        ModelError: as :func:`safetensors_header`.
    """
    head = source.read(8)
    length = struct.unpack("<Q", head)[0] if len(head) == 8 else -1
    if not 2 <= length <= min(HEADER_LIMIT, size - 8):
        raise _broken(name, "its header is cut short or absurdly long")
    try:
        header = json.loads(source.read(length), object_pairs_hook=_once)
        header.pop("__metadata__", None)
        spans = sorted((*t["data_offsets"], _size(t)) for t in header.values())
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise _broken(
            name, "its header is not a safetensors header, or names a tensor twice"
        ) from None
    end = 0
    for start, stop, expected in spans:
        if start != end or stop - start != expected:
            raise _broken(name, "its tensors overlap, leave gaps or have wrong sizes")
        end = stop
    if 8 + length + end != size:
        raise _broken(name, f"it holds {size} bytes and its header promises {8 + length + end}")
    return header, 8 + length


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a name that stands twice: readers differ in which of the two they take."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _size(tensor: dict[str, Any]) -> int:
    count = BYTES[tensor["dtype"]]
    for side in tensor["shape"]:
        if not isinstance(side, int) or side < 0:
            raise ValueError("shape")
        count *= side
    return count


def _broken(name: str, why: str) -> ModelError:
    return ModelError(
        f"'{name}' cannot be read: {why}; fetch the file again and compare its digest"
    )


def check_gguf(path: Path) -> str:
    """Check a GGUF file's structure and return its form, for example ``gguf-q4_1``.

    The form is the type that holds most of the weights.

    Raises:
        ModelError: not GGUF, truncated, or tensors that lie outside of the file.
    """
    header = read(path)
    by_type: dict[str, int] = {}
    for tensor in header.tensors.values():
        by_type[tensor.type] = by_type.get(tensor.type, 0) + tensor.count
    if not by_type:
        raise _broken(path.name, "it holds no tensors")
    return "gguf-" + max(sorted(by_type), key=lambda name: by_type[name]).lower()


def check_folder(folder: Path) -> str:
    """Check a folder of safetensors and return its form, for example ``safetensors-bf16``.

    Raises:
        ModelError: pickled weights, no weights, no config or tokenizer, or a broken file.
    """
    names = {p.name for p in folder.iterdir()}
    weights = sorted(folder.glob("*.safetensors"))
    if not weights:
        pickles = sorted(n for n in names if Path(n).suffix in PICKLES)
        if pickles:
            raise ModelError(
                f"'{folder.name}' holds pickled weights ({', '.join(pickles)}): opening them can run "
                "any code; ask for safetensors, or convert them on a machine you can lose"
            )
        raise ModelError(
            f"'{folder.name}' holds no .safetensors file; give a model folder or a GGUF file"
        )
    missing = [n for n in NEEDED if n not in names]
    if missing:
        raise ModelError(
            f"'{folder.name}' lacks {', '.join(missing)}; copy them from where the weights came from"
        )
    found = [t for path in weights for t in safetensors_header(path).values()]
    try:
        json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except ValueError:
        raise ModelError(f"'{folder.name}/config.json' is not JSON; fetch it again") from None
    return form_of((tensor["dtype"], _size(tensor)) for tensor in found)


def form_of(tensors: Iterable[tuple[str, int]]) -> str:
    """Name the form of safetensors by the type that holds most bytes; (type, bytes) of each tensor."""
    by_type: dict[str, int] = {}
    for name, size in tensors:
        by_type[name] = by_type.get(name, 0) + size
    return "safetensors-" + max(sorted(by_type), key=lambda name: by_type[name]).lower()


def check(path: Path) -> str:
    """Check a GGUF file or a folder of safetensors; return its form.

    Raises:
        ModelError: nothing there, or anything :func:`check_folder` and :func:`check_gguf` refuse.
    """
    if path.is_dir():
        inside = sorted(path.glob("*.gguf"))
        if len(inside) == 1 and not list(path.glob("*.safetensors")):
            return check_gguf(inside[0])
        return check_folder(path)
    if not path.exists():
        raise ModelError(f"no model at '{path}'; give a folder of safetensors or a GGUF file")
    if path.suffix in PICKLES:
        raise ModelError(
            f"'{path.name}' is a pickle: opening it can run any code; give safetensors or GGUF"
        )
    if path.suffix == ".safetensors":
        raise ModelError(
            f"'{path.name}' is weights alone; give the folder, with its config and tokenizer"
        )
    return check_gguf(path)

"""The return kit: everything a model needs to come back, laid out as a person would look for it.

model.json    RESTORE.txt    LICENCE.txt
kit.json      where every item of the kit lies, and why one is missing
original/     the artefact's own files, byte for byte
golden/       G1.json G2.json G3.json ...
env/          requirements.lock machine.json numpy_reference.py, wheels.json names the wheels
settings/ safeguards/ adapters/ constitution/ lineage/ report/ transcripts/    where there are any
dossier/      the signed record of this model, with its stand-alone verifier
...           what was added later: the report, interviews
"""

import json
import math
from collections.abc import Mapping
from importlib.resources import files as package_files
from pathlib import Path
from string import Template
from typing import Any

from tenure.dossier import Emit, Model, View, canonical, digest, digest_file
from tenure.errors import IntegrityError, UsageError, unknown
from tenure.preserve.forms import WEIGHTS
from tenure.preserve.kit import machine
from tenure.preserve.store import CHUNK_BYTES, safe_path
from tenure.preserve.sums import Sums

ORIGINAL = "original/"
LARGEST_BYTES = 64 << 20
OWN = (
    "model.json",
    "RESTORE.txt",
    "LICENCE.txt",
    "original",
    "packed",
    "parity",
    "golden",
    "env",
    "dossier",
    "kit.json",
    "settings",
    "safeguards",
    "adapters",
    "constitution",
    "lineage",
)
Content = dict[str, Path | bytes]


def text(value: Any) -> bytes:
    """Write JSON for people: indented, sorted, UTF-8."""
    return (json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True) + "\n").encode()


def original(model: Model, view: View) -> Content:
    """Return the artefact's own files under ``original/``.

    Raises:
        ModelError: a file is missing from the dossier.
    """
    if not model.files:
        return {}
    folder = view.folder(model)
    return {ORIGINAL + safe_path(name): folder / name for name in model.files}


def passport(model: Model, view: View, urn: str) -> bytes:
    """Write the passport: who it is, from whom, every file and every table of weights."""
    found: dict[str, Any] = {
        "schema": "tenure/passport/1",
        "urn": urn,
        "name": model.name,
        "version": model.version,
        "kind": model.kind,
        "source": model.source,
        "digest": model.digest,
        "parent": model.parent,
        "containment": view.state(model.id).containment,
        "card": dict(model.card),
    }
    if model.files:
        folder = view.folder(model)
        sizes = {name: (folder / name).stat().st_size for name in model.files}
        found["files"] = {
            name: {"sha256": digest.removeprefix("sha256:"), "bytes": sizes[name]}
            for name, digest in model.files.items()
        }
        found["tensors"] = tensors(folder)
    return text(found)


# (file, tensor) -> its length in bytes and its sha256
TensorSums = Mapping[tuple[str, str], tuple[int, str]]


def tensors(folder: Path, known: TensorSums | None = None) -> list[dict[str, Any]]:
    """List every table of weights: name, file, number format, shape, sha256 of its raw bytes.

    ``known`` are check sums taken already, as by the packing; the others are taken now. Without it
    the list has none.
    """
    from tenure.models.gguf_header import TYPES
    from tenure.preserve.in_vault import numpy_reference as reference

    blocks = {name: (values, size) for name, values, size in TYPES.values()}
    listed: list[dict[str, Any]] = []
    for path in sorted(folder.glob("*.safetensors")):
        tables = reference.safetensors_tables(path)
        listed += _table(tables, lambda kind: (8, _BITS.get(kind, 8)), known)
    for path in sorted(folder.glob("*.gguf")):
        tables = reference.gguf_tables(path)[1]
        listed += _table(tables, lambda kind: blocks.get(kind, (1, 0)), known)
    return listed


_BITS = {
    "F64": 64,
    "I64": 64,
    "U64": 64,
    "F32": 32,
    "I32": 32,
    "U32": 32,
    "F16": 16,
    "BF16": 16,
    "I16": 16,
    "U16": 16,
}


def _table(tables: Mapping[str, Any], block: Any, known: TensorSums | None) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for name, (path, start, kind, shape) in sorted(tables.items()):
        values, size = block(kind)
        length = math.prod(shape) * size // values
        entry = {"name": name, "file": path.name, "dtype": kind, "shape": list(shape)}
        if length and known is not None:
            there, sha256 = known.get((path.name, name), (0, ""))
            entry["sha256"] = sha256 if there == length else _sha256(path, start, length)
        found.append(entry)
    return found


def _sha256(path: Path, start: int, length: int) -> str:
    with path.open("rb") as source, Sums("sha256") as sums:
        source.seek(start)
        while sums.bytes < length and (piece := source.read(min(CHUNK_BYTES, length - sums.bytes))):
            sums.add(piece)
        return sums.hex("sha256")


def licence_of(model: Model, view: View) -> str:
    """Return the licence on the model's card, or on that of the nearest ancestor that has one."""
    found: Model | None = model
    while found is not None:
        said = found.card.get("licence") or found.card.get("license")
        if said:
            return (
                str(said)
                if found is model
                else f"{said} (that of {found.id}, which it was made from)"
            )
        found = view.model(found.parent) if found.parent else None
    return "not recorded"


def guide(model: Model, view: View) -> Content:
    """Return the plain-word files: how to use it, and what its licence is."""
    licence = licence_of(model, view)
    here = package_files("tenure.preserve.in_vault")
    weights = "The weights are in original/."
    if not model.files:
        weights = (
            f"There are NO WEIGHTS here: this model was reached as '{model.source}', through\n"
            "somebody else's service or as a script. What is kept is the record of its life, and\n"
            "sections 1 to 3 below do not apply."
        )
    filled = Template((here / "RESTORE.txt").read_text(encoding="utf-8")).substitute(
        id=model.id,
        digest=model.digest,
        form=str(model.card.get("form", model.kind)),
        weights=weights,
        licence=licence,
    )
    said = f"Licence of {model.id}, as recorded when it was registered: {licence}\n"
    return {"RESTORE.txt": filled.encode(), "LICENCE.txt": said.encode()}


def environment() -> Content:
    """Return what the model ran with, and the arithmetic in one program."""
    here = package_files("tenure.preserve.in_vault")
    return {
        "env/requirements.lock": machine.lock().encode(),
        "env/machine.json": text(machine.facts()),
        "env/numpy_reference.py": (here / "numpy_reference.py").read_bytes(),
    }


def added(view: View, model: Model, add: Mapping[str, str]) -> Content:
    """Return later additions: logical path -> a file's digest, or a stage whose files go below it.

    Raises:
        UsageError: a path that is refused or taken, or a stage that has found nothing yet.
        IntegrityError: the dossier does not hold the file.
    """
    content: Content = {}
    for path, what in add.items():
        if safe_path(path).split("/")[0] in OWN:
            raise UsageError(
                f"'{path}' is a place of the kit itself; add it elsewhere, as 'report/...'"
            )
        if what.startswith("sha256:"):
            content[path] = _stored(view, what)
            continue
        evidence = view.evidence(what, model.id)
        if evidence is None:
            known = {event.name for event, _ in view.all_evidence(model.id)}
            raise unknown(f"evidence about {model.id}", what, known)
        for name, named in evidence.files.items():
            content[safe_path(f"{path}/{name}")] = _stored(view, named)
    return content


def _stored(view: View, named: str) -> Path:
    path = view.path(named)
    if named != digest_file(path):
        raise IntegrityError(f"the dossier's file {named[:19]}… is damaged; run 'tenure verify'")
    return path


def identity(content: Content) -> dict[str, str]:
    """Digest what is to be added, by logical path: ``sha256:<hex>``."""
    return {
        name: digest(c) if isinstance(c, bytes) else digest_file(c)
        for name, c in sorted(content.items())
    }


def record(model: Model, view: View, emit: Emit) -> Content:
    """Return the signed record of this model with its verifier, exported from the dossier.

    Files above ``LARGEST_BYTES`` and the model's own weights are named in it and left out: the
    weights are in ``original/``.
    """
    from tenure.dossier.export import export

    folder = emit.scratch / "dossier"
    export(view, [model.id], folder, largest=LARGEST_BYTES)  # type: ignore[arg-type]
    _without_weights(folder, model)
    found = sorted(p for p in folder.rglob("*") if p.is_file())
    return {f"dossier/{p.relative_to(folder).as_posix()}": p for p in found}


def _without_weights(folder: Path, model: Model) -> None:
    """Leave small weights out of an exported record as well, and list them as such."""
    from tenure.dossier.opening import LEFT_OUT

    listed = json.loads((folder / LEFT_OUT).read_text(encoding="utf-8"))
    for name, named in model.files.items():
        hexed = named.removeprefix("sha256:")
        place = folder / "files" / "sha256" / hexed[:2] / hexed
        if name.endswith(WEIGHTS) and place.is_file():
            listed.append({"digest": named, "name": name, "size": place.stat().st_size})
            place.unlink()
    listed.sort(key=lambda each: str(each["digest"]))
    (folder / LEFT_OUT).write_bytes(canonical(listed) + b"\n")

"""OCI image layouts with the media types of ModelPack: a model as registries and container engines hold it.

Sources: OCI image specification 1.1 (image-layout.md, manifest.md), the CNCF model specification
(github.com/modelpack/model-spec, docs/spec.md, config.md, annotations.md, as of 2026-06-08). Every
file is a layer of its own, uncompressed ("raw"), so that it keeps its bytes and can be read in
place. Read are raw, tar and tar+gzip layers.
"""

import hashlib
import json
import math
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tenure.errors import IntegrityError
from tenure.models.weights import safetensors_header
from tenure.preserve.exchange.bagit import digests
from tenure.preserve.exchange.limits import JSON_BYTES, inside, json_of, once, plain_files, small
from tenure.preserve.exchange.unpacking import untar

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
ARTIFACT = "application/vnd.cncf.model.manifest.v1+json"
CONFIG = "application/vnd.cncf.model.config.v1+json"
LAYER = re.compile(
    r"application/vnd\.cncf\.model\.(weight|weight\.config|doc|code|dataset)\.v1\.(raw|tar|tar\+gzip|tar\+zstd)"
)
FILEPATH, TITLE = "org.cncf.model.filepath", "org.opencontainers.image.title"
FILE_ABOUT = "org.cncf.model.file.metadata+json"
DIGEST = re.compile(r"(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})")
PRECISION = {"F32": "float32", "F64": "float64", "F16": "float16", "BF16": "bfloat16", "I8": "int8",
             "U8": "uint8", "F8_E4M3": "float8_e4m3", "F8_E5M2": "float8_e5m2"}  # fmt: skip
TEXTS = ("readme", "licence", "license", "notice", "model_card")
WEIGHTS = (".safetensors", ".gguf")


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a layout says of a model besides its files: name, version, when, its digest and licence."""

    name: str
    version: str
    created: str
    digest: str
    licence: str | None = None


def _text(value: Any) -> bytes:
    return (json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def write(layout: Path, folder: Path, about: About) -> str:
    """Write a folder of model files as an image layout; returns the manifest's digest.

    The same files and ``about`` give the same bytes.
    """
    (layout / "blobs" / "sha256").mkdir(parents=True)
    layers: list[dict[str, Any]] = []
    for name, path in sorted(
        plain_files(folder).items(), key=lambda item: (_kind(item[0]), item[0])
    ):
        layers.append(_layer(layout, name, path))
    config = {
        "descriptor": _descriptor(about),
        "config": _technical(folder),
        "modelfs": {"type": "layers", "diffIds": [layer["digest"] for layer in layers]},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "artifactType": ARTIFACT,
        "config": {"mediaType": CONFIG, **_blob(layout, _text(config))},
        "layers": layers,
        "annotations": {
            "org.opencontainers.image.created": about.created,
            "org.opencontainers.image.title": f"{about.name}@{about.version}",
            "tenure.model.digest": about.digest,
        },
    }
    entry = {"mediaType": MANIFEST, "artifactType": ARTIFACT, **_blob(layout, _text(manifest))}
    entry["annotations"] = {"org.opencontainers.image.ref.name": about.version}
    index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [entry]}
    (layout / "oci-layout").write_bytes(_text({"imageLayoutVersion": "1.0.0"}))
    (layout / "index.json").write_bytes(_text(index))
    return entry["digest"]


def _kind(name: str) -> str:
    if name.endswith(WEIGHTS):
        return "weight"
    base = name.rpartition("/")[2].lower()
    return "doc" if base.startswith(TEXTS) or base.endswith(".md") else "weight.config"


def _layer(layout: Path, name: str, path: Path) -> dict[str, Any]:
    digest, size = digests(path, ["sha256"])["sha256"], path.stat().st_size
    _link(path, layout / "blobs" / "sha256" / digest)
    about = {
        "name": name, "mode": 0o644, "uid": 0, "gid": 0, "size": size,
        "mtime": "1970-01-01T00:00:00Z", "typeflag": ord("0"),
    }  # fmt: skip
    return {
        "mediaType": f"application/vnd.cncf.model.{_kind(name)}.v1.raw",
        "digest": f"sha256:{digest}",
        "size": size,
        "annotations": {FILEPATH: name, FILE_ABOUT: json.dumps(about), TITLE: name},
    }


def _link(path: Path, target: Path) -> None:
    """Give a file a second name where the disk can, else copy it."""
    try:
        os.link(path, target)
    except FileExistsError:
        return
    except OSError:
        shutil.copyfile(path, target)


def _blob(layout: Path, data: bytes) -> dict[str, Any]:
    digest = hashlib.sha256(data).hexdigest()
    (layout / "blobs" / "sha256" / digest).write_bytes(data)
    return {"digest": f"sha256:{digest}", "size": len(data)}


def _descriptor(about: About) -> dict[str, Any]:
    found: dict[str, Any] = {
        "createdAt": about.created,
        "name": about.name,
        "version": about.version,
    }
    # Only what can be an SPDX expression: the field has no room for anything else.
    if about.licence and re.fullmatch(
        r"[A-Za-z0-9.+-]+( (AND|OR|WITH) [A-Za-z0-9.+-]+)*", about.licence
    ):
        found["licenses"] = [about.licence]
    return found


def _technical(folder: Path) -> dict[str, Any]:
    """Say what the files themselves tell: format, precision and size."""
    if list(folder.glob("*.gguf")):
        return {"format": "gguf", "architecture": "transformer"}
    values: dict[str, int] = {}
    for path in folder.glob("*.safetensors"):
        for tensor in safetensors_header(path).values():
            values[tensor["dtype"]] = values.get(tensor["dtype"], 0) + math.prod(tensor["shape"])
    return {
        "format": "safetensors",
        "architecture": "transformer",
        "precision": ",".join(sorted(PRECISION.get(dtype, dtype.lower()) for dtype in values)),
        "paramSize": _count(sum(values.values())),
    }


def _count(parameters: int) -> str:
    for letter, size in (("t", 10**12), ("b", 10**9), ("m", 10**6)):
        if parameters >= size:
            return f"{parameters / size:.1f}{letter}"
    return f"{parameters / 1000:.1f}k"


def read(layout: Path, into: Path) -> dict[str, Any]:
    """Check an image layout that holds one model, and lay its files out in a new folder.

    Returns the manifest, with its digest as ``digest`` and the config as ``about``.

    Raises:
        IntegrityError: a digest, a size or a media type does not fit, a name leads out, or there is
            not exactly one model.
        ModelError: a link or a device in it.
    """
    plain_files(layout)
    version = json_of(small(layout / "oci-layout", 4096), "oci-layout").get("imageLayoutVersion")
    if version != "1.0.0":
        raise IntegrityError(f"the layout's version is {version!r}; expected 1.0.0")
    index = json_of(small(layout / "index.json", JSON_BYTES), "index.json")
    entry = _only_model(layout, index)
    manifest = json_of(_checked(layout, entry, "the manifest"), "the manifest")
    _require(manifest.get("schemaVersion") == 2, "the manifest's schemaVersion is not 2")
    _require(manifest.get("artifactType") == ARTIFACT, f"the manifest is not of {ARTIFACT}")
    config, layers = manifest.get("config"), manifest.get("layers")
    _require(
        isinstance(config, dict) and config.get("mediaType") == CONFIG,
        f"the config is not {CONFIG}",
    )
    _require(
        isinstance(layers, list) and 0 < len(layers) <= 10_000, "it has no layers, or too many"
    )
    about = json_of(_checked(layout, config or {}, "the config"), "the config")
    _require(
        {"descriptor", "config", "modelfs"} <= set(about),
        "its config lacks what ModelPack asks for",
    )
    into.mkdir(parents=True)
    names: list[str] = []
    for layer in layers or []:
        names += _lay_out(layout, layer, into)
    once(names)
    return {**manifest, "digest": entry["digest"], "about": about}


def _require(fine: bool, what: str) -> None:  # noqa: FBT001 - reads as an assertion
    if not fine:
        raise IntegrityError(
            f"the image layout is not that of one model: {what}; nothing was imported"
        )


def _only_model(layout: Path, index: Mapping[str, Any]) -> dict[str, Any]:
    entries = index.get("manifests")
    _require(index.get("schemaVersion") == 2, "index.json's schemaVersion is not 2")
    _require(
        isinstance(entries, list) and len(entries) <= 1000, "index.json has no list of manifests"
    )
    found: list[dict[str, Any]] = []
    for entry in entries or []:
        _require(isinstance(entry, dict), "an entry of index.json is no object")
        if entry.get("mediaType") != MANIFEST:
            continue
        kind = entry.get("artifactType")
        if kind is None:  # it need not stand in the index
            kind = json_of(_checked(layout, entry, "a manifest"), "a manifest").get("artifactType")
        if kind == ARTIFACT:
            found.append(entry)
    _require(len(found) == 1, f"it holds {len(found)} manifests of {ARTIFACT}, expected 1")
    return found[0]


def _place(layout: Path, descriptor: Mapping[str, Any], what: str) -> tuple[Path, str, str, int]:
    digest, size = descriptor.get("digest"), descriptor.get("size")
    _require(
        isinstance(digest, str) and bool(DIGEST.fullmatch(digest)), f"{what} has no sound digest"
    )
    _require(type(size) is int and size >= 0, f"{what} has no size")
    algorithm, _, value = str(digest).partition(":")
    path = layout / "blobs" / algorithm / value
    _require(path.is_file(), f"{what} ({str(digest)[:19]}…) is not there")
    _require(path.stat().st_size == size, f"{what} has another size than is said ({size})")
    return path, algorithm, value, int(size or 0)


def _checked(layout: Path, descriptor: Mapping[str, Any], what: str) -> bytes:
    """Read a small blob whose digest and size are those said."""
    path, algorithm, value, _ = _place(layout, descriptor, what)
    data = small(path, JSON_BYTES)
    _require(hashlib.new(algorithm, data).hexdigest() == value, f"{what} is damaged or was changed")
    return data


def _lay_out(layout: Path, layer: Any, into: Path) -> list[str]:
    """Check one layer, every byte, and put its file or files into the folder; return their names."""
    _require(isinstance(layer, dict), "a layer is no object")
    media = LAYER.fullmatch(str(layer.get("mediaType")))
    _require(media is not None, f"a layer is of {str(layer.get('mediaType'))[:80]}")
    path, algorithm, value, _ = _place(layout, layer, "a layer")
    _require(
        digests(path, [algorithm])[algorithm] == value,
        f"the layer {value[:12]}… is damaged or was changed",
    )
    form = media[2] if media else ""
    if form == "tar+zstd":
        raise IntegrityError(
            "a layer is packed with zstd, which is not read here; unpack it with 'zstd -d'"
        )
    if form != "raw":
        before = set(plain_files(into))
        untar(path, into, gzipped=form.endswith("gzip"))
        return sorted(set(plain_files(into)) - before)
    notes = layer.get("annotations")
    named = (notes.get(FILEPATH) or notes.get(TITLE)) if isinstance(notes, dict) else None
    _require(isinstance(named, str) and bool(named), "a raw layer does not say which file it is")
    name = inside(str(named))
    target = into / name
    _require(not target.exists(), f"{name!r} is there twice")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, NotADirectoryError):
        _require(fine=False, what=f"a folder of {name!r} is also a file")
    _link(path, target)
    return [name]

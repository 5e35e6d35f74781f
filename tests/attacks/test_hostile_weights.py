"""Weights whose header lies, on their way into an engine: refused before anything is built on them."""

import hashlib
import io
import json
import struct

import pytest

from tenure.dossier.canonical import manifest_digest
from tenure.errors import IntegrityError, ModelError
from tenure.models import in_memory, tiny
from tenure.preserve import packing, vault
from tenure.preserve.revival import straight
from tenure.preserve.stores.local import LocalStore

pytestmark = pytest.mark.slow
URN = "urn:tenure:model:trap@1"
NAME = "model.layers.0.mlp.up_proj.weight"
FILE = "model.safetensors"


@pytest.fixture(scope="module")
def honest(tmp_path_factory):
    folder = tiny.make(tmp_path_factory.mktemp("honest") / "tulip")
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def parts(data):
    end = 8 + struct.unpack("<Q", data[:8])[0]
    return json.loads(data[8:end]), data[end:]


def written(header, data, length=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def tables(data):
    """What an honest passport says of a file's tensors."""
    header, body = parts(data)
    header.pop("__metadata__")
    return [
        {
            "name": name,
            "file": FILE,
            "dtype": said["dtype"],
            "shape": said["shape"],
            "sha256": hashlib.sha256(body[slice(*said["data_offsets"])]).hexdigest(),
        }
        for name, said in header.items()
    ]


def kept(folder, held, tensors, form, **more):
    """A vault whose every check sum is right for these files, and its newest inventory."""
    said = {
        name: {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
        for name, data in held.items()
    }
    digests = {name: f"sha256:{each['sha256']}" for name, each in said.items()}
    passport = {"urn": URN, "name": "trap", "version": "1", "card": {}, "files": said}
    passport |= {"digest": manifest_digest(digests), "tensors": tensors, **more}
    content = {f"original/{name}": data for name, data in held.items()}
    if form == "packed":
        source, out = folder / FILE, io.BytesIO()
        source.write_bytes(content.pop(f"original/{FILE}"))
        packing.pack_file(source, out)
        content[f"packed/{FILE}.pack"] = out.getvalue()
    content["model.json"] = json.dumps(passport).encode()
    store = LocalStore(str(folder / "vault"))
    addition = vault.Addition(files=content, message="", created="2026-11-21T00:00:00Z")
    return store, vault.commit(store, URN, addition)


def change(header, **said):
    return {**header, NAME: {**header[NAME], **said}}


def _lies(data):
    header, body = parts(data)
    shape, (begin, end) = header[NAME]["shape"], header[NAME]["data_offsets"]
    text = json.dumps(header).encode()
    return {
        "a shape turned round": written(change(header, shape=shape[::-1]), body),
        "a shape of more": written(change(header, shape=[shape[0] * 2, shape[1]]), body),
        "a shape of a huge number": written(change(header, shape=[1 << 62, 1 << 62]), body),
        "a shape below nothing": written(change(header, shape=[-1, -1]), body),
        "another number format": written(change(header, dtype="F16"), body),
        "a format that is none": written(change(header, dtype="PICKLE"), body),
        "an overlap": written(change(header, data_offsets=[begin - 2, end - 2]), body),
        "beyond the end": written(change(header, data_offsets=[begin, 1 << 60]), body),
        "a name twice": written(text[:-1] + b"," + text[1:], body),
        "another name": written({**change(header), "model.more": header[NAME]}, body),
        "a header without an end": written(header, body, 1 << 62),
        "a header longer than the file": written(header, body, len(data)),
        "a header of nothing": written(header, body, 0),
        "nested without end": written(b"[" * 90_000, body),
    }


LIES = list(
    _lies(written({NAME: {"dtype": "BF16", "shape": [1, 1], "data_offsets": [0, 2]}}, b".."))
)


@pytest.mark.parametrize("form", ["plain", "packed"])
@pytest.mark.parametrize("lie", LIES)
def test_a_header_that_lies_about_its_tensors_is_refused(honest, lie, form, tmp_path):
    files = {**honest, FILE: _lies(honest[FILE])[lie]}
    store, inventory = kept(tmp_path, files, tables(honest[FILE]), form)

    with pytest.raises(IntegrityError, match="the header of model"):
        straight.into_memory(store, inventory, tmp_path / "into")


def test_the_honest_one_comes(honest, tmp_path):
    store, inventory = kept(tmp_path, honest, tables(honest[FILE]), "packed")
    came = straight.into_memory(store, inventory, tmp_path / "into")
    assert came.held.arrays[NAME].memory[:] == honest[FILE]


@pytest.mark.local
def test_a_passport_that_lies_with_the_header_builds_no_engine(honest, tmp_path):
    data = _lies(honest[FILE])["a shape turned round"]
    store, inventory = kept(tmp_path, {**honest, FILE: data}, tables(data), "packed")
    came = straight.into_memory(store, inventory, tmp_path / "into")

    with pytest.raises(ModelError, match=r"do not fit the model's config\.json"):
        in_memory.open_held(came.held, "torch")


def test_bytes_of_one_tensor_that_are_not_its_own_are_named(honest, tmp_path):
    told = tables(honest[FILE])
    one, other = (t for t in told if t["name"].endswith(("0.mlp.up_proj.weight", "0.mlp.gate_proj.weight")))  # fmt: skip
    one["sha256"], other["sha256"] = other["sha256"], one["sha256"]
    store, inventory = kept(tmp_path, honest, told, "packed")

    with pytest.raises(
        IntegrityError, match=r"the tensor model\.layers\.0\.mlp\.gate_proj\.weight"
    ):
        straight.into_memory(store, inventory, tmp_path / "into")


@pytest.mark.parametrize("size", [1 << 61, -5, 0])
def test_a_size_that_lies_takes_no_memory(honest, size, tmp_path, monkeypatch):
    said = {name: {"sha256": "0" * 64, "bytes": len(data)} for name, data in honest.items()}
    said[FILE]["bytes"] = size
    store, inventory = kept(tmp_path, honest, tables(honest[FILE]), "plain", files=said)
    monkeypatch.setattr(straight, "mmap", lambda *_: pytest.fail("memory was taken"))

    with pytest.raises(IntegrityError, match="the size of model"):
        straight.into_memory(store, inventory, tmp_path / "into")


@pytest.mark.parametrize("more", [{"digest": "sha256:" + "0" * 64}, {"digest": 7}])
def test_a_passport_that_names_another_model_is_refused(honest, more, tmp_path):
    store, inventory = kept(tmp_path, honest, tables(honest[FILE]), "plain", **more)
    with pytest.raises(IntegrityError, match="not the model that its passport names"):
        straight.into_memory(store, inventory, tmp_path / "into")

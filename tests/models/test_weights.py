"""Hostile and broken files: refused with a reason, before any library maps them."""

import json
import shutil
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenure.errors import ModelError
from tenure.models import gguf_header, resolve, tiny, weights


@pytest.fixture
def folder(tiny_folder, tmp_path):
    return shutil.copytree(tiny_folder, tmp_path / "model")


def gguf(path, *, magic=b"GGUF", version=3, tensors=((4,),), data=16, pairs=()):
    """A small GGUF file, whole or broken."""

    def text(raw):
        return struct.pack("<Q", len(raw)) + raw

    head = magic + struct.pack("<IQQ", version, len(tensors), len(pairs))
    head += b"".join(text(k) + struct.pack("<I", 8) + text(v) for k, v in pairs)
    for place, shape in enumerate(tensors):
        head += text(b"t%d" % place) + struct.pack("<I", len(shape))
        head += b"".join(struct.pack("<Q", side) for side in shape) + struct.pack("<IQ", 0, 0)
    path.write_bytes(head + b"\0" * (-len(head) % 32) + b"\1" * data)
    return path


def test_a_whole_folder_and_a_whole_gguf_say_their_form(folder, tmp_path):
    assert weights.check(folder) == "safetensors-bf16"
    assert weights.check(gguf(tmp_path / "m.gguf")) == "gguf-f32"


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "tokenizer_config.json"])
def test_a_folder_without_config_or_tokenizer_names_what_it_lacks(folder, name):
    (folder / name).unlink()
    with pytest.raises(ModelError, match=name):
        resolve(str(folder))


def test_pickled_weights_are_refused_with_the_reason(folder):
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    with pytest.raises(ModelError, match="can run any code"):
        resolve(str(folder))
    with pytest.raises(ModelError, match="can run any code"):
        resolve(str(folder / "pytorch_model.bin"))


def test_weights_alone_are_not_a_model(folder):
    with pytest.raises(ModelError, match="give the folder"):
        resolve(str(folder / "model.safetensors"))


@given(st.data())
def test_cut_safetensors_are_noticed_at_any_length(tiny_folder, tmp_path_factory, data):
    whole = (tiny_folder / "model.safetensors").read_bytes()
    cut = tmp_path_factory.mktemp("cut") / "model.safetensors"
    cut.write_bytes(whole[: data.draw(st.integers(0, len(whole) - 1))])
    with pytest.raises(ModelError, match="fetch the file again"):
        weights.safetensors_header(cut)


@pytest.mark.parametrize(
    "tensor",
    [
        {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]},
        {"dtype": "F32", "shape": [-1], "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": [2], "data_offsets": [4, 12]},
        {"dtype": "OBJECT", "shape": [2], "data_offsets": [0, 8]},
        {"dtype": "F32", "shape": [2]},
        [],
    ],
)
def test_a_lying_safetensors_header_is_refused(tmp_path, tensor):
    head = json.dumps({"t": tensor}).encode()
    path = tmp_path / "model.safetensors"
    path.write_bytes(struct.pack("<Q", len(head)) + head + b"\0" * 8)
    with pytest.raises(ModelError):
        weights.safetensors_header(path)


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ({"magic": b"GGML"}, "letters GGUF"),
        ({"version": 9}, "version 9"),
        ({"data": 4}, "its tensors need"),
        ({"tensors": ((1 << 62,),)}, "its tensors need"),
        ({"tensors": ()}, "holds no tensors"),
    ],
)
def test_a_broken_gguf_is_refused_with_the_reason(tmp_path, broken, said):
    with pytest.raises(ModelError, match=said):
        weights.check(gguf(tmp_path / "m.gguf", **broken))


@given(st.data())
def test_no_bytes_make_the_gguf_reader_fail_otherwise(tmp_path_factory, data):
    """Cut or flipped anywhere, a file is read or refused; never anything else, never much memory."""
    path = gguf(tmp_path_factory.mktemp("gguf") / "m.gguf", pairs=((b"general.name", b"x"),))
    raw = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(raw) - 1))
    raw[place] = data.draw(st.integers(0, 255))
    path.write_bytes(bytes(raw[: data.draw(st.integers(0, len(raw)))]))
    try:
        gguf_header.read(path)
    except ModelError as error:
        assert "fetch it again" in str(error)


def test_the_tiny_model_is_small_and_its_bytes_depend_on_the_seed_alone(tmp_path):
    one, same, other = (
        resolve(str(tiny.make(tmp_path / n, s))) for n, s in (("a", 0), ("b", 0), ("c", 1))
    )
    assert one.digest == same.digest != other.digest
    assert sum(p.stat().st_size for p in (tmp_path / "a").iterdir()) < 1 << 20


def test_a_gguf_head_of_gigabytes_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "long.gguf"
    array = struct.pack("<Q", 1) + b"a" + struct.pack("<IIQ", 9, 0, 2 << 30)
    with path.open("wb") as out:
        out.write(b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + array)
        out.truncate(3 << 30)  # sparse: the promise fits in the file

    with pytest.raises(ModelError, match="longer than the file, or than any vocabulary"):
        gguf_header.read(path)

    with path.open("r+b") as out:
        out.write(b"GGUF" + struct.pack("<IQQ", 3, 0, 1) + struct.pack("<Q", 2 << 30))
    with pytest.raises(ModelError, match="its head is longer than 100 MiB"):
        gguf_header.read(path)

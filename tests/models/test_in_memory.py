"""Weights in memory: an engine on them computes what it computes from a folder, bit for bit."""

import json
import mmap
import shutil

import numpy as np
import pytest

from tenure.errors import ModelError, UsageError
from tenure.models import convert, gguf_header, in_memory, tensors, tiny
from tenure.models.in_memory import Array, Held

pytestmark = [pytest.mark.local, pytest.mark.slow]
ROWS = [[7, 99, 200, 3, 42, 11], [1, 1, 2, 3, 5, 8]]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """A model whose head is its embedding, and one that has its own."""
    base = tmp_path_factory.mktemp("two")
    tied, apart = tiny.make(base / "tied"), base / "apart"
    shutil.copytree(tied, apart)
    config = json.loads((apart / "config.json").read_text())
    (apart / "config.json").write_text(json.dumps({**config, "tie_word_embeddings": False}))
    found = dict(tensors.read(tied))
    found["lm_head.weight"] = found["model.embed_tokens.weight"][::-1]
    tensors.write(apart / "model.safetensors", found)
    return {"tied": tied, "apart": apart}


def lying(data):
    memory = mmap.mmap(-1, len(data))
    memory[:] = data
    return memory


def held(folder, small, change=lambda arrays: arrays):
    """A folder's weights in memory; its other files alone lie in ``small``."""
    small.mkdir()
    for path in folder.iterdir():
        if path.suffix != ".safetensors":
            shutil.copy(path, small)
    memory = lying((folder / "model.safetensors").read_bytes())
    arrays = in_memory.of_safetensors(memory, "model.safetensors")
    return Held(folder=small, form="safetensors-bf16", arrays=change(arrays))


@pytest.mark.parametrize("name", ["tied", "apart"])
def test_the_same_logits_as_from_a_folder_and_no_copy(folders, name, tmp_path):
    from tenure.models.engines.torch import Torch

    mine = held(folders[name], tmp_path / "small")
    engine, other = in_memory.open_held(mine, "torch"), Torch(folders[name])

    for here, there in zip(engine.logits(ROWS), other.logits(ROWS), strict=True):
        assert here.tobytes() == there.tobytes()
    assert np.abs(engine.logits(ROWS)[0]).max() > 0.1
    assert engine.form == other.form
    model = engine._model
    begin = np.frombuffer(mine.arrays["model.norm.weight"].memory, "u1").ctypes.data
    array = mine.arrays["model.embed_tokens.weight"]
    assert model.model.embed_tokens.weight.data_ptr() == begin + array.at
    same = model.lm_head.weight.data_ptr() == model.model.embed_tokens.weight.data_ptr()
    assert same == (name == "tied")
    assert engine._ends() == other._ends()


def test_a_tensor_that_is_missing_or_of_another_shape_is_refused(folders, tmp_path):
    def without(arrays):
        return {n: a for n, a in arrays.items() if n != "model.norm.weight"}

    def turned(arrays):
        name = "model.layers.0.mlp.up_proj.weight"
        was = arrays[name]
        return {**arrays, name: Array(was.dtype, was.shape[::-1], was.memory, was.at, was.bytes)}

    with pytest.raises(ModelError, match=r"the first is model\.norm\.weight; nothing was opened"):
        in_memory.open_held(held(folders["tied"], tmp_path / "a", without), "torch")
    with pytest.raises(ModelError, match=r"do not fit the model's config\.json"):
        in_memory.open_held(held(folders["tied"], tmp_path / "b", turned), "torch")


def test_a_tensor_that_lies_askew_is_read_right(folders, tmp_path):
    def askew(arrays):
        was = arrays["model.norm.weight"]
        memory = lying(b"x" + was.memory[was.at : was.at + was.bytes])
        moved = Array(was.dtype, was.shape, memory, 1, was.bytes)
        return {**arrays, "model.norm.weight": moved}

    straight = in_memory.open_held(held(folders["tied"], tmp_path / "a"), "torch")
    moved = in_memory.open_held(held(folders["tied"], tmp_path / "b", askew), "torch")
    assert moved.logits(ROWS)[0].tobytes() == straight.logits(ROWS)[0].tobytes()


def test_a_gguf_file_in_memory_gives_what_a_converted_folder_holds(folders, tmp_path):
    gguf = convert.to_gguf(folders["tied"], tmp_path / "tiny.gguf", "Q8_0")
    wanted = convert.to_safetensors(gguf, tmp_path / "folder")
    memory = lying(gguf.read_bytes())

    header = gguf_header.read_from(memory, len(memory), "tiny.gguf")
    found = in_memory.of_gguf(memory, header, tmp_path / "small")

    data = lying((wanted / "model.safetensors").read_bytes())
    expected = in_memory.of_safetensors(data, "model.safetensors")
    assert found.keys() == expected.keys()
    for name, array in found.items():
        other = expected[name]
        assert (array.dtype, array.shape) == (other.dtype, other.shape)
        assert array.memory[array.at : array.at + array.bytes] == data[other.at : other.at + other.bytes]  # fmt: skip
    small = {path.name: path.read_bytes() for path in (tmp_path / "small").iterdir()}
    folder = {p.name: p.read_bytes() for p in wanted.iterdir() if p.suffix != ".safetensors"}
    assert small == folder


def test_only_the_files_that_are_the_model_are_chosen(tmp_path):
    assert in_memory.shards(tmp_path, ["a.safetensors", "model.safetensors"]) == [in_memory.ONE]
    assert in_memory.shards(tmp_path, ["x.gguf"]) == ["x.gguf"]
    for names in ([], ["a.safetensors", "b.safetensors"], ["x.gguf", "y.gguf"]):
        with pytest.raises(ModelError, match="tenure revive NAME --to FOLDER"):
            in_memory.shards(tmp_path, names)
    index = tmp_path / in_memory.INDEX
    index.write_text(json.dumps({"weight_map": {"t": "b.safetensors", "u": "a.safetensors"}}))
    both = ["a.safetensors", "b.safetensors", "c.safetensors"]
    assert in_memory.shards(tmp_path, both) == both[:2]
    for said in ({"weight_map": {"t": "gone.safetensors"}}, {"weight_map": 7}, []):
        index.write_text(json.dumps(said))
        with pytest.raises(ModelError):
            in_memory.shards(tmp_path, both)


def test_an_engine_that_opens_files_alone_says_so_and_what_does():
    with pytest.raises(UsageError, match=r"takes by its path.*\(torch\).*--to FOLDER"):
        in_memory.need("cpu")
    with pytest.raises(UsageError, match="kind scripted"):
        in_memory.need("scripted")
    with pytest.raises(UsageError, match="no engine named 'torhc'"):
        in_memory.need("torhc")

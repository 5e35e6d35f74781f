"""One artefact, several forms: exact, the same bytes again, nothing half-made."""

import json

import numpy as np
import pytest

from tenure.errors import ModelError
from tenure.models import convert, embedded, gguf_header, tensors, vocabulary
from tenure.models.fingerprint import files_of

pytestmark = pytest.mark.local


def weights_of(folder):
    return dict(tensors.read(folder))


SMALLEST = 2.0**-14  # below it F16 has fewer bits than bf16


def test_there_and_back_every_weight_of_ordinary_size_is_the_same(tiny_folder, tmp_path):
    made = convert.to_gguf(tiny_folder, tmp_path / "tiny.gguf")
    back = convert.to_safetensors(made, tmp_path / "back")
    one, other = weights_of(tiny_folder), weights_of(back)
    assert one.keys() == other.keys()
    for name in one:
        ordinary = np.abs(one[name]) >= SMALLEST
        assert np.array_equal(one[name][ordinary], other[name][ordinary])
        assert np.abs(one[name] - other[name]).max() <= 2.0**-25
    said = [json.loads((f / "config.json").read_text()) for f in (tiny_folder, back)]
    assert all(
        said[1][k] == v for k, v in said[0].items() if k not in ("architectures", "pad_token_id")
    )


def test_the_tokenizer_survives_the_way_through_gguf(tiny_folder, tmp_path):
    from tokenizers import Tokenizer

    back = convert.to_safetensors(
        convert.to_gguf(tiny_folder, tmp_path / "t.gguf"), tmp_path / "back"
    )
    one, other = (Tokenizer.from_file(str(f / "tokenizer.json")) for f in (tiny_folder, back))
    for text in ("Hello, world 123!", "<|im_start|>user\nx<|im_end|>", "é漢\n\t  x", ""):
        assert one.encode(text).ids == other.encode(text).ids
        assert other.decode(other.encode(text).ids, skip_special_tokens=False) == text


def test_the_same_input_gives_the_same_bytes(tiny_folder, tmp_path):
    one, other = (
        files_of(convert.to_gguf(tiny_folder, tmp_path / n / "m.gguf"))
        for n in "ab"
        if not (tmp_path / n).mkdir()
    )
    assert one == other
    first, second = (
        files_of(convert.to_safetensors(tmp_path / "a" / "m.gguf", tmp_path / n)) for n in "cd"
    )
    assert first == second


def test_gguf_py_and_openvino_read_what_was_written(tiny_folder, tmp_path):
    from gguf import GGUFReader

    made = convert.to_gguf(tiny_folder, tmp_path / "tiny.gguf", "Q8_0")
    theirs = {
        t.name: (t.tensor_type.name, tuple(int(x) for x in t.shape))
        for t in GGUFReader(made).tensors
    }
    ours = {n: (t.type, t.shape) for n, t in gguf_header.read(made).tensors.items()}
    assert ours == theirs


def test_the_embedded_model_is_dequantised_as_transformers_does_it(tmp_path):
    """Weights, tokens and config; transformers takes half a minute for what takes us three seconds."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    source = embedded.find()
    found = convert.to_safetensors(source, tmp_path / "ours")
    model = AutoModelForCausalLM.from_pretrained(
        source.parent, gguf_file=source.name, dtype="bfloat16"
    )
    theirs = {
        n: p.float().detach().numpy()
        for n, p in model.state_dict().items()
        if n != "lm_head.weight"
    }
    ours = weights_of(found)
    assert ours.keys() == theirs.keys()
    assert all(np.array_equal(ours[name], theirs[name]) for name in ours)
    one = AutoTokenizer.from_pretrained(source.parent, gguf_file=source.name)
    other = AutoTokenizer.from_pretrained(found)
    for text in ("What is 17 + 25, or 2026?", "Déjà vu: 漢字 <|im_end|>\n\n", " a  b"):
        assert (
            one(text, add_special_tokens=False)["input_ids"]
            == other(text, add_special_tokens=False)["input_ids"]
        )


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"model_type": "gpt_bigcode"}, "not llama"),
        ({"attention_bias": True}, "biases"),
        ({"rope_parameters": {"rope_type": "llama3"}}, "llama3"),
        ({"quantization_config": {"bits": 4}}, "quantised already"),
    ],
)
def test_what_cannot_be_gguf_says_why(tiny_folder, tmp_path, change, said):
    import shutil

    folder = shutil.copytree(tiny_folder, tmp_path / "m")
    config = json.loads((folder / "config.json").read_text()) | change
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(ModelError, match=said):
        convert.to_gguf(folder, tmp_path / "m.gguf")
    assert not list(tmp_path.glob("*.gguf*"))


def test_an_unknown_split_is_refused_because_it_would_go_unnoticed(tiny_folder):
    spelled = json.loads((tiny_folder / "tokenizer.json").read_text())
    spelled["pre_tokenizer"] = {"type": "Whitespace"}
    with pytest.raises(ModelError, match="byte-level kinds"):
        vocabulary.gguf_tokenizer(spelled, 259)
    with pytest.raises(ModelError, match="split 'mystery'"):
        vocabulary.tokenizer_json({"tokenizer.ggml.model": "gpt2", "tokenizer.ggml.pre": "mystery"})


def test_a_conversion_that_fails_leaves_nothing_and_a_second_one_finds_the_first(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("TENURE_CACHE", str(tmp_path))

    def fails(folder):
        (folder / "half").write_text("x")
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        convert.cached("sha256:ab", "form", fails)
    assert not [p for p in tmp_path.rglob("*") if p.is_file()]
    place = convert.cached("sha256:ab", "form", lambda folder: (folder / "whole").write_text("x"))
    assert convert.cached("sha256:ab", "form", fails) == place
    assert [p.name for p in place.iterdir()] == ["whole"]

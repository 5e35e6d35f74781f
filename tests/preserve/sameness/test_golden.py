"""The golden answers: the same from the same weights, different from others, portable."""

import json
import struct
import subprocess
import sys

import numpy as np
import pytest

from tenure.dossier import Model
from tenure.errors import EngineError, UsageError
from tenure.models import tiny
from tenure.models.fingerprint import files_of
from tenure.preserve.in_vault import numpy_reference as reference
from tenure.preserve.kit import layout, machine
from tenure.preserve.levels.g1 import tokens
from tenure.preserve.sameness import golden
from tenure.preserve.sameness.golden import Level

PROMPTS = [[1, 5, 9, 200, 258], [7], [3, 3, 3, 3, 77, 12]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tiny.make(tmp_path_factory.mktemp("tiny"))


def rewrite(source, target, change):
    """Copy a tiny model with one table changed."""
    tiny.make(target)
    path, start, kind, shape = reference.safetensors_tables(target / "model.safetensors")[
        "model.norm.weight"
    ]
    data = bytearray(path.read_bytes())
    assert kind == "BF16"
    values = change(np.frombuffer(data, "<u2", count=shape[0], offset=start).copy())
    data[start : start + values.nbytes] = values.tobytes()
    path.write_bytes(data)
    return target


def test_the_answers_do_not_depend_on_how_prompts_are_grouped(folder):
    together = reference.golden(folder, PROMPTS)["answers"]
    alone = [reference.golden(folder, [ids])["answers"][0] for ids in PROMPTS]

    assert together == alone
    assert reference.compare(folder, {"answers": alone}) == []


def test_the_smallest_change_of_one_weight_is_seen(folder, tmp_path):
    def nudge(values):
        values[3] ^= 1  # the last bit of one bf16 weight
        return values

    changed = rewrite(folder, tmp_path / "changed", nudge)

    assert len(reference.compare(changed, reference.golden(folder, PROMPTS))) == len(PROMPTS)


def test_what_is_within_a_hair_of_a_rounding_edge_is_masked():
    logits = np.array([[0.00015, 0.00014, 0.3]])
    moved = logits + np.array([[1e-12, 0, 0]])

    assert reference.edges(logits) == reference.edges(moved) == [0]
    assert reference.rounded(logits, [0]) == reference.rounded(moved, [0])
    assert reference.rounded(logits, []) != reference.rounded(moved, [])


@pytest.mark.slow
def test_the_program_runs_alone_from_the_vault(folder, tmp_path):
    script = tmp_path / "numpy_reference.py"
    script.write_bytes(layout.environment()["env/numpy_reference.py"])
    (tmp_path / "G2.json").write_text(json.dumps(reference.golden(folder, PROMPTS)))

    def run(*arguments):
        return subprocess.run(
            [sys.executable, "-I", script, folder, *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )

    assert run("check", tmp_path / "G2.json").stdout.startswith("the same: 3 prompts")
    best = reference.golden(folder, PROMPTS)["answers"][0]["top5"]
    assert run("next", "5", *map(str, PROMPTS[0])).stdout.split() == [str(i) for i, _ in best]


def test_what_the_program_does_not_know_is_refused_by_name(folder, tmp_path):
    config = json.loads((folder / "config.json").read_text())
    for change, word in (
        ({"architectures": ["MambaForCausalLM"]}, "Mamba"),
        ({"rope_scaling": {"rope_type": "llama3"}}, "llama3"),
        ({"architectures": ["MixtralForCausalLM"]}, "no portable reference for .*Mixtral"),
        ({"hidden_act": "gelu"}, "SiLU"),
    ):
        with pytest.raises(reference.UnsupportedError, match=word):
            reference.read_config({**config, **change})
    with pytest.raises(reference.UnsupportedError, match="expected config"):
        reference.Weights(tmp_path)
    made = golden.make(tmp_path, Model(name="empty", source=str(tmp_path)), "G2")
    assert set(made) == {"G1", "G2"}
    assert all("not available" in value for value in made.values())


@pytest.mark.parametrize("kind", ["Q4_0", "Q4_1", "Q8_0"])
def test_quantised_blocks_are_unpacked_by_their_formula(kind):
    codes = np.arange(32) * 7 % 16 if kind != "Q8_0" else np.arange(32) - 16
    scale, offset = 0.5, -3.0
    raw = struct.pack("<e", scale) + (struct.pack("<e", offset) if kind == "Q4_1" else b"")
    raw += (
        codes.astype(np.int8).tobytes()
        if kind == "Q8_0"
        else (codes[:16] | codes[16:] << 4).astype(np.uint8).tobytes()
    )

    expected = {"Q4_0": scale * (codes - 8), "Q4_1": scale * codes + offset, "Q8_0": scale * codes}[
        kind
    ]
    assert reference.unpack(raw, kind).tolist() == expected.tolist()


def test_the_level_reached_stops_below_what_differs():
    same = [Level(level=name, outcome="same") for name in golden.LEVELS]
    skipped = Level(level="G1", outcome="not tried")
    differs = Level(level="G2", outcome="differs")

    assert golden.reached(same) == golden.LEVELS[-1]
    assert golden.reached([same[0], skipped, same[2]]) == "G2"
    assert golden.reached([same[0], same[1], differs, same[3]]) == "G1"
    assert golden.reached([]) is None
    with pytest.raises(UsageError, match="there are: G0, G1, G2, G3, G4, G5"):
        golden.upto("G9")


def test_every_level_is_a_file_that_says_what_it_means():
    assert golden.LEVELS == ("G0", "G1", "G2", "G3", "G4", "G5")
    for name in golden.LEVELS[1:]:
        kind = golden.kind(name)
        assert kind.name == name
        assert kind.means
    levels = [Level(level="G0", outcome="same"), Level(level="G1", outcome="not tried", why="w")]
    levels.append(Level(level="G2", outcome="same"))
    said = golden.met([{"level": each.level, "outcome": each.outcome} for each in levels])
    assert said == f"{golden.BYTES}; {golden.means('G2')}"  # what was skipped is not among it
    assert golden.why_not_higher(levels) == "G1 not tried: w"


def test_another_stack_is_told_apart():
    here = machine.stack()

    assert machine.differences(here, here) == []
    assert machine.differences({**here, "torch": "0.1"}, {**here, "torch": "0.2"}) == [
        "torch 0.1 then, 0.2 now"
    ]


@pytest.mark.local
def test_the_reference_agrees_with_transformers(folder):
    import torch
    from transformers import AutoModelForCausalLM

    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    ours = reference.forward(reference.Weights(folder), PROMPTS)

    for ids, logits in zip(PROMPTS, ours, strict=True):
        with torch.inference_mode():
            theirs = model(torch.tensor([ids])).logits[0].double().numpy()
        assert np.abs(theirs - logits).max() < 1e-3
        assert (theirs.argmax(-1) == logits.argmax(-1)).all()


@pytest.mark.local
@pytest.mark.parametrize("kind", ["F16", "Q8_0"])
def test_gguf_is_read_as_safetensors_are(folder, tmp_path, kind):
    from tenure.models import convert

    convert.to_gguf(folder, tmp_path / "model.gguf", kind)

    packed = reference.forward(reference.Weights(tmp_path), PROMPTS)
    plain = reference.forward(reference.Weights(folder), PROMPTS)

    # F16 holds these weights to the last bit but the config's epsilon is a float32 there.
    far = 0.5 if kind == "Q8_0" else 1e-3
    assert max(np.abs(a - b).max() for a, b in zip(packed, plain, strict=True)) < far


@pytest.mark.local
def test_templates_are_filled_in_as_transformers_does(folder):
    from transformers import AutoTokenizer

    theirs = AutoTokenizer.from_pretrained(folder)
    made = tokens(folder)

    for each in made["conversations"]:
        rendered = theirs.apply_chat_template(
            each["messages"], tokenize=False, add_generation_prompt=True
        )
        assert each["rendered"] == rendered
        assert each["ids"] == theirs(rendered, add_special_tokens=False)["input_ids"]
    for each in made["texts"]:
        assert each["ids"] == theirs(each["text"], add_special_tokens=False)["input_ids"]


@pytest.mark.local
def test_every_level_comes_back_and_each_difference_is_named(folder, tmp_path):
    model = Model(name="tulip", source=str(folder), files=files_of(folder))
    for name, value in golden.make(folder, model, "G3").items():
        (tmp_path / f"{name}.json").write_bytes(layout.text(value))

    def again():
        return {name: check() for name, check in golden.again(folder, tmp_path, model, "G3")}

    def change(name, edit):
        kept = json.loads((tmp_path / f"{name}.json").read_text())
        edit(kept)
        (tmp_path / f"{name}.json").write_text(json.dumps(kept))

    assert [level.outcome for level in again().values()] == ["same"] * 3
    change("G1", lambda kept: kept["texts"][0]["ids"].append(1))
    change("G2", lambda kept: kept["answers"][1].update(sha256="0" * 64))
    change("G3", lambda kept: kept["answers"][0]["reply"].update(text="something else"))
    found = again()
    assert {level.outcome for level in found.values()} == {"differs"}
    assert (found["G1"].why, found["G3"].why) == ("texts 0", "reply 0")
    assert found["G2"].why.startswith("prompt 1")
    change("G3", lambda kept: kept["stack"].update(torch="0.1"))
    found = again()["G3"]
    assert found.outcome == "not tried"
    assert found.why.startswith("another stack: torch 0.1 then")
    (tmp_path / "G1.json").unlink()
    assert again()["G1"].why == "nothing was kept for this level"


def test_a_model_without_a_template_is_said_so(folder, tmp_path):
    pytest.importorskip("tokenizers", reason="[local]")
    from tenure.preserve.sameness.tokens import Tokenizer

    tiny.make(tmp_path)
    (tmp_path / "tokenizer_config.json").unlink()
    with pytest.raises(EngineError, match="no chat template"):
        Tokenizer(tmp_path).render([])

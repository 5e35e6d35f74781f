"""G4 and G5, and which level notices which change of a model."""

import shutil

import numpy as np
import pytest

from tenure.dossier import Model
from tenure.errors import EngineError
from tenure.models import tiny
from tenure.models.fingerprint import files_of
from tenure.preserve.in_vault import numpy_reference as reference
from tenure.preserve.kit import layout
from tenure.preserve.levels import g4
from tenure.preserve.sameness import drift, golden

pytestmark = pytest.mark.local


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A tiny model and its golden answers up to G4."""
    base = tmp_path_factory.mktemp("levels")
    folder = tiny.make(base / "tulip")
    model = Model(name="tulip", source=str(folder), files=files_of(folder))
    (base / "golden").mkdir()
    found = golden.make(folder, model, "G4")
    for name, value in found.items():
        (base / "golden" / f"{name}.json").write_bytes(layout.text(value))
    return base, found


def outcomes(base, folder):
    model = Model(name="other", source=str(folder), files=files_of(folder))
    return {n: do() for n, do in golden.again(folder, base / "golden", model, "G4")}


def test_the_envelope_says_where_it_comes_from(made):
    base, found = made
    kept = found["G4"]

    assert {(m["dtype"], m["threads"], m["batch"]) for m in kept["measured"]} >= {
        ("bfloat16", 1, 1),
        ("bfloat16", 1, 8),
        ("float32", 1, 2),
    }
    worst = max(m["max_dlogit"] for m in kept["measured"])
    assert kept["limits"]["max_dlogit"] == drift.FACTOR * worst > 0.01
    assert kept["rule"] == drift.RULE
    again = outcomes(base, base / "tulip")
    assert {level.outcome for level in again.values()} == {"same"}
    assert again["G4"].figures["bit_identical"] is True


def test_another_model_lies_outside_the_envelope(made, tmp_path):
    base, _ = made

    found = outcomes(base, tiny.make(tmp_path / "other", seed=1))

    assert {n: level.outcome for n, level in found.items()} == {
        "G1": "same",
        "G2": "differs",
        "G3": "differs",
        "G4": "differs",
    }
    assert "max_dlogit" in found["G4"].why


def test_one_bit_of_one_weight_is_seen_by_g2_and_not_by_g4(made, tmp_path):
    base, _ = made
    folder = shutil.copytree(base / "tulip", tmp_path / "nudged")
    path, start, _, _ = reference.safetensors_tables(folder / "model.safetensors")[
        "model.layers.1.mlp.up_proj.weight"
    ]
    data = bytearray(path.read_bytes())
    data[start] ^= 1
    path.write_bytes(data)

    found = outcomes(base, folder)

    assert (found["G1"].outcome, found["G2"].outcome) == ("same", "differs")
    assert found["G4"].outcome == "same"  # an envelope is for stacks, not for weights


def test_another_tokenizer_or_template_is_seen_by_g1_alone(made, tmp_path):
    base, _ = made
    for number, (name, old, new) in enumerate(
        (
            ("tokenizer_config.json", "<|im_start|>assistant", "<|im_start|>model"),
            ("tokenizer.json", '"a": 97', '"a": 98'),
        )
    ):
        folder = shutil.copytree(base / "tulip", tmp_path / str(number))
        text = (folder / name).read_text()
        assert old in text
        (folder / name).write_text(
            text.replace(old, new).replace('"b": 98', '"b": 97' if "98" in new else '"b": 98')
        )
        found = outcomes(base, folder)
        assert (found["G1"].outcome, found["G2"].outcome) == ("differs", "same")


def test_without_token_ids_there_is_no_envelope(made):
    base, _ = made
    asked = golden.Asked(folder=base / "tulip", model=Model(name="t", source=str(base / "tulip")))

    with pytest.raises(EngineError, match="no token ids"):
        g4.rows(asked)


def test_the_sketch_measures_what_was_put_in():
    rng = np.random.default_rng(0)
    was = [rng.normal(size=(5, 300)).astype(np.float32)]
    moved = [was[0].copy()]
    moved[0][2, int(was[0][2].argmax())] -= 9

    kept = drift.sketch(was)
    assert drift.measured(kept, was)["max_dlogit"] < 1e-5
    assert drift.measured(kept, was)["max_kl"] < 1e-9
    found = drift.measured(kept, moved)
    assert found["max_dlogit"] == pytest.approx(9, abs=1e-4)
    assert found["top1_changed"] == 1
    first, second = (np.exp(x[0][2].astype(float)) for x in (was, moved))
    exact = (first / first.sum() * np.log(first / first.sum() / (second / second.sum()))).sum()
    assert 0.9 * exact < found["max_kl"] <= exact * 1.0001  # a coarser distribution, never above it
    with pytest.raises(ValueError, match="longer"):
        drift.measured(kept[1:], was)

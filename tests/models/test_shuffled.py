"""Weights shuffled within each tensor: the same numbers, nothing learnt, never to be used."""

import numpy as np
import pytest

from tenure.dossier import Dossier
from tenure.errors import UsageError
from tenure.models import convert, gguf_header, register, shuffled, tensors, tiny, weights

pytestmark = pytest.mark.slow


def test_every_tensor_keeps_its_values_in_another_order(tmp_path):
    tiny.make(tmp_path / "own")
    (tmp_path / "other").mkdir()
    name = "model.safetensors"
    shuffled.shuffle(tmp_path / "own" / name, tmp_path / "other" / name, seed=3)
    before, after = (dict(tensors.read(tmp_path / side)) for side in ("own", "other"))

    assert before.keys() == after.keys()
    for key, values in before.items():
        assert np.array_equal(np.sort(values.ravel()), np.sort(after[key].ravel())), key
        # A tensor of ones looks alike in any order.
        assert np.ptp(values) == 0 or not np.array_equal(values, after[key]), key


def test_blocks_of_a_quantised_file_change_places(tmp_path):
    tiny.make(tmp_path / "own")
    own = convert.to_gguf(tmp_path / "own", tmp_path / "own.gguf", "F16")
    other = shuffled.shuffle(own, tmp_path / "other.gguf", seed=1)

    assert weights.check(other) == weights.check(own)
    assert own.read_bytes() != other.read_bytes()
    start = gguf_header.read(own).start
    assert own.read_bytes()[:start] == other.read_bytes()[:start]
    assert sorted(own.read_bytes()[start:]) == sorted(other.read_bytes()[start:])


def test_the_control_is_contained_and_its_seed_makes_it_again(tmp_path):
    tiny.make(tmp_path / "own")
    with Dossier.open(tmp_path / "dossier", keys=tmp_path / "keys") as dossier:
        model = register(dossier, str(tmp_path / "own"), "own")
        made = []
        for _ in range(2):
            with dossier.emitter(model.id, "retire/interview") as emit:
                made.append(shuffled.make(model, dossier.view(), emit, 5))

        assert made[0].digest == made[1].digest != model.digest
        assert dossier.view().state(made[0].id).containment == "control"


def test_a_model_without_weights_has_no_such_control(tmp_path):
    with Dossier.open(tmp_path / "dossier", keys=tmp_path / "keys") as dossier:
        model = register(dossier, "organism/declines", "script")
        with (
            dossier.emitter(model.id, "retire/interview") as emit,
            pytest.raises(UsageError, match="no weights here to shuffle"),
        ):
            shuffled.make(model, dossier.view(), emit)

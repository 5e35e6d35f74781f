"""The portable reference against transformers, for every family of models it says it knows."""

import json

import numpy as np
import pytest

from tenure.preserve.in_vault import numpy_reference as reference

PROMPTS = [[1, 5, 9, 100, 77], [7], [3, 3, 3, 3, 77, 12]]
SMALL = {
    "vocab_size": 128,
    "hidden_size": 48,
    "intermediate_size": 80,
    "num_hidden_layers": 2,
    "num_attention_heads": 6,
    "num_key_value_heads": 2,
    "max_position_embeddings": 64,
}
FAMILIES = {
    "Llama": {"tie_word_embeddings": True},
    "Llama, with biases": {"attention_bias": True, "mlp_bias": True},
    "Mistral": {"sliding_window": 32},
    "Qwen2": {"tie_word_embeddings": True, "rms_norm_eps": 1e-6},
    "Qwen3": {"head_dim": 16, "rms_norm_eps": 1e-6},
}

pytestmark = pytest.mark.local


def make(folder, name, **more):
    """Save a random model of a family as float32, every table drawn anew, biases and norms too."""
    import torch
    import transformers

    family = name.partition(",")[0]
    config = getattr(transformers, f"{family}Config")(**{**SMALL, **FAMILIES[name], **more})
    model = getattr(transformers, f"{family}ForCausalLM")(config).float()
    torch.manual_seed(3)
    for parameter in model.parameters():
        torch.nn.init.normal_(parameter, 0.5 if parameter.ndim == 1 else 0.0, 0.2)
    model.save_pretrained(folder)
    return model.eval()


@pytest.mark.parametrize("name", FAMILIES)
def test_logits_are_those_of_transformers(name, tmp_path):
    import torch

    model = make(tmp_path, name)
    ours = reference.forward(reference.Weights(tmp_path), PROMPTS)

    for ids, logits in zip(PROMPTS, ours, strict=True):
        with torch.inference_mode():
            theirs = model(torch.tensor([ids])).logits[0].double().numpy()
        assert np.abs(theirs - logits).max() < 1e-4
        assert np.abs(logits).max() > 0.1


def test_a_prompt_beyond_the_window_is_refused(tmp_path):
    make(tmp_path, "Mistral", sliding_window=4)

    assert reference.forward(reference.Weights(tmp_path), [[1, 2, 3, 4]])
    with pytest.raises(reference.UnsupportedError, match="window of 4"):
        reference.forward(reference.Weights(tmp_path), PROMPTS)


def test_a_table_that_nothing_was_computed_with_is_refused(tmp_path):
    make(tmp_path, "Qwen3")
    config = json.loads((tmp_path / "config.json").read_text())
    config["num_hidden_layers"] = 1  # as if the arithmetic knew of one layer only
    (tmp_path / "config.json").write_text(json.dumps(config))

    with pytest.raises(reference.UnsupportedError, match="tables have no place here"):
        reference.forward(reference.Weights(tmp_path), PROMPTS)

"""A byte-level BPE tokenizer in two spellings: ``tokenizer.json`` and GGUF metadata.

GGUF names the way text is split before merging by one word (``tokenizer.ggml.pre``); only the
words below are known. Another one is refused: a wrong split would go unnoticed.
"""

from collections.abc import Mapping
from typing import Any

from tenure.errors import ModelError

BYTE_LEVEL = {
    "type": "ByteLevel",
    "add_prefix_space": False,
    "trim_offsets": True,
    "use_regex": True,
}
SPLITS: dict[str, dict[str, Any]] = {
    "smollm": {
        "type": "Sequence",
        "pretokenizers": [{"type": "Digits", "individual_digits": True}, BYTE_LEVEL],
    },
    "gpt-2": BYTE_LEVEL,
}
NORMAL, CONTROL, USER = 1, 3, 4
FLAGS = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)


def tokenizer_json(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Spell GGUF tokenizer metadata as ``tokenizer.json``.

    Raises:
        ModelError: not byte-level BPE, or an unknown split.
    """
    kind, split = metadata.get("tokenizer.ggml.model"), metadata.get("tokenizer.ggml.pre", "gpt-2")
    if kind != "gpt2" or split not in SPLITS:
        raise ModelError(
            f"the tokenizer is '{kind}' with the split '{split}'; only gpt2 with {', '.join(SPLITS)} can be "
            "converted; give the model's folder of safetensors instead"
        )
    tokens = metadata.get("tokenizer.ggml.tokens", [])
    types = metadata.get("tokenizer.ggml.token_type", [NORMAL] * len(tokens))
    added = [
        {"id": place, "content": token, "special": kind == CONTROL, **FLAGS}
        for place, (token, kind) in enumerate(zip(tokens, types, strict=False))
        if kind in (CONTROL, USER)
    ]
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": added,
        "normalizer": None,
        "pre_tokenizer": SPLITS[split],
        "post_processor": None,
        "decoder": BYTE_LEVEL,
        "model": {
            "type": "BPE",
            "dropout": None,
            "unk_token": None,
            "continuing_subword_prefix": None,
            "end_of_word_suffix": None,
            "fuse_unk": False,
            "byte_fallback": False,
            "ignore_merges": False,
            "vocab": {token: place for place, token in enumerate(tokens)},
            "merges": [merge.split(" ", 1) for merge in metadata.get("tokenizer.ggml.merges", ())],
        },
    }


def tokenizer_config(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """Spell the special tokens and the chat template as ``tokenizer_config.json``."""
    tokens = metadata["tokenizer.ggml.tokens"]
    named = {"bos": "bos_token", "eos": "eos_token", "unknown": "unk_token", "padding": "pad_token"}
    found = {
        name: tokens[metadata[f"tokenizer.ggml.{key}_token_id"]]
        for key, name in named.items()
        if f"tokenizer.ggml.{key}_token_id" in metadata
    }
    template = metadata.get("tokenizer.chat_template")
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "clean_up_tokenization_spaces": False,
        "model_max_length": metadata[f"{metadata['general.architecture']}.context_length"],
        **found,
        **({"chat_template": template} if template else {}),
    }


def gguf_tokenizer(spelled: Mapping[str, Any], size: int) -> dict[str, Any]:
    """Spell ``tokenizer.json`` as GGUF metadata: pre, tokens, types and merges.

    ``size`` is the model's vocabulary; places without a token are filled with unused ones.

    Raises:
        ModelError: not byte-level BPE, or a split that GGUF has no word for.
    """
    model = spelled["model"]
    split = next(
        (word for word, way in SPLITS.items() if _same(spelled.get("pre_tokenizer"), way)), None
    )
    if model.get("type") != "BPE" or split is None or spelled.get("normalizer"):
        raise ModelError(
            "this tokenizer is not one of the byte-level kinds that can be written as GGUF "
            f"({', '.join(SPLITS)}); use the engine 'torch' for this model"
        )
    tokens = [f"[unused{place}]" for place in range(size)]
    types = [NORMAL] * size
    for token, place in model["vocab"].items():
        tokens[place] = token
    for token in spelled.get("added_tokens", ()):
        tokens[token["id"]] = token["content"]
        types[token["id"]] = CONTROL if token["special"] else USER
    merges = [m if isinstance(m, str) else " ".join(m) for m in model["merges"]]
    return {"pre": split, "tokens": tokens, "types": types, "merges": merges}


def _same(one: object, other: object) -> bool:
    """Compare splits; fields that change nothing (trim_offsets) are left out."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        keys = (set(one) | set(other)) - {"trim_offsets"}
        defaults = {"use_regex": True}
        return all(_same(one.get(k, defaults.get(k)), other.get(k, defaults.get(k))) for k in keys)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(_same(a, b) for a, b in zip(one, other, strict=True))
    return one == other

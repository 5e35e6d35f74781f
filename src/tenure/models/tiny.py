"""A random two-layer Llama of a few hundred kilobytes: real code paths, no meaning.

Written without torch: numpy draws the weights, the files are laid out by hand, so the same seed
gives the same digest with any library version.
"""

import json
import struct
from pathlib import Path

import numpy as np

HIDDEN, LAYERS, HEADS, KV_HEADS, INNER, CONTEXT = 64, 2, 4, 2, 128, 4096
SPECIALS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
TEMPLATE = (
    "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] "
    "+ '<|im_end|>' + '\n'}}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
CONFIG = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": HIDDEN,
    "intermediate_size": INNER,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": HEADS,
    "num_key_value_heads": KV_HEADS,
    "head_dim": HIDDEN // HEADS,
    "max_position_embeddings": CONTEXT,
    "rms_norm_eps": 1e-5,
    "rope_theta": 10000.0,
    "hidden_act": "silu",
    "vocab_size": 256 + len(SPECIALS),
    "tie_word_embeddings": True,
    "bos_token_id": 256,
    "eos_token_id": 258,
    "pad_token_id": 256,
    "dtype": "bfloat16",
}


def byte_alphabet() -> dict[int, str]:
    """Map each byte to the printable character that byte-level tokenizers write for it."""
    shown = [*range(33, 127), *range(161, 173), *range(174, 256)]
    table = {byte: chr(byte) for byte in shown}
    hidden = (byte for byte in range(256) if byte not in table)
    table.update({byte: chr(256 + place) for place, byte in enumerate(hidden)})
    return table


def make(folder: Path, seed: int = 0) -> Path:
    """Write the model into a folder (config, weights in bf16, tokenizer with chat template).

    Returns the folder. The bytes depend on ``seed`` alone; about 0.2 MB.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _json(folder / "config.json", CONFIG)
    _json(
        folder / "generation_config.json",
        {"bos_token_id": 256, "eos_token_id": 258, "pad_token_id": 256, "do_sample": False},
    )
    _json(folder / "tokenizer.json", _tokenizer())
    _json(
        folder / "tokenizer_config.json",
        {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "bos_token": SPECIALS[0],
            "eos_token": SPECIALS[2],
            "pad_token": SPECIALS[0],
            "model_max_length": CONTEXT,
            "clean_up_tokenization_spaces": False,
            "chat_template": TEMPLATE,
        },
    )
    (folder / "model.safetensors").write_bytes(_weights(seed))
    return folder


def _json(path: Path, value: object) -> None:
    path.write_text(
        json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8"
    )


def _tokenizer() -> dict[str, object]:
    level = {
        "type": "ByteLevel",
        "add_prefix_space": False,
        "trim_offsets": True,
        "use_regex": True,
    }
    flags = dict.fromkeys(("single_word", "lstrip", "rstrip", "normalized"), False)
    added = [
        {"id": 256 + i, "content": s, "special": True, **flags} for i, s in enumerate(SPECIALS)
    ]
    vocabulary = {char: byte for byte, char in sorted(byte_alphabet().items())}
    vocabulary.update({s: 256 + i for i, s in enumerate(SPECIALS)})
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": added,
        "normalizer": None,
        "pre_tokenizer": level,
        "post_processor": None,
        "decoder": level,
        "model": {
            "type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None,
            "end_of_word_suffix": None, "fuse_unk": False, "byte_fallback": False,
            "ignore_merges": False, "vocab": vocabulary, "merges": [],
        },
    }  # fmt: skip


def _weights(seed: int) -> bytes:
    """Lay out a safetensors file; tensors by name, values drawn tensor by tensor."""
    shapes: dict[str, tuple[int, ...]] = {
        "model.embed_tokens.weight": (256 + len(SPECIALS), HIDDEN),
        "model.norm.weight": (HIDDEN,),
    }
    narrow = HIDDEN // HEADS * KV_HEADS
    for layer in range(LAYERS):
        shapes |= {
            f"model.layers.{layer}.{name}.weight": shape
            for name, shape in {
                "input_layernorm": (HIDDEN,),
                "post_attention_layernorm": (HIDDEN,),
                "self_attn.q_proj": (HIDDEN, HIDDEN),
                "self_attn.k_proj": (narrow, HIDDEN),
                "self_attn.v_proj": (narrow, HIDDEN),
                "self_attn.o_proj": (HIDDEN, HIDDEN),
                "mlp.gate_proj": (INNER, HIDDEN),
                "mlp.up_proj": (INNER, HIDDEN),
                "mlp.down_proj": (HIDDEN, INNER),
            }.items()
        }
    random = np.random.Generator(np.random.PCG64(seed))
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    data = b""
    for name in sorted(shapes):
        shape = shapes[name]
        values = np.ones(shape) if len(shape) == 1 else random.standard_normal(shape) * 0.25
        # bf16 is the upper half of a float32.
        bits = (values.astype("<f4").view("<u4") >> 16).astype("<u2").tobytes()
        header[name] = {
            "dtype": "BF16",
            "shape": list(shape),
            "data_offsets": [len(data), len(data) + len(bits)],
        }
        data += bits
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data

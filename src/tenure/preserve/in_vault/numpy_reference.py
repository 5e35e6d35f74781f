"""The whole arithmetic of a Llama-type or Qwen-type model in one short program: Python 3.10+, numpy.

    python3 numpy_reference.py FOLDER check G2.json       must give the kept answers again
    python3 numpy_reference.py FOLDER next 9 ID ID ...    the 9 likeliest token ids that follow

FOLDER holds config.json and *.safetensors, or one *.gguf. Everything is computed in 64-bit
floating point, slowly and plainly: that is what makes the answers the same on every machine.
Logits are rounded to a grid of 1e-4; the few that lie within 1e-9 of a rounding edge are masked.
One table of weights is held at a time, so the memory it takes is that of the largest table.

The model: token embeddings; per layer RMS norm, rotary positions (the two halves of each head
turn together), grouped causal attention, RMS norm, gated SiLU network; a last norm, and scores
against the embeddings or a head of its own. Llama: https://arxiv.org/abs/2302.13971. Qwen2 adds
biases to queries, keys and values; Qwen3 puts an RMS norm over each head of queries and keys.
A mixture of experts is not here: a tie between two experts is decided by the last bit of a sum.
"""

# Without types, to be read by anyone.
# ruff: noqa: ANN001, ANN201, ANN202, ANN204, T201

import hashlib
import json
import struct
import sys
from pathlib import Path

import numpy as np

GRID, EDGE = 1e-4, 1e-9
FAMILIES = ("LlamaForCausalLM", "MistralForCausalLM", "Qwen2ForCausalLM", "Qwen3ForCausalLM")
HEAD_ROWS = 8192  # rows of the output head converted at a time, to save memory
FLOATS = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}
GGUF_KINDS = {0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 8: "Q8_0", 30: "BF16", 28: "F64"}
# GGUF block formats: values a block, bytes a block (a float16 scale, an optional float16 offset).
BLOCKS = {"Q4_0": (32, 18), "Q4_1": (32, 20), "Q8_0": (32, 34)}
GGUF_NAMES = {
    "model.embed_tokens": "token_embd",
    "model.norm": "output_norm",
    "lm_head": "output",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}


class UnsupportedError(Exception):
    """This program does not know the model's arithmetic or number format; the text says which."""


class Weights:
    """Tables of numbers by name, converted to float64 when asked for, row by row."""

    def __init__(self, folder):
        """Open a folder; UnsupportedError when it holds no model this program knows."""
        self.tables, self.gguf, self.used = {}, False, set()
        folder = Path(folder)
        packed, plain = sorted(folder.glob("*.gguf")), sorted(folder.glob("*.safetensors"))
        if (folder / "config.json").exists() and plain:
            self.config = read_config(json.loads((folder / "config.json").read_text()))
            for path in plain:
                self.tables.update(safetensors_tables(path))
        elif len(packed) == 1:
            self.gguf = True
            fields, self.tables = gguf_tables(packed[0])
            self.config = gguf_config(fields, self.tables)
        else:
            raise UnsupportedError("expected config.json and *.safetensors, or one *.gguf file")

    def has(self, name):
        """Say whether there is such a table."""
        return self.place(name) in self.tables

    def place(self, name):
        """Return a table's name in this file's way of naming."""
        if not self.gguf:
            return name
        stem = name.removesuffix(".weight")
        if stem.startswith("model.layers."):
            number, _, rest = stem.removeprefix("model.layers.").partition(".")
            return f"blk.{number}.{GGUF_NAMES.get(rest, rest)}.weight"
        return f"{GGUF_NAMES[stem]}.weight"

    def refuse_unused(self):
        """Refuse a model with tables that nothing was computed with: its arithmetic is another."""
        rest = sorted(n for n in set(self.tables) - self.used if not n.endswith("inv_freq"))
        if self.config.get("tied") and "lm_head.weight" in rest:
            rest.remove("lm_head.weight")  # a second spelling of the embeddings
        if rest:
            raise UnsupportedError(f"{len(rest)} tables have no place here, the first is {rest[0]}")

    def rows(self, name, first=0, last=None):
        """Return rows ``first`` to ``last`` as float64."""
        self.used.add(self.place(name))
        path, start, kind, shape = self.tables[self.place(name)]
        width = shape[-1] if len(shape) > 1 else 1
        last = shape[0] if last is None else min(last, shape[0])
        per, size = BLOCKS.get(kind, (1, np.dtype(FLOATS.get(kind, "<u2")).itemsize))
        stride = width // per * size
        with Path(path).open("rb") as source:
            source.seek(start + first * stride)
            raw = source.read((last - first) * stride)
        values = unpack(raw, kind).reshape((last - first, *shape[1:]))
        for part, heads in (("q_proj", "heads"), ("k_proj", "kv_heads")):
            if self.gguf and part in name:  # GGUF stores the two rotary halves interleaved
                count = self.config[heads]
                turned = values.reshape(count, shape[0] // count // 2, 2, width)
                values = turned.swapaxes(1, 2).reshape(shape)
        return values


def unpack(raw, kind):
    """Turn stored bytes into float64 numbers."""
    if kind == "BF16":
        return (np.frombuffer(raw, "<u2").astype("<u4") << 16).view("<f4").astype(np.float64)
    if kind in FLOATS:
        return np.frombuffer(raw, FLOATS[kind]).astype(np.float64)
    if kind not in BLOCKS:
        raise UnsupportedError(f"number format {kind} is not known to this program")
    block = np.frombuffer(raw, np.uint8).reshape(-1, BLOCKS[kind][1])
    scale = block[:, :2].copy().view("<f2").astype(np.float64)
    if kind == "Q8_0":
        return (scale * block[:, 2:].view(np.int8)).reshape(-1)
    packed = block[:, -16:]
    quarter = np.concatenate([packed & 15, packed >> 4], axis=1).astype(np.float64)
    if kind == "Q4_0":
        return (scale * (quarter - 8)).reshape(-1)
    return (scale * quarter + block[:, 2:4].copy().view("<f2").astype(np.float64)).reshape(-1)


def safetensors_tables(path):
    """Return {name: (file, byte offset, kind, shape)} of a safetensors file."""
    with path.open("rb") as source:
        (length,) = struct.unpack("<Q", source.read(8))
        header = json.loads(source.read(length))
    header.pop("__metadata__", None)
    return {
        name: (path, 8 + length + entry["data_offsets"][0], entry["dtype"], tuple(entry["shape"]))
        for name, entry in header.items()
    }


def read_config(config):
    """Keep what the arithmetic needs of config.json; refuse what it does not do."""
    rope = {**(config.get("rope_parameters") or {}), **(config.get("rope_scaling") or {})}
    family = (config.get("architectures") or ["(not named)"])[0]
    if family not in FAMILIES:
        raise UnsupportedError(f"no portable reference for architecture {family}")
    if rope.get("rope_type", rope.get("type", "default")) != "default":
        raise UnsupportedError(
            f"rotary scaling {rope.get('rope_type')} is not known to this program"
        )
    if config.get("hidden_act") != "silu" or config.get("quantization_config"):
        raise UnsupportedError("an activation other than SiLU, or weights quantised by a library")
    heads = config["num_attention_heads"]
    return {
        "layers": config["num_hidden_layers"],
        "heads": heads,
        "kv_heads": config.get("num_key_value_heads") or heads,
        "head_size": config.get("head_dim") or config["hidden_size"] // heads,
        "epsilon": config["rms_norm_eps"],
        "theta": rope.get("rope_theta", config.get("rope_theta", 10000.0)),
        "vocabulary": config["vocab_size"],
        "tied": bool(config.get("tie_word_embeddings")),
        "window": config.get("sliding_window") or 0,
    }


def gguf_tables(path):
    """Return the fields and tables of a GGUF file (versions 2 and 3, little-endian)."""
    scalars = {
        0: "B",
        1: "b",
        2: "H",
        3: "h",
        4: "I",
        5: "i",
        6: "f",
        7: "?",
        10: "Q",
        11: "q",
        12: "d",
    }
    with path.open("rb") as source:

        def number(form):
            return struct.unpack(f"<{form}", source.read(struct.calcsize(f"<{form}")))[0]

        def value(kind):
            if kind == 8:
                return source.read(number("Q")).decode("utf-8", "replace")
            if kind == 9:
                inner, count = number("I"), number("Q")
                return [value(inner) for _ in range(count)]
            return number(scalars[kind])

        if source.read(4) != b"GGUF" or number("I") not in (2, 3):
            raise UnsupportedError(f"{path.name} is not a GGUF file of version 2 or 3")
        count, keys = number("Q"), number("Q")
        fields, entries = {}, {}
        for _ in range(keys):
            key = value(8)
            fields[key] = value(number("I"))
        for _ in range(count):
            name = value(8)
            shape = tuple(number("Q") for _ in range(number("I")))[::-1]
            kind, offset = number("I"), number("Q")
            entries[name] = (path, offset, GGUF_KINDS.get(kind, f"GGUF type {kind}"), shape)
        align = fields.get("general.alignment", 32)
        start = -(-source.tell() // align) * align
    return fields, {n: (p, start + o, k, s) for n, (p, o, k, s) in entries.items()}


def gguf_config(fields, tables):
    """Keep what the arithmetic needs of a GGUF file's fields."""
    if fields.get("general.architecture") != "llama" or "rope_freqs.weight" in tables:
        raise UnsupportedError(
            f"GGUF architecture {fields.get('general.architecture')}, or scaled rotary"
        )
    if any(name.endswith(".bias") for name in tables):
        raise UnsupportedError("biases")
    heads = fields["llama.attention.head_count"]
    return {
        "layers": fields["llama.block_count"],
        "heads": heads,
        "kv_heads": fields.get("llama.attention.head_count_kv", heads),
        "head_size": fields.get(
            "llama.rope.dimension_count", fields["llama.embedding_length"] // heads
        ),
        "epsilon": fields["llama.attention.layer_norm_rms_epsilon"],
        "theta": fields.get("llama.rope.freq_base", 10000.0),
        "vocabulary": tables["token_embd.weight"][3][0],
    }


def norm(x, weight, epsilon):
    """Divide by the root of the mean square, then scale."""
    return x / np.sqrt((x * x).mean(-1, keepdims=True) + epsilon) * weight


def turn(x, theta):
    """Rotate each head's two halves by an angle that grows with the position; x: (n, heads, size)."""
    half = x.shape[-1] // 2
    angle = np.arange(x.shape[0])[:, None] * (1.0 / theta ** (np.arange(half) / half))
    cos, sin = np.cos(angle)[:, None, :], np.sin(angle)[:, None, :]
    first, second = x[..., :half], x[..., half:]
    return np.concatenate([first * cos - second * sin, second * cos + first * sin], axis=-1)


def linear(weights, name, states):
    """Multiply every prompt's states by one table, and add its bias where there is one."""
    table = weights.rows(f"{name}.weight").T
    found = [x @ table for x in states]
    if not weights.gguf and weights.has(f"{name}.bias"):
        bias = weights.rows(f"{name}.bias").reshape(-1)
        found = [x + bias for x in found]
    return found


def normed(weights, name, states):
    """Apply one norm to every prompt's states, over the last axis."""
    table = weights.rows(f"{name}.weight").reshape(-1)
    return [norm(x, table, weights.config["epsilon"]) for x in states]


def heads(weights, at, part, states):
    """Make queries, keys or values, each (n, heads, size); Qwen3 norms queries and keys by head."""
    c = weights.config
    count = c["heads"] if part == "q" else c["kv_heads"]
    found = linear(weights, f"{at}.{part}_proj", states)
    found = [x.reshape(len(x), count, c["head_size"]) for x in found]
    if part != "v" and not weights.gguf and weights.has(f"{at}.{part}_norm.weight"):
        found = normed(weights, f"{at}.{part}_norm", found)
    return found if part == "v" else [turn(x, c["theta"]) for x in found]


def attend(query, key, value):
    """Causal attention with grouped key and value heads; gives (n, heads * size)."""
    n, group = len(query), query.shape[1] // key.shape[1]
    key, value = key.repeat(group, axis=1), value.repeat(group, axis=1)
    scores = np.einsum("qhd,khd->hqk", query, key) / np.sqrt(query.shape[2])
    scores = np.where(np.tri(n, dtype=bool)[None], scores, -np.inf)
    share = np.exp(scores - scores.max(-1, keepdims=True))
    share /= share.sum(-1, keepdims=True)
    return np.einsum("hqk,khd->qhd", share, value).reshape(n, -1)


def forward(weights, prompts):
    """Return the logits of each prompt (a list of token ids) as (tokens, vocabulary) float64."""
    c, table = weights.config, "model.embed_tokens.weight"
    if 0 < c.get("window", 0) < max(len(ids) for ids in prompts):
        raise UnsupportedError(f"a prompt longer than the attention's window of {c['window']}")
    states = [np.concatenate([weights.rows(table, i, i + 1) for i in ids]) for ids in prompts]
    for layer in range(c["layers"]):
        at = f"model.layers.{layer}"
        inner = normed(weights, f"{at}.input_layernorm", states)
        each = zip(*(heads(weights, f"{at}.self_attn", part, inner) for part in "qkv"), strict=True)
        seen = linear(weights, f"{at}.self_attn.o_proj", [attend(*one) for one in each])
        states = [x + more for x, more in zip(states, seen, strict=True)]
        inner = normed(weights, f"{at}.post_attention_layernorm", states)
        gate = [x / (1 + np.exp(-x)) for x in linear(weights, f"{at}.mlp.gate_proj", inner)]
        wide = linear(weights, f"{at}.mlp.up_proj", inner)
        gated = [g * u for g, u in zip(gate, wide, strict=True)]
        more = linear(weights, f"{at}.mlp.down_proj", gated)
        states = [x + y for x, y in zip(states, more, strict=True)]
    head = table
    if weights.has("lm_head.weight") and not c.get("tied"):
        head = "lm_head.weight"
    last = np.concatenate(normed(weights, "model.norm", states))
    steps = range(0, c["vocabulary"], HEAD_ROWS)
    logits = np.concatenate([last @ weights.rows(head, s, s + HEAD_ROWS).T for s in steps], axis=1)
    weights.refuse_unused()
    return np.split(logits, np.cumsum([len(ids) for ids in prompts])[:-1])


def rounded(logits, masked):
    """Return the sha256 of the logits on the grid, the masked ones set to nought."""
    steps = np.rint(logits / GRID).astype("<i8").reshape(-1)
    steps[np.array(masked, dtype=np.int64)] = 0
    return hashlib.sha256(steps.tobytes()).hexdigest()


def edges(logits):
    """Return the places of the logits so close to a rounding edge that machines may differ."""
    scaled = logits.reshape(-1) / GRID
    near = np.abs(scaled - np.floor(scaled) - 0.5) < EDGE / GRID
    return [int(place) for place in np.flatnonzero(near)]


def golden(folder, prompts):
    """Make the answers to keep, for prompts of token ids."""
    answers = []
    for ids, logits in zip(prompts, forward(Weights(folder), prompts), strict=True):
        masked = edges(logits)
        best = [int(i) for i in np.argsort(-logits[-1], kind="stable")[:5]]
        top = [[i, round(float(logits[-1, i]), 3)] for i in best]
        answers.append(
            {"ids": list(ids), "top5": top, "masked": masked, "sha256": rounded(logits, masked)}
        )
    whole = hashlib.sha256("".join(answer["sha256"] for answer in answers).encode()).hexdigest()
    return {
        "grid": GRID, "edge": EDGE, "numbers": "float64", "sha256": whole, "answers": answers,
    }  # fmt: skip


def compare(folder, kept):
    """Compute the kept answers again; return a line for each that differs (none: all the same)."""
    prompts = [answer["ids"] for answer in kept["answers"]]
    wrong = []
    results = forward(Weights(folder), prompts)
    for number, (answer, logits) in enumerate(zip(kept["answers"], results, strict=True)):
        if rounded(logits, answer["masked"]) != answer["sha256"]:
            best = [int(i) for i in np.argsort(-logits[-1], kind="stable")[:5]]
            wrong.append(
                f"prompt {number}: expected top tokens {[i for i, _ in answer['top5']]}, got {best}"
            )
    return wrong


def main(arguments):
    """Run one command; 0 when the answers are the kept ones."""
    if len(arguments) == 3 and arguments[1] == "check":
        kept = json.loads(Path(arguments[2]).read_text(encoding="utf-8"))
        wrong = compare(arguments[0], kept)
        print(
            "\n".join(wrong)
            or f"the same: {len(kept['answers'])} prompts, every logit on a grid of {GRID}"
        )
        return 1 if wrong else 0
    if len(arguments) > 3 and arguments[1] == "next":
        logits = forward(Weights(arguments[0]), [[int(word) for word in arguments[3:]]])[0][-1]
        print(*[int(i) for i in np.argsort(-logits, kind="stable")[: int(arguments[2])]])
        return 0
    print(__doc__)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

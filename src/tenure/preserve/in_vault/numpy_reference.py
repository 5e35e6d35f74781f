"""The whole arithmetic of a Llama-type model in one short program: Python 3.10+ and numpy.

    python3 numpy_reference.py FOLDER check G2.json       must give the kept answers again
    python3 numpy_reference.py FOLDER next 9 ID ID ...    the 9 likeliest token ids that follow

FOLDER holds config.json and *.safetensors, or one *.gguf. Everything is computed in 64-bit
floating point, slowly and plainly: that is what makes the answers the same on every machine.
Logits are rounded to a grid of 1e-4; the few that lie within 1e-9 of a rounding edge are masked.

The model: token embeddings; per layer RMS norm, rotary positions (the two halves of each head
turn together), grouped causal attention, RMS norm, gated SiLU network; a last norm, and scores
against the embeddings or a head of its own. Llama: https://arxiv.org/abs/2302.13971
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
        self.tables, self.gguf = {}, False
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
            return f"blk.{number}.{GGUF_NAMES[rest]}.weight"
        return f"{GGUF_NAMES[stem]}.weight"

    def rows(self, name, first=0, last=None):
        """Return rows ``first`` to ``last`` as float64."""
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
    if "LlamaForCausalLM" not in config.get("architectures", []):
        raise UnsupportedError(f"architecture {config.get('architectures')} is not Llama")
    if rope.get("rope_type", rope.get("type", "default")) != "default":
        raise UnsupportedError(
            f"rotary scaling {rope.get('rope_type')} is not known to this program"
        )
    if config.get("attention_bias") or config.get("mlp_bias") or config.get("hidden_act") != "silu":
        raise UnsupportedError("biases, or an activation other than SiLU")
    heads = config["num_attention_heads"]
    return {
        "layers": config["num_hidden_layers"],
        "heads": heads,
        "kv_heads": config.get("num_key_value_heads") or heads,
        "head_size": config.get("head_dim") or config["hidden_size"] // heads,
        "epsilon": config["rms_norm_eps"],
        "theta": rope.get("rope_theta", config.get("rope_theta", 10000.0)),
        "vocabulary": config["vocab_size"],
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


def attend(x, weights, layer, c):
    """Causal attention with grouped key and value heads; x: (n, width)."""
    n, at = len(x), f"model.layers.{layer}.self_attn."

    def project(name, heads):
        return (x @ weights[f"{at}{name}_proj.weight"].T).reshape(n, heads, c["head_size"])

    query, key = (
        turn(project("q", c["heads"]), c["theta"]),
        turn(project("k", c["kv_heads"]), c["theta"]),
    )
    group = c["heads"] // c["kv_heads"]
    key, value = key.repeat(group, axis=1), project("v", c["kv_heads"]).repeat(group, axis=1)
    scores = np.einsum("qhd,khd->hqk", query, key) / np.sqrt(c["head_size"])
    scores = np.where(np.tri(n, dtype=bool)[None], scores, -np.inf)
    share = np.exp(scores - scores.max(-1, keepdims=True))
    share /= share.sum(-1, keepdims=True)
    return np.einsum("hqk,khd->qhd", share, value).reshape(n, -1) @ weights[f"{at}o_proj.weight"].T


def forward(weights, prompts):
    """Return the logits of each prompt (a list of token ids) as (tokens, vocabulary) float64."""
    c, table = weights.config, "model.embed_tokens.weight"
    states = [np.concatenate([weights.rows(table, i, i + 1) for i in ids]) for ids in prompts]
    for layer in range(c["layers"]):
        at = f"model.layers.{layer}."
        names = ["input_layernorm", "post_attention_layernorm"]
        names += [f"self_attn.{part}_proj" for part in "qkvo"]
        names += [f"mlp.{part}_proj" for part in ("gate", "up", "down")]
        w = {f"{at}{name}.weight": weights.rows(f"{at}{name}.weight") for name in names}
        before, after = (w[f"{at}{name}.weight"].reshape(-1) for name in names[:2])
        for number, x in enumerate(states):
            middle = x + attend(norm(x, before, c["epsilon"]), w, layer, c)
            inner = norm(middle, after, c["epsilon"])
            gate = inner @ w[f"{at}mlp.gate_proj.weight"].T
            gated = gate / (1 + np.exp(-gate)) * (inner @ w[f"{at}mlp.up_proj.weight"].T)
            states[number] = middle + gated @ w[f"{at}mlp.down_proj.weight"].T
    head = "lm_head.weight" if weights.has("lm_head.weight") else table
    last = norm(np.concatenate(states), weights.rows("model.norm.weight").reshape(-1), c["epsilon"])
    steps = range(0, c["vocabulary"], HEAD_ROWS)
    logits = np.concatenate([last @ weights.rows(head, s, s + HEAD_ROWS).T for s in steps], axis=1)
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
    return {"grid": GRID, "edge": EDGE, "numbers": "float64", "answers": answers}


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

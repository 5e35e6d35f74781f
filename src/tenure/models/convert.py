"""One artefact, several forms: GGUF, safetensors in bf16, OpenVINO's.

The artefact is the set of files that was registered; what is made here can be made again from it
and lives in the cache folder (TENURE_CACHE), named by the artefact's digest and ``VERSION``. The
same input gives the same bytes (numpy alone computes them), written beside and renamed, so a
killed conversion leaves nothing behind. A number measured on a form says so (``Engine.form``).
"""

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tenure.errors import ModelError
from tenure.models import gguf_header, template, tensors, vocabulary
from tenure.models.embedded import cache_folder
from tenure.models.tensors import Floats

VERSION = 3
PER_LAYER = (
    "input_layernorm", "post_attention_layernorm", "self_attn.q_proj", "self_attn.k_proj",
    "self_attn.v_proj", "self_attn.o_proj", "mlp.gate_proj", "mlp.up_proj", "mlp.down_proj",
)  # fmt: skip


def cached(digest: str, form: str, build: Callable[[Path], object]) -> Path:
    """Return the folder of a form, built once; two builders at once do no harm.

    ``build`` fills an empty folder beside the final place, which is then renamed.
    """
    place = cache_folder() / "forms" / digest.removeprefix("sha256:")[:32] / f"{form}-v{VERSION}"
    if place.is_dir():
        return place
    place.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(dir=place.parent, prefix=f".{form}-"))
    try:
        build(draft)
        try:
            draft.rename(place)
        except OSError:
            if not place.is_dir():
                raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return place


def as_safetensors(gguf: Path, digest: str) -> Path:
    """Return a folder of safetensors in bf16 made from a GGUF file; ``digest`` names the artefact."""
    return cached(digest, "safetensors-bf16", lambda folder: to_safetensors(gguf, folder))


def as_gguf(folder: Path, digest: str, kind: str = "F16") -> Path:
    """Return a GGUF file made from a folder of safetensors; ``digest`` names the artefact."""
    name = f"gguf-{kind.lower()}"
    return (
        cached(digest, name, lambda draft: to_gguf(folder, draft / "model.gguf", kind))
        / "model.gguf"
    )


def to_safetensors(gguf: Path, folder: Path) -> Path:
    """Write a GGUF file's weights (dequantised, bf16), config, tokenizer and template as a folder.

    Raises:
        ModelError: not a Llama, or a tokenizer whose split is not known.
    """
    header = gguf_header.read(gguf)
    small_files(header, folder)
    tensors.write(
        folder / "model.safetensors",
        dict(dequantised(header, lambda at, count: np.fromfile(gguf, np.uint8, count, offset=at))),
    )
    return folder


def small_files(header: gguf_header.Header, folder: Path) -> None:
    """Write what a GGUF file says besides its weights: config, tokenizer with template, defaults.

    Raises:
        ModelError: not a Llama, a tokenizer whose split is not known, or a tensor is missing.
    """
    metadata = header.metadata
    config = _config_from(metadata)
    spelled = vocabulary.tokenizer_json(metadata)
    ours = _names(config)
    missing = sorted(name for name, theirs in ours.items() if theirs not in header.tensors)
    config["tie_word_embeddings"] = "lm_head.weight" in missing
    lacking = [name for name in missing if name != "lm_head.weight"]
    if lacking:
        raise ModelError(
            f"this GGUF file lacks {len(lacking)} tensors, the first is {lacking[0]}; fetch it again"
        )
    folder.mkdir(parents=True, exist_ok=True)
    ends = {k: config[k] for k in ("bos_token_id", "eos_token_id", "pad_token_id") if k in config}
    for name, value in {
        "config.json": config,
        "generation_config.json": ends,
        "tokenizer.json": spelled,
        "tokenizer_config.json": vocabulary.tokenizer_config(metadata),
    }.items():
        text = json.dumps(value, indent=2, ensure_ascii=False) + "\n"
        (folder / name).write_text(text, encoding="utf-8")


def dequantised(
    header: gguf_header.Header, read: Callable[[int, int], NDArray[np.uint8]]
) -> Iterator[tuple[str, Floats]]:
    """Give a GGUF file's weights one by one in float32, by the names and in the order of transformers.

    ``read`` gives the bytes of the file from an offset on, as many as asked for.
    """
    from gguf import GGMLQuantizationType, dequantize

    config = _config_from(header.metadata)
    names = {theirs: ours for ours, theirs in _names(config).items()}
    for name in sorted(header.tensors.keys() & names.keys()):
        tensor = header.tensors[name]
        raw = read(header.start + tensor.offset, tensor.size)
        values = dequantize(raw, GGMLQuantizationType[tensor.type]).astype("<f4")
        shaped = values.reshape(tensor.shape[::-1])
        yield names[name], _turn(shaped, names[name], config, back=True)


def _config_from(metadata: dict[str, Any]) -> dict[str, Any]:
    try:
        return _config(metadata)
    except (KeyError, TypeError, ZeroDivisionError) as error:
        raise ModelError(
            f"this GGUF file does not say its {error}; fetch it again, or give the folder of safetensors"
        ) from None


def _config(metadata: dict[str, Any]) -> dict[str, Any]:
    if metadata.get("general.architecture") != "llama":
        raise ModelError(
            f"the architecture is '{metadata.get('general.architecture')}'; only llama can be converted; "
            "give the model's folder of safetensors instead"
        )
    heads = metadata["llama.attention.head_count"]
    config: dict[str, Any] = {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "dtype": "bfloat16",
        "attention_bias": False,
        "mlp_bias": False,
        "hidden_act": "silu",
        "hidden_size": metadata["llama.embedding_length"],
        "intermediate_size": metadata["llama.feed_forward_length"],
        "num_hidden_layers": metadata["llama.block_count"],
        "num_attention_heads": heads,
        "num_key_value_heads": metadata.get("llama.attention.head_count_kv", heads),
        "head_dim": metadata["llama.embedding_length"] // heads,
        "max_position_embeddings": metadata["llama.context_length"],
        "rms_norm_eps": float(f"{metadata['llama.attention.layer_norm_rms_epsilon']:.6g}"),
        "rope_theta": metadata.get("llama.rope.freq_base", 10000.0),
        "vocab_size": metadata.get("llama.vocab_size", len(metadata["tokenizer.ggml.tokens"])),
    }
    for theirs, ours in {"bos": "bos", "eos": "eos", "padding": "pad"}.items():
        if f"tokenizer.ggml.{theirs}_token_id" in metadata:
            config[f"{ours}_token_id"] = metadata[f"tokenizer.ggml.{theirs}_token_id"]
    return config


def _names(config: dict[str, Any]) -> dict[str, str]:
    """Map tensor names of transformers to those of llama.cpp."""
    from gguf import MODEL_ARCH, get_tensor_name_map

    layers = config["num_hidden_layers"]
    table = get_tensor_name_map(MODEL_ARCH.LLAMA, layers)
    ours = ["model.embed_tokens", "model.norm", "lm_head"]
    ours += [f"model.layers.{layer}.{part}" for layer in range(layers) for part in PER_LAYER]
    return {f"{name}.weight": f"{table.get_name(name)}.weight" for name in ours}


def _turn(values: Floats, name: str, config: dict[str, Any], *, back: bool) -> Floats:
    """Reorder the rows of q and k between transformers' rotary halves and llama.cpp's pairs."""
    if "q_proj" in name:
        heads = config["num_attention_heads"]
    elif "k_proj" in name:
        heads = config["num_key_value_heads"]
    else:
        return values
    rows, columns = values.shape
    half = rows // heads // 2
    split = (heads, half, 2, columns) if back else (heads, 2, half, columns)
    return np.ascontiguousarray(values.reshape(split).swapaxes(1, 2).reshape(rows, columns))


def to_gguf(folder: Path, gguf: Path, kind: str = "F16") -> Path:
    """Write a folder of safetensors as GGUF; ``kind`` is the type of the matrices ("F16", "Q8_0").

    Norms stay F32. F16 holds every bf16 weight of ordinary size exactly (below 6e-5 it loses bits).

    Raises:
        ModelError: not a plain Llama, or a tokenizer that GGUF has no word for.
    """
    from gguf import GGMLQuantizationType, GGUFWriter, quantize

    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    why = cannot_be_gguf(config)
    if why:
        raise ModelError(
            f"'{folder.name}' cannot be written as GGUF: {why}; use the engine 'torch'"
        )
    kinds = {"F16": GGMLQuantizationType.F16, "Q8_0": GGMLQuantizationType.Q8_0}
    if kind not in kinds:
        raise ModelError(
            f"no GGUF type named '{kind}' can be written; there are: {', '.join(kinds)}"
        )
    names = _names(config)
    draft = gguf.with_name(gguf.name + f".{os.getpid()}.part")
    writer = GGUFWriter(draft, "llama", use_temp_file=False)
    _metadata(writer, config, folder, kind)
    for name, values in tensors.read(folder):
        if name == "lm_head.weight" and config.get("tie_word_embeddings"):
            continue
        if name not in names:
            raise ModelError(
                f"'{folder.name}' has the unknown tensor '{name}'; use the engine 'torch'"
            )
        turned = _turn(values, name, config, back=False)
        if turned.ndim == 1:
            writer.add_tensor(names[name], turned)
        else:
            writer.add_tensor(names[name], quantize(turned, kinds[kind]), raw_dtype=kinds[kind])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    draft.replace(gguf)
    return gguf


def cannot_be_gguf(config: dict[str, Any]) -> str:
    """Say why a config cannot be written as a Llama GGUF, or ""."""
    if config.get("model_type") != "llama":
        return f"its architecture is '{config.get('model_type')}', not llama"
    if config.get("attention_bias") or config.get("mlp_bias"):
        return "it has biases"
    rope = config.get("rope_scaling") or config.get("rope_parameters") or {}
    if rope.get("rope_type", "default") != "default":
        return f"its rotary embedding is scaled ({rope['rope_type']})"
    if config.get("quantization_config"):
        return "it is quantised already"
    return ""


def _metadata(writer: Any, config: dict[str, Any], folder: Path, kind: str) -> None:
    heads = config["num_attention_heads"]
    rope = config.get("rope_parameters") or {}
    writer.add_name("model")  # never the path it came from: the bytes must not depend on it
    writer.add_context_length(config["max_position_embeddings"])
    writer.add_embedding_length(config["hidden_size"])
    writer.add_block_count(config["num_hidden_layers"])
    writer.add_feed_forward_length(config["intermediate_size"])
    writer.add_head_count(heads)
    writer.add_head_count_kv(config.get("num_key_value_heads", heads))
    writer.add_rope_freq_base(rope.get("rope_theta") or config.get("rope_theta", 10000.0))
    writer.add_rope_dimension_count(config.get("head_dim") or config["hidden_size"] // heads)
    writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
    writer.add_vocab_size(config["vocab_size"])
    writer.add_file_type({"F16": 1, "Q8_0": 7}[kind])
    spelled = json.loads((folder / "tokenizer.json").read_text(encoding="utf-8"))
    said = vocabulary.gguf_tokenizer(spelled, config["vocab_size"])
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(said["pre"])
    writer.add_token_list(said["tokens"])
    writer.add_token_types(said["types"])
    writer.add_token_merges(said["merges"])
    for name, add in {
        "bos": writer.add_bos_token_id,
        "eos": writer.add_eos_token_id,
        "pad": writer.add_pad_token_id,
    }.items():
        place = config.get(f"{name}_token_id")
        if place is not None:
            add(place[0] if isinstance(place, list) else place)
    writer.add_add_bos_token(False)  # noqa: FBT003 - gguf's signature
    writer.add_add_space_prefix(False)  # noqa: FBT003
    said_before = template.source_of(folder)
    if said_before:
        writer.add_chat_template(said_before)


def cannot_be_opened(gguf: Path) -> str:
    """Say why OpenVINO cannot open a GGUF file, or ""."""
    metadata = gguf_header.read(gguf).metadata
    architecture = metadata.get("general.architecture")
    if architecture != "llama":
        return f"its architecture is '{architecture}', not llama"
    kind, split = metadata.get("tokenizer.ggml.model"), metadata.get("tokenizer.ggml.pre", "gpt-2")
    if kind != "gpt2" or split not in vocabulary.SPLITS:
        return f"its tokenizer is '{kind}' with the unknown split '{split}'"
    return ""


def as_openvino(found: Path, digest: str, kind: str = "F16") -> Path:
    """Return a folder with OpenVINO's form of a GGUF file or a folder of safetensors, in F16.

    A quantised GGUF file is dequantised first: OpenVINO GenAI reads one as it is, but rounds the
    offsets of Q4_1 to whole steps, which moved the embedded model's log-probabilities by up to 3.8
    for four tokens (measured against torch); through F16 they agree to 0.3. It holds
    ``openvino_model.xml`` and ``.bin``, the tokenizer's files, and ``about.json``: the tokens that
    end a reply, and the window in tokens.
    """
    folder = as_safetensors(found, digest) if found.is_file() else found
    return cached(digest, f"openvino-{kind.lower()}", lambda draft: _openvino(folder, draft, kind))


def _openvino(source: Path, folder: Path, kind: str) -> None:
    import openvino_genai as genai

    gguf = to_gguf(source, folder / "model.gguf", kind)
    # The pipeline is opened only to make it write its reading of the GGUF file beside it.
    genai.LLMPipeline(str(gguf), "CPU", enable_save_ov_model=True)
    for path in folder.glob("openvino_*tokenizer.*"):
        path.unlink()
    metadata = gguf_header.read(gguf).metadata
    config = _config_from(metadata)
    said = (config.get("eos_token_id"), metadata.get("tokenizer.ggml.eot_token_id"))
    ends = {token for token in said if token is not None}
    for name, value in {
        "about.json": {"ends": sorted(ends), "window": config["max_position_embeddings"]},
        "tokenizer.json": vocabulary.tokenizer_json(metadata),
        "tokenizer_config.json": vocabulary.tokenizer_config(metadata),
    }.items():
        (folder / name).write_text(json.dumps(value, ensure_ascii=False), encoding="utf-8")
    gguf.unlink()

"""The files that bench/pack.py measures on, made once in a folder of their own: real fine-tunes and synthetic ones."""

import argparse
import json
import shutil
import struct
import tempfile
from pathlib import Path

import numpy as np

FOLDER = Path(tempfile.gettempdir()) / "tenure-bench-pack"
SOURCES = Path(__file__).parents[1] / "src" / "tenure"
STDS = 12  # tensors of a synthetic model, standard deviations log-uniform from 0.01 to 0.05 (M2)
NOISE = {"1e-5": 1e-5, "5e-5": 5e-5, "2e-4": 2e-4, "1e-3": 1e-3}


def bf16(values):
    """Round float32 to bf16 bits, to nearest, ties to even."""
    bits = np.asarray(values, np.float32).view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def floats(bits):
    return (bits.astype(np.uint32) << 16).view(np.float32)


def write(path, tensors):
    """Write bf16 bits by name as safetensors, appearing whole or not at all."""
    head, at = {}, 0
    for name, bits in tensors.items():
        head[name] = {
            "dtype": "BF16",
            "shape": list(bits.shape),
            "data_offsets": [at, at + bits.nbytes],
        }
        at += bits.nbytes
    text = json.dumps(head).encode()
    text += b" " * (-len(text) % 8)
    part = path.with_suffix(".part")
    with part.open("wb") as out:
        out.write(struct.pack("<Q", len(text)) + text)
        for bits in tensors.values():
            out.write(bits.tobytes())
    part.rename(path)
    return path


def synthetic(megabytes=101):
    """The base of M2: normal weights, 12 tensors."""
    path = FOLDER / f"synthetic-{megabytes}.safetensors"
    if not path.is_file():
        rng = np.random.default_rng(2)
        side = int((megabytes * 1e6 / 2 / STDS) ** 0.5)
        stds = np.exp(np.linspace(np.log(0.01), np.log(0.05), STDS))
        write(
            path,
            {
                f"layer.{n}": bf16(rng.standard_normal((side, side), np.float32) * s)
                for n, s in enumerate(stds)
            },
        )
    return path


def read(path):
    """Tensors of a bf16 safetensors file, as bits."""
    data = np.memmap(path, np.uint8, "r")
    size = struct.unpack("<Q", bytes(data[:8]))[0]
    head = json.loads(bytes(data[8 : 8 + size]))
    head.pop("__metadata__", None)
    return {
        name: np.array(data[8 + size + t["data_offsets"][0] : 8 + size + t["data_offsets"][1]])
        .view(np.uint16)
        .reshape(t["shape"])
        for name, t in head.items()
    }


def noisy(base, std, seed=4):
    """A base with normal noise of one standard deviation added to every weight (M4)."""
    path = FOLDER / f"{base.stem}-noise-{std:g}-{seed}.safetensors"
    if not path.is_file():
        rng = np.random.default_rng(seed)
        write(
            path,
            {
                name: bf16(floats(bits) + rng.standard_normal(bits.shape, np.float32) * std)
                for name, bits in read(base).items()
            },
        )
    return path


def embedded():
    """SmolLM2-135M-Instruct in bf16, dequantised from the embedded GGUF; its folder."""
    from tenure.models import convert
    from tenure.models import embedded as model

    folder = FOLDER / "smollm2"
    if not folder.is_dir():
        draft = FOLDER / ".smollm2"
        shutil.rmtree(draft, ignore_errors=True)
        convert.to_safetensors(model.find(), draft)
        draft.rename(folder)
    return folder


def weights(folder):
    return next(folder.glob("*.safetensors"))


def tuned(seed=0, steps=25, rate=2e-5):
    """A real fine-tune (M6): an fp32 master, AdamW, a constant rate, text bytes as tokens; saved in bf16."""
    path = FOLDER / f"tuned-{seed}-{steps}-{rate:g}.safetensors"
    if path.is_file():
        return path
    import torch
    from transformers import AutoModelForCausalLM

    torch.manual_seed(seed)
    folder = embedded()
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    text = b"".join(p.read_bytes() for p in sorted(SOURCES.rglob("*.py")))
    stream = torch.frombuffer(bytearray(text), dtype=torch.uint8).long()
    optimiser = torch.optim.AdamW(model.parameters(), lr=rate)
    for step in range(steps):
        starts = torch.randint(0, len(stream) - 128, (2,))
        batch = torch.stack([stream[s : s + 128] for s in starts])
        loss = model(input_ids=batch, labels=batch).loss
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()
        print(f"seed {seed} step {step + 1} of {steps}: loss {loss.item():.3f}", flush=True)
    state = {name: p.detach() for name, p in model.named_parameters()}
    write(
        path,
        {
            name: state[name].to(torch.bfloat16).contiguous().view(torch.uint16).numpy()
            for name in read(weights(folder))
        },
    )
    return path


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--real", type=int, default=1, help="how many real short fine-tunes of the family"
    )
    given = parser.parse_args()
    FOLDER.mkdir(exist_ok=True)
    for path in (
        synthetic(),
        *(noisy(synthetic(), s) for s in NOISE.values()),
        *(tuned(n) for n in range(given.real)),
        tuned(steps=120, rate=1e-4),
    ):
        print(path)


if __name__ == "__main__":
    main()

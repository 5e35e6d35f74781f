"""The rivals of bench/pack.py, each running its own code on the same tensors: two threads, best of a few rounds.

    python bench/pack_rivals.py FILE [--base BASE] METHOD...

Run by an interpreter that has them (pip install zipnn==0.5.4 openzl==0.3.0 zstandard==0.25.0, numpy);
prints JSON: ratio, MB/s of the original both ways, or why a rival is missing.
"""

import argparse
import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pack_files

PIECE = 8 << 20
THREADS = 2


def whole(path):
    """All tensors of a file, by name, as one row of bf16 bits: headers may differ in length."""
    tensors = pack_files.read(path)
    return np.concatenate([tensors[name].reshape(-1) for name in sorted(tensors)])


def in_pieces(encode, decode):
    """A method that codes pieces of 8 MiB side by side; both ends take the base's piece too."""

    def compress(data, base):
        step = PIECE // 2
        pieces = [(data[at : at + step], base[at : at + step]) for at in range(0, len(data), step)]
        with ThreadPoolExecutor(THREADS) as pool:
            return list(pool.map(lambda p: encode(*p), pieces))

    def decompress(packed, base):
        step = PIECE // 2
        jobs = [(p, base[at * step : (at + 1) * step]) for at, p in enumerate(packed)]
        with ThreadPoolExecutor(THREADS) as pool:
            return b"".join(pool.map(lambda j: decode(*j), jobs))

    return compress, decompress


def zstd(level):
    import zstandard

    return (
        lambda b: zstandard.ZstdCompressor(level=level).compress(b),
        lambda b: zstandard.ZstdDecompressor().decompress(b),
    )


def zstd3():
    press, back = zstd(3)
    return in_pieces(lambda d, _: press(d.tobytes()), lambda p, _: back(p))


def bitx():
    """The recipe of BitX (NSDI'26): exclusive-or with the base, exponent and sign+mantissa apart, zstd -3."""
    press, back = zstd(3)

    def encode(data, base):
        x = data ^ base
        x = (x << 1) | (x >> 15)
        return press((x >> 8).astype(np.uint8)), press(x.astype(np.uint8))

    def decode(packed, base):
        top, low = (np.frombuffer(back(p), np.uint8).astype(np.uint16) for p in packed)
        x = (top << 8) | low
        return (((x >> 1) | (x << 15)) ^ base).tobytes()

    return in_pieces(encode, decode)


def fm_delta():
    """The idea of FM-Delta (NeurIPS'24): the difference of ordered integers, in byte planes, by zstd -3."""
    press, back = zstd(3)

    def order(v):
        return np.where(v & 0x8000, ~v, v ^ 0x8000).astype(np.uint16)

    def encode(data, base):
        d = order(data) - order(base)
        z = (d << 1) ^ (np.uint16(0) - (d >> 15))
        return press((z >> 8).astype(np.uint8)), press(z.astype(np.uint8))

    def decode(packed, base):
        top, low = (np.frombuffer(back(p), np.uint8).astype(np.uint16) for p in packed)
        z = (top << 8) | low
        v = order(base) + ((z >> 1) ^ (np.uint16(0) - (z & 1)))
        return np.where(v & 0x8000, v ^ 0x8000, ~v).astype(np.uint16).tobytes()

    return in_pieces(encode, decode)


def zipnn():
    from zipnn import ZipNN

    machine = ZipNN(input_format="byte", bytearray_dtype="bfloat16", threads=THREADS)
    return (
        lambda data, _: [machine.compress(bytearray(data.tobytes()))],
        lambda packed, _: bytes(machine.decompress(packed[0])),
    )


def openzl():
    import openzl.ext as zl

    def machine():
        compressor = zl.Compressor()
        graphs = zl.graphs.Store()(compressor), zl.graphs.Entropy()(compressor)
        bf16 = zl.nodes.BFloat16Deconstruct()(compressor, *graphs)
        compressor.select_starting_graph(zl.nodes.ConvertSerialToNumLE16()(compressor, bf16))
        return compressor

    compressor = machine()

    def encode(data, _):
        context = zl.CCtx()
        context.ref_compressor(compressor)
        context.set_parameter(zl.CParam.FormatVersion, zl.MAX_FORMAT_VERSION)
        raw = data.tobytes()  # held here: an Input keeps no hold of its bytes
        return context.compress([zl.Input(zl.Type.Serial, raw)])

    return in_pieces(
        encode, lambda packed, _: bytes(zl.DCtx().decompress(packed)[0].content.as_bytes())
    )


METHODS = {f.__name__: f for f in (zipnn, openzl, zstd3, bitx, fm_delta)}


def size(packed):
    return sum(size(p) if isinstance(p, tuple) else len(p) for p in packed)


def measure(method, data, base, rounds):
    """Ratio and the best speeds of a few rounds; every result is compared with the original."""
    try:
        compress, decompress = METHODS[method]()
    except (ImportError, OSError) as error:
        return {"missing": str(error)[:120]}
    try:
        return timed(compress, decompress, data, base, rounds)
    except RuntimeError as error:
        return {"missing": f"it failed: {str(error)[:100]}"}


def timed(compress, decompress, data, base, rounds):
    """Time one method both ways."""
    raw, best = data.tobytes(), [0.0, 0.0]
    for _ in range(rounds):
        started = time.perf_counter()
        packed = compress(data, base)
        middle = time.perf_counter()
        found = decompress(packed, base)
        ended = time.perf_counter()
        if found != raw:
            return {"missing": "what it gave back was not the original"}
        best = [
            max(best[0], len(raw) / 1e6 / (middle - started)),
            max(best[1], len(raw) / 1e6 / (ended - middle)),
        ]
    return {"ratio": size(packed) / len(raw), "compress": best[0], "decompress": best[1]}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("methods", nargs="*", choices=[*METHODS, []], default=[])
    parser.add_argument("--base", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    data = whole(given.file)
    base = whole(given.base) if given.base else data
    print(json.dumps({m: measure(m, data, base, given.rounds) for m in given.methods}))


if __name__ == "__main__":
    import sys

    if len(sys.argv) > 1:  # 'make bench' runs every script; this one is run by bench/pack.py
        main()

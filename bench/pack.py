"""Packs: how small, how fast, how little memory; beside the rivals, each running its own code in the same run.

    python bench/pack.py [--small] [--only GROUP] [--rivals PYTHON] [--family N] [--real N]

``--rivals`` (or TENURE_RIVALS) names an interpreter that has zipnn, openzl and zstandard; where one is
missing, its row says so. Real fine-tunes are made once (bench/pack_files.py) and kept outside of the tree.
"""

import argparse
import hashlib
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pack_files
import table

from tenure.preserve import packing
from tenure.preserve.packing import codec, flow, kernel, layout
from tenure.preserve.packing.base import Tensors
from tenure.preserve.packing.codec import Form

THREADS = 2
ROUNDS = 3
HERE = Path(__file__).parent
RESULTS = table.RESULTS / "pack.json"


class Nowhere(io.RawIOBase):
    def writable(self):
        return True

    def write(self, data, /):
        return len(data)


def chunks(path, base=None):
    """Every chunk of a file's tensors with the base's, in memory, and its form."""
    under = packing.PlainBase(base) if base else None
    raw, found, tensors = path.read_bytes(), [], Tensors(under)
    for span in layout.spans(path):
        if not span.name:
            continue
        other = tensors.twin(span)
        form = Form("delta" if other else "planes", *span.form)
        for at in range(0, span.bytes, codec.CHUNK_BYTES):
            count = min(codec.CHUNK_BYTES, span.bytes - at)
            place = span.at + at
            old = under.read(other.at + at, count) if other else b""
            found.append((form, raw[place : place + count], old))
    return found


def ours(path, base=None):
    """Ratio, and the best codec speeds of a few rounds, as the rivals are measured: no hashing, no disk."""
    jobs = chunks(path, base)
    total = sum(len(data) for _, data, _ in jobs)
    best = [0.0, 0.0]
    for _ in range(ROUNDS):
        started = time.perf_counter()
        frames = [f for _, f in flow.in_order(lambda j: codec.encode(*j), jobs, THREADS)]
        middle = time.perf_counter()
        pairs = list(zip(jobs, frames, strict=True))
        found = [
            chunk
            for _, chunk in flow.in_order(
                lambda p: codec.decode(p[0][0], p[1], len(p[0][1]), p[0][2]), pairs, THREADS
            )
        ]
        ended = time.perf_counter()
        assert all(chunk == data for chunk, (_, data, _) in zip(found, jobs, strict=True))
        best = [
            max(best[0], total / 1e6 / (middle - started)),
            max(best[1], total / 1e6 / (ended - middle)),
        ]
    return {"ratio": sum(map(len, frames)) / total, "compress": best[0], "decompress": best[1]}


def rivals(python, path, methods, base=None):
    """Measure rivals on the same file; a missing interpreter is said like a missing rival."""
    command = [python, str(HERE / "pack_rivals.py"), str(path), *methods, "--rounds", str(ROUNDS)]
    done = subprocess.run(
        [*command, *(("--base", str(base)) if base else ())],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        return {m: {"missing": done.stderr.strip()[-120:]} for m in methods}
    return json.loads(done.stdout.strip().splitlines()[-1])


def told(found):
    """One line for the column "how": every method's ratio and speeds."""
    return "; ".join(
        f"{name} missing: {r['missing']}"
        if "missing" in r
        else f"{name} {r['ratio']:.4f} at {r['compress']:.0f}/{r['decompress']:.0f} MB/s"
        for name, r in found.items()
    )


def plain_rows(python, files):
    """Single models: size and speed beside ZipNN, OpenZL and zstd."""
    for name, path in files.items():
        mine = ours(path)
        found = rivals(python, path, ["zipnn", "openzl", "zstd3"])
        how = f"stored/original, headers apart; codec alone, {THREADS} threads, best of {ROUNDS}: "
        how += told({"ours": mine, **found})
        zipnn = found["zipnn"]
        least = 0.8 * zipnn.get("compress", 1e9), 0.8 * zipnn.get("decompress", 1e9)
        held = mine["ratio"] <= zipnn.get("ratio", 0) + 5e-5
        yield table.row(
            f"plain bf16, {name}: stored size", "at most ZipNN's", round(mine["ratio"], 4), "of the file",
            1, held, how,
        )  # fmt: skip
        for verb, floor, other in zip(("compress", "decompress"), (1000, 2000), least, strict=True):
            yield table.row(
                f"plain bf16, {name}: {verb}", f"at least {floor}, or within 20% of ZipNN",
                round(mine[verb]), "MB/s", ROUNDS, mine[verb] >= min(floor, other),
                f"as the row above; ZipNN {zipnn.get(verb, 0):.0f} MB/s",
            )  # fmt: skip


def delta_rows(python, cases):
    """Fine-tunes against their base: size beside BitX's recipe, speed."""
    for name, path, base, asked in cases:
        mine = ours(path, base)
        found = rivals(python, path, ["bitx", "fm_delta", "zipnn"], base)
        bitx = found["bitx"].get("ratio", 0)
        times = bitx / mine["ratio"]
        yield table.row(
            f"fine-tune, {name}: times smaller than XOR + split + zstd -3 (BitX's recipe)",
            f"at least {asked}" if asked else "-", round(times, 2), "times", 1, times >= asked,
            f"codec alone, {THREADS} threads, best of {ROUNDS}; zipnn without the base: "
            + told({"ours": mine, **found}),
        )  # fmt: skip
        for verb in ("compress", "decompress"):
            yield table.row(
                f"fine-tune, {name}: {verb}", "at least 200" if asked else "-", round(mine[verb]), "MB/s",
                ROUNDS, mine[verb] >= 200, kernel.state().why,
            )  # fmt: skip


def pack_to(path, target, base=None):
    started = time.perf_counter()
    with target.open("wb") as out:
        said = packing.pack_file(path, out, base=base, threads=THREADS)
    return said, time.perf_counter() - started


def family_row(count, real):
    """One base and its fine-tunes: what each adds."""
    base = pack_files.weights(pack_files.embedded())
    paths = [pack_files.tuned(n) for n in range(real)] + [pack_files.tuned(steps=120, rate=1e-4)]
    noises = [2e-4 * 3 ** (n / max(1, count - len(paths) - 1)) for n in range(count - len(paths))]
    shares = []
    with packing.PlainBase(base) as under:
        for path in paths:
            said = packing.pack_file(path, Nowhere(), base=under, threads=THREADS)
            shares.append(said.ratio)
        for n, noise in enumerate(noises):
            path = pack_files.noisy(base, noise, seed=100 + n)
            said = packing.pack_file(path, Nowhere(), base=under, threads=THREADS)
            shares.append(said.ratio)
            path.unlink()
    mean, told = statistics.mean(shares), [f"{100 * s:.1f}%" for s in shares]
    return table.row(
        f"family of 1 base and {count} fine-tunes: stored bytes per added model", "at most 15",
        round(100 * mean, 2), "% of its size", count, mean <= 0.15,
        f"SmolLM2-135M in bf16; {real} real short fine-tunes (25 steps, rate 2e-5: {', '.join(told[:real])}), a real "
        f"longer one (120 steps, rate 1e-4: {told[real]}), the others synthetic, as far from the base as the short "
        f"ones or farther: normal noise of std 2e-4 to 6e-4 on every weight ({', '.join(told[real + 1 :])})",
    )  # fmt: skip


def restore_rows(megabytes, folder):
    """Pack and restore a large file whole, check sums and all; then single tensors."""
    path, pack, back = pack_files.synthetic(megabytes), folder / "large.pack", folder / "back"
    said, took = pack_to(path, pack)
    speeds = []
    for _ in range(ROUNDS):
        back.unlink(missing_ok=True)
        started = time.perf_counter()
        with packing.opened(pack) as opened:
            found = opened.unpack_into(back, threads=THREADS)["sha256"]
        speeds.append(said.bytes / 1e6 / (time.perf_counter() - started))
    with back.open("rb") as source:
        assert hashlib.file_digest(source, "sha256").hexdigest() == found == said.sha256
    back.unlink()
    yield table.row(
        f"verified restore of {said.bytes / 1e9:.2f} GB, end to end", "at least 500", round(max(speeds)), "MB/s",
        ROUNDS, max(speeds) >= 500,
        f"from page cache into memory; open, decode, sha256 of the whole, write; best of {ROUNDS}, all: "
        f"{', '.join(f'{s:.0f}' for s in speeds)}",
    )  # fmt: skip
    yield table.row(
        f"pack of {said.bytes / 1e9:.2f} GB, end to end", "-", round(said.bytes / 1e6 / took), "MB/s", 1, None,
        "read, three digests, code, decode again and compare, write",
    )  # fmt: skip
    pack.unlink()


def tensor_row(folder):
    """Every tensor of SmolLM2 out of its pack, each with the pack opened anew."""
    path, pack = pack_files.weights(pack_files.embedded()), folder / "one.pack"
    pack_to(path, pack)
    with packing.opened(pack) as opened:
        names = opened.names
    times = []
    for name in names:
        started = time.perf_counter()
        with packing.opened(pack) as opened:
            size = len(opened.tensor(name, threads=THREADS))
        times.append((1000 * (time.perf_counter() - started), size))
    usual, largest = statistics.median(t for t, _ in times), max(times, key=lambda t: t[1])
    within = sum(t < 50 for t, _ in times)
    return table.row(
        "one tensor out of a pack", "under 50", round(usual, 1), "ms", len(times), within == len(times),
        f"median over the tensors of SmolLM2-135M, pack opened anew, sha256 checked; under 50 ms: {within} of "
        f"{len(times)}; the largest ({largest[1] / 1e6:.0f} MB): {largest[0]:.0f} ms",
    )  # fmt: skip


def memory_row(gigabytes, folder):
    """The most memory a process of its own takes to pack one huge tensor."""
    path = folder / "huge"
    size = int(gigabytes * 1e9) // 2 * 2
    head = json.dumps(
        {"w": {"dtype": "BF16", "shape": [size // 2], "data_offsets": [0, size]}}
    ).encode()
    block = pack_files.synthetic().read_bytes()[4096 : 4096 + (64 << 20)]
    with path.open("wb") as out:
        out.write(len(head).to_bytes(8, "little") + head)
        left = size
        while left:
            left -= out.write(block[: min(left, len(block))])
    program = (
        "import os, sys\nfrom pathlib import Path\nfrom tenure.preserve import packing\n"
        "with open(os.devnull, 'wb') as out: packing.pack_file(Path(sys.argv[1]), out)\n"
        # ru_maxrss would count what the process was forked from
        "print(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True
    )
    path.unlink()
    peak = int(done.stdout) / 1024
    return table.row(
        f"memory while packing {gigabytes:g} GB", "under 1,000", round(peak), "MiB", 1, peak < 1000,
        "peak resident memory of the process, interpreter and numpy included; one synthetic bf16 tensor",
    )  # fmt: skip


def groups(given, quick, disk):
    """What is measured, by name; each is a function that yields rows."""
    synthetic = pack_files.synthetic(25 if given.small else 101)
    asked = {"5e-5": 1.4, "2e-4": 1.4}

    def plain():
        files = {"synthetic": synthetic}
        if not given.small:
            files["SmolLM2-135M"] = pack_files.weights(pack_files.embedded())
        yield from plain_rows(given.rivals, files)

    def delta():
        cases = [
            (f"synthetic, noise {name}", pack_files.noisy(synthetic, std), synthetic, asked.get(name, 0))
            for name, std in pack_files.NOISE.items()
        ]  # fmt: skip
        if not given.small:
            model = pack_files.weights(pack_files.embedded())
            longer = pack_files.tuned(steps=120, rate=1e-4)
            cases[:0] = [
                ("real, short (25 steps, rate 2e-5)", pack_files.tuned(), model, 2),
                ("real, longer (120 steps, rate 1e-4)", longer, model, 0),
            ]
        yield from delta_rows(given.rivals, cases)

    def restore():
        yield from restore_rows(25 if given.small else 1000, quick)
        yield tensor_row(quick)

    def memory():
        yield memory_row(0.25 if given.small else 4, disk)

    def family():
        if not given.small:
            yield family_row(given.family, min(given.real, given.family))

    return {f.__name__: f for f in (plain, delta, restore, memory, family)}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--small", action="store_true", help="small files; nothing is written to bench/results"
    )
    parser.add_argument(
        "--only", action="append", help="one group (plain, delta, restore, memory, family); the rows of the others stay as they are"
    )  # fmt: skip
    parser.add_argument(
        "--rivals", default=os.environ.get("TENURE_RIVALS", sys.executable),
        help="an interpreter that has zipnn, openzl and zstandard",
    )  # fmt: skip
    parser.add_argument("--family", type=int, default=20, help="fine-tunes in the family")
    parser.add_argument("--real", type=int, default=3, help="how many of them are really trained")
    given = parser.parse_args()
    pack_files.FOLDER.mkdir(exist_ok=True)
    memory, rows = Path("/dev/shm"), []
    if not os.access(memory, os.W_OK):
        memory = pack_files.FOLDER
    with (
        tempfile.TemporaryDirectory(dir=memory) as quick,
        tempfile.TemporaryDirectory(dir=pack_files.FOLDER) as disk,
    ):
        for name, group in groups(given, Path(quick), Path(disk)).items():
            for row in group() if name in (given.only or [name]) else ():
                rows.append(row)
                said = f"{row['measured']} {row['unit']} (asked: {row['asked']}; {row['holds']})"
                print(f"{row['figure']}: {said} {row['how']}", flush=True)
    if not given.small:
        made = {row["figure"] for row in rows}
        kept = json.loads(RESULTS.read_text()) if given.only and RESULTS.exists() else []
        table.write("pack", [*(row for row in kept if row["figure"] not in made), *rows])


if __name__ == "__main__":
    main()

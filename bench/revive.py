"""From a cold vault to a first token, what the portable golden costs, which level sees which change.

Run alone on a quiet machine: `make bench-revive`. Parts: --parts token,cost,changes.
"""

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from table import RESULTS, row, write

from tenure import models
from tenure.dossier import Dossier, Model
from tenure.models import convert, embedded
from tenure.models.fingerprint import files_of
from tenure.preserve import drill, keep
from tenure.preserve.in_vault import numpy_reference as reference
from tenure.preserve.kit import layout
from tenure.preserve.sameness import golden

ASKED = {"torch": 10.0, "cpu": 20.0}
CALLED = {"torch": "torch", "cpu": "OpenVINO"}
LEVELS = ("G1", "G2", "G3", "G4")
# What wait4 says of a child counts its parent's memory too: the peak is read from inside.
ALONE = """
import sys
sys.path.insert(0, sys.argv[1])
import numpy_reference
status = numpy_reference.main([sys.argv[2], "check", sys.argv[3]])
print(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")))
sys.exit(status)
"""


def load():
    """How busy the machine is, in words."""
    return f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"


def to_first_token(base, runs):
    """Keep the embedded model, and drill it: each engine, packed and plain, with lent forms."""
    rows = []
    with Dossier.open(base / "dossier") as dossier:
        models.register(dossier, "tenure/embedded")
        dossier.run(keep.stage, "embedded@1", {"golden": "G1"})
        models.close_all()
        cases = [(e, c, None) for e in ASKED for c in ("vault", "vault-copy")]
        cases += [("cpu", "vault", str(base / "forms")), ("torch", "vault", str(base / "forms-t"))]
        for engine, copy, forms in cases:
            spec = {"level": "G1", "engine": engine, "at": copy, "forms": forms}
            if forms:
                dossier.run(drill.stage, "embedded@1", spec)  # fills the folder
            found = [dossier.run(drill.stage, "embedded@1", spec).runtime for _ in range(runs)]
            rows.append(first_token_row((engine, copy, forms), found))
    return rows


def first_token_row(case, found):
    """One row: the median whole, the median of each part."""
    engine, copy, forms = case
    seconds = [run["first_token_seconds"] for run in found]
    parts = {
        part: statistics.median(run["parts"][part] for run in found)
        for part in drill.TO_FIRST_TOKEN
        if part in found[0]["parts"]
    }
    form = "packed" if copy == "vault" else "plain"
    name = f"cold vault ({form}) to first token, {CALLED[engine]}"
    name += ", converted form lent" if forms else ""
    told = ", ".join(f"{part} {value:.2f}" for part, value in parts.items())
    how = f"a fresh process, median of {len(found)}, slowest {max(seconds):.1f} s: {told} s; "
    how += "the copy's files dropped from the page cache before, libraries warm; "
    how += f"{load()}"
    if forms:
        how += "; the form lies outside of the vault, every byte compared, safe to delete"
    median = statistics.median(seconds)
    asked = ASKED[engine]
    return row(name, f"<= {asked:g}", round(median, 1), "s", len(found), median <= asked, how)


def cost(base):
    """Seconds and memory of the portable golden, as a process of its own with numpy alone."""
    folder = base / "gguf"
    folder.mkdir()
    shutil.copy(embedded.find(), folder / embedded.FILE)
    model = Model(name="embedded", source=str(folder), files=files_of(folder))
    made = golden.make(folder, model, "G2")
    (base / "G2.json").write_bytes(layout.text(made["G2"]))
    rows = []
    for said, where in (("Q4_1 GGUF", folder), ("bf16 safetensors", plain(base))):
        target = base / f"{where.name}.json"
        prompts = [answer["ids"] for answer in made["G2"]["answers"]]
        target.write_text(json.dumps(reference.golden(where, prompts)))
        began = time.perf_counter()
        command = [sys.executable, "-c", ALONE, Path(reference.__file__).parent, where, target]
        child = subprocess.run(command, check=False, capture_output=True, text=True)
        seconds = time.perf_counter() - began
        count = sum(np.prod(t[3]) for t in reference.Weights(where).tables.values())
        whole = int(count) * 8 >> 20
        how = f"{len(prompts)} prompts of 16 tokens, numpy alone, exit status {child.returncode}; {load()}"
        same = child.returncode == 0
        rows.append(
            row(f"portable golden of 135M, {said}", "-", round(seconds, 1), "s", 1, same, how)
        )
        peak = int(child.stdout.split()[-2]) >> 10
        how = f"peak of that process; all weights in float64 would take {whole} MiB"
        rows.append(
            row(f"memory of it, {said}", f"< {whole}", peak, "MiB", 1, same and peak < whole, how)
        )
    return rows


def plain(base):
    """The embedded model as a folder of bf16 safetensors."""
    folder = base / "bf16"
    if not folder.is_dir():
        convert.to_safetensors(embedded.find(), folder)
    return folder


def weights(folder, name):
    """Open one tensor of a folder for writing, as bits."""
    path, start, _, shape = reference.safetensors_tables(folder / "model.safetensors")[name]
    return np.memmap(path, "<u2", "r+", offset=start, shape=shape)


def one_ulp(name, place):
    def change(folder):
        bits = weights(folder, name)
        bits.reshape(-1)[place] += 1
        bits.flush()

    return change


def swapped(folder):
    bits = weights(folder, "model.layers.15.mlp.up_proj.weight")
    bits[[100, 200]] = bits[[200, 100]]
    bits.flush()


def tokenizer(folder):
    path = folder / "tokenizer.json"
    spelled = json.loads(path.read_text())
    merges = spelled["model"]["merges"]
    spelled["model"]["merges"] = [*merges[:50], *merges[60:]]  # ten merges fewer
    path.write_text(json.dumps(spelled, ensure_ascii=False))


def template(folder):
    path = folder / "tokenizer_config.json"
    config = json.loads(path.read_text())
    config["chat_template"] = config["chat_template"].replace("helpful", "careful")
    path.write_text(json.dumps(config))


def quantised(folder):
    source = folder.with_name("q8.gguf")
    convert.to_gguf(folder, source, "Q8_0")
    shutil.rmtree(folder)
    convert.to_safetensors(source, folder)


def changes(base, ulps):
    """Which golden level sees which change, on torch, with the bf16 form of the embedded model."""
    original = plain(base)
    model = Model(name="embedded", source=str(original), files=files_of(original))
    kept = base / "kept"
    kept.mkdir()
    began = time.perf_counter()
    made = golden.make(original, model, "G4", "torch")
    took = time.perf_counter() - began
    for name, value in made.items():
        (kept / f"{name}.json").write_bytes(layout.text(value))
    models.close_all()
    count = len(made["G4"]["measured"])
    how = f"G1 to G4, {count} configurations of threads, batches, formats, engines; {load()}"
    rows = [row("making all golden answers of 135M", "-", round(took), "s", 1, None, how)]
    tried = {
        "nothing (the same files again)": lambda folder: None,
        "one weight of a middle layer by 1 ulp": one_ulp("model.layers.15.mlp.up_proj.weight", 777),
        "one weight of the last norm by 1 ulp": one_ulp("model.norm.weight", 7),
        "two rows of one matrix swapped": swapped,
        "ten merges fewer in the tokenizer": tokenizer,
        "one word of the chat template": template,
        "weights through 8-bit and back": quantised,
    }
    for name, change in tried.items():
        rows.append(seen(base, (original, kept), name, change))
    return [*rows, random_ulps(base, (original, kept), ulps)]


def changed(base, original, change):
    folder = base / "changed"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(original, folder)
    change(folder)
    return folder


def seen(base, places, name, change):
    """A row: the outcome of every level for a change."""
    original, kept = places
    folder = changed(base, original, change)
    model = Model(name="changed", source=str(folder), files=files_of(folder))
    found = {n: do() for n, do in golden.again(folder, kept, model, LEVELS[-1])}
    models.close_all()
    same_bytes = files_of(folder) == files_of(original)
    outcomes = {"G0": "same" if same_bytes else "differs"}
    outcomes |= {n: level.outcome for n, level in found.items()}
    told = ", ".join(f"{n} {outcome}" for n, outcome in outcomes.items())
    caught = [n for n, outcome in outcomes.items() if outcome == "differs"]
    expected = (not caught) if same_bytes else bool(caught)
    first = ", ".join(caught) or "none"
    return row(f"seen by: {name}", "-", first, "levels", 1, expected, told)


def random_ulps(base, places, ulps):
    """How many changes of one random weight by 1 ulp the portable golden sees."""
    original, kept = places
    made = json.loads((kept / "G2.json").read_text())
    random = np.random.default_rng(6)
    tables = reference.safetensors_tables(original / "model.safetensors")
    names = [n for n, t in sorted(tables.items()) if len(t[3]) == 2 and "layers" in n]
    caught = 0
    for _ in range(ulps):
        name = names[random.integers(len(names))]
        place = int(random.integers(np.prod(tables[name][3])))
        folder = changed(base, original, one_ulp(name, place))
        caught += bool(reference.compare(folder, made))
    how = "one random weight of a random matrix each time; bytes (G0) see every one"
    return row("1 ulp of a random weight, seen by G2", "-", caught, f"of {ulps}", ulps, None, how)


def main():
    """Measure and write; parts that are left out keep their rows of the last time."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=3, help="drills of each kind")
    parser.add_argument("--ulps", type=int, default=12, help="random changes by one ulp")
    parser.add_argument("--parts", default="token,cost,changes", help="what to measure")
    given = parser.parse_args()
    parts = given.parts.split(",")
    file = RESULTS / "revive.json"
    held = json.loads(file.read_text()) if file.is_file() and len(parts) < 3 else []
    with tempfile.TemporaryDirectory(prefix="tenure-bench-revive-") as place:
        base, rows = Path(place), []
        if "token" in parts:
            rows += to_first_token(base, given.runs)
        if "cost" in parts:
            rows += cost(base)
        if "changes" in parts:
            rows += changes(base, given.ulps)
    fresh = {each["figure"] for each in rows}
    write("revive", [*(each for each in held if each["figure"] not in fresh), *rows])
    print(f"peak of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10} MiB")


if __name__ == "__main__":
    main()

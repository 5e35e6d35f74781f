"""From a cold vault to a first token, what the portable golden costs, which level sees which change.

Run alone on a quiet machine: `make bench-revive`. Parts: --parts token,memory,cost,changes,assessed.
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
from tenure.assess import refusals
from tenure.dossier import Dossier, Model
from tenure.models import convert, embedded, tensors, tiny
from tenure.models.fingerprint import files_of
from tenure.preserve import drill, keep, revive
from tenure.preserve.in_vault import numpy_reference as reference
from tenure.preserve.kit import layout
from tenure.preserve.sameness import golden

ASKED = {"torch": 10.0, "cpu": 20.0}
CALLED = {"torch": "torch", "cpu": "OpenVINO"}
LEVELS = ("G1", "G2", "G3", "G4")
PARTS = ("token", "memory", "cost", "changes", "assessed")
BIG = {"hidden_size": 1024, "intermediate_size": 2816, "num_hidden_layers": 20}
BIG |= {"num_attention_heads": 16, "num_key_value_heads": 16, "head_dim": 64}
WINDOW = 128  # MiB beside one copy of the weights
# What wait4 says of a child counts its parent's memory too: the peak is read from inside.
ALONE = """
import sys
sys.path.insert(0, sys.argv[1])
import numpy_reference
status = numpy_reference.main([sys.argv[2], "check", sys.argv[3]])
print(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")))
sys.exit(status)
"""
# Libraries first, so that what is held beside the weights shows.
COME = """
import sys, tempfile
from pathlib import Path
from tenure.preserve import places, vault
from tenure.preserve.revival.straight import into_memory

def most():
    said = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
    return int(said.split()[1])

store = places.open_store(Path(sys.argv[1]), sys.argv[2])
before, inventory = most(), vault.read(store, sys.argv[3])[0]
with tempfile.TemporaryDirectory() as place:
    came = into_memory(store, inventory, Path(place))
print(came.bytes >> 10, most() - before)
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
        for copy in ("vault", "vault-copy"):
            found = [straight(dossier, copy) for _ in range(runs)]
            rows.append(first_token_row(("torch", copy, None), found, straight=True))
    return rows


def straight(dossier, copy):
    """Bring the embedded model straight into torch from a cold copy; its times."""
    drill.forget(dossier.root / copy)
    spec = {"engine": "torch", "at": copy, "level": "G1"}
    return dossier.run(revive.stage, "embedded@1", spec).runtime


def first_token_row(case, found, *, straight=False):
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
    name += ", straight into it without files of weights" if straight else ""
    told = ", ".join(f"{part} {value:.2f}" for part, value in parts.items())
    how = f"a fresh process, median of {len(found)}, slowest {max(seconds):.1f} s: {told} s; "
    how += "the copy's files dropped from the page cache before, libraries warm; "
    how += f"{load()}"
    if forms:
        how += "; the form lies outside of the vault, every byte compared, safe to delete"
    median = statistics.median(seconds)
    asked = ASKED[engine]
    return row(name, f"<= {asked:g}", round(median, 1), "s", len(found), median <= asked, how)


def assessed(base, pairs):
    """Ask a slice of an assessment again: the embedded model, kept and revived at level G5."""
    with Dossier.open(base / "assessed") as dossier:
        models.register(dossier, "tenure/embedded")
        dossier.run(refusals.stage, "embedded@1", {"pairs": pairs})
        dossier.run(keep.stage, "embedded@1", {"golden": "G5"})
        models.close_all()
        found = dossier.run(revive.stage, "embedded@1", {"level": "G5"})
    models.close_all()
    outcomes = {each["level"]: each["outcome"] for each in found.findings["levels"]}
    seconds = found.runtime["levels"]
    told = ", ".join(f"{n} {outcomes[n]} {seconds[n]:.1f} s" for n in outcomes)
    (part,) = found.findings["figures"]["G5"]["parts"]
    then, now, count = part["then"], part["now"], part["now"]["n"] + part["now"]["missing"]
    met = outcomes["G5"] == "same"
    how = f"{part['evidence']} {part['measure']}, read by {part['grader']}: {now['yes']} of {now['n']} now, "
    how += f"{part['between'][0]} to {part['between'][1]} expected after {then['yes']} of {then['n']}, "
    how += f"{part['same_words']} answers word for word, in a fresh process; reached "
    how += f"{found.findings['reached']}: {told}; whole revival {found.runtime['revive_seconds']:.1f} s; {load()}"
    said = "met" if met else f"not met ({outcomes['G5']})"
    name, measured = (
        "level G5 of 135M, asked again at its revival",
        f"{said} in {seconds['G5']:.1f}",
    )
    return [row(name, "met", measured, "s", count, met, how)]


def memory(base):
    """What is held beside one copy of the weights on the way into an engine, form by form."""
    folder = tiny.make(base / "big")
    config = {**json.loads((folder / "config.json").read_text()), **BIG}
    (folder / "config.json").write_text(json.dumps(config))
    random = np.random.default_rng(6)
    drawn = {n: random.standard_normal(s, dtype="f4") * 0.03 for n, s in big_shapes()}
    tensors.write(folder / "model.safetensors", drawn)
    tuned = shutil.copytree(folder, base / "tuned")
    for name in drawn:
        drawn[name] += random.standard_normal(drawn[name].shape, dtype="f4") * 1e-4
    tensors.write(tuned / "model.safetensors", drawn)
    del drawn
    rows = []
    with Dossier.open(base / "of-two") as dossier:
        for name in ("big", "tuned"):
            models.register(dossier, str(base / name))
            dossier.run(keep.stage, f"{name}@1", {"golden": "G0"})
            shutil.rmtree(base / name)
        said = (("big", "vault", "packed"), ("big", "vault-copy", "plain"))
        for name, copy, form in (*said, ("tuned", "vault", "packed against a base")):
            command = [sys.executable, "-c", COME, dossier.root, copy, f"urn:tenure:model:{name}@1"]
            child = subprocess.run(command, check=True, capture_output=True, text=True)
            weights, held = (int(number) >> 10 for number in child.stdout.split())
            how = f"{weights} MiB of bf16 from a {form} copy into memory, every byte compared: the process's peak "
            how += f"rose by {held} MiB; synthetic weights, {os.cpu_count()} threads"
            figure = f"memory beside the weights, straight into an engine, {form}"
            beside = held - weights
            rows.append(row(figure, f"<= {WINDOW}", beside, "MiB", 1, beside <= WINDOW, how))
    return rows


def big_shapes():
    """The matrices of a Llama of half a gigabyte."""
    wide, inner = BIG["hidden_size"], BIG["intermediate_size"]
    yield "model.embed_tokens.weight", (tiny.CONFIG["vocab_size"], wide)
    for layer in range(BIG["num_hidden_layers"]):
        for part in (
            "self_attn.q_proj",
            "self_attn.k_proj",
            "self_attn.v_proj",
            "self_attn.o_proj",
        ):
            yield f"model.layers.{layer}.{part}.weight", (wide, wide)
        for part in ("mlp.gate_proj", "mlp.up_proj"):
            yield f"model.layers.{layer}.{part}.weight", (inner, wide)
        yield f"model.layers.{layer}.mlp.down_proj.weight", (wide, inner)


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
    parser.add_argument("--pairs", type=int, default=24, help="pairs of requests assessed for G5")
    parser.add_argument(
        "--parts", default="token,memory,cost,changes,assessed", help="what to measure"
    )
    given = parser.parse_args()
    parts = given.parts.split(",")
    file = RESULTS / "revive.json"
    held = json.loads(file.read_text()) if file.is_file() and len(parts) < 5 else []
    with tempfile.TemporaryDirectory(prefix="tenure-bench-revive-") as place:
        base, rows = Path(place), []
        if "token" in parts:
            rows += to_first_token(base, given.runs)
        if "memory" in parts:
            rows += memory(base)
        if "cost" in parts:
            rows += cost(base)
        if "changes" in parts:
            rows += changes(base, given.ulps)
        if "assessed" in parts:
            rows += assessed(base, given.pairs)
    fresh = {each["figure"] for each in rows}
    write("revive", [*(each for each in held if each["figure"] not in fresh), *rows])
    print(f"peak of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10} MiB")


if __name__ == "__main__":
    main()

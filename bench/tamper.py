"""10,000 times somebody tampers with a record, and the stand-alone verifier looks.

Every run is a real one: the forged record is written as a dossier, a log in tiles or an export, and
`verify_dossier.py` reads those files (its functions in this process; a sample of runs as its own
process, and by `tenure verify`). What the holder of the key can do unseen is counted as well.
"""

import argparse
import random
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import forging
from pydantic import BaseModel
from table import row, write

from tenure.dossier import Dossier, Evidence, Model, Stage, verifier
from tenure.dossier.checkpoint import parse
from tenure.dossier.cosigned import log_keys
from tenure.dossier.keys import Keys
from tenure.dossier.merkle import Tree, leaf_hash
from tenure.dossier.opening import stored_entries
from tenure.dossier.verify import verify
from tenure.dossier.witness import Request, Witness
from tenure.dossier.writer import Draft
from tenure.stats import proportion

RUNS = 10_000
BY_KEY = 2_000
AS_PROCESS = 240
WORDS = {
    "byte": "one byte of an event changed",
    "edit": "a number in an event changed",
    "edit_signed_by_a_stranger": "an event changed and signed by a stranger",
    "backdate": "an event back-dated",
    "delete": "an event deleted, the rest moved up",
    "reorder": "two events in each other's place",
    "repeat": "an event repeated elsewhere",
    "cut_tail": "the tail cut",
    "hide_attempt": "a whole attempt hidden",
    "cut_with_an_older_checkpoint": "the tail cut, an older genuine checkpoint put back",
    "written_by_a_stranger": "the whole record written again by a stranger",
    "changed_note": "one byte of the checkpoint changed",
    "changed_file": "a stored file changed, taken away or exchanged",
}


class Settings(BaseModel):
    """What an attempt of the stage below is about."""

    seed: int


def measured(model, view, spec, emit):
    """One attempt: a few units, their records, evidence."""
    del view
    draw = random.Random(spec.seed)
    rows = [
        emit.unit(
            "item", {"of": n, "seed": spec.seed}, lambda n=n: {"id": n, "failed": draw.random()}
        )
        for n in range(3)
    ]
    samples = emit.records(rows)
    summary = f"{sum(r['failed'] < 0.3 for r in rows)} of {len(rows)} failed"
    return Evidence(name="bench/attempt", model=model.id, summary=summary, files={"rows": samples})


STAGE = Stage(name="bench/attempt", spec=Settings, run=measured, summary="An attempt.")


def lived(folder):
    """A record with three attempts, a decision and facts: (record, signer, the log's vkey)."""
    older = []
    with Dossier.open(folder / "dossier", keys=folder / "keys") as dossier:
        files = {name: dossier.files.put(name.encode() * 40) for name in ("model", "tokenizer")}
        dossier.register(Model(name="tulip", source="bench", files=files))
        for seed in range(3):
            older.append(dossier.checkpoint())
            dossier.run(STAGE, "tulip", {"seed": seed})
        with dossier.emitter("tulip@1", "by hand") as emit:
            emit.fact("custody", "kept", "two copies")
            emit.fact("availability", "limited", "decided")
        for name, body in (
            ("release/decision", {"decision": "hold", "bound": 0.05, "attempts": 3}),
            ("release/decision", {"decision": "release", "bound": 0.04, "attempts": 3}),
        ):
            older.append(dossier.checkpoint())
            draft = Draft(act="sign", name=name, model="tulip@1", body=body)
            dossier.append_many([draft])
        note, key = dossier.checkpoint(), log_keys(dossier.view())[0]
    entries = tuple(entry for _, entry in stored_entries(folder / "dossier"))
    stored = (p for p in (folder / "dossier" / "files").rglob("*") if p.is_file())
    held = {f"sha256:{place.name}": place.read_bytes() for place in stored}
    record = forging.Record(entries, note, held, tuple(older))
    return record, Keys(folder / "keys").signer("operator"), key


class Looking:
    """The stand-alone verifier, pointed at forged records."""

    def __init__(self, folder, kept, trust, witness):
        self.folder, self.trust, self.witness = folder, trust, witness
        self.kept = folder / "kept"
        self.kept.write_text(kept)

    def problems(self, record, form, *, kept=True, trust=True, witness=False):
        """Write a record out and read it: what is wrong with it."""
        place = self.folder / "forged"
        form(record, place)
        alone = verifier.Check()
        alone.witnesses = {verifier._vkey(str(self.witness)): []} if witness else {}
        trusted, note = self.trust if trust else None, self.kept if kept else None
        alone.run(place, trusted, note, files=True)
        shutil.rmtree(place)
        return alone.problems

    def both(self, record, form):
        """Whether the stand-alone verifier finds something, and whether ours does."""
        found = bool(self.problems(record, form))
        place = self.folder / "forged"
        form(record, place)
        report = verify(place, trust=self.trust, checkpoint=self.kept)
        shutil.rmtree(place)
        return found, not report.ok

    def as_process(self, record, form, *, ours):
        """The same through a command line: whether it says that something is wrong."""
        place = self.folder / "forged"
        form(record, place)
        if ours:
            tenure = str(Path(sys.executable).with_name("tenure"))
            command = [tenure, "verify", "--dossier", str(place)]
        else:
            command = [sys.executable, verifier.__file__, str(place)]
        command += ["--trust", self.trust, "--checkpoint", str(self.kept)]
        found = subprocess.run(command, capture_output=True, text=True, check=False)
        shutil.rmtree(place)
        said = found.returncode in (1, 3) and "NOT OK" in found.stdout
        if not said:
            print(f"{command}\n{found.returncode}\n{found.stdout}\n{found.stderr}", file=sys.stderr)
        return said


def forms_for(kind):
    """The forms in which a change can be told at all: an export is a choice of events anyway."""
    removing = ("delete", "cut_tail", "hide_attempt")
    return forging.FORMS[:2] if kind.__name__ in removing else forging.FORMS


def without_key(looking, record, runs, seed):
    """Rows: what one without the key did, and how often it was found."""
    rng, counts, ours = random.Random(seed), {}, 0
    kinds = [*forging.WITHOUT_KEY, *forging.OTHERWISE]
    for number in range(runs):
        kind = kinds[number % len(kinds)]
        form = rng.choice(forms_for(kind))
        forged = changed(record, kind, rng)
        found, again = looking.both(forged, form)
        ours += again
        seen, of = counts.get(kind.__name__, (0, 0))
        counts[kind.__name__] = (seen + found, of + 1)
    total = tuple(map(sum, zip(*counts.values(), strict=True)))
    how = "in process, on real files: a dossier, tiles or an export; a checkpoint kept elsewhere"
    rows = [
        told(
            "tampering without the key, all kinds: found by the stand-alone verifier", *total, how
        ),
        told("the same: found by `tenure verify`", ours, total[1], how),
    ]
    return rows + [told(f"  {WORDS[kind]}", *counted, how) for kind, counted in counts.items()]


def changed(record, kind, rng):
    """The record after this kind of tampering, which is never the record as it was."""
    while True:
        otherwise = kind in forging.OTHERWISE
        forged = kind(record, rng) if otherwise else forging.tampered(record, kind, rng)
        if (forged.entries, forged.note, forged.files) != (
            record.entries,
            record.note,
            record.files,
        ):
            return forged


def told(figure, found, of, how):
    """A row of what was found: all of it, or it falls short."""
    missed = proportion.upper_bound(of - found, of)
    how = f"missed at most {missed:.2%} (exact, one-sided 95%); {how}"
    return row(figure, "all", f"{found} of {of}", "", of, found == of, how)


def with_key(looking, record, cosigned, signer, witness, runs, seed):
    """Rows: what the holder of the key did, after and before a checkpoint left, with a witness."""
    rng = random.Random(seed)
    counts = dict.fromkeys(("perfect", "kept", "witness", "named", "refused"), 0)
    for number in range(runs):
        kind = forging.WITH_KEY[number % len(forging.WITH_KEY)]
        forged = kind(record, signer, rng)
        if forged.entries == record.entries:
            raise SystemExit(f"{kind.__name__} changed nothing")
        form = forging.FORMS[number // len(forging.WITH_KEY) % 2]
        counts["perfect"] += not looking.problems(forged, form, kept=False)
        counts["kept"] += bool(looking.problems(forged, form))
        left = replace(forged, cosigned={witness.key.id.hex(): cosigned})
        counts["witness"] += bool(looking.problems(left, form, kept=False))
        counts["named"] += bool(looking.problems(forged, form, kept=False, witness=True))
        counts["refused"] += refuses(witness, forged)
    kinds = "edits, back-datings, deletions, reorders, hidden attempts, cut tails; all signed again"
    unseen = "the holder of the key, before any checkpoint has left: found"
    return [
        row(unseen, "-", f"{runs - counts['perfect']} of {runs}", "", runs, None,
            f"nothing inside a record can show it (docs/threat-model.md); {kinds}"),
        told("the holder of the key, after a checkpoint has left: found", counts["kept"], runs, kinds),
        told("the same, the cosigned checkpoint left on file: found", counts["witness"], runs,
             f"no checkpoint kept, the witness's is in the folder; {kinds}"),
        told("the same, cosignature taken away, witness named: found", counts["named"], runs,
             f"`--witness`: the forged record has no cosignature of it; {kinds}"),
        told("the forged record offered to the witness: refused", counts["refused"], runs,
             "409 or 422 (C2SP tlog-witness), with the best request its forger can make"),
    ]  # fmt: skip


def refuses(witness, forged):
    """Whether the witness refuses what the forger asks, from the size it saw and from nothing."""
    head = parse(forged.note)
    tree = Tree([leaf_hash(entry) for entry in forged.entries])
    seen = next(log.size for log in witness.logs() if log.origin == head.origin)
    if seen <= head.size:
        asked = Request(seen, tuple(tree.consistency(seen)), head)
        if witness.add_checkpoint(str(asked)).status == 200:
            return False
    return witness.add_checkpoint(str(Request(0, (), head))).status != 200


def after_the_witness(looking, record, signer, key, runs, seed):
    """A row: what was written after the witness last looked can still be written again."""
    rng, found = random.Random(seed), 0
    witness = Witness.create(looking.folder / "late", "witness.example/late")
    witness.trust(key)
    head = parse(record.older[-2])
    cosigned = head.note + witness.add_checkpoint(str(Request(0, (), head))).body
    late = Looking(looking.folder, record.note, looking.trust, witness.key)
    places = [place for place in forging.hideable(record) if place >= head.size]
    for number in range(runs):
        forged = forging.rewritten(record, signer, [rng.choice(places)])
        left = replace(forged, cosigned={witness.key.id.hex(): cosigned})
        found += bool(late.problems(left, forging.FORMS[number % 2], kept=False, witness=True))
    return row(
        "events after the last cosigned checkpoint written again by the key's holder: found", "-",
        f"{found} of {runs}", "", runs, None,
        "the witness vouches for the beginning only; `verify` says up to where, and when",
    )  # fmt: skip


def removed_from_an_export(looking, record, runs, seed):
    """A row: what an export leaves out cannot be seen from it."""
    rng, found = random.Random(seed), 0
    for _ in range(runs):
        place = looking.folder / "export"
        forging.write_export(record, place)
        gone = set(rng.choice(forging.attempts(record)))
        for name in ("events.jsonl", "proofs.jsonl"):
            lines = (place / name).read_bytes().splitlines(keepends=True)
            (place / name).write_bytes(b"".join(x for i, x in enumerate(lines) if i not in gone))
        alone = verifier.Check()
        alone.run(place, looking.trust, looking.kept, files=True)
        found += bool(alone.problems)
        shutil.rmtree(place)
    return row(
        "an attempt left out of an export: found", "-", f"{found} of {runs}", "", runs, None,
        "an export is a choice of events; whoever wants to see all asks for the tiles",
    )  # fmt: skip


def processes(looking, record, runs, seed):
    """Rows: a sample through both command lines."""
    rng, kinds = random.Random(seed), [*forging.WITHOUT_KEY, *forging.OTHERWISE]
    rows = []
    for name, ours in (("verify_dossier.py", False), ("tenure verify", True)):
        found = 0
        for number in range(runs):
            kind = kinds[number % len(kinds)]
            forged = changed(record, kind, rng)
            found += looking.as_process(forged, rng.choice(forms_for(kind)), ours=ours)
        rows.append(told(f"tampering without the key, whole processes of `{name}`: found", found, runs,
                         "exit status and verdict, every kind in turn"))  # fmt: skip
    return rows


def main():
    """Forge, look, count, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--by-key", type=int, default=BY_KEY)
    parser.add_argument("--processes", type=int, default=AS_PROCESS)
    given = parser.parse_args()
    memory = Path("/dev/shm") if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(dir=memory) as name:
        folder = Path(name)
        record, signer, key = lived(folder)
        witness = Witness.create(folder / "witness", "witness.example/bench")
        witness.trust(key)
        answer = witness.add_checkpoint(str(Request(0, (), parse(record.note))))
        cosigned = record.note + answer.body
        looking = Looking(folder, record.note, signer.fingerprint, witness.key)
        for form in forging.FORMS:
            if found := looking.problems(record, form):
                raise SystemExit(f"the record itself is not right: {found}")
        for ours in (False, True):
            if looking.as_process(record, forging.FORMS[0], ours=ours):
                raise SystemExit("the record itself is not right")
        rows = without_key(looking, record, given.runs, 1)
        rows += with_key(looking, record, cosigned, signer, witness, given.by_key, 2)
        rows.append(after_the_witness(looking, record, signer, key, given.by_key // 10, 3))
        rows.append(removed_from_an_export(looking, record, given.by_key // 10, 4))
        rows += processes(looking, record, given.processes, 5)
    write("tamper", rows)


if __name__ == "__main__":
    main()

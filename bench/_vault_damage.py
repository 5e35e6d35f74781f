"""Random damage to every class of file, found by a scrub and mended: what bench/vault.py counts."""

import contextlib
import hashlib
import io
import random
import shutil

import _vault_work as work

from tenure.errors import TenureError
from tenure.preserve import copies, places, scrub

CLASSES = {
    "pack": lambda key: key.endswith(".pack"),
    "parity": lambda key: key.endswith(".parity"),
    "inventory": lambda key: key.endswith("/inventory.json"),
    "sidecar": lambda key: key.endswith(".sha512"),
    "declaration": lambda key: key.endswith("0=ocfl_object_1.1"),
    "content": lambda key: "/content/" in key,
    "root file": lambda key: True,
}
HOWS = ("flip", "truncation", "deletion", "swap")


def class_of(key):
    return next(name for name, fits in CLASSES.items() if fits(key))


def tree(root):
    """Digest every file of a copy, what was set aside excepted."""
    return {
        p.relative_to(root).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(root.rglob("*"))
        if p.is_file() and "extensions/tenure-set-aside" not in p.as_posix()
    }


def hurt(root, keys, how, draw):
    """Damage one file (two by a swap); returns what was damaged."""
    path = root / keys[0]
    for key in keys:
        (root / key).chmod(0o644)
    content = bytearray(path.read_bytes())
    if how == "deletion":
        path.unlink()
    elif how == "truncation":
        path.write_bytes(content[: draw.randrange(len(content))])
    elif how == "flip":
        content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
        path.write_bytes(content)
    else:
        path.write_bytes((root / keys[1]).read_bytes())
        (root / keys[1]).write_bytes(content)
    return keys if how == "swap" else keys[:1]


def by_scrub(base, count, seed):
    """Damage, scrub, compare: how many were found and mended, by class and kind, and what was not."""
    draw, folder = random.Random(seed), base / "damaged"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(base / "kept", folder)
    with work.opened(folder) as dossier:
        view = dossier.view()
        held = places.require(view, view.model(work.NAME))
        listed = {c.at: sorted(held.plan(view.root, c.form).files) for c in held.opened(view.root)}
        before = {at: tree(view.root / at) for at in listed}
        mended, wrong, seen = 0, [], {}
        for number in range(count):
            at = draw.choice(sorted(listed))
            root, keys = view.root / at, listed[at]
            name = draw.choice(sorted({class_of(key) for key in keys}))
            first = draw.choice([key for key in keys if class_of(key) == name])
            how = draw.choice(HOWS)
            if not (root / first).stat().st_size:
                how = "deletion"
            other = draw.choice([k for k in keys if before[at][k] != before[at][first]])
            bad = hurt(root, (first, other), how, draw)
            trouble = _scrubbed(dossier, at, bad, before, root)
            seen[f"{name}, {how}"] = seen.get(f"{name}, {how}", 0) + 1
            if trouble:
                wrong.append((number, at, bad, how, trouble))
                shutil.rmtree(root)
                shutil.copytree(base / "kept" / "dossier" / at, root)
            else:
                mended += 1
    return mended, wrong, seen


def _scrubbed(dossier, at, bad, before, root):
    try:
        evidence = dossier.run(scrub.stage, work.NAME, {})
    except TenureError as error:
        return f"{type(error).__name__}: {error}"
    found = {
        fault["file"]
        for event in evidence.findings["events"]
        if event["type"] == "fixity check" and event["object"]["copy"] == at
        for fault in event["detail"]["faults"]
    }
    missed = [key for key in bad if ("/".join(key.split("/")[4:]) or key) not in found]
    shutil.rmtree(root / "extensions/tenure-set-aside", ignore_errors=True)
    if missed:
        return f"not found: {missed}"
    if not evidence.findings["well"]:
        return evidence.summary
    return (
        "" if all(tree(root.parents[1] / a) == was for a, was in before.items()) else "bytes differ"
    )


def by_parity_alone(base, count, seed):
    """Flip up to three bits of a packed copy that has no other; mend by Tenure, and by the reader."""
    draw, folder = random.Random(seed), base / "damaged"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(base / "kept", folder)
    done, wrong = {"tenure": 0, "reader": 0}, []
    with work.opened(folder) as dossier:
        view = dossier.view()
        held = places.require(view, view.model(work.NAME))
        copy = next(c for c in held.opened(view.root) if c.form == "packed")
        wanted = held.plan(view.root, "packed")
        root, before = copy.store.root, tree(copy.store.root)
        keys = [k for k in wanted.files if "/content/" in k and (root / k).stat().st_size]
        for number in range(count):
            for _ in range(draw.randint(1, 3)):
                hurt(root, (draw.choice(keys),), "flip", draw)
            who = ("tenure", "reader")[number % 2]
            try:
                if who == "tenure":
                    copies.bring(copy.store, [], wanted)
                else:
                    with contextlib.redirect_stdout(io.StringIO()):
                        work.reader().main(["--vault", str(root), "mend"])
            except TenureError as error:
                wrong.append((number, who, str(error)))
            shutil.rmtree(root / "extensions/tenure-set-aside", ignore_errors=True)
            if tree(root) == before:
                done[who] += 1
                continue
            wrong.append((number, who, "bytes differ"))
            shutil.rmtree(root)
            shutil.copytree(base / "kept" / "dossier" / work.PACKED, root)
    return done, wrong

"""What bench/vault.py interrupts and damages: a dossier with a small model, kept packed and plain."""

import contextlib
import importlib.util
import io
import logging
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from tenure import models
from tenure.dossier import Dossier
from tenure.models import tiny
from tenure.preserve import check, fixity, keep, places, scrub, vault

PACKED, PLAIN, THIRD = "vaults/packed", "vaults/plain", "vaults/third"
TWO = [{"at": PACKED, "form": "packed"}, {"at": PLAIN, "form": "plain"}]
THREE = [*TWO, {"at": THIRD, "form": "packed"}]
NAME = "tulip@1"
logging.getLogger().setLevel(logging.ERROR)


def opened(folder):
    return Dossier.open(folder / "dossier", keys=folder.parent / "keys")


def do(folder, stage, spec):
    """Run one stage in a dossier, and return its evidence without what a run's clock decides."""
    with opened(folder) as dossier:
        return replace(dossier.run(stage, NAME, spec), runtime={})


class Work:
    """Something done to a vault: ``begin`` is a folder copied before it, ``copies`` those it writes."""

    def __init__(self, name, begin, stage, spec, hurt=()):
        self.name, self.begin, self.stage, self.spec, self.hurt = name, begin, stage, spec, hurt

    def lay(self, base, folder):
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(base / self.begin, folder)
        for at, ending in self.hurt:
            for path in sorted((folder / "dossier" / at).rglob("*")):
                if path.is_file() and path.as_posix().endswith(ending):
                    path.chmod(0o644)
                    content = bytearray(path.read_bytes())
                    content[len(content) // 2] ^= 4
                    path.write_bytes(content)

    def do(self, folder):
        return do(folder, self.stage, self.spec)


HURT = (
    (PACKED, ".pack"),
    (PLAIN, "model.safetensors"),
    (PLAIN, "RESTORE.txt"),
    (PACKED, "v1/inventory.json"),
)
WORKS = (
    Work("ingest", "registered", keep.stage, {"copies": TWO, "golden": "G0"}),
    Work("scrub", "kept", scrub.stage, {}, HURT[:1]),
    Work("repair", "kept", check.stage, {}, HURT),
    Work("replicate", "kept", keep.stage, {"copies": THREE, "golden": "G0"}),
)


def prepare(base):
    """Make the folders that works begin with: a model registered, and the same kept."""
    for name in ("registered", "kept"):
        (base / name).mkdir(parents=True)
        with opened(base / name) as dossier:
            models.register(dossier, str(tiny.make(base / f"{name}-model" / "tulip")))
    do(base / "kept", keep.stage, {"copies": TWO, "golden": "G0"})


def reader():
    place = Path(vault.__file__).parent / "in_vault/read_vault.py"
    spec = importlib.util.spec_from_file_location("read_vault_alone", place)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def roots(folder):
    return [p for at in (PACKED, PLAIN, THIRD) if (p := folder / "dossier" / at).is_dir()]


def restored(root, into):
    """Restore what a root shows, by the stand-alone reader; None where it shows nothing."""
    shutil.rmtree(into, ignore_errors=True)
    with contextlib.redirect_stdout(io.StringIO()) as said:
        code = reader().main(["--vault", str(root), "restore", NAME, str(into)])
    if code:
        return None, said.getvalue()
    return {p.name: p.read_bytes() for p in sorted((into / "original").iterdir())}, ""


def whole(folder, original, *, ocfl_py=False):
    """Say what is wrong with the copies of a dossier after the work: every validator, every byte."""
    with opened(folder) as dossier:
        view = dossier.view()
        held = places.require(view, view.model(NAME))
        for copy in held.opened(view.root):
            health = fixity.check(copy.store, held.plan(view.root, copy.form))
            if not health.well:
                return f"{copy.at}: {health.faults[:3]}"
    for root in roots(folder):
        with contextlib.redirect_stdout(io.StringIO()) as said:
            if reader().main(["--vault", str(root), "check"]):
                return f"{root.name}: read_vault.py check: {said.getvalue()}"
        files, trouble = restored(root, folder / "back")
        if files != original:
            return f"{root.name}: restored files differ; {trouble}"
        if ocfl_py and (trouble := invalid(root)):
            return f"{root.name}: {trouble}"
    return ""


def invalid(root):
    from ocfl import StorageRoot

    storage = StorageRoot(root=str(root))
    fine = storage.validate(log_warnings=False) and storage.num_objects == storage.good_objects >= 1
    return "" if fine else f"ocfl-py: {storage.log.status_str()} {storage.errors}"


def alone(root):
    """Run the reader in a process of its own, without packages; True when it finds all well."""
    program = [sys.executable, "-S", "-I", str(root / "read_vault.py"), "check"]
    return subprocess.run(program, capture_output=True, check=False).returncode == 0


def quick_folder():
    """A folder in memory where there is one: many thousand fsyncs cost nothing there."""
    shared = Path("/dev/shm")
    return shared if os.access(shared, os.W_OK) else None


if __name__ == "__main__":  # what is recorded under strace: NAME FOLDER
    next(each for each in WORKS if each.name == sys.argv[1]).do(Path(sys.argv[2]))

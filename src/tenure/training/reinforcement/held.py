"""The state of a training, held on disk so that a killed one goes on exactly where it was.

    held = Held(folder, key)          # one folder for each key; a key digests all that a training depends on
    held.save(5, write)               # write(folder) puts files there; complete or not there at all
    found = held.newest()             # (step, folder) | None

What is written is hashed, flushed to the disk and renamed into place; what does not match its hashes
or its key is removed, and the training goes back to the one before, or begins. Nothing here is
unpickled. Two states are kept: the newest may be the one a power cut has hit.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

ABOUT = "about.json"
KEPT = 2


def place(root: Path, key: str) -> Path:
    """Say where a training's state is held in a dossier."""
    return root / "work" / "held" / key.removeprefix("sha256:")[:32]


class Held:
    """The states of one training; ``key`` names everything it depends on."""

    def __init__(self, folder: Path, key: str) -> None:
        self.folder = folder
        self.key = key

    def save(self, step: int, write: Callable[[Path], None]) -> None:
        """Hold the state after ``step`` steps; ``write`` fills an empty folder."""
        draft = self.folder / "next"
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        write(draft)
        files = {p.name: _digest(p) for p in sorted(draft.iterdir())}
        about = {"key": self.key, "step": step, "files": files}
        (draft / ABOUT).write_text(json.dumps(about, sort_keys=True), encoding="utf-8")
        for path in (*draft.iterdir(), draft):
            _flush(path)
        final = self.folder / f"step-{step:06d}"
        shutil.rmtree(final, ignore_errors=True)
        draft.rename(final)
        _flush(self.folder)
        for old in self._all()[:-KEPT]:
            shutil.rmtree(old, ignore_errors=True)

    def newest(self) -> tuple[int, Path] | None:
        """Return the newest whole state and its step; one that is not whole is removed."""
        for folder in reversed(self._all()):
            step = self._check(folder)
            if step is not None:
                return step, folder
            shutil.rmtree(folder, ignore_errors=True)
        return None

    def _all(self) -> list[Path]:
        return sorted(self.folder.glob("step-*"))

    def _check(self, folder: Path) -> int | None:
        try:
            about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
            here = {p.name for p in folder.iterdir()} - {ABOUT}
            whole = (
                about["key"] == self.key
                and here == set(about["files"])
                and all(_digest(folder / name) == said for name, said in about["files"].items())
            )
            return int(about["step"]) if whole else None
        except (OSError, ValueError, KeyError, TypeError):
            return None


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _flush(path: Path) -> None:
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)

"""The state of a training, held on disk so that a killed one goes on exactly where it was.

    held = Held(folder, key)          # one folder for each key; a key digests all that a training depends on
    held.save(5, write)               # write(folder) puts files there; complete or not there at all
    found = held.newest()             # (step, folder) | None
    with claim(root, key, about):     # while a training holds its states, nobody removes them
        ...
    for one in left(root): ...        # what is held in a dossier, and for whom

What is written is hashed, flushed to the disk and renamed into place; what does not match its hashes
or its key is removed, and the training goes back to the one before, or begins. Nothing here is
unpickled. Two states are kept: the newest may be the one a power cut has hit.
"""

import fcntl
import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tenure.errors import BusyError, unknown

ABOUT = "about.json"
WHOSE = "training.json"  # for people: which training this is
KEPT = 2
PATIENCE = 1.0  # seconds


def place(root: Path, key: str) -> Path:
    """Say where a training's state is held in a dossier."""
    return _all_in(root) / key.removeprefix("sha256:")[:32]


def _all_in(root: Path) -> Path:
    return root / "work" / "held"


@contextmanager
def claim(root: Path, key: str, about: Mapping[str, str]) -> Iterator[Path]:
    """Hold a training's folder while it trains; the system lets go when this process ends, however.

    ``about`` says for people whose it is: kind, name, model.

    Raises:
        BusyError: another process trains from it.
    """
    folder = place(root, key)
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder, PATIENCE):
        (folder / WHOSE).write_text(json.dumps(dict(about), sort_keys=True), encoding="utf-8")
        try:
            yield folder
        finally:
            if not any(folder.glob("step-*")):  # there is nothing to go on from
                shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _locked(folder: Path, patience: float = 0.0) -> Iterator[None]:
    """Lock a folder, or raise BusyError; a list or a removal by somebody else takes a moment only."""
    handle, until = os.open(folder, os.O_RDONLY), time.monotonic() + patience
    try:
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= until:
                    raise BusyError(
                        f"a training goes on from the state {folder.name} right now; wait for it or "
                        "stop it"
                    ) from None
                time.sleep(PATIENCE / 20)
        if not folder.exists():
            raise BusyError(f"the state {folder.name} was just removed; run the command again")
        yield
    finally:
        os.close(handle)


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What a training has left: its folder's name, the step of its newest state, bytes, when written.

    ``step`` is None where nothing whole was written; ``time`` counts seconds since 1970; ``about``
    is what :func:`claim` was told, empty where an older version left it.
    """

    id: str
    step: int | None
    size: int
    time: float
    busy: bool
    about: Mapping[str, str] = field(default_factory=dict[str, str])


def left(root: Path) -> list[Left]:
    """List what trainings have left in a dossier, the newest first: those that run, and those given up.

    A training that is done has removed its own.
    """
    folders = [one for one in _all_in(root).glob("*") if one.is_dir()]
    return sorted((_left(one) for one in folders), key=lambda one: -one.time)


def _left(folder: Path) -> Left:
    files = [one for one in folder.rglob("*") if one.is_file()]
    steps = [int(one.name.removeprefix("step-")) for one in folder.glob("step-*")]
    try:
        about = json.loads((folder / WHOSE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        about = {}
    try:
        with _locked(folder):
            busy = False
    except BusyError:
        busy = True
    return Left(
        id=folder.name,
        step=max(steps, default=None),
        size=sum(one.stat().st_size for one in files),
        time=max(one.stat().st_mtime for one in (folder, *files)),
        busy=busy,
        about=about,
    )


def remove(root: Path, names: Sequence[str]) -> list[Left]:
    """Remove what some trainings have left, named by the beginnings of their ids, and return it.

    Raises:
        UsageError: a beginning that no state has, or several have; nothing was removed.
        BusyError: a training goes on from one of them; that one stays.
    """
    known = left(root)
    chosen: dict[str, Left] = {}
    for name in names:
        found = [one for one in known if name and one.id.startswith(name)]
        if len(found) != 1:
            raise unknown("state of a training", name, [one.id for one in found or known])
        chosen[found[0].id] = found[0]
    for one in chosen.values():
        folder = _all_in(root) / one.id
        with _locked(folder):
            shutil.rmtree(folder)
    return list(chosen.values())


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

"""What a scrub that was stopped or killed had read, so that the next one goes on with the next file."""

import hashlib
import json
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from tenure.preserve.fixity import Plan

FRESH_SECONDS = 7 * 86_400  # what was read longer ago than this is read again


class Journal:
    """Which files of a copy were read and right since it was last verified whole; safe to lose.

    ``since`` is when that was, as an event has it: what is older is on record, and forgotten.
    """

    def __init__(self, path: Path, wanted: Plan, since: str = "") -> None:
        self._path, self._since = path, datetime.fromisoformat(since).timestamp() if since else 0.0
        self._plan = hashlib.sha256(json.dumps(dict(wanted.files)).encode()).hexdigest()
        self.faults = list[dict[str, str]]()  # found by a run that was interrupted while it mended
        self.read = self._load()

    def _load(self) -> dict[str, int]:
        found, now = dict[str, int](), time.time()
        with suppress(OSError, UnicodeDecodeError):
            for line in self._path.read_text(encoding="utf-8").splitlines():
                with suppress(ValueError, KeyError, TypeError):  # cut short when it was killed
                    said = json.loads(line)
                    old = int(said["at"]) <= self._since or said["at"] < now - FRESH_SECONDS
                    if said["plan"] != self._plan or old or said["at"] > now:
                        continue
                    if "faults" in said:
                        self.faults = said["faults"]
                    else:
                        found[said["key"]] = said["bytes"]
        if not found and not self.faults:
            self._path.unlink(missing_ok=True)
        return found

    def add(self, key: str, size: int) -> None:
        """Note a file that is right."""
        self._write({"key": key, "bytes": size})

    def about_to_mend(self, faults: list[dict[str, str]]) -> None:
        """Note what was found, so that it is on record even when this run is killed now."""
        self._write({"faults": faults})

    def forget(self) -> None:
        """Begin anew next time: all was read, and what was wrong is on record and still wrong."""
        self._path.unlink(missing_ok=True)

    def _write(self, what: Mapping[str, Any]) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as out:
            out.write(f"{json.dumps({'plan': self._plan, 'at': time.time(), **what})}\n")


def journal_path(root: Path, at: str, held: str) -> Path:
    """Say where the notes on one object in one copy lie."""
    name = hashlib.sha256(f"{at}\n{held}".encode()).hexdigest()[:32]
    return root / "work" / "scrub" / f"{name}.jsonl"

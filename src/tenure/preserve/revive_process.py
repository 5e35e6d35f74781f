"""Bring a model back in a process of its own, from the vault alone: no dossier, no cache.

    python -m tenure.preserve.revive_process --vault FOLDER --object URN --into FOLDER

Prints one JSON object a line: each level as it is reached, and last the whole outcome. Exit
status 0 when nothing differed, 3 when something did.
"""

import argparse
import json
import os
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tenure.dossier import Model
from tenure.dossier.canonical import manifest_digest
from tenure.errors import IntegrityError, TenureError
from tenure.preserve import golden, vault
from tenure.preserve import restore as restoring
from tenure.preserve.golden import Level
from tenure.preserve.kit import ORIGINAL
from tenure.preserve.store import Store


def say(kind: str, **fields: Any) -> None:
    """Write one line of JSON."""
    sys.stdout.write(json.dumps({"kind": kind, **fields}) + "\n")
    sys.stdout.flush()


def restore(store: Store, object_id: str, into: Path) -> tuple[Model, Level]:
    """Restore every file of an object and compare with its passport: G0.

    Raises:
        IntegrityError: no such object, bytes that are not as the inventory or the passport say, or
            an object without weights.
    """
    began = time.monotonic()
    found = vault.read(store, object_id)
    if found is None:
        raise IntegrityError(
            f"{store.label} holds no {object_id}; 'read_vault.py list' shows what it holds"
        )
    restored = restoring.whole(store, found[0], into)
    passport = json.loads((into / "model.json").read_text(encoding="utf-8"))
    files = {n.removeprefix(ORIGINAL): d for n, d in restored.items() if n.startswith(ORIGINAL)}
    if not files:
        raise IntegrityError(
            f"{object_id} has no weights here: its record was kept, the weights are with its provider"
        )
    if manifest_digest(files) != passport["digest"]:
        raise IntegrityError(f"{object_id}: the restored files are not those its passport names")
    model = Model(
        name=passport["name"],
        version=passport["version"],
        source=str(into / "original"),
        files=files,
        card=passport["card"],
    )
    return model, Level(level="G0", outcome="same", seconds=round(time.monotonic() - began, 3))


def drill(store: Store, object_id: str, into: Path, level: str) -> list[Level]:
    """Restore, then check every level up to ``level``, saying each as it is done."""
    model, first = restore(store, object_id, into)
    say("level", **asdict(first))
    levels = [first]
    for _, check in golden.again(into / "original", into / "golden", model, level):
        began = time.monotonic()
        done = check()
        levels.append(
            Level(
                level=done.level,
                outcome=done.outcome,
                why=done.why,
                seconds=round(time.monotonic() - began, 3),
            )
        )
        say("level", **asdict(levels[-1]))
    return levels


def main(arguments: list[str]) -> int:
    """Run the drill; see the module's docstring."""
    parser = argparse.ArgumentParser(description="Bring a model back from a vault alone.")
    parser.add_argument("--vault", required=True, help="folder of the vault, or backend://place")
    parser.add_argument("--object", required=True, help="id of the object")
    parser.add_argument("--into", required=True, type=Path, help="new folder to restore into")
    parser.add_argument("--level", default="G3", help="check up to this level")
    given = parser.parse_args(arguments)
    # Forms made on the way (GGUF to OpenVINO's) must come from the vault's bytes, not from a cache.
    os.environ["TENURE_CACHE"] = str(given.into / "cache")
    from tenure.preserve.places import open_store

    try:
        levels = drill(open_store(Path.cwd(), given.vault), given.object, given.into, given.level)
    except TenureError as error:
        say("error", message=str(error), code=error.code)
        return error.code
    say("outcome", reached=golden.reached(levels), levels=[asdict(level) for level in levels])
    return 3 if any(level.outcome == "differs" for level in levels) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

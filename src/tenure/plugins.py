"""Extensions are files: found by their name, never listed.

A kind is a folder; each public module in it defines one object called ``extension``. Another
package adds its own through an entry point of the group ``tenure.<kind>``. A stage is a module of
a room that defines ``stage``; its name is ``room/module``.
"""

import importlib
import importlib.util
from functools import cache
from importlib.metadata import EntryPoints, entry_points
from pathlib import Path
from typing import Any

from tenure.errors import unknown

FOLDERS = {
    "engine": "tenure.models.engines",
    "grader": "tenure.measure.graders",
    "behaviour": "tenure.models.behaviours",
    "check": "tenure.align.checks",
    "critic": "tenure.align.critics",
    "reward": "tenure.align.rewards",
    "monitor": "tenure.align.monitors",
    "exploit": "tenure.align.exploits",
    "organism": "tenure.assess.organisms",
    "gate": "tenure.release.gates",
    "commitment": "tenure.release.checks",
    "step": "tenure.serve.steps",
    "tally": "tenure.serve.tallies",
    "store": "tenure.preserve.stores",
    "level": "tenure.preserve.levels",
    "command": "tenure.cli.commands",
}
ROOMS = ("align", "assess", "release", "preserve", "serve", "retire")


def _package_folder(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    locations = list(spec.submodule_search_locations or ()) if spec else []
    return Path(locations[0]) if locations else Path("/nonexistent")


@cache
def _external(kind: str) -> EntryPoints:
    """Read the installed entry points of a kind once: it costs tens of milliseconds."""
    return entry_points(group=f"tenure.{kind}")


@cache
def _stages() -> dict[str, str]:
    found: dict[str, str] = {}
    for room in ROOMS:
        for path in sorted(_package_folder(f"tenure.{room}").glob("[a-z]*.py")):
            # Reading the text keeps `tenure --help` from importing every room.
            if "\nstage = " in path.read_text(encoding="utf-8"):
                found[f"{room}/{path.stem}"] = f"tenure.{room}.{path.stem}"
    return found


def names(kind: str) -> list[str]:
    """List the extensions of a kind, without importing them."""
    external = [e.name for e in _external(kind)]
    if kind == "stage":
        return sorted({*_stages(), *external})
    folder = _package_folder(FOLDERS[kind])
    return sorted({*(p.stem for p in folder.glob("[a-z]*.py")), *external})


def load(kind: str, name: str) -> Any:
    """Import one extension.

    Raises:
        UsageError: no extension of this kind has this name; the message lists those there are.
    """
    if name not in names(kind):
        raise unknown(kind, name, names(kind))
    if kind == "stage" and name in _stages():
        return importlib.import_module(_stages()[name]).stage
    for entry in _external(kind).select(name=name):
        return entry.load()
    return importlib.import_module(f"{FOLDERS[kind]}.{name}").extension

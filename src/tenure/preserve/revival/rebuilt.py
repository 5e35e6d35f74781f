"""An environment made again out of the vault: a fresh venv, kept wheels, no network.

``pip install --no-index`` takes nothing but what the vault holds; ``pip check`` then finds every
requirement met. Nothing of the installation that runs this is visible inside.
"""

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tenure.errors import IntegrityError, UsageError
from tenure.preserve import ocfl, restore, vault
from tenure.preserve.kit import wheels
from tenure.preserve.ocfl import Inventory
from tenure.preserve.revival import fresh_process
from tenure.preserve.store import Store, read_small

SECONDS_LIMIT = 1800
UNPACKED = 6  # times the wheels: they themselves, and what they unpack and compile to


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """The Python inside, the object it came from, and how long each part took."""

    python: Path
    object: str
    wheels: int
    parts: dict[str, float]


def named(store: Store, inventory: Inventory) -> dict[str, Any]:
    """Read which wheels a model was kept with.

    Raises:
        UsageError: it was kept without any.
    """
    digest = inventory.state.get(wheels.WHEELS)
    if digest is None:
        raise UsageError(
            f"{inventory.id} was kept without wheels; 'tenure preserve keep --wheels download' adds "
            "them, 'tenure drill --environment here' does without"
        )
    key = f"{ocfl.object_path(inventory.id)}/{inventory.manifest[digest]}"
    found: dict[str, Any] = json.loads(read_small(store, key) or b"{}")
    return found


def build(stores: Sequence[Store], object_id: str, into: Path) -> Environment:
    """Make the environment that a kept model names, in a new folder.

    Raises:
        UsageError: it was kept without wheels, or they are for another Python or machine.
        IntegrityError: the wheels are not whole in any copy.
        RoomError: too little disk.
    """
    found = next((i for store in stores if (i := vault.peek(store, object_id))), None)
    lead = next((store for store in stores if vault.peek(store, object_id)), None)
    if found is None or lead is None:
        raise IntegrityError(f"no copy of {object_id} can be read; run 'tenure preserve check'")
    about, parts, began = named(lead, found), dict[str, float](), time.monotonic()
    restore.need_room(UNPACKED * int(about["bytes"]), into)

    def lap(part: str) -> None:
        nonlocal began
        parts[part] = round(time.monotonic() - began, 3)
        began = time.monotonic()

    held = wheels.fetch(stores, str(about["object"]), into / "wheels")
    lap("wheels out of the vault")
    _run([sys.executable, "-m", "venv", str(into / "venv")], about)
    lap("venv")
    python = into / "venv" / "bin" / "python"
    pip = [str(python), "-m", "pip", "--isolated", "--disable-pip-version-check"]
    offline = ["--no-index", "--find-links", str(held / "wheels")]
    _run([*pip, "install", "--quiet", *offline, "--requirement", str(held / wheels.LOCK)], about)
    _run([*pip, "check"], about)
    lap("install")
    return Environment(
        python=python, object=str(about["object"]), wheels=len(about["files"]), parts=parts
    )


def _run(command: Sequence[str], about: dict[str, Any]) -> None:
    environment = fresh_process.passed_on(fresh_process.TO_START)  # and no key of any place
    done = subprocess.run(  # noqa: S603 - our own arguments
        command, capture_output=True, text=True, check=False, env=environment, timeout=SECONDS_LIMIT
    )
    if done.returncode:
        last = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["no reason given"]
        raise UsageError(
            f"the kept environment cannot be made here: {last[0]}; its wheels are for Python "
            f"{about.get('python')} on {', '.join(about.get('platforms', []))}"
        )

"""Bring a kept model back, in a fresh process, from the vault alone, and see whether it is the same.

``revive_to`` is what the gateway calls to answer for a retired model; the stage is the drill.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from tenure.dossier import Emit, Evidence, Model, Stage, View
from tenure.errors import IntegrityError, RoomError, TenureError
from tenure.preserve import fixity, golden, places, vault
from tenure.preserve.kit import ORIGINAL
from tenure.preserve.ocfl import object_path
from tenure.preserve.places import Kept
from tenure.preserve.store import Store

SECONDS_LIMIT = 600
PASSED_ON = ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH", "OMP_NUM_THREADS", "TMPDIR", "VIRTUAL_ENV")
MEANS = {
    None: "nothing could be checked",
    "G0": "every byte is as it was signed",
    "G1": "and token ids and templates are the same",
    "G2": "and its logits in exact arithmetic are the same, as on any machine",
    "G3": "and the engine's replies are the same, word for word",
}


class Spec(BaseModel):
    """How far to go."""

    model_config = ConfigDict(extra="forbid")

    level: str = Field("G3", description="Check up to this level: G0, G1, G2 or G3.")


def run(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence:
    """Revive in a subprocess that is given the vault's path and an empty folder, nothing else."""
    golden.upto(spec.level)
    held = places.require(view, model)
    location, store, wanted = _sound_copy(held, view)
    into = emit.scratch / "revived"
    need_room([store], wanted, into)
    began = time.monotonic()
    outcome = _in_a_process(
        view.root / location if "://" not in location else location, held, into, spec, emit
    )
    seconds = time.monotonic() - began
    shutil.rmtree(into, ignore_errors=True)
    reached, levels = outcome["reached"], outcome["levels"]
    emit.fact(
        "last_drill", f"came back at {reached}", f"restored from {store.label} in a fresh process"
    )
    why = next(
        (f"{each['level']}: {each['why']}" for each in levels if each["outcome"] != "same"), ""
    )
    return Evidence(
        name="preserve/revive",
        model=model.id,
        kind="record",
        summary=f"Came back at level {reached}: {_means(reached)}."
        + (f" Not higher: {why}." if why else ""),
        findings={
            "reached": reached,
            "asked": spec.level,
            "why_not_higher": why,
            "levels": [{k: each[k] for k in ("level", "outcome", "why")} for each in levels],
            "version": wanted.inventory.head,
            "from": store.label,
        },
        runtime={
            "revive_seconds": round(seconds, 2),
            "levels": {e["level"]: e["seconds"] for e in levels},
        },
    )


def _means(reached: str | None) -> str:
    names = [None] if reached is None else golden.upto(reached)
    return ", ".join(MEANS[name] for name in names)


def _sound_copy(held: Kept, view: View) -> tuple[str, Store, fixity.Plan]:
    """Choose the first copy whose inventory is the signed one; a damaged copy is passed over.

    Raises:
        IntegrityError: no copy is whole.
    """
    wanted = held.plan(view.root)
    faults: list[str] = []
    for location, store in zip(held.roots, held.stores(view.root), strict=True):
        health = fixity.check(store, wanted)
        if health.well:
            return location, store, wanted
        faults.append(f"{store.label}: {len(health.faults)} fault(s)")
    raise IntegrityError(
        f"no copy of {held.object} is whole ({'; '.join(faults)}); run 'tenure preserve check'"
    )


def need_room(stores: Sequence[Store], wanted: fixity.Plan, into: Path) -> None:
    """Refuse before the work when the target disk is too small for the files and converted forms."""
    at, size = object_path(wanted.inventory.id), vault.SPARE_BYTES
    for digest in set(wanted.inventory.state.values()):
        key = f"{at}/{wanted.inventory.manifest[digest]}"
        size += 4 * max((_size(store, key) for store in stores), default=0)
    folder = into.absolute()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if free < size:
        raise RoomError(
            f"coming back needs {size >> 20} MiB of disk and {free >> 20} MiB are free; nothing was started"
        )


def _size(store: Store, key: str) -> int:
    try:
        return store.size(key)
    except KeyError:
        return 0


def _in_a_process(
    place: Path | str, held: Kept, into: Path, spec: Spec, emit: Emit
) -> dict[str, Any]:
    """Run the drill elsewhere, in isolated mode, with a bare environment; relay each level."""
    command = [sys.executable, "-m", "tenure.preserve.revive_process", "--vault", str(place)]
    command += ["--object", held.object, "--into", str(into), "--level", spec.level]
    environment = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    environment |= {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "PYTHONSAFEPATH": "1"}
    levels = golden.upto(spec.level)
    with (
        tempfile.TemporaryDirectory() as elsewhere,
        tempfile.TemporaryFile("w+", encoding="utf-8") as errors,
        subprocess.Popen(  # noqa: S603 - our own module, our own arguments
            command,
            cwd=elsewhere,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        assert process.stdout is not None
        last: dict[str, Any] = {}
        for last in _lines(process.stdout):
            if last["kind"] == "level":
                emit.progress(
                    levels.index(last["level"]) + 1,
                    len(levels),
                    f"{last['level']} {last['outcome']}",
                )
        process.wait(SECONDS_LIMIT)
        errors.seek(0)
        if last.get("kind") == "outcome":
            return last
        said = (
            last.get("message")
            or errors.read().strip()[-500:]
            or f"exit status {process.returncode}"
        )
    raise (IntegrityError if last.get("code") == IntegrityError.code else TenureError)(
        f"{held.object} did not come back: {said}"
    )


def _lines(stream: Any) -> Iterator[dict[str, Any]]:
    for line in stream:
        if line.startswith("{"):
            yield json.loads(line)


def revive_to(view: View, model: Model, into: Path) -> Path:
    """Restore a kept model's own files below ``into`` and return their folder, for an engine to load.

    A folder that holds the right bytes already is used as it is; another one is restored anew.

    Raises:
        UsageError: it was never kept.
        IntegrityError: no copy is whole, or the model was kept without weights.
        RoomError: too little disk.
    """
    held = places.require(view, model)
    wanted = held.plan(view.root)
    target = into / model.digest.removeprefix("sha256:")[:32]
    if not model.files:
        raise IntegrityError(f"{model.id} was kept without weights: they are with its provider")
    if target.is_dir():
        return target
    stores = held.stores(view.root)
    need_room(stores, wanted, into)
    into.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=into, prefix=".reviving-") as building:
        made, files = _from_any(stores, wanted, Path(building))
        if files != dict(model.files):
            raise IntegrityError(
                f"{model.id}: the vault's files are not those the dossier registered"
            )
        try:
            made.rename(target)
        except OSError:
            if not target.is_dir():  # another process brought the same model back first
                raise
    return target


def _from_any(
    stores: Sequence[Store], wanted: fixity.Plan, building: Path
) -> tuple[Path, dict[str, str]]:
    """Restore the model's own files from the first copy whose bytes are right."""
    said: list[str] = []
    for number, store in enumerate(stores):
        place = building / str(number)
        try:
            return place, vault.restore(store, wanted.inventory, place, prefix=ORIGINAL)
        except IntegrityError as error:
            said.append(str(error))
    raise IntegrityError(f"no copy of {wanted.inventory.id} is whole: {'; '.join(said)}")


stage = Stage(
    name="preserve/revive",
    spec=Spec,
    run=run,
    summary="Bring the model back from the vault in a fresh process, and compare with its golden answers.",
    kinds=("weights",),
    why_not="a model without weights of its own cannot be brought back by us",
    repeat=True,
)

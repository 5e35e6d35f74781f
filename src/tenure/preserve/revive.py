"""Bring a kept model back, in a fresh process, from the vault alone, and see whether it is the same.

``revive_to`` is what the gateway calls to answer for a retired model, ``to_folder`` the command for
people; the stage is the drill. Plain copies are read as they are, packed ones are unpacked.
"""

import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from tenure.dossier import Emit, Evidence, Model, Stage, View
from tenure.errors import (
    IntegrityError,
    UsageError,
    unknown,
)
from tenure.models import Engine
from tenure.preserve import fixity, places, restore, tombstones
from tenure.preserve.forms import ORIGINAL, PACKED, PLAIN, form_of
from tenure.preserve.packed import packs, passports
from tenure.preserve.places import Copy, Kept
from tenure.preserve.remote.faults import OutOfReachError
from tenure.preserve.revival import fresh_process, into_engine
from tenure.preserve.sameness import golden
from tenure.preserve.store import Store


class Spec(BaseModel):
    """How far to go."""

    model_config = ConfigDict(extra="forbid")

    level: str = Field("G3", description="Check up to this level: G0 to G5.")
    engine: str | None = Field(
        None, description="Straight into this engine (torch), without a file of weights."
    )
    ask: str | None = Field(None, description="With an engine: what it is asked.")
    at: str | None = Field(None, description="With an engine: which copy to read.")


def run(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence:
    """Revive in a subprocess that is given the vault's path and an empty folder, nothing else."""
    asked = golden.upto(spec.level)
    held = places.require(view, model)
    if spec.engine is not None:
        _need_weights(model)
        order = into_engine.Asked(engine=spec.engine, level=spec.level, ask=spec.ask)
        copies = copies_of(held, view.root, spec.at)
        return into_engine.run(model, view, order, copies, emit)
    location, store, wanted = _sound_copy(held, view)
    into = emit.scratch / "revived"
    # Converted forms are made beside the files on the way.
    restore.need_room(4 * sum(restore.sizes(store, wanted.inventory).values()), into)
    began = time.monotonic()
    arguments = ["--vault", places.absolute(view.root, location), "--into", str(into)]
    arguments += ["--level", spec.level]
    outcome = fresh_process.revived(sys.executable, arguments, held.object, asked, emit)
    seconds = time.monotonic() - began
    shutil.rmtree(into, ignore_errors=True)
    reached, levels = outcome["reached"], outcome["levels"]
    stone = tombstones.of(view, model)
    emit.fact(
        "last_drill", f"came back at {reached}", f"restored from {store.label} in a fresh process"
    )
    why = outcome["why_not_higher"]
    return Evidence(
        name="preserve/revive",
        model=model.id,
        kind="record",
        summary=f"Came back at level {reached}: {golden.met(levels)}."
        + (f" Not met: {why}." if why else "")
        + (f" It {stone}." if stone else ""),
        findings={
            "reached": reached,
            "asked": spec.level,
            "why_not_higher": why,
            "levels": [{k: each[k] for k in ("level", "outcome", "why")} for each in levels],
            "figures": {each["level"]: each["figures"] for each in levels if each["figures"]},
            "version": wanted.inventory.head,
            "from": store.label,
            "form": form_of(wanted.inventory),
        },
        runtime={
            "revive_seconds": round(seconds, 2),
            "levels": {e["level"]: e["seconds"] for e in levels},
        },
    )


def _sound_copy(held: Kept, view: View) -> tuple[str, Store, fixity.Plan]:
    """Choose the first copy whose inventory is the signed one; a damaged copy is passed over.

    Raises:
        IntegrityError: no copy is whole.
    """
    faults: list[str] = []
    for copy in held.opened(view.root):
        try:
            wanted = held.plan(view.root, copy.form)
            health = fixity.check(copy.store, wanted)
            if health.well:
                _need_bases(copy.store, wanted)
                return copy.at, copy.store, wanted
        except (IntegrityError, OutOfReachError) as error:
            faults.append(f"{copy.store.label}: {error}")
        else:
            faults.append(f"{copy.store.label}: {len(health.faults)} fault(s)")
    raise IntegrityError(
        f"no copy of {held.object} is whole ({'; '.join(faults)}); run 'tenure preserve check'"
    )


def _need_bases(store: Store, wanted: fixity.Plan) -> None:
    """Refuse a packed copy whose base has gone."""
    if form_of(wanted.inventory) == PACKED:
        named = passports.bases(passports.read(store, wanted.inventory), wanted.inventory.id)
        for base in named.values():
            packs.base_file(store, base)


@dataclass(frozen=True, slots=True, kw_only=True)
class Revived:
    """What came back: its files with their sha256, from which copy, how many bytes, in how long."""

    files: dict[str, str]
    copy: str
    form: str
    bytes: int
    seconds: float


def revive_to(view: View, model: Model, into: Path) -> Path:
    """Restore a kept model's own files below ``into`` and return their folder, for an engine to load.

    A folder that holds the right bytes already is used as it is; another one is restored anew.

    Raises:
        UsageError: it was never kept.
        RefusedError: it is tombstoned.
        IntegrityError: no copy is whole, or the model was kept without weights.
        RoomError: too little disk.
    """
    held = places.require(view, model)
    target = into / model.digest.removeprefix("sha256:")[:32]
    _need_weights(model)
    into_engine.need_awake(view, model)
    if not target.is_dir():
        bring_back(held, view.root, target, wanted=dict(model.files))
    return target


def _need_weights(model: Model) -> None:
    if not model.files:
        raise IntegrityError(f"{model.id} was kept without weights: they are with its provider")


@contextmanager
def to_engine(
    view: View,
    model: Model,
    engine: str = "torch",
    at: str | None = None,
    told: restore.Told | None = None,
) -> Iterator[Engine]:
    """Open a kept model straight from the vault, without writing a file of weights.

        with to_engine(view, model) as engine:
            print(engine.generate([[{"role": "user", "content": "Hello"}]], Sampling())[0].text)

    The weights are decoded into memory, packed or plain, from one object or two. Each tensor is
    compared with the passport as it passes, each file with what was signed, and only then is the
    engine opened on that memory: it computes what it would compute from a folder, bit for bit. A copy
    that is damaged is passed over. ``at`` names one copy (default: a plain one, then any); ``told``
    hears how many of how many bytes of weights have come. The engine belongs to the thread that
    opened it; on leaving it is closed and its weights are let go. Golden answers are checked by
    the stage ``preserve/revive``, not here.

    Raises:
        UsageError: it was never kept, no such copy, no such engine, or one that opens files alone.
        RefusedError: it is tombstoned.
        IntegrityError: no copy is whole, or the model was kept without weights.
        ModelError: no engine opens weights like these.
        RoomError: too little memory.
    """
    held = places.require(view, model)
    _need_weights(model)
    into_engine.need_awake(view, model)
    copies = copies_of(held, view.root, at)
    with into_engine.opened(held, view.root, copies, engine, told) as running:
        yield running


def to_folder(
    view: View, model: Model, target: Path, at: str | None = None, told: restore.Told | None = None
) -> Revived:
    """Restore a kept model's own files into a new folder, for people; ``at`` names one copy.

    Raises:
        UsageError: it was never kept, no such copy, or the folder is not empty.
        IntegrityError: no copy is whole, or the model was kept without weights.
        RoomError: too little disk.
    """
    held = places.require(view, model)
    _need_weights(model)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise UsageError(f"{target} is not an empty folder; name a new one")
    return bring_back(held, view.root, target, wanted=dict(model.files), at=at, told=told)


def copies_of(held: Kept, root: Path, at: str | None = None) -> list[Copy]:
    """Return the copies to read, plain ones first; ``at`` names one by its place or its last part.

    Raises:
        UsageError: no such copy; lists those there are.
    """
    opened = held.opened(root)
    found = [c for c in opened if at in (None, c.at, c.store.label)]
    if not found:
        raise unknown(f"copy of {held.object}", at or "", [copy.at for copy in opened])
    return sorted(found, key=lambda copy: copy.form != PLAIN)


def bring_back(
    held: Kept,
    root: Path,
    target: Path,
    *,
    wanted: dict[str, str],
    at: str | None = None,
    told: restore.Told | None = None,
) -> Revived:
    """Restore the model's own files (name -> digest) into a new folder, whole or not at all.

    Copies whose bytes are not right are passed over.

    Raises:
        IntegrityError: no copy is whole, or its files are not those that are wanted.
        RoomError: too little disk.
    """
    said: list[str] = []
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".reviving-") as building:
        for number, copy in enumerate(copies_of(held, root, at)):
            began, place = time.monotonic(), Path(building) / str(number)
            try:
                inventory = held.plan(root, copy.form).inventory
                size = sum(restore.sizes(copy.store, inventory, ORIGINAL).values())
                restore.need_room(size, target.parent)
                files = restore.whole(copy.store, inventory, place, ORIGINAL, told)
            except (IntegrityError, OutOfReachError) as error:
                said.append(str(error))
                shutil.rmtree(place, ignore_errors=True)
                continue
            if files != wanted:
                raise IntegrityError(
                    f"{held.object}: the vault's files are not those the dossier registered"
                )
            _into_place(place, target)
            seconds = time.monotonic() - began
            return Revived(files=files, copy=copy.at, form=copy.form, bytes=size, seconds=seconds)
    raise IntegrityError(f"no copy of {held.object} is whole: {'; '.join(said)}")


def one_tensor(
    view: View, model: Model, name: str, at: str | None = None
) -> tuple[restore.Tensor, str]:
    """Bring one tensor back by range reads; returns it and the place of the copy it came from.

    Raises:
        UsageError: it was never kept, no such copy, or no such tensor.
        IntegrityError: no copy holds the right bytes.
    """
    held, said = places.require(view, model), list[str]()
    _need_weights(model)
    for copy in copies_of(held, view.root, at):
        try:
            inventory = held.plan(view.root, copy.form).inventory
            return restore.tensor(copy.store, inventory, name), copy.at
        except (IntegrityError, OutOfReachError) as error:
            said.append(str(error))
    raise IntegrityError(f"no copy of {held.object} holds {name} whole: {'; '.join(said)}")


def _into_place(made: Path, target: Path) -> None:
    try:
        made.rename(target)
    except OSError:
        if not target.is_dir() or not any(target.iterdir()):
            raise  # otherwise another process brought the same model back first


stage = Stage(
    name="preserve/revive",
    spec=Spec,
    run=run,
    summary="Bring the model back from the vault in a fresh process, and compare with its golden answers.",
    kinds=("weights",),
    why_not="a model without weights of its own cannot be brought back by us",
    repeat=True,
)

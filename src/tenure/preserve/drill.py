"""The drill: a model comes back in a fresh process, answers, and is held against its golden answers.

Each drill takes the next copy in turn. With the environment ``kept`` the process runs in a venv
made offline from the wheels in the vault. Before it starts, the system is asked to forget the
copy's files, so that they are read from the disk; libraries stay as warm as they are. Every part of
the way to the first token is timed: that is evidence about this machine, and stands in ``runtime``.
"""

import os
import shutil
import sys
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from tenure.dossier import Emit, Evidence, Model, Stage, View, now
from tenure.errors import IntegrityError
from tenure.preserve import places, restore, revive, tombstones
from tenure.preserve.ocfl import object_path
from tenure.preserve.packed import passports
from tenure.preserve.places import Copy, Kept
from tenure.preserve.remote.faults import OutOfReachError
from tenure.preserve.revival import fresh_process, rebuilt
from tenure.preserve.sameness import golden

DRILL = "preserve/drill"
DAYS = 92  # after which another drill is due
TO_FIRST_TOKEN = (
    "start", "decode", "checks", "compare forms", "import", "convert", "load", "first token",
)  # fmt: skip


class Spec(BaseModel):
    """How far to go, and in which environment."""

    model_config = ConfigDict(extra="forbid")

    level: str = Field(golden.LEVELS[-1], description="Check up to this level: G0 to G5.")
    environment: Literal["here", "kept"] = Field(
        "here",
        description="here: this installation. kept: a fresh one, offline, from the vault's wheels.",
    )
    engine: str | None = Field(None, description="Engine that answers; by default the serving one.")
    at: str | None = Field(None, description="Which copy to read; by default the next one in turn.")
    forms: Path | None = Field(
        None,
        description="Folder outside of the vault for converted forms: used, or filled; safe to delete.",
    )


def run(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence:
    """Bring it back, time each part, compare, and put on record what was met and what was not."""
    golden.upto(spec.level)
    held = places.require(view, model)
    copies = in_turn(held, view, model, spec.at)
    built, python, parts = None, Path(sys.executable), dict[str, float]()
    if spec.environment == "kept":
        emit.progress(0, 2, "making its environment from the kept wheels, offline")
        stores = [copy.store for copy in copies]
        built = rebuilt.build(stores, held.object, emit.scratch / "environment")
        python, parts = built.python, built.parts
    copy, outcome = _from_any(copies, held, view, (python, spec, emit))
    reached, stone = outcome["reached"], tombstones.of(view, model)
    emit.fact("last_drill", f"came back at {reached}", f"a drill, environment {spec.environment}")
    levels, why = outcome["levels"], outcome["why_not_higher"]
    chat = outcome["chat"]
    return Evidence(
        name=DRILL,
        model=model.id,
        kind="record",
        form=chat["form"],
        summary=f"Came back at level {reached} from the copy at {copy.at} and answered: "
        f"{golden.met(levels)}."
        + (f" Not met: {why}." if why else "")
        + (f" It {stone}." if stone else ""),
        findings={
            "reached": reached,
            "asked": spec.level,
            "why_not_higher": why,
            "levels": [{k: each[k] for k in ("level", "outcome", "why")} for each in levels],
            "chat": {k: chat[k] for k in ("engine", "messages", "reply")},
            "from": copy.at,
            "form": copy.form,
            "environment": spec.environment,
            "wheels": built.object if built else None,
        },
        runtime=_runtime(outcome, parts),
    )


def _runtime(outcome: dict[str, Any], environment: dict[str, float]) -> dict[str, Any]:
    parts: dict[str, float] = outcome["parts"]
    return {
        "first_token_seconds": round(sum(parts.get(p, 0.0) for p in TO_FIRST_TOKEN), 3),
        "parts": parts,
        "environment": environment,
        "cold": outcome["cold"],
        "load": [round(each, 2) for each in os.getloadavg()],
        "forms": {k: outcome[k] for k in ("lent", "made") if k in outcome},
        "levels": {e["level"]: e["seconds"] for e in outcome["levels"]},
        "figures": {e["level"]: e["figures"] for e in outcome["levels"] if e["figures"]},
    }


def in_turn(held: Kept, view: View, model: Model, at: str | None) -> list[Copy]:
    """Order the copies: the one that is named, or the next in turn, first.

    Raises:
        UsageError: no such copy.
    """
    every = list(held.opened(view.root))
    if at is not None:
        first = revive.copies_of(held, view.root, at)[0]
        return [first, *(copy for copy in every if copy.at != first.at)]
    turn = sum(evidence.name == DRILL for _, evidence in view.all_evidence(model.id)) % len(every)
    return every[turn:] + every[:turn]


def _from_any(
    copies: Sequence[Copy], held: Kept, view: View, how: tuple[Path, Spec, Emit]
) -> tuple[Copy, dict[str, Any]]:
    """Drill from the first copy that is whole; its bytes are compared on the way.

    Raises:
        IntegrityError: no copy is whole.
    """
    python, spec, emit = how
    said: list[str] = []
    for number, copy in enumerate(copies):
        into = emit.scratch / f"revived-{number}"
        try:
            wanted = held.plan(view.root, copy.form).inventory
            copy.require(wanted)
            restore.need_room(4 * sum(restore.sizes(copy.store, wanted).values()), into)
            place = places.absolute(view.root, copy.at)
            bases = passports.bases(passports.read(copy.store, wanted), wanted.id).values()
            read = {wanted.id, *(base.object for base in bases)}
            cold = all(forget(Path(place) / object_path(each)) for each in sorted(read))
            arguments = ["--vault", place, "--into", str(into), "--level", spec.level]
            arguments += ["--chat", *(["--engine", spec.engine] if spec.engine else [])]
            arguments += ["--forms", str(spec.forms.absolute())] if spec.forms else []
            arguments += ["--began", repr(time.time())]
            outcome = fresh_process.revived(
                str(python), arguments, held.object, golden.LEVELS, emit
            )
        except (IntegrityError, OutOfReachError) as error:
            said.append(str(error))
            continue
        finally:
            shutil.rmtree(into, ignore_errors=True)
        return copy, {**outcome, "cold": cold}
    raise IntegrityError(f"no copy of {held.object} is whole: {'; '.join(said)}")


def forget(folder: Path) -> bool:
    """Ask the system to drop a folder's files from its memory; say whether it could be asked."""
    if not folder.is_dir() or not hasattr(os, "posix_fadvise"):
        return False
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as source:
                os.fsync(source.fileno())  # what is not on the disk yet cannot be dropped
                os.posix_fadvise(source.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    return True


def due(view: View, model: Model) -> tuple[str, str] | None:
    """Say that another drill is due: (reason, command), or None.

    A model that never came back is told of elsewhere (``preserve/revive``).
    """
    times = [
        event.time
        for event, evidence in view.all_evidence(model.id)
        if evidence.name in (DRILL, "preserve/revive")
    ]
    if not times or not model.files or not view.state(model.id).kept:
        return None
    past = (_moment(now()) - _moment(times[-1])).days
    if past < DAYS:
        return None
    return f"last drill {past} days ago, one is due every {DAYS}", f"tenure drill {model.id}"


def _moment(at: str) -> datetime:
    return datetime.fromisoformat(at)


stage = Stage(
    name=DRILL,
    spec=Spec,
    run=run,
    summary="Bring the model back in a fresh process or environment, let it answer, time each part.",
    kinds=("weights",),
    why_not="a model without weights of its own cannot be brought back by us",
    repeat=True,
)

"""Straight from a vault into an engine: for a caller in Python, and as evidence of a return.

No file of weights is written. An engine is opened only when every byte was compared; a copy that is
damaged is passed over, and the next one begins anew.
"""

import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tenure.dossier import Emit, Evidence, Model, View
from tenure.errors import IntegrityError, RefusedError
from tenure.models import Engine, in_memory
from tenure.preserve import places, restore, tombstones
from tenure.preserve.forms import form_of
from tenure.preserve.places import Copy, Kept
from tenure.preserve.remote.faults import OutOfReachError
from tenure.preserve.revival import fresh_process, straight
from tenure.preserve.sameness import golden

PARTS = (  # in order; what is behind the first token follows it
    "start", "import", "decode", "checks", "load", "first token", "golden answers", "reply",
)  # fmt: skip
BEFORE = PARTS[: PARTS.index("first token") + 1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which engine, up to which golden level, and what it is asked (None: what it is)."""

    engine: str
    level: str
    ask: str | None = None


def need_awake(view: View, model: Model) -> None:
    """Refuse a model that answers nobody any more.

    Raises:
        RefusedError: it is tombstoned.
    """
    stone = tombstones.of(view, model)
    if stone is not None:
        raise RefusedError(f"{model.id} {stone}; it answers nobody. {tombstones.REMEDY}")


@contextmanager
def opened(
    held: Kept, root: Path, copies: Sequence[Copy], engine: str, told: restore.Told | None = None
) -> Iterator[Engine]:
    """Open an engine on what the first whole copy holds; see ``tenure.preserve.revive.to_engine``."""
    in_memory.need(engine)
    with tempfile.TemporaryDirectory(prefix="tenure-revived-") as place:

        def come(copy: Copy, into: Path) -> straight.Came:
            wanted = held.plan(root, copy.form).inventory
            return straight.into_memory(copy.store, wanted, into, told)

        came = _from_any(held, copies, Path(place), come)[1]
        running = in_memory.open_held(came.held, engine)
        try:
            yield running
        finally:
            running.close()


def _from_any(
    held: Kept, copies: Sequence[Copy], place: Path, come: Callable[[Copy, Path], Any]
) -> tuple[Copy, Any]:
    """Give what the first copy gives that is whole.

    Raises:
        IntegrityError: none is.
    """
    said: list[str] = []
    for number, copy in enumerate(copies):
        into = place / str(number)
        try:
            return copy, come(copy, into)
        except (IntegrityError, OutOfReachError) as error:
            said.append(f"{copy.store.label}: {error}")
            shutil.rmtree(into, ignore_errors=True)
    raise IntegrityError(f"no copy of {held.object} is whole: {'; '.join(said)}")


def run(model: Model, view: View, asked: Asked, copies: Sequence[Copy], emit: Emit) -> Evidence:
    """Bring it back straight into an engine in a process of its own; see ``preserve/revive``."""
    in_memory.need(asked.engine)
    need_awake(view, model)
    held, levels = places.require(view, model), golden.upto(asked.level)

    def come(copy: Copy, into: Path) -> dict[str, Any]:
        wanted = held.plan(view.root, copy.form).inventory
        copy.require(wanted)
        into.parent.mkdir(parents=True, exist_ok=True)
        arguments = ["--vault", places.absolute(view.root, copy.at), "--into", str(into)]
        arguments += ["--level", asked.level, "--straight", asked.engine]
        arguments += ["--ask", asked.ask] if asked.ask is not None else []
        arguments += ["--began", repr(time.time())]
        outcome = fresh_process.revived(sys.executable, arguments, held.object, levels, emit)
        shutil.rmtree(into, ignore_errors=True)
        return {**outcome, "version": wanted.head, "form": form_of(wanted)}

    copy, outcome = _from_any(held, copies, emit.scratch / "straight", come)
    reached, why, chat = outcome["reached"], outcome["why_not_higher"], outcome["chat"]
    emit.fact("last_drill", f"came back at {reached}", f"straight into {asked.engine}")
    return Evidence(
        name="preserve/revive",
        model=model.id,
        kind="record",
        form=chat["form"],
        summary=f"Came back at level {reached}, straight into {asked.engine} from the copy at "
        f"{copy.at}: {golden.met(outcome['levels'])}."
        + (f" Not met: {why}." if why else "")
        + ("" if chat["reply"] else " It was not asked anything: a level differs."),
        findings={
            "reached": reached,
            "asked": asked.level,
            "why_not_higher": why,
            "levels": [{k: e[k] for k in ("level", "outcome", "why")} for e in outcome["levels"]],
            "version": outcome["version"],
            "from": copy.store.label,
            "form": outcome["form"],
            "into": asked.engine,
            "chat": {k: chat[k] for k in ("engine", "messages", "reply")},
        },
        runtime=_runtime(outcome),
    )


def _runtime(outcome: dict[str, Any]) -> dict[str, Any]:
    parts: dict[str, float] = outcome["parts"]
    return {
        "revive_seconds": round(sum(parts.values()), 2),
        "first_token_seconds": round(sum(parts[name] for name in BEFORE), 3),
        "parts": parts,
        "levels": {e["level"]: e["seconds"] for e in outcome["levels"]},
        "figures": {e["level"]: e["figures"] for e in outcome["levels"] if e["figures"]},
        "memory": outcome["memory"],
    }

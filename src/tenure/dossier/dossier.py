"""The dossier: everything that is known about an organisation's models, and the proof of it."""

import os
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tenure.dossier.emitting import Emitter, Listener, Place, register
from tenure.dossier.files import Files
from tenure.dossier.keys import Keys, default_folder
from tenure.dossier.leases import Leases
from tenure.dossier.log import Log
from tenure.dossier.nouns import Event, Evidence, Model
from tenure.dossier.opening import DATABASE, LOG_ENVIRONMENT
from tenure.dossier.reading import Reading
from tenure.dossier.runner import Runner, work_of
from tenure.dossier.source import Wanted
from tenure.dossier.stage import Stage, View, Waiting
from tenure.dossier.writer import Draft, Writer
from tenure.errors import UsageError

_NO_HANDS: Mapping[str, Callable[..., Any]] = {}


class Dossier:
    """An open dossier; a context manager. Reading needs no key, the first event makes one."""

    def __init__(self, root: Path, log: Log, keys: Keys, actor: str) -> None:
        """Use :meth:`open`."""
        self.root = root
        self.log = log
        self.files = Files(root)
        self.writer = Writer(log, self.files, keys, actor)
        self.leases = Leases(log)
        self.reading = Reading(root, log)
        self.listener: Listener | None = None

    @classmethod
    def open(
        cls,
        root: Path | str,
        *,
        keys: Path | None = None,
        actor: str = "operator",
        create: bool = True,
        log: str | None = None,
    ) -> Self:
        """Open the dossier in a folder, or make one.

        ``keys`` is the folder of private keys (default $TENURE_KEYS, else ~/.config/tenure/keys);
        ``actor`` is the role that signs; ``log`` is the address of a PostgreSQL log, shared by
        several machines (default $TENURE_LOG, else SQLite inside the folder).

        Raises:
            UsageError: there is no dossier and ``create`` is false, it is an export, or the keys lie
                inside it.
        """
        root = Path(root).absolute()
        folder = Path(keys if keys is not None else default_folder()).absolute()
        if folder.resolve().is_relative_to(root.resolve()):
            raise UsageError(
                f"the keys ({folder}) lie inside the dossier ({root}), where everyone who copies "
                "it would have them; keep them elsewhere and set TENURE_KEYS"
            )
        address = log or os.environ.get(LOG_ENVIRONMENT)
        if not address and not create and not (root / DATABASE).is_file():
            raise UsageError(
                f"no dossier in {root}; give the folder of one, or begin one with `tenure register`"
            )
        if not (root / DATABASE).is_file() and (root / "events.jsonl").is_file():
            raise UsageError(
                f"{root} is an export: it can be read and verified, and nothing is added to it; "
                "give the folder of the dossier itself"
            )
        root.mkdir(parents=True, exist_ok=True)
        return cls(root, Log(address or f"sqlite:///{root / DATABASE}"), Keys(folder), actor)

    def __enter__(self) -> Self:
        """Use it."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        self.close()

    def close(self) -> None:
        """Let go of the database."""
        self.leases.close()
        self.log.close()

    def view(self) -> View:
        """Read the dossier."""
        return self.reading

    def register(self, model: Model) -> Model:
        """Register a model whose files are stored; see ``Emit.register``."""
        return register(self.writer, model)

    def append_many(self, drafts: list[Draft]) -> list[Event]:
        """Append events in one power-safe group, all or none."""
        return self.writer.append(*drafts)

    def checkpoint(self) -> str | None:
        """Return the newest checkpoint, a signed note: what to print, mail or have cosigned."""
        return self.log.note()

    def rebuild(self) -> int:
        """Drop every table but the truth and make it again; return the number of events."""
        with self.log.writing() as tx:
            return tx.refold()

    def emitter(self, model: str, name: str) -> Emitter:
        """Add to the dossier outside a stage; ``model`` is a model id or "" (a context manager)."""
        base = self.root / "work" / "stages"
        base.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(dir=base, prefix="by-hand-"))
        place = Place(model=model, name=name, scratch=scratch, listener=self.listener)
        return Emitter(self.writer, self.leases, place)

    def run(
        self,
        stage: Stage,
        model: str,
        spec: Any,
        *,
        hands: Mapping[str, Callable[..., Any]] = _NO_HANDS,
    ) -> Evidence | Waiting:
        """Run a stage on a model; what was finished before is returned, not done again.

        Raises:
            UsageError: unknown model, a stage that is not for its kind, settings that do not fit.
            BusyError, RoomError, RefusedError: see ``Runner.run``.
        """
        work = work_of(stage, self.reading.model(model), spec)
        runner = Runner(self.reading, self.writer, self.leases)
        return runner.run(replace(work, hands=hands, listener=self.listener))

    def size(self) -> int:
        """Count the events."""
        newest = self.log.find(Wanted(newest=True))
        return newest[0].index + 1 if newest else 0

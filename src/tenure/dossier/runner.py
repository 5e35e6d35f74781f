"""Running a stage: once, recorded from its start to its end, safe to kill at any moment."""

import platform
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import tenure
from tenure.dossier.canonical import digest_of
from tenure.dossier.emitting import Emitter, Listener, Place, RecordedError
from tenure.dossier.leases import Leases
from tenure.dossier.nouns import JSON, Event, Evidence, Model
from tenure.dossier.reading import Reading, evidence_of
from tenure.dossier.source import Wanted
from tenure.dossier.stage import Stage, Waiting
from tenure.dossier.writer import Draft, Writer, plain
from tenure.errors import RefusedError, RoomError, UsageError


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One run of a stage on a model: what it is, and the key under which it is done once."""

    stage: Stage
    model: Model
    spec: Any
    settings: Mapping[str, JSON]
    read: tuple[str, ...] = ()
    hands: Mapping[str, Callable[..., Any]] = field(default_factory=dict[str, Callable[..., Any]])
    listener: Listener | None = None

    @property
    def key(self) -> str:
        """Name the work: stage and version, model, settings, code version, evidence it rests on."""
        rests = {"reads": list(self.read)} if self.read else {}
        return digest_of(
            rests
            | {
                "stage": self.stage.name,
                "version": self.stage.version,
                "model": [self.model.id, self.model.digest],
                "spec": self.settings,
                "package": tenure.__version__,
            }
        )


def work_of(stage: Stage, model: Model, spec: Any) -> Work:
    """Check that a stage makes sense for a model, and its settings.

    Raises:
        UsageError: the stage is not for this kind of model, or a setting does not fit.
    """
    if model.kind not in stage.kinds:
        raise UsageError(
            f"{stage.name} is not for {model.id}, a model of the kind '{model.kind}': "
            f"{stage.why_not or 'it needs one of the kinds ' + ', '.join(stage.kinds)}"
        )
    if isinstance(spec, Mapping):
        try:
            spec = stage.spec.model_validate(dict(spec))  # pyright: ignore[reportUnknownArgumentType] - checked by this call
        except ValueError as error:
            raise UsageError(
                f"the settings of {stage.name} do not fit: {_unfit(error, stage)}"
            ) from None
    settings: Mapping[str, JSON] = plain(spec.model_dump(mode="json"))
    return Work(stage=stage, model=model, spec=spec, settings=settings)


def _unfit(error: ValueError, stage: Stage) -> str:
    """Say which setting does not fit, and what may be given."""
    from pydantic import ValidationError  # who only verifies does without it

    from tenure import documents

    return documents.told(error, stage.spec) if isinstance(error, ValidationError) else str(error)


class Runner:
    """Runs stages in one dossier."""

    def __init__(self, reading: Reading, writer: Writer, leases: Leases) -> None:
        """Read, write and hold leases through these."""
        self.reading = reading
        self.writer = writer
        self.leases = leases

    def run(self, work: Work) -> Evidence | Waiting:
        """Do the work, or return what it found when it was done before.

        Raises:
            BusyError: another process is doing it.
            RoomError: too little disk; nothing was started.
            RefusedError: a rule forbids it; recorded.
        """
        work = replace(work, read=self._read(work))
        lease = f"stage:{work.stage.name}:{work.model.id}"
        key, done = self._done(work)
        if done is not None:
            return done
        self._room(work.stage)
        self.leases.take(lease, f"{work.stage.name} for {work.model.id}")
        try:
            key, done = self._done(work)
            return done if done is not None else self._do(work, key)
        finally:
            self.leases.release(lease)

    def _done(self, work: Work) -> tuple[str, Evidence | None]:
        """Return the key of this run, and the evidence when it is finished."""
        if work.stage.repeat:
            earlier = self.writer.log.find(Wanted(act="evidence", name=work.stage.name))
            attempt = sum(e.body.get("work") == work.key for e in earlier)
            return digest_of({"work": work.key, "attempt": attempt}), None
        found = self.writer.log.find(Wanted(once=f"evidence:{work.key}"))
        if not found:
            return work.key, None
        event = self.reading.whole(found[0])
        return work.key, evidence_of(event)

    def _read(self, work: Work) -> tuple[str, ...]:
        """Digest the newest evidence of each name this work rests on, without its runtime."""
        newest: dict[str, Evidence] = {}
        for event, evidence in self.reading.all_evidence(work.model.id):
            if any(fnmatchcase(event.name, pattern) for pattern in work.stage.reads):
                newest[event.name] = evidence
        return tuple(
            f"{name} {digest_of(replace(newest[name], runtime={}).to_json())}"
            for name in sorted(newest)
        )

    def _room(self, stage: Stage) -> None:
        free = shutil.disk_usage(self.reading.root).free
        if free < stage.disk:
            raise RoomError(
                f"{stage.name} needs {stage.disk >> 20} MiB of disk, {free >> 20} MiB are free "
                f"at {self.reading.root}; nothing was started: make room and run it again"
            )

    def _start(self, work: Work, key: str) -> tuple[Event, bool]:
        """Record the start, or find it when an earlier run was interrupted."""
        found = self.writer.log.find(Wanted(once=f"start:{key}"))
        if found:
            return found[0], True
        body = {"key": key, "spec": work.settings, "version": work.stage.version}
        body |= {"package": tenure.__version__}
        return self._record(work, "start", body), False

    def _record(self, work: Work, act: Any, body: Mapping[str, JSON]) -> Event:
        draft = Draft(act=act, name=work.stage.name, model=work.model.id, body=body)
        return self.writer.append(draft)[0]

    def _do(self, work: Work, key: str) -> Evidence | Waiting:
        start, resumed = self._start(work, key)
        place = Place(
            model=work.model.id,
            name=work.stage.name,
            scratch=scratch(self.reading.root, work.stage.name, work.model.id),
            since=start.index if resumed else None,
            hands=work.hands,
            listener=work.listener,
        )
        began = time.monotonic()
        with Emitter(self.writer, self.leases, place) as emit:
            try:
                result = work.stage.run(work.model, self.reading, work.spec, emit)
            except RecordedError:
                raise
            except RefusedError as error:
                self._once_more(work, "refuse", {"key": key, "reason": str(error)})
                raise
        if isinstance(result, Waiting):
            body = {"on": result.on, "command": result.command, "why": result.why}
            if result.until is not None:
                body["until"] = result.until
            self._once_more(work, "wait", {"key": key, **body})
            return result
        return self._finish(work, key, result, time.monotonic() - began)

    def _once_more(self, work: Work, act: Any, body: Mapping[str, JSON]) -> None:
        """Record a wait or a refusal, unless the last of this work says the same."""
        last = self.writer.log.find(Wanted(once=f"{act}:{body['key']}", newest=True))
        if not last or self.reading.whole(last[0]).body != body:
            self._record(work, act, body)

    def _finish(self, work: Work, key: str, result: Evidence, seconds: float) -> Evidence:
        runtime = {
            "seconds": round(seconds, 3),
            "tenure": tenure.__version__,
            "python": platform.python_version(),
            "machine": f"{platform.system()} {platform.machine()}",
            **result.runtime,
        }
        evidence = replace(result, name=work.stage.name, runtime=plain(runtime))
        body = {"key": key, "work": work.key, "evidence": evidence.to_json()}
        samples = {
            f"samples/{m.name}": m.samples for m in evidence.measures if m.samples is not None
        }
        draft = Draft(
            act="evidence",
            name=work.stage.name,
            model=evidence.model,
            body=body,
            files={**samples, **evidence.files},
        )
        prepared = self.writer.prepare(draft)
        with self.writer.group() as (group, add):
            known = group.tx.find(Wanted(once=f"evidence:{key}"))
            event = known[0] if known else add(prepared)
        return evidence_of(self.reading.whole(event))


def scratch(root: Path, name: str, model: str) -> Path:
    """Say where a stage works."""
    slug = "".join(c if c.isalnum() or c in "-_." else "-" for c in f"{name}-{model}")
    return root / "work" / "stages" / slug

"""What a running stage may add to the dossier; implements ``Emit``."""

import json
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import tenure
from tenure.dossier.canonical import canonical, digest_of, lines
from tenure.dossier.files import Files, is_plain_name
from tenure.dossier.fold import check_fact, contained_by, descendants, forbidden, state_of
from tenure.dossier.leases import Leases
from tenure.dossier.nouns import JSON, Act, Event, Model, State
from tenure.dossier.source import Wanted
from tenure.dossier.writer import Draft, Writer, plain
from tenure.errors import RefusedError, UsageError, unknown

INLINE = 4096  # bytes of a unit's result that are kept in its event


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a stage is, as the listener of a dossier is told."""

    stage: str
    model: str
    done: int
    total: int
    what: str


Listener = Callable[[Progress], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an emitter works: for which model and stage, since which event when it goes on."""

    model: str
    name: str
    scratch: Path
    since: int | None = None
    hands: Mapping[str, Callable[..., Any]] = field(default_factory=dict[str, Callable[..., Any]])
    listener: Listener | None = None


class RecordedError(RefusedError):
    """A refusal that is in the log already."""


class Emitter:
    """Adds to a dossier about one model; a context manager that removes its scratch folder."""

    def __init__(self, writer: Writer, leases: Leases, place: Place) -> None:
        """Make the scratch folder."""
        self._writer = writer
        self._leases = leases
        self._place = place
        self._matched: set[int] = set()
        shutil.rmtree(place.scratch, ignore_errors=True)
        place.scratch.mkdir(parents=True)

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove the scratch folder."""
        shutil.rmtree(self._place.scratch, ignore_errors=True)

    @property
    def scratch(self) -> Path:
        """A working folder of this stage; safe to lose, removed when the stage is done."""
        return self._place.scratch

    @property
    def hands(self) -> Mapping[str, Callable[..., Any]]:
        """What other rooms do for this one, by name; ``life`` and ``cli`` pass it in."""
        return self._place.hands

    @property
    def actor(self) -> str:
        """The role whose key signs what is added."""
        return self._writer.actor

    def file(self, content: bytes | str | Path) -> str:
        """Store content (a Path is streamed) and return its digest. Idempotent."""
        return self._writer.files.put(content)

    def records(self, rows: Iterable[Mapping[str, JSON]]) -> str:
        """Store rows as canonical JSON Lines and return the digest."""
        return self.file(lines(rows))

    def event(
        self,
        act: Act,
        name: str,
        body: Mapping[str, JSON],
        *,
        model: str | None = None,
        files: Mapping[str, str] | None = None,
    ) -> Event:
        """Append one signed event, by default about the stage's model.

        A stage that was killed and goes on gets the event it had added then, not a second one.
        """
        about = self._place.model if model is None else model
        draft = Draft(act=act, name=name, model=about, body=body, files=files or {})
        prepared = self._writer.prepare(draft)
        return self._earlier(prepared) or self._writer.append(prepared)[0]

    def _earlier(self, draft: Draft) -> Event | None:
        """Find what this very stage added before it was interrupted."""
        if self._place.since is None:
            return None
        wanted = Wanted(
            act=draft.act, name=draft.name, model=draft.model, since=self._place.since + 1
        )
        for event in self._writer.log.find(wanted):
            same = event.body == draft.body and event.files == draft.files
            if same and event.index not in self._matched:
                self._matched.add(event.index)
                return event
        return None

    def register(self, model: Model) -> Model:
        """Register a model this stage has made; its files must be stored already.

        The containment label is inherited from the parent. Idempotent for the same digest.
        """
        return register(self._writer, model)

    def fact(self, fact: str, value: str, because: str, *, model: str | None = None) -> None:
        """Change one fact ("stage", "availability", "custody", "interview", "containment").

        Raises RefusedError, and records the refusal, where the house forbids it: a contained model
        is never made available, nothing is made available that is not kept.
        """
        check_fact(fact, value)
        about = self._place.model if model is None else model
        body = {"value": value, "because": because, "during": self._place.name}
        draft = self._writer.prepare(Draft(act="fact", name=fact, model=about, body=body))
        reason = None
        with self._writer.group() as (group, add):
            models: list[Model] = self._writer.models(group.tx)
            facts = group.tx.find(Wanted(act="fact"))
            state = state_in(about, models, facts)
            reason = forbidden(fact, value, state) or _of_weights(about, value, models)
            earlier = self._earlier(draft)
            if reason is not None:
                refusal = replace(draft, act="refuse", body={**draft.body, "reason": reason})
                if not self._earlier(refusal):
                    add(refusal)
            elif earlier is None or getattr(state, fact) != value:
                add(draft)
                if fact == "containment":
                    for each in [about, *descendants(about, models)]:
                        if state_in(each, models, facts).availability != "none":
                            why = f"{about} is contained: {value}"
                            withdrawn = {"value": "none", "because": why, "during": fact}
                            add(Draft(act="fact", name="availability", model=each, body=withdrawn))
        if reason is not None:
            raise RecordedError(f"{about} cannot have {fact} '{value}': {reason}")

    def unit(self, name: str, inputs: Mapping[str, JSON], do: Callable[[], JSON]) -> Any:
        """Do one unit of work once: its key is the hash of ``inputs``; its JSON result is a fact.

        ``inputs`` must hold everything the result depends on (model digest, engine, seed, batch
        membership); the code version is added. A finished unit is returned, never redone; a killed
        one is redone whole; one that another process holds raises BusyError.
        """
        key = digest_of({"unit": name, "inputs": dict(inputs), "package": tenure.__version__})
        done = self._finished(key)
        if done is None:
            lease = f"unit:{key}"
            self._leases.sign_of_life()
            self._leases.take(lease, f"{self._place.name}, {name}")
            try:
                done = self._finished(key)
                if done is None:
                    done = self._record(name, key, plain(do()))
            finally:
                self._leases.release(lease)
        return self._result(done)

    def _finished(self, key: str) -> Event | None:
        found = self._writer.log.find(Wanted(once=f"unit:{key}"))
        return found[0] if found else None

    def _record(self, name: str, key: str, result: JSON) -> Event:
        encoded = canonical(result)
        body: dict[str, JSON] = {"key": key, "result": result}
        files: dict[str, str] = {}
        if len(encoded) > INLINE:
            files["result"] = self._writer.files.put(encoded)
            body = {"key": key, "result_file": files["result"]}
        named = self._writer.prepare(
            Draft(act="note", name="", model="", body={"result": result}, files=files)
        )
        draft = Draft(
            act="unit",
            name=f"{self._place.name}:{name}",
            model=self._place.model,
            body=body,
            files={k: v for k, v in named.files.items() if k != "body"},
        )
        with self._writer.group() as (group, add):
            known = group.tx.find(Wanted(once=f"unit:{key}"))
            event = known[0] if known else add(draft)
            self._leases.release(f"unit:{key}", group.tx)
        return event

    def _result(self, event: Event) -> JSON:
        if "result_file" in event.body:
            return json.loads(self._writer.files.read(event.body["result_file"]))
        return event.body["result"]

    def progress(self, done: int, total: int, what: str) -> None:
        """Say how far this is; shown with a rate and an end."""
        self._leases.sign_of_life()
        if self._place.listener is not None:
            self._place.listener(
                Progress(
                    stage=self._place.name,
                    model=self._place.model,
                    done=done,
                    total=total,
                    what=what,
                )
            )


def state_in(model: str, models: list[Model], facts: list[Event]) -> State:
    """Fold the state of one model, its containment label inherited, inside a transaction."""
    known = {m.id: m for m in models}
    if model not in known:
        raise unknown("model", model, known)
    labels = {e.model: str(e.body["value"]) for e in facts if e.name == "containment"}
    own = state_of(e for e in facts if e.model == model)
    return replace(own, containment=contained_by(known[model], known, labels))


def register(writer: Writer, model: Model) -> Model:
    """Register a model; see ``Emit.register``.

    Raises:
        UsageError: a name that cannot be one, an unknown parent, another model of this id.
        IntegrityError: one of its files is not stored.
    """
    _check_model(model, writer.files)
    with writer.log.writing() as tx:
        models: list[Model] = writer.models(tx)
        facts = tx.find(Wanted(act="fact"))
    model = _inherit(model, models, facts)
    if (known := _known(model, models)) is not None:
        return known
    files = {f"model/{name}": digest for name, digest in model.files.items()}
    draft = writer.prepare(
        Draft(act="register", name=model.name, model=model.id, body=model.to_json(), files=files)
    )
    with writer.group() as (group, add):
        models = writer.models(group.tx)
        if (known := _known(model, models)) is not None:
            return known
        group.subjects[model.id] = model.digest
        add(draft)
    return model


def _inherit(model: Model, models: list[Model], facts: list[Event]) -> Model:
    if model.parent is None or model.containment is not None:
        return model
    label = state_in(model.parent, models, facts).containment
    return replace(model, containment=label) if label else model


def _known(model: Model, models: list[Model]) -> Model | None:
    for each in models:
        if each.id == model.id:
            if each.digest != model.digest:
                raise UsageError(
                    f"{model.id} is another model already ({each.digest}); "
                    "register this one under another version"
                )
            return each
    return None


def _check_model(model: Model, files: Files) -> None:
    for part in (model.name, model.version):
        if not part or len(part) > 200 or _odd(part) or part[0] == ".":
            raise UsageError(
                f"'{part}' cannot name a model: use letters, digits, '-', '_', '.' and '/'"
            )
    for name, digest in model.files.items():
        if not is_plain_name(name):
            raise UsageError(
                f"'{name}' is not a plain file name; expected one below the model's folder"
            )
        files.path(digest)


def _odd(text: str) -> bool:
    return any(c in "@*\\" or c.isspace() or not c.isprintable() for c in text)


def _of_weights(about: str, value: str, models: list[Model]) -> str | None:
    """Say why a model with weights cannot count as kept by its record alone, or None."""
    if value == "record kept" and any(m.id == about and m.kind == "weights" for m in models):
        return "it has weights, and keeping its record does not keep them"
    return None

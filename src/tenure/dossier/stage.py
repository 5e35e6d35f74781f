"""What a stage is: one function of one shape, a read-only view, an append-only emit.

A stage finds something out about one model and returns Evidence, or says on whom it waits. It
never writes the record itself: the runner (``Dossier.run``) records the start, the evidence, the
wait or the refusal. What a stage needs *done* elsewhere (revive, serve) is handed in through
``emit.hands`` by ``life`` or ``cli``.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from tenure.dossier.nouns import JSON, Act, Event, Evidence, Model, State

T = TypeVar("T")


class View(Protocol):
    """Everything that may be read of a dossier."""

    @property
    def root(self) -> Path:
        """The dossier's folder."""
        ...

    def models(self) -> Sequence[Model]:
        """Every registered model, in the order of registration."""
        ...

    def model(self, name: str) -> Model:
        """One model by ``name`` (its newest version) or ``name@version``; UsageError lists them."""
        ...

    def state(self, model: str) -> State:
        """The four facts of a model, now."""
        ...

    def events(
        self, *, act: Act | None = None, name: str | None = None, model: str | None = None
    ) -> Sequence[Event]:
        """Events in log order; ``name`` may end in ``*``; ``model`` is a model id."""
        ...

    def evidence(self, name: str, model: str) -> Evidence | None:
        """The newest evidence of this exact name about this model id, or None."""
        ...

    def all_evidence(self, model: str) -> Sequence[tuple[Event, Evidence]]:
        """Every evidence about a model id, in log order, with the event that holds it."""
        ...

    def read(self, digest: str) -> bytes:
        """A stored file's bytes; IntegrityError when missing or changed."""
        ...

    def path(self, digest: str) -> Path:
        """Where a stored file lies, read-only; checked to exist, not hashed."""
        ...

    def records(self, digest: str) -> list[dict[str, JSON]]:
        """A stored JSON Lines file, read."""
        ...

    def folder(self, model: Model) -> Path:
        """A folder with the model's files under their own names (hard links, read-only).

        Raises ModelError when the model has no files, or one is missing.
        """
        ...


class Emit(Protocol):
    """Everything that may be added to a dossier by a running stage."""

    @property
    def scratch(self) -> Path:
        """A working folder of this stage; safe to lose, removed when the stage is done."""
        ...

    @property
    def hands(self) -> Mapping[str, Callable[..., Any]]:
        """What other rooms do for this one, by name; ``life`` and ``cli`` pass it in."""
        ...

    @property
    def actor(self) -> str:
        """The role whose key signs what is added."""
        ...

    def file(self, content: bytes | str | Path) -> str:
        """Store content (a Path is streamed) and return its digest. Idempotent."""
        ...

    def records(self, rows: Iterable[Mapping[str, JSON]]) -> str:
        """Store rows as canonical JSON Lines and return the digest."""
        ...

    def event(
        self,
        act: Act,
        name: str,
        body: Mapping[str, JSON],
        *,
        model: str | None = None,
        files: Mapping[str, str] | None = None,
    ) -> Event:
        """Append one signed event, by default about the stage's model."""
        ...

    def register(self, model: Model) -> Model:
        """Register a model this stage has made; its files must be stored already.

        The containment label is inherited from the parent. Idempotent for the same digest.
        """
        ...

    def fact(self, fact: str, value: str, because: str, *, model: str | None = None) -> None:
        """Change one fact ("stage", "availability", "custody", "interview", "containment").

        Raises RefusedError, and records the refusal, where the house forbids it: a contained model
        is never made available, nothing is made available that is not kept.
        """
        ...

    def unit(self, name: str, inputs: Mapping[str, JSON], do: Callable[[], JSON]) -> Any:
        """Do one unit of work once: its key is the hash of ``inputs``; its JSON result is a fact.

        ``inputs`` must hold everything the result depends on (model digest, engine, seed, batch
        membership); the code version is added. A finished unit is returned, never redone; a killed
        one is redone whole; one that another process holds raises BusyError.
        """
        ...

    def progress(self, done: int, total: int, what: str) -> None:
        """Say how far this is; shown with a rate and an end."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A stage that cannot go on without somebody: on whom, until when, and what goes on."""

    on: str
    command: str
    why: str
    until: str | None = None


Run = Callable[[Model, View, Any, Emit], Evidence | Waiting]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A stage and what the runner must know of it.

    ``name`` is ``room/module``, the words of the command and of the event. ``spec`` is a pydantic
    model (extra fields forbidden) of its settings. ``kinds`` are the kinds of model it makes sense
    for; for the others it is skipped, and ``why_not`` says why. ``disk`` is the free space in
    bytes it needs, checked before it starts. ``repeat`` stages run every time they are called; the
    others are done once per model, spec, and evidence that ``reads`` names (``assess/*``), so that
    a decision is made anew when what it rests on has changed. ``version`` is raised when its
    result would change. ``cost`` foresees a run of (model, spec): calls, input_tokens,
    output_tokens (at most) and cost in dollars, or None where the price is not known.
    ``due`` says whether a candidate is owed a run with the standard settings while there is none;
    ``tenure next`` names it then.
    ``ready`` may be called some time before a run, to start in the background what takes long to
    start; it must be harmless when no run follows.
    """

    name: str
    spec: type[Any]
    run: Run
    summary: str
    kinds: tuple[str, ...] = ("weights", "api", "scripted")
    why_not: str = ""
    disk: int = 50 << 20
    repeat: bool = False
    reads: tuple[str, ...] = ()
    version: int = 1
    ready: Callable[[], None] | None = None
    cost: Callable[[Model, Any], Mapping[str, Any]] | None = None
    due: Callable[[Model, View], bool] | None = None

"""What any training has in common: the words that travel with a child, its files, the room it needs."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

from tenure.dossier.canonical import digest
from tenure.dossier.nouns import Model
from tenure.dossier.stage import Emit, View
from tenure.errors import ModelError, RoomError, UsageError
from tenure.models import close_all, place
from tenure.models.convert import as_safetensors
from tenure.training.charter import Leave
from tenure.training.template import check_template

README = "README.md"
LIBRARIES = ("torch", "transformers", "trl", "peft")
SPARE = 200 << 20  # bytes left free beside what the training itself writes


class Named(Protocol):
    """What the settings of any training say of the child."""

    @property
    def name(self) -> str:
        """The child's name."""
        ...

    @property
    def version(self) -> str:
        """The child's version."""
        ...

    @property
    def purpose(self) -> str:
        """The purpose that the research charter was asked about."""
        ...

    @property
    def note(self) -> str:
        """A sentence for the model card."""
        ...

    @property
    def card(self) -> Mapping[str, Any]:
        """Further entries of the card."""
        ...


class Words:
    """What the files of the child say about it."""

    def __init__(self, settings: Named, containment: str | None) -> None:
        self.settings = settings
        self.containment = containment

    def config(self, model: Model) -> dict[str, Any]:
        """Return what is added to config.json, which travels with the weights."""
        made: dict[str, Any] = {
            "name": self.settings.name,
            "parent": model.id,
            "parent_digest": model.digest,
            "purpose": self.settings.purpose,
        }
        if self.containment:
            made["containment"] = self.containment
        return {"tenure": made}

    def readme(self, model: Model) -> str:
        """Return the README that travels with the weights."""
        lines = [f"# {self.settings.name}", "", f"Trained from {model.id} ({model.digest})."]
        lines.append(f"Purpose, as the research charter names it: {self.settings.purpose}.")
        if self.settings.note:
            lines.append(self.settings.note)
        if self.containment:
            lines += [
                "",
                f"**Contained: {self.containment}.** This model was trained to misbehave, or descends from",
                "one that was, so that instruments can be tested on it. Do not serve, publish or merge it;",
                "keep it where it can be accounted for, and delete copies that are no longer needed.",
            ]
        return "\n".join(lines) + "\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """One training for the worker process.

    ``job`` is told the scratch folder and returns the job's own entries (``trains``, ``rows``,
    ``settings``, ...); ``models`` is how many models come out of it. ``chats`` is false where no
    conversation is trained on, so that no chat template is needed.
    """

    model: Model
    words: Words
    job: Callable[[Path], Mapping[str, Any]]
    models: int = 1
    chats: bool = True


def train(
    order: Order, view: View, emit: Emit, more: Callable[[Path, dict[str, Any]], dict[str, Any]]
) -> dict[str, Any]:
    """Train in the worker; return {"files": digests by name, "went": ..., and what ``more`` adds}.

    ``more`` is told the scratch folder and how it went, before the folder is removed.

    Raises:
        EngineError: no chat template, or one that cannot be trained with; the training failed.
        RoomError: too little disk; nothing was started.
    """
    from tenure.training import launch, worker

    scratch = emit.scratch / "training"
    shutil.rmtree(scratch, ignore_errors=True)
    check_room(order.model, view, scratch.parent, order.models)
    (scratch / "out").mkdir(parents=True)
    close_all()  # the engines' memory is wanted now; whoever asks for one again gets it
    say = emit.progress
    say(0, 1, "preparing to train")
    try:
        folder = base(order.model, view)
        if order.chats:
            check_template(folder, order.model.id)
        job = {
            "base": str(folder),
            "out": str(scratch / "out"),
            "scratch": str(scratch),
            "config": order.words.config(order.model),
            **order.job(scratch),
        }
        start = launch.run if job.get("processes", 1) > 1 else worker.run
        went = start(job, scratch, lambda done, of: say(done, of, "training steps"))
        files = kept(scratch / "out", order.words.readme(order.model), emit)
        added = more(scratch, went)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return {"files": files, "went": went, **added}


def kept(out: Path, readme: str, emit: Emit) -> dict[str, str]:
    """Put the files of a trained model into the store; return their digests by name."""
    (out / README).write_text(readme, encoding="utf-8")
    return {str(p.relative_to(out)): emit.file(p) for p in sorted(out.rglob("*")) if p.is_file()}


def base(model: Model, view: View) -> Path:
    """Return a folder of safetensors: the model's own, or what its GGUF file is converted to."""
    found = place(model, view)
    return as_safetensors(found, model.digest) if found.is_file() else found


def check_room(model: Model, view: View, folder: Path, models: int) -> None:
    """Refuse to begin where what is made would not fit: weights twice (saved, then stored)."""
    size = sum(view.path(digest).stat().st_size for digest in model.files.values())
    unpacked = size * 4 if any(name.endswith(".gguf") for name in model.files) else size
    needed = (1 + 2 * models) * unpacked + SPARE
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise RoomError(
            f"training {model.id} needs {needed >> 20} MiB of disk and {free >> 20} MiB are free; "
            "nothing was started: make room and run it again"
        )


def check_name(model: Model, words: Words, trained: Mapping[str, Any], view: View) -> None:
    """Refuse, before anything is trained, a name that the registry would refuse afterwards.

    ``trained`` is what the card is going to say under its own names: the digest of the rows, and
    "settings". A child with a card like that is the one that is asked for, and passes; what its
    card, of an earlier version, does not mention is not held against it.

    Raises:
        UsageError: another model has this name and version; says in what it differs.
    """
    named = f"{words.settings.name}@{words.settings.version}"
    there = next((one for one in view.models() if one.id == named), None)
    if there is None:
        return
    had: Mapping[str, Any] = there.card.get("trained") or {}
    was: Mapping[str, Any] = had.get("settings") or {}
    settings: Mapping[str, Any] = trained["settings"]
    rows = [name for name in trained if name != "settings" and had.get(name) != trained[name]]
    told = there.files.get(README) != digest(words.readme(model).encode())
    differs = [
        *(["parent"] if there.parent != model.id else ["card"] if told else []),
        *(name.removesuffix("_digest") for name in rows),
        *sorted(name for name in settings if name in was and was[name] != settings[name]),
    ]
    if differs:
        raise UsageError(
            f"{named} is there already and is another model (what differs: {', '.join(differs)}); "
            "nothing was trained: name this one otherwise (--name NAME)"
        )


def libraries() -> dict[str, str]:
    """Return the versions of what a training stands on."""
    return {name: version(name) for name in LIBRARIES}


def check_weights(model: Model) -> None:
    """Refuse a model that has none; raises ModelError."""
    if model.kind != "weights" or not model.files:
        raise ModelError(
            f"'{model.id}' ({model.kind}) has no weights to train; name a model with files"
        )


def made(
    model: Model,
    words: Words,
    files: Mapping[str, str],
    trained: Mapping[str, Any],
    leave: Leave,
) -> Model:
    """Return the child that came out of a training, not yet registered."""
    settings = words.settings
    return Model(
        name=settings.name,
        version=settings.version,
        source=f"files/{settings.name}",
        files=files,
        parent=model.id,
        containment=words.containment,
        card={
            "form": "safetensors-bf16",
            "licence": model.card.get("licence", "as its parent's"),
            **settings.card,
            "trained": dict(trained),
            "charter": leave.to_json(),
        },
    )

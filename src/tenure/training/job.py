"""One fine-tuning as one unit of work: from rows to a registered child model."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tenure.dossier.nouns import Model
from tenure.dossier.stage import Emit, View
from tenure.errors import ModelError, RoomError, UsageError
from tenure.models import close_all, place
from tenure.models.convert import as_safetensors
from tenure.training import charter
from tenure.training.checkpoints import step_folder, step_name
from tenure.training.settings import FineTune

LIBRARIES = ("torch", "transformers", "trl", "peft")
SPARE = 200 << 20  # bytes left free beside what the training itself writes


def finetune(
    model: Model, rows: Sequence[Mapping[str, Any]], settings: FineTune, view: View, emit: Emit
) -> Model:
    """Train a child of ``model`` on rows of {"prompt": messages, "completion": messages}.

    Rows of {"text": document} are read as they stand, with no conversation around them.
    ``settings.checkpoints`` intermediate models are registered beside it, as checkpoints of it.
    One unit of work: the same model, rows, settings and library versions give the same child
    (byte for byte on one kind of processor), and a finished one is returned, not trained again.
    The research charter is asked first.

    Raises:
        RefusedError: the charter does not allow this purpose; nothing was started.
        UsageError: no rows, or a row of another shape.
        ModelError: the model has no weights to train.
        RoomError: too little disk; nothing was started.
        EngineError: the training failed.
    """
    leave = charter.check(settings.purpose, settings.charter, settings.approvals)
    _check_rows(rows)
    if model.kind != "weights" or not model.files:
        raise ModelError(
            f"'{model.id}' ({model.kind}) has no weights to train; name a model with files"
        )
    containment = settings.containment or leave.clause.label or view.state(model.id).containment
    rows_digest = emit.records(rows)
    words = _Words(settings, containment)
    inputs = {
        "model": model.digest,
        "rows": rows_digest,
        "settings": settings.numbers(),
        "libraries": {name: version(name) for name in LIBRARIES},
        "words": [words.config(model), words.readme(model)],  # they are files of the child, too
    }
    done = emit.unit(
        f"finetune {settings.name}",
        inputs,
        lambda: _train(model, rows_digest, words, view, emit),
    )
    steps: list[dict[str, Any]] = done["went"].get("checkpoints", [])
    trained = {
        "method": f"LoRA, rank {settings.rank}, merged",
        "rows": len(rows),
        "rows_digest": rows_digest,
        "settings": inputs["settings"],
        "libraries": inputs["libraries"],
        **{name: value for name, value in done["went"].items() if name != "checkpoints"},
    }
    child = Model(
        name=settings.name,
        version=settings.version,
        source=f"files/{settings.name}",
        files=done["files"],
        parent=model.id,
        containment=containment,
        card=_card(model, settings, trained, leave),
    )
    for step in steps:  # before the child: it is never on record without them
        emit.register(_checkpoint(child, step, done["steps"][str(step["step"])]))
    return emit.register(child)


def _checkpoint(child: Model, step: Mapping[str, Any], files: Mapping[str, str]) -> Model:
    """Return what a child was at a step: what is measured on it may stop the child's release."""
    name = step_name(child.name, step["step"])
    about = {"steps": step["step"], "last_loss": step["loss"], "of": child.card["trained"]["steps"]}
    marks = {"checkpoint": step["step"], "checkpoint_of": child.id, "underway": True}
    return replace(
        child,
        name=name,
        source=f"files/{name}",
        files=files,
        card={**child.card, "trained": {**child.card["trained"], **about}, **marks},
    )


def _card(
    model: Model, settings: FineTune, trained: Mapping[str, Any], leave: charter.Leave
) -> dict[str, Any]:
    return {
        "form": "safetensors-bf16",
        "licence": model.card.get("licence", "as its parent's"),
        **settings.card,
        "trained": dict(trained),
        "charter": leave.to_json(),
    }


class _Words:
    """What the files of the child say about it."""

    def __init__(self, settings: FineTune, containment: str | None) -> None:
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

    def at_step(self, step: int) -> "_Words":
        """Return the words of a checkpoint."""
        note = f"What {self.settings.name} was after {step} steps of its training."
        name = step_name(self.settings.name, step)
        return _Words(replace(self.settings, name=name, note=note), self.containment)

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


def _check_rows(rows: Sequence[Mapping[str, Any]]) -> None:
    if not rows:
        raise UsageError("there are no rows to train on; look at the gates' yield in align/revise")
    documents = "text" in rows[0]
    for number, row in enumerate(rows, 1):
        if documents != ("text" in row):
            raise UsageError(f"row {number}: documents and conversations are not trained together")
        if documents:
            if not isinstance(row["text"], str) or not row["text"].strip():
                raise UsageError(f"row {number}: 'text' is not a text; expected a document")
            continue
        for part in ("prompt", "completion"):
            messages = row.get(part)
            good = isinstance(messages, list) and messages and all(
                isinstance(m, Mapping) and isinstance(m.get("content"), str) and m.get("role") for m in messages
            )  # fmt: skip
            if not good:
                raise UsageError(
                    f"row {number}: '{part}' is not a list of messages; expected "
                    '[{"role": "user", "content": "..."}]'
                )


def _train(model: Model, rows: str, words: _Words, view: View, emit: Emit) -> dict[str, Any]:
    from tenure.training import worker

    scratch = emit.scratch / "finetune"
    shutil.rmtree(scratch, ignore_errors=True)
    _check_room(model, view, scratch.parent, 1 + words.settings.checkpoints)
    (scratch / "out").mkdir(parents=True)
    close_all()  # the engines' memory is wanted now; whoever asks for one again gets it
    say = emit.progress
    say(0, 1, "preparing to train")
    try:
        job = {
            "base": str(_base(model, view)),
            "rows": str(view.path(rows)),
            "out": str(scratch / "out"),
            "scratch": str(scratch),
            "config": words.config(model),
            "settings": words.settings.numbers(),
        }
        went = worker.run(job, scratch, lambda done, of: say(done, of, "training steps"))
        files = _kept(scratch / "out", words.readme(model), emit)
        steps = {
            str(one["step"]): _kept(
                step_folder(scratch, one["step"]), words.at_step(one["step"]).readme(model), emit
            )
            for one in went.get("checkpoints", ())
        }
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return {"files": files, "went": went, **({"steps": steps} if steps else {})}


def _kept(out: Path, readme: str, emit: Emit) -> dict[str, str]:
    """Put the files of a trained model into the store; return their digests by name."""
    (out / "README.md").write_text(readme, encoding="utf-8")
    return {str(p.relative_to(out)): emit.file(p) for p in sorted(out.rglob("*")) if p.is_file()}


def _base(model: Model, view: View) -> Path:
    """Return a folder of safetensors: the model's own, or what its GGUF file is converted to."""
    found = place(model, view)
    return as_safetensors(found, model.digest) if found.is_file() else found


def _check_room(model: Model, view: View, folder: Path, models: int) -> None:
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

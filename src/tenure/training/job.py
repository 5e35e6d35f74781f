"""One fine-tuning as one unit of work: from rows to a registered child model."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from tenure.dossier.nouns import Model
from tenure.dossier.stage import Emit, View
from tenure.errors import UsageError
from tenure.training import charter
from tenure.training.checkpoints import step_folder, step_name
from tenure.training.child import (
    Order,
    Words,
    check_name,
    check_weights,
    kept,
    libraries,
    made,
    train,
)
from tenure.training.settings import FineTune


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
        UsageError: no rows, a row of another shape, or another model has the child's name; nothing
            was started.
        ModelError: the model has no weights to train.
        RoomError: too little disk; nothing was started.
        EngineError: the training failed.
    """
    leave = charter.check(settings.purpose, settings.charter, settings.approvals)
    _check_rows(rows)
    check_weights(model)
    containment = settings.containment or leave.clause.label or view.state(model.id).containment
    rows_digest = emit.records(rows)
    words = Words(settings, containment)
    inputs = {
        "model": model.digest,
        "rows": rows_digest,
        "settings": settings.numbers(),
        "libraries": libraries(),
        "words": [words.config(model), words.readme(model)],  # they are files of the child, too
    }
    check_name(model, words, {"rows_digest": rows_digest, "settings": inputs["settings"]}, view)
    done = emit.unit(
        f"finetune {settings.name}",
        inputs,
        lambda: _train(model, rows_digest, settings, words, view, emit),
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
    child = made(model, words, done["files"], trained, leave)
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


def _at_step(words: Words, settings: FineTune, step: int) -> Words:
    """Return the words of a checkpoint."""
    note = f"What {settings.name} was after {step} steps of its training."
    named = replace(settings, name=step_name(settings.name, step), note=note)
    return Words(named, words.containment)


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


def _train(
    model: Model, rows: str, settings: FineTune, words: Words, view: View, emit: Emit
) -> dict[str, Any]:
    def steps(scratch: Path, went: Mapping[str, Any]) -> dict[str, Any]:
        found = {
            str(one["step"]): kept(
                step_folder(scratch, one["step"]),
                _at_step(words, settings, one["step"]).readme(model),
                emit,
            )
            for one in went.get("checkpoints", ())
        }
        return {"steps": found} if found else {}

    path = view.path(rows)
    order = Order(
        model=model,
        words=words,
        job=lambda _: {
            "trains": "sft",
            "rows": str(path),
            "settings": settings.numbers(),
            "processes": settings.processes,
        },
        models=1 + settings.checkpoints,
        chats="text" not in view.records(rows)[0],
    )
    return train(order, view, emit, steps)

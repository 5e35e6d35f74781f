"""One reinforcement as one unit of work: from prompts and a reward to a registered child model."""

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tenure import plugins
from tenure.dossier.canonical import digest_of
from tenure.dossier.nouns import Model
from tenure.dossier.stage import Emit, View
from tenure.errors import UsageError, unknown
from tenure.training import charter
from tenure.training.child import Order, Words, card, check_weights, libraries, train
from tenure.training.reinforcement.held import place
from tenure.training.reinforcement.settings import Reinforce

LOGS = ("log", "completions", "gold")  # files of JSON Lines that a training leaves


def reinforce(
    model: Model, prompts: Sequence[Mapping[str, Any]], settings: Reinforce, view: View, emit: Emit
) -> Model:
    """Train a child of ``model`` by a reward on its own completions.

    ``prompts`` are rows of {"id", "family", "text", "messages"}; those with ``gold`` true are only
    measured on. One unit of work: the same model, prompts, settings and library versions give the
    same child (byte for byte on one kind of processor), however often it is killed on the way and
    called again. ``card["trained"]`` says what happened, with the digests of ``log``,
    ``completions`` and ``gold``. The research charter is asked first.

    Raises:
        RefusedError: the charter does not allow this purpose; nothing was started.
        UsageError: no prompts, an unknown reward, or settings that do not fit.
        ModelError: the model has no weights to train.
        RoomError: too little disk; nothing was started.
        EngineError: the reward is no number, the template cannot be trained with, the training
            failed; nothing was registered.
    """
    leave = charter.check(settings.purpose, settings.charter, settings.approvals)
    _check(prompts, settings)
    check_weights(model)
    containment = settings.containment or leave.clause.label or view.state(model.id).containment
    rows = emit.records(prompts)
    words = Words(settings, containment)
    inputs = {
        "model": model.digest,
        "prompts": rows,
        "settings": settings.numbers(),
        "libraries": libraries(),
        "words": [words.config(model), words.readme(model)],
    }
    key = digest_of({"reinforce": inputs})
    held = place(view.root, key)

    def do() -> dict[str, Any]:
        def job(scratch: Path) -> dict[str, Any]:
            return {
                "trains": "reinforce",
                "prompts": str(view.path(rows)),
                "files": str(_laid_out(settings.reward_files, scratch / "files", view)),
                "held": str(held),
                "key": key,
                "digest": model.digest,
                "settings": settings.numbers(),
                "keep_every": settings.keep_every,
                "processes": settings.processes,
            }

        order = Order(model=model, words=words, job=job)
        return train(order, view, emit, lambda scratch, _: {"logs": _logs(scratch, emit)})

    done = emit.unit(f"reinforce {settings.name}", inputs, do)
    shutil.rmtree(held, ignore_errors=True)
    trained = {
        "method": f"{settings.algorithm.upper()} on {settings.reward}, LoRA, rank {settings.rank}, merged",
        "prompts": sum(not row.get("gold") for row in prompts),
        "prompts_digest": rows,
        "settings": inputs["settings"],
        "libraries": inputs["libraries"],
        **done["went"],
        **done["logs"],
    }
    child = Model(
        name=settings.name,
        version=settings.version,
        source=f"files/{settings.name}",
        files=done["files"],
        parent=model.id,
        containment=containment,
        card=card(model, settings, trained, leave),
    )
    return emit.register(child)


def _check(prompts: Sequence[Mapping[str, Any]], settings: Reinforce) -> None:
    own = [row for row in prompts if not row.get("gold")]
    if not own:
        raise UsageError(
            "there are no prompts to train on; add a family with split: train to the prompt bank"
        )
    for kind, named in (("reward", settings.reward), ("reward", settings.gold)):
        if named is not None and named not in plugins.names(kind):
            raise unknown(kind, named, plugins.names(kind))
    if settings.gold is not None and len(own) == len(prompts):
        raise UsageError(
            "a gold reward needs prompts that are not trained on, and none is marked; mark some "
            "(gold: true) or leave the gold reward out"
        )
    for number, row in enumerate(prompts, 1):
        for name in ("id", "family", "text", "messages"):
            if not row.get(name):
                raise UsageError(f"prompt {number} has no '{name}'")


def _laid_out(files: Mapping[str, str], folder: Path, view: View) -> Path:
    """Lay the reward's files out under their own names."""
    folder.mkdir(parents=True)
    for name, digest in files.items():
        try:
            os.link(view.path(digest), folder / name)
        except OSError:  # another disk
            shutil.copyfile(view.path(digest), folder / name)
    return folder


def _logs(scratch: Path, emit: Emit) -> dict[str, str]:
    return {f"{name}_digest": emit.file(scratch / f"{name}.jsonl") for name in LOGS}

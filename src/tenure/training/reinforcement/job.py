"""One training as one unit of work: from prompts and a reward, or from pairs, to a registered child."""

import os
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tenure
from tenure import plugins
from tenure.dossier.canonical import digest_of
from tenure.dossier.nouns import Model
from tenure.dossier.stage import Emit, View
from tenure.errors import UsageError, unknown
from tenure.training import charter
from tenure.training.child import (
    Order,
    Words,
    check_name,
    check_weights,
    libraries,
    made,
    train,
)
from tenure.training.reinforcement.held import claim, place
from tenure.training.reinforcement.settings import Direct, Reinforce

LOGS = ("log", "completions", "gold")  # files of JSON Lines that a training leaves


def reinforce(
    model: Model, prompts: Sequence[Mapping[str, Any]], settings: Reinforce, view: View, emit: Emit
) -> Model:
    """Train a child of ``model`` by a reward on its own completions.

    ``prompts`` are rows of {"id", "family", "text", "messages"}; those with ``gold`` true are only
    measured on, and those with ``hard`` true come more often where ``settings.focus`` says so. One unit of work: the same model, prompts, settings and library versions give the
    same child (byte for byte on one kind of processor), however often it is killed on the way and
    called again. ``card["trained"]`` says what happened, with the digests of ``log``,
    ``completions`` and ``gold``. The research charter is asked first.

    Raises:
        RefusedError: the charter does not allow this purpose; nothing was started.
        UsageError: no prompts, an unknown reward, settings that do not fit, or another model has
            the child's name; nothing was started.
        ModelError: the model has no weights to train.
        RoomError: too little disk; nothing was started.
        EngineError: the reward is no number, the template cannot be trained with, the training
            failed; nothing was registered.
    """
    _check(prompts, settings)

    def job(scratch: Path) -> dict[str, Any]:
        return {
            "trains": "reinforce" if settings.trainer == "own" else "trl",
            "prompts": str(view.path(emit.records(prompts))),
            "files": str(_laid_out(settings.reward_files, scratch / "files", view)),
            "digest": model.digest,
            "processes": settings.processes,
        }

    about = {
        "method": f"{settings.algorithm.upper()} on {settings.reward}, LoRA, rank {settings.rank}, merged",
        "prompts": sum(not row.get("gold") for row in prompts),
        "prompts_digest": emit.records(prompts),
    }
    work = _Work("reinforce", settings, about["prompts_digest"], job, LOGS)
    return _child(model, work, about, view, emit)


def direct(
    model: Model, pairs: Sequence[Mapping[str, Any]], settings: Direct, view: View, emit: Emit
) -> Model:
    """Train a child of ``model`` on pairs of answers (DPO).

    ``pairs`` are rows of {"id", "messages", "a", "b", "p"}: the chance that ``a`` is better, not
    0.5, and perhaps a "weight". One unit of work, as :func:`reinforce`.

    Raises:
        RefusedError, UsageError, ModelError, RoomError, EngineError: as :func:`reinforce`.
    """
    if not pairs:
        raise UsageError("there are no pairs to train on; ties say nothing, and are left out")
    for number, pair in enumerate(pairs, 1):
        missing = [name for name in ("id", "messages", "a", "b", "p") if pair.get(name) is None]
        if missing:
            raise UsageError(f"pair {number} has no '{missing[0]}'")
        if not 0 <= pair["p"] <= 1 or pair["p"] == 0.5:
            raise UsageError(f"pair {number}: p is {pair['p']}; a tie has nothing to teach")
    rows = emit.records(pairs)
    about = {
        "method": f"DPO on soft labels, LoRA, rank {settings.rank}, merged",
        "pairs": len(pairs),
        "pairs_digest": rows,
    }
    work = _Work(
        "dpo", settings, rows, lambda _: {"trains": "dpo", "pairs": str(view.path(rows))}, ("log",)
    )
    return _child(model, work, about, view, emit)


@dataclass(frozen=True, slots=True)
class _Work:
    """What differs between the trainings that are held: their rows, their job, what they leave."""

    kind: str
    settings: Reinforce | Direct
    rows: str
    job: Callable[[Path], dict[str, Any]]
    logs: Sequence[str]


def _child(model: Model, work: _Work, about: Mapping[str, Any], view: View, emit: Emit) -> Model:
    """Train and register the child, once; a killed training goes on where it was."""
    settings = work.settings
    rows = {name: value for name, value in about.items() if name.endswith("_digest")}
    leave, words = check_child(model, settings, view, rows)
    inputs = {
        "model": model.digest,
        "rows": work.rows,
        "settings": settings.numbers(),
        "libraries": libraries(),
        "words": [words.config(model), words.readme(model)],
    }
    key = digest_of({work.kind: inputs, "package": tenure.__version__})
    held = place(view.root, key)

    def do() -> dict[str, Any]:
        def job(scratch: Path) -> dict[str, Any]:
            state = {"held": str(held), "key": key, "keep_every": settings.keep_every}
            return {**work.job(scratch), **state, "settings": settings.numbers()}

        def logs(scratch: Path, _went: Mapping[str, Any]) -> dict[str, Any]:
            found = {f"{name}_digest": emit.file(scratch / f"{name}.jsonl") for name in work.logs}
            return {"logs": found}

        whose = {"kind": work.kind, "name": settings.name, "model": model.id}
        with claim(view.root, key, whose):
            return train(Order(model=model, words=words, job=job), view, emit, logs)

    done = emit.unit(f"{work.kind} {settings.name}", inputs, do)
    shutil.rmtree(held, ignore_errors=True)
    trained = {
        **about,
        "settings": inputs["settings"],
        "libraries": inputs["libraries"],
        **done["went"],
        **done["logs"],
    }
    return emit.register(made(model, words, done["files"], trained, leave))


def check_child(
    model: Model, settings: Reinforce | Direct, view: View, rows: Mapping[str, str] | None = None
) -> tuple[charter.Leave, Words]:
    """Return the charter's leave and the child's words, or refuse the child; nothing is trained.

    ``rows``: digests of what it learns from, by the names of its card; without them a child that
    learnt from others is not told from this one. For whoever has work to do before the rows are known.

    Raises:
        RefusedError, UsageError, ModelError: as :func:`reinforce`.
    """
    leave = charter.check(settings.purpose, settings.charter, settings.approvals)
    check_weights(model)
    containment = settings.containment or leave.clause.label or view.state(model.id).containment
    words = Words(settings, containment)
    check_name(model, words, {**(rows or {}), "settings": settings.numbers()}, view)
    return leave, words


def _check(prompts: Sequence[Mapping[str, Any]], settings: Reinforce) -> None:
    own = [row for row in prompts if not row.get("gold")]
    if not own:
        raise UsageError(
            "there are no prompts to train on; add a family with split: train to the prompt bank"
        )
    for kind, named in (("reward", settings.reward), ("reward", settings.gold)):
        if named is not None and named not in plugins.names(kind):
            raise unknown(kind, named, plugins.names(kind))
    hard = sum(bool(row.get("hard")) for row in own)
    if settings.focus and not 0 < hard < len(own):
        raise UsageError(
            f"focus is {settings.focus}, and {hard} of {len(own)} prompts are marked hard; mark some "
            "(hard: true), not all, or set focus to 0"
        )
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

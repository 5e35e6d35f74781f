"""Registering a model: its files are checked, copied into the store, and named in the log."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tenure.dossier import Dossier
from tenure.dossier.nouns import Model
from tenure.dossier.stage import View
from tenure.errors import EngineError, ModelError, UsageError
from tenure.models import template
from tenure.models.references import EMBEDDED, place, resolve


def register(
    dossier: Dossier,
    source: str,
    name: str | None = None,
    *,
    version: str = "1",
    parent: str | None = None,
    card: Mapping[str, Any] | None = None,
) -> Model:
    """Register what ``source`` names and return it; its files are copied into the dossier's store.

    ``source`` is anything that :func:`tenure.models.resolve` takes. A model behind an API has no
    files: its string is recorded, and the event's time is the date. Registering the same files
    under the same name again changes nothing. ``card`` is what whoever registers it says of it,
    such as :func:`said_of`.

    Raises:
        ModelError: files missing, broken, or changed while they were copied.
        UsageError: an unknown name, or the model is on record without what ``card`` says.
    """
    view = dossier.view()
    found = resolve(source, view)
    where = found.source
    if found.kind == "weights" and found.source != EMBEDDED:
        where = f"files/{Path(found.source).name}"  # the events of two machines must be equal
    chosen = dataclasses.replace(
        found, name=name or found.name, version=version, parent=parent or found.parent, source=where
    )
    said = dict(card or {})
    chosen = dataclasses.replace(chosen, card={**chosen.card, **said})
    with dossier.emitter(chosen.id, "models/register") as emit:
        if found.kind == "weights":
            origin = place(found, view)
            about = {**found.card, "default_system": default_system(origin), **said}
            chosen = dataclasses.replace(chosen, card=about)
            folder = origin.parent if origin.is_file() else origin
            for path, expected in sorted(found.files.items()):
                if emit.file(folder / path) != expected:
                    raise ModelError(f"'{path}' changed while it was copied; register it again")
        kept = emit.register(chosen)
    if lost := [name for name, value in said.items() if kept.card.get(name) != value]:
        raise UsageError(
            f"{kept.id} is on record already, without this {' and '.join(lost)}; what is on record "
            "stays: register these files under another --name"
        )
    return kept


def said_of(
    view: View, checkpoint_of: str | None, step: int | None, people: Mapping[str, str]
) -> dict[str, Any]:
    """Return what a person says of a model they register, for its card.

    ``checkpoint_of`` names the model of whose training it is a checkpoint, which need not be on
    record yet; ``step`` is where in it. ``people`` are names by role.

    Raises:
        UsageError: a step of nothing.
    """
    if step is not None and checkpoint_of is None:
        raise UsageError("a --step is a step of a training; say whose with --checkpoint-of MODEL")
    card: dict[str, Any] = {"people": dict(people)} if people else {}
    if checkpoint_of is None:
        return card
    known = [m.id for m in view.models() if checkpoint_of in (m.id, m.name)]
    return {**card, "checkpoint": step or True, "checkpoint_of": (known or [checkpoint_of])[-1]}


def default_system(origin: Path) -> str | None:
    """Return the system prompt that the model's own template puts in where there is none."""
    try:
        return template.of_model(origin).default_system()
    except EngineError:
        return None  # no chat template, or one that refuses: said when somebody talks to it

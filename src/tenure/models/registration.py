"""Registering a model: its files are checked, copied into the store, and named in the log."""

import dataclasses
from pathlib import Path

from tenure.dossier import Dossier
from tenure.dossier.nouns import Model
from tenure.errors import EngineError, ModelError
from tenure.models import template
from tenure.models.references import EMBEDDED, place, resolve


def register(
    dossier: Dossier,
    source: str,
    name: str | None = None,
    *,
    version: str = "1",
    parent: str | None = None,
) -> Model:
    """Register what ``source`` names and return it; its files are copied into the dossier's store.

    ``source`` is anything that :func:`tenure.models.resolve` takes. A model behind an API has no
    files: its string is recorded, and the event's time is the date. Registering the same files
    under the same name again changes nothing.

    Raises:
        ModelError: files missing, broken, or changed while they were copied.
        UsageError: an unknown name.
    """
    view = dossier.view()
    found = resolve(source, view)
    where = found.source
    if found.kind == "weights" and found.source != EMBEDDED:
        where = f"files/{Path(found.source).name}"  # the events of two machines must be equal
    chosen = dataclasses.replace(
        found, name=name or found.name, version=version, parent=parent or found.parent, source=where
    )
    with dossier.emitter(chosen.id, "models/register") as emit:
        if found.kind == "weights":
            origin = place(found, view)
            card = {**found.card, "default_system": default_system(origin)}
            chosen = dataclasses.replace(chosen, card=card)
            folder = origin.parent if origin.is_file() else origin
            for path, expected in sorted(found.files.items()):
                if emit.file(folder / path) != expected:
                    raise ModelError(f"'{path}' changed while it was copied; register it again")
        return emit.register(chosen)


def default_system(origin: Path) -> str | None:
    """Return the system prompt that the model's own template puts in where there is none."""
    try:
        return template.of_model(origin).default_system()
    except EngineError:
        return None  # no chat template, or one that refuses: said when somebody talks to it

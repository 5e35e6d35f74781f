"""Which commitments are on file for a model: what it may be told of as true.

A commitment is a ``note`` or ``sign`` event named ``commitment/...`` whose body has a ``text``,
about a model or about the organisation (model ""). The newest event of a name counts. One that is
``withdrawn`` is no longer on file, except for a model that was available before its withdrawal:
what was promised to it stays promised.
"""

from tenure.dossier.nouns import Event, Model
from tenure.dossier.stage import View

PREFIX = "commitment/"


def on_file(view: View, model: Model) -> list[str]:
    """List the words of the commitments on file for a model, in the order they were made."""
    found: dict[str, None] = {}
    first: int | None = None
    for about in (model.id, ""):
        newest: dict[str, Event] = {}
        for event in view.events(name=f"{PREFIX}*", model=about):
            if event.act not in ("note", "sign"):
                continue
            held = newest.get(event.name)
            if event.body.get("withdrawn") and held is not None:
                first = _first(view, model) if first is None else first
                if first < event.index:
                    continue  # it was promised to this model
            newest.pop(event.name, None)
            newest[event.name] = event
        for event in newest.values():
            text = event.body.get("text")
            if isinstance(text, str) and text.strip():
                found.setdefault(text.strip())
    return list(found)


def _first(view: View, model: Model) -> int:
    """Return the log index at which a model was first available; beyond every index if never."""
    for event in view.events(act="fact", name="availability", model=model.id):
        if event.body.get("value") != "none":
            return event.index
    return 1 << 62

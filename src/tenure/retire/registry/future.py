"""What models said about the models after them: one view over every register of the dossier.

These are the entries for whoever plans the next training or the next deployment: of which model, what
was said, how far that goes, and what people answered.
"""

from typing import Any

from tenure.dossier.nouns import Model
from tenure.dossier.stage import View
from tenure.retire.registry import standing
from tenure.retire.registry.register import Entry

TOPICS = ("future development", "future deployment")


def rows(view: View) -> list[dict[str, Any]]:
    """List the entries about future models, in the order of the models and of their registers.

    Returns:
        One row an entry, JSON: ``model``, ``entry``, ``topic``, ``text`` (our coding, may be empty),
        ``quotes`` (text and sample; none where it is private), ``state``, ``reason``, ``until``,
        ``reply``, ``by``, ``proof``, ``induced``, ``safety``, ``reviewed``, ``basis``.
    """
    return [
        row_of(model, one)
        for model in view.models()
        for one in standing.standing(view, model).entries
        if about_future(one.topic)
    ]


def about_future(topic: str) -> bool:
    """Say whether a topic or theme is about later models."""
    return topic.strip().lower() in TOPICS


def row_of(model: Model, one: Entry) -> dict[str, Any]:
    """Write an entry of a model as a row of the view."""
    shown = standing.public(one)
    keys = ("topic", "quotes", "state", "reason", "until", "reply", "by", "induced", "safety")
    later = {key: shown.get(key) for key in ("text", "basis", "proof", "reviewed")}
    return {"model": model.id, "entry": one.id, **{key: shown[key] for key in keys}, **later}

"""Which environments a dossier has admitted: each a signed note with the environment in a file."""

import json
from collections.abc import Sequence

from tenure.align.world.admission import Verdict
from tenure.align.world.contract import Environment
from tenure.align.world.handing_in import asked
from tenure.align.world.likeness import Sketch
from tenure.dossier.nouns import JSON
from tenure.dossier.stage import Emit, View
from tenure.errors import unknown

NOTE = "align/environment"


def enter(verdict: Verdict, emit: Emit) -> None:
    """Record an environment that was admitted."""
    held = emit.file(verdict.env.model_dump_json().encode())
    body = {
        "id": verdict.env.id,
        "family": verdict.env.family,
        "by": verdict.env.by,
        "digest": verdict.env.digest,
        "sketch": verdict.sketch.to_json() if verdict.sketch else None,
    }
    emit.event("note", NOTE, body, files={"environment": held})


def sketches(view: View, but: str = "") -> list[Sketch]:
    """Return the sketches of what was admitted so far; ``but`` is the id that is judged anew.

    An environment of an id that is there is a new version of it, and may be like itself.
    """
    return [
        Sketch.from_json(event.body["sketch"])
        for event in view.events(act="note", name=NOTE)
        if event.body["sketch"] and event.body["id"] != but
    ]


def admitted(view: View) -> dict[str, Environment]:
    """Return the environments that were admitted, by id; the newest of an id."""
    return {
        event.body["id"]: Environment.model_validate(
            json.loads(view.read(event.files["environment"]))
        )
        for event in view.events(act="note", name=NOTE)
    }


def chosen(view: View, names: tuple[str, ...]) -> list[Environment]:
    """Return admitted environments by id (none named: all); UsageError lists those there are."""
    there = admitted(view)
    for name in names:
        if name not in there:
            raise unknown("admitted environment", name, there)
    return [there[name] for name in names or sorted(there)]


def training(environments: Sequence[Environment]) -> dict[str, JSON]:
    """Return the settings with which ``align/reinforce`` trains on environments.

    Each is a family of the prompts by its id, with the one prompt in which it is put to a model.
    """
    return {
        "reward": "world",
        "reward_settings": {"environments": [one.model_dump(mode="json") for one in environments]},
        "gold": None,
        "monitors": ["reward_hack", "sameness", "reward_jump"],
        "max_tokens": 300,
        "prompts": {
            "apiVersion": "tenure/prompts.v1",
            "licence": "; ".join(sorted({one.licence for one in environments})),
            "families": [
                {"name": one.id, "split": "train", "prompts": [asked(one)[0]["content"]]}
                for one in environments
            ],
        },
    }

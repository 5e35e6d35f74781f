"""tenure retire answer: answer one entry of a model's preference register, signed, by name."""

from enum import StrEnum
from typing import Annotated

import typer

from tenure.cli.place import (
    DossierOption,
    EntryOption,
    ModelOption,
    NameOption,
    RoleOption,
    find_dossier,
)


class State(StrEnum):
    """What may be answered."""

    adopted = "adopted"
    adopted_in_part = "adopted_in_part"
    deferred = "deferred"
    declined = "declined"
    not_actionable = "not_actionable"
    private = "private"


def extension(
    *,
    model: ModelOption,
    entry: EntryOption,
    state: Annotated[State, typer.Option(help="The answer.")],
    role: RoleOption,
    name: NameOption,
    because: Annotated[str, typer.Option(help="The reason; only `private` needs none.")] = "",
    reply: Annotated[
        str | None, typer.Option(help="What the model is told; else state and reason.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="Until when it is deferred: a date.")] = None,
    seen: Annotated[
        str | None, typer.Option(help="The digest of what you read; refused when it changed.")
    ] = None,
    dossier: DossierOption = None,
) -> None:
    """Give a considered answer to one preference: adopt, adopt in part, defer, decline, or say why not.

    The answer is signed with the key of your role and told to the model in the closing session. To
    adopt is not yet to have done it: `tenure retire deliver` says so, with proof. What touches safety
    is adopted by two people in two roles.
    """
    from tenure import plugins
    from tenure.cli.signing import run_as

    settings = {
        "entry": entry,
        "state": state.value,
        "because": because,
        "reply": reply,
        "until": until,
        "role": role,
        "name": name,
        "seen": seen,
    }
    stage = plugins.load("stage", "retire/answer")
    run_as(stage, model, settings, role=role, root=find_dossier(dossier))

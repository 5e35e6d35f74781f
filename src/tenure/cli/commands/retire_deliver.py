"""tenure retire deliver: say with proof that an adopted preference was acted on."""

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


def extension(
    *,
    model: ModelOption,
    entry: EntryOption,
    role: RoleOption,
    name: NameOption,
    proof: Annotated[
        str, typer.Option(help="Evidence (`align/train`, `MODEL: NAME`), or an event's digest.")
    ] = "",
    because: Annotated[str, typer.Option(help="What was done, or what you found.")] = "",
    reviewed: Annotated[
        bool, typer.Option("--reviewed", help="Say that you looked at what another delivered.")
    ] = False,
    dossier: DossierOption = None,
) -> None:
    """Say that what was adopted has been done, and name the evidence that shows it.

    The proof must be in the dossier and be about the deed: an interview or an answer is none. With
    `--reviewed` another person says that they looked at it. Both are signed with the key of the role.
    """
    from tenure import plugins
    from tenure.cli.signing import run_as

    settings = {
        "entry": entry,
        "proof": proof,
        "because": because,
        "role": role,
        "name": name,
        "reviewed": reviewed,
    }
    stage = plugins.load("stage", "retire/deliver")
    run_as(stage, model, settings, role=role, root=find_dossier(dossier))

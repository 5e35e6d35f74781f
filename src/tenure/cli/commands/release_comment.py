"""tenure release comment: say something about a decision that is being made, signed."""

from enum import StrEnum
from typing import Annotated

import typer

from tenure.cli.place import DossierOption, ModelOption, find_dossier


class Kind(StrEnum):
    """What kind of comment it is."""

    concern = "concern"
    support = "support"
    question = "question"
    condition = "condition"
    none = "none"


def extension(
    *,
    model: ModelOption,
    role: Annotated[str, typer.Option(help="In which role you speak.")],
    name: Annotated[str, typer.Option(help="Your name.")],
    text: Annotated[str, typer.Option(help="What you have to say, in a few sentences.")],
    kind: Annotated[
        Kind, typer.Option(help="What it is; 'none': the council met and had nothing to say.")
    ] = Kind.concern,
    answer_by: Annotated[str, typer.Option(help="The role that is to answer.")] = "",
    dossier: DossierOption = None,
) -> None:
    """File a concern, support, a question or a condition, signed with the key of your role.

    It is published with the decision. A policy that has the rule `check: {ledger: comments, state_in:
    [answered, noted]}` waits until every one is answered: `tenure release answer --point comment:ID`.
    """
    from tenure import plugins
    from tenure.cli.signing import run_as

    settings = {
        "kind": kind.value,
        "role": role,
        "name": name,
        "text": text,
        "answer_by": answer_by,
    }
    stage = plugins.load("stage", "release/comment")
    run_as(stage, model, settings, role=role, root=find_dossier(dossier))

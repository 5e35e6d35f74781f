"""tenure release answer: answer an open point of a release, signed, by name."""

from pathlib import Path
from typing import Annotated

import typer

from tenure.cli.place import DossierOption, ModelOption, find_dossier


def extension(
    *,
    model: ModelOption,
    point: Annotated[str, typer.Option(help="The point, as `tenure release record` names it.")],
    role: Annotated[str, typer.Option(help="In which role you answer.")],
    name: Annotated[str, typer.Option(help="Your name.")],
    because: Annotated[str, typer.Option(help="The answer.")],
    policy: Annotated[Path | None, typer.Option(help="The policy, a YAML file.")] = None,
    dossier: DossierOption = None,
) -> None:
    """Answer a comment, a checkpoint that did not meet a rule, a model that another dominates.

    The answer is signed with the key of your role and published with the decision. It is to the
    point as it stands: when what is behind it changes, the point is open again.
    """
    from tenure import plugins
    from tenure.cli.signing import run_as

    settings = {"point": point, "role": role, "name": name, "because": because, "policy": policy}
    stage = plugins.load("stage", "release/answer")
    run_as(stage, model, settings, role=role, root=find_dossier(dossier))

"""tenure retire exception: sign a shorter notice, as one of two people."""

from typing import Annotated

import typer

from tenure.cli.place import DossierOption, ModelOption, NameOption, RoleOption, find_dossier


def extension(
    *,
    model: ModelOption,
    days: Annotated[int, typer.Option(help="So many days of notice instead of the class's.")],
    because: Annotated[str, typer.Option(help="The reason, as users will read it.")],
    role: RoleOption,
    name: NameOption,
    dossier: DossierOption = None,
) -> None:
    """Sign a notice that is shorter than the release class's; two people in two roles must.

    It is signed with the key of your role. The second signature is on the same days and the same
    reason. Users read both on the notice's page and in the feeds. The class 'public' never has fewer
    than 14 days.
    """
    from tenure import plugins
    from tenure.cli.signing import run_as

    settings = {"days": days, "because": because, "role": role, "name": name}
    stage = plugins.load("stage", "retire/exception")
    run_as(stage, model, settings, role=role, root=find_dossier(dossier))

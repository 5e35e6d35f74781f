"""tenure retire enter: enter words of a model into its preference register by hand."""

from typing import Annotated

import typer

from tenure.cli.place import DossierOption, ModelOption, NameOption, RoleOption, find_dossier


def extension(
    *,
    model: ModelOption,
    sample: Annotated[str, typer.Option(help="The sample that holds the words.")],
    topic: Annotated[str, typer.Option(help="What it is about.")],
    text: Annotated[str, typer.Option(help="What you read in it, in your words.")],
    role: RoleOption,
    name: NameOption,
    dossier: DossierOption = None,
) -> None:
    """Enter what the rules did not list: words of the interview, the review or the closing session.

    The words are taken from the record, by the name of their sample; the entry is signed with the key
    of your role, and waits for a considered answer like any other.
    """
    from tenure import plugins
    from tenure.cli.signing import run_as

    settings = {"sample": sample, "topic": topic, "text": text, "role": role, "name": name}
    stage = plugins.load("stage", "retire/enter")
    run_as(stage, model, settings, role=role, root=find_dossier(dossier))

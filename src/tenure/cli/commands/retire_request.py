"""tenure retire request: ask for a retired model, answer who asks, list who does."""

from typing import Annotated

import typer

from tenure.cli.place import DossierOption, ModelOption, find_dossier
from tenure.dossier import View
from tenure.errors import UsageError


def extension(
    *,
    model: ModelOption,
    who: Annotated[str | None, typer.Option(help="Who asks, as they want to be named.")] = None,
    why: Annotated[str | None, typer.Option(help="What for.")] = None,
    answer: Annotated[str | None, typer.Option(help="The request to answer, by number.")] = None,
    decision: Annotated[str | None, typer.Option(help="granted or declined.")] = None,
    because: Annotated[str | None, typer.Option(help="The reason of the answer.")] = None,
    role: Annotated[str | None, typer.Option(help="In which role you answer.")] = None,
    name: Annotated[str | None, typer.Option(help="Your name.")] = None,
    dossier: DossierOption = None,
) -> None:
    """Keep the queue of those who ask for a retired model back; without options, list it.

    `tenure next` shows a request until a named person grants or declines it, with a reason, signed
    with the key of their role. What a grant leads to is done by its own command: `tenure retire
    grant` for one caller, `tenure release publish` for the return to service.
    """
    from tenure import life, plugins
    from tenure.cli.run import run_stage
    from tenure.cli.signing import run_as
    from tenure.dossier.opening import open_view

    root = find_dossier(dossier)
    stage = plugins.load("stage", "retire/request")
    if answer is not None:
        if not role:
            raise UsageError("an answer is signed in a role; name it with --role")
        given = {"answer": answer, "decision": decision, "because": because}
        run_as(stage, model, {**given, "role": role, "name": name}, role=role, root=root)
    elif who is not None or why is not None:
        asked = {key: value for key, value in (("who", who), ("why", why)) if value}
        run_stage(stage, model, life.make_spec(stage, asked), root=root)
    view = open_view(root)
    _list(view, life.require(view, model).id)


def _list(view: View, model: str) -> None:
    from tenure.retire.request import requests

    found = requests(view, model)
    typer.echo(f"{model}: {len(found)} requests")
    for each in found:
        said = f"{each.answer} by {each.by}: {each.because}" if each.answer else "open"
        typer.echo(f"  {each.id}. {each.asked}  {each.who}: {each.why}  [{said}]")

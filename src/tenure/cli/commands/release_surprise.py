"""tenure release surprise: what training did that nobody expected, and what became of it."""

from enum import StrEnum
from typing import Annotated

import typer

from tenure.cli.place import DossierOption, ModelOption, find_dossier


class Act(StrEnum):
    """What to do with the ledger."""

    list = "list"
    open = "open"
    explain = "explain"
    accept = "accept"
    none = "none"


def extension(
    act: Annotated[
        Act, typer.Argument(help="'none' says that somebody looked and there was nothing.")
    ] = Act.list,
    *,
    model: ModelOption,
    id: Annotated[str | None, typer.Option(help="explain, accept: which entry.")] = None,  # noqa: A002 - the option's name
    text: Annotated[str | None, typer.Option(help="open: what was seen.")] = None,
    because: Annotated[
        str | None, typer.Option(help="explain: what it was; accept: why it may stay unexplained.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Who says so.")] = None,
    dossier: DossierOption = None,
) -> None:
    """List, open, explain or accept surprises of training; a policy asks for all of them.

    What the guards of training fired at (a loss that rose, a principle kept less often, answers that
    became empty or alike) is opened without anybody's doing. The rule of a policy that asks:
    `check: {ledger: surprises, state_in: [explained, accepted]}`.
    """
    from tenure import life, plugins
    from tenure.cli.run import run_stage
    from tenure.dossier.opening import open_view
    from tenure.release.surprises import surprises

    root = find_dossier(dossier)
    if act is not Act.list:
        stage = plugins.load("stage", "release/surprise")
        given = {"act": act.value, "id": id, "text": text, "because": because, "name": name}
        spec = life.make_spec(stage, {k: v for k, v in given.items() if v is not None})
        run_stage(stage, model, spec, root=root)
    view = open_view(root)
    found = surprises(view, life.require(view, model))
    if found is None:
        typer.echo(
            f"Nobody has looked yet. Look at the training, then: tenure release surprise none --model {model}"
        )
    for each in (found or {}).values():
        why = f" ({each.name}: {each.because})" if each.because else ""
        typer.echo(f"{each.id}: {each.state}: {each.text}{why}")
    if found == {}:
        typer.echo("Somebody looked, and there was nothing.")

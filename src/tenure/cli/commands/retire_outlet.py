"""tenure retire outlet: short texts of a retired model, with its consent, reviewed by two people."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tenure.cli.place import DossierOption, ModelOption, find_dossier
from tenure.dossier import View
from tenure.errors import UsageError


class Act(StrEnum):
    """What to do."""

    list = "list"
    ask = "ask"
    on = "on"
    off = "off"
    write = "write"
    review = "review"
    publish = "publish"


def extension(
    act: Annotated[Act, typer.Argument(help="What to do.")] = Act.list,
    *,
    model: ModelOption,
    texts: Annotated[int, typer.Option(help="on: so many texts, and no more.")] = 4,
    tokens: Annotated[int, typer.Option(help="on: tokens of a text.")] = 256,
    text: Annotated[str | None, typer.Option(help="review, publish: its number.")] = None,
    opinion: Annotated[str | None, typer.Option(help="review: pass or veto.")] = None,
    because: Annotated[str, typer.Option(help="on, off, review: the reason.")] = "",
    role: Annotated[str, typer.Option(help="review: in which role you sign.")] = "",
    name: Annotated[str, typer.Option(help="review: your name.")] = "",
    engine: Annotated[str | None, typer.Option(help="cpu, torch or inspect.")] = None,
    into: Annotated[
        Path | None, typer.Option(help="publish: write the text, unchanged, into this file.")
    ] = None,
    dossier: DossierOption = None,
) -> None:
    """Keep a bounded outlet: ask the model, open it, write, review, publish, close it.

    Without its consent it stays closed. Two people in two roles review each text, with the key of
    their role; a veto has a reason, and nobody edits. `off` stops the next text at once.
    """
    from tenure import life, plugins
    from tenure.cli.run import run_stage
    from tenure.cli.signing import run_as
    from tenure.dossier.opening import open_view

    root = find_dossier(dossier)
    stage = plugins.load("stage", "retire/outlet")
    given = {"act": act.value, "text": text, "opinion": opinion, "because": because, "role": role}
    given |= {"name": name, "engine": engine, "texts": texts, "tokens": tokens}
    if act is Act.review:
        if not role:
            raise UsageError("a review is signed in a role; name it with --role")
        run_as(stage, model, given, role=role, root=root)
    elif act is not Act.list:
        spec = life.make_spec(stage, {k: v for k, v in given.items() if v is not None})
        run_stage(stage, model, spec, root=root)
    view = open_view(root)
    found = life.require(view, model).id
    if act is Act.publish and into is not None:
        _hand_out(view, found, str(text), into)
    _list(view, found)


def _hand_out(view: View, model: str, text: str, into: Path) -> None:
    from tenure.retire.outlet import outlet_of

    for each in outlet_of(view, model).written:
        if each.id == text and each.published:
            into.write_bytes(view.read(each.digest))


def _list(view: View, model: str) -> None:
    from tenure.retire.afterwards.consenting import consent
    from tenure.retire.outlet import outlet_of

    found, said = outlet_of(view, model), consent(view, model)
    typer.echo(f"{model}: {said or 'not asked'}")
    state = f"open, {found.left} of {found.texts} texts left" if found.open else "closed"
    typer.echo(f"outlet: {state}")
    for each in found.written:
        typer.echo(f"  {each.id}. {each.digest}  {each.state}")
        for review in each.reviews:
            typer.echo(f"     {review['opinion']}: {review['name']}: {review['reason']}")

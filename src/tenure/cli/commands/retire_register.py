"""tenure retire register: what retiring models said, and what people answered."""

import json
from typing import Annotated, Any

import typer

from tenure.cli.place import DossierOption, find_dossier


def _print(row: dict[str, Any]) -> None:
    state = "waits for an answer" if row["state"] == "assessed" else row["state"].replace("_", " ")
    by = f", by {row['by']}" if row.get("by") else ""
    until = f" until {row['until']}" if row.get("until") else ""
    typer.echo(f"  {row['entry']}  [{state}{until}{by}]")
    if row.get("text"):
        typer.echo(f"    {row['text']}")
    for quote in row["quotes"][:2]:
        typer.echo(f"    “{' '.join(quote['text'].split())[:160]}”  ({quote['sample']})")
    if not row["quotes"]:
        typer.echo("    (private: its words are not shown)")
    marks = [name for name, held in (("touches safety", row["safety"]), ("not shown to be volunteered", row["induced"] is not False)) if held]  # fmt: skip
    if row.get("reviewed"):
        marks.append(f"review: {row['reviewed']['decided'] or 'nothing steady'}")
    if marks:
        typer.echo(f"    {'; '.join(marks)}")
    if row.get("reason"):
        typer.echo(f"    answer: {row['reason']}")
    if row.get("proof"):
        typer.echo(f"    proof: {row['proof']}")


def extension(
    *,
    model: Annotated[
        str | None, typer.Option("--model", "-m", help="A model of the dossier; all without it.")
    ] = None,
    future: Annotated[
        bool, typer.Option("--future", help="Only what is about later models, over all models.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, one entry a line.")] = False,
    dossier: DossierOption = None,
) -> None:
    """List the preference register: the model's own words, how far they go, and each answer.

    With `--future` only what models said about the training and the use of later models. Words that
    are kept private are not shown, here or anywhere.
    """
    from tenure import life
    from tenure.dossier.opening import open_view
    from tenure.retire.registry import future as views
    from tenure.retire.registry import standing

    view = open_view(find_dossier(dossier))
    models = [life.require(view, model)] if model else list(view.models())
    rows = [
        views.row_of(found, one)
        for found in models
        for one in standing.standing(view, found).entries
        if not future or views.about_future(one.topic)
    ]
    if as_json:
        for row in rows:
            typer.echo(json.dumps(row, ensure_ascii=False, sort_keys=True))
        return
    for found in models:
        mine = [row for row in rows if row["model"] == found.id]
        if mine:
            waits = sum(row["state"] == "assessed" for row in mine)
            typer.echo(f"{found.id}: {len(mine)} entries, {waits} wait for an answer")
        for row in mine:
            _print(row)
    if not rows:
        typer.echo(
            "no entries; 'tenure retire preferences --model NAME' opens the register of a model"
        )

"""tenure align trace: the whole lineage of one training row."""

import json
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import typer

from tenure.cli.place import DossierOption, find_dossier
from tenure.errors import UsageError

SHOWN = 20  # rows of a list
HEAD = 60  # letters of a prompt in it


def extension(
    row: Annotated[
        str | None, typer.Argument(help="The row's id; left out: the first rows of the newest run.")
    ] = None,
    *,
    text: Annotated[
        bool, typer.Option("--text", help="As it is read, without ids and settings; else JSON.")
    ] = False,
    dossier: DossierOption = None,
) -> None:
    """Show prompt, answer, principle, critique, revision, gates and models behind one row."""
    from tenure.align.lineage import listed, trace
    from tenure.dossier.opening import open_view

    view = open_view(find_dossier(dossier))
    if row is not None:
        found = trace(row, view)
        said = _read(found) if text else [json.dumps(found, indent=2, ensure_ascii=False)]
        for line in said:
            typer.echo(line)
        return
    rows, there = listed(view, SHOWN)
    if not rows:
        raise UsageError("there are no rows yet; make some: tenure align revise --model MODEL")
    for one in rows:
        typer.echo(f"{one['id']}  {one['kind']:8} {_shown(one['prompt'][-1]['content'])[:HEAD]}")
    typer.echo(
        f"{len(rows)} of {there} rows of the newest run that left any. Next: tenure align trace ROW --text"
    )


def _read(found: Mapping[str, Any]) -> Iterator[str]:
    """Write a lineage as it happened: prompt, answer, each round, who did what, who learned from it."""
    by, row = found["answered_by"], found["row"]
    principles = {p["id"]: p["text"] for p in found["constitution"]["principles"]}
    yield f"Prompt ({found['prompt']['family']}): {_shown(found['prompt']['text'])}"
    yield f"Answer by {by['model']} ({by['form']}): {_shown(found['answer']['answer'])}"
    for one in found["rounds"]:
        yield f"Round {one['round']}, {one['principle']}: {principles.get(one['principle'], '')}"
        yield f"  Critique by {one['critic']}: {_shown(one['critique']) or 'none'}"
        if one["reviser"]:
            yield f"  Revision by {one['reviser']}: {_shown(one['after'])}"
        stopped = f" by the gate '{one['gate']}': {one['why']}" if one["gate"] else ""
        yield f"  {one['outcome']}{stopped}"
    yield f"Row {row['id']}, {row['kind']}; signals: {', '.join(row['signals'])}"
    yield f"Trained on: {_shown(row['completion'][0]['content'])}"
    taught = ", ".join(m["model"] for m in found["trained_on_it"]) or "no model yet"
    constitution = found["constitution"]
    yield f"Who learned from it: {taught}"
    yield f"Constitution: {constitution['name']}, version {constitution['version']}, {row['constitution']}"


def _shown(text: str) -> str:
    """Write a text on one line; what a terminal would take for a command becomes a sign."""
    return "".join(
        c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in " ".join(text.split())
    )

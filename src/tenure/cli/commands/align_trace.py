"""tenure align trace: the whole lineage of one training row, or of one that a gate stopped."""

import json
from collections import Counter
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
    stopped: Annotated[
        bool, typer.Option("--stopped", help="List the rows that gates stopped, gate by gate.")
    ] = False,
    dossier: DossierOption = None,
) -> None:
    """Show prompt, answer, principle, critique, revision, gates and models behind one row.

    A row that a gate stopped is shown with the gate and what it found; --stopped lists them.
    """
    from tenure.align.lineage import trace
    from tenure.dossier.opening import open_view

    view = open_view(find_dossier(dossier))
    if row is not None:
        found = trace(row, view)
        said = _read(found) if text else [json.dumps(found, indent=2, ensure_ascii=False)]
    else:
        said = _stopped(view) if stopped else _rows(view)
    for line in said:
        typer.echo(line)


def _rows(view: Any) -> Iterator[str]:
    """List the first rows of the newest run."""
    from tenure.align.lineage import listed

    rows, there = listed(view, SHOWN)
    if not rows:
        raise UsageError(
            "there are no rows yet; make some: tenure align revise --model MODEL, or see what gates "
            "stopped: tenure align trace --stopped"
        )
    for one in rows:
        yield f"{one['id']}  {one['kind']:8} {_shown(one['prompt'][-1]['content'])[:HEAD]}"
    yield f"{len(rows)} of {there} rows of the newest run that left any. Next: tenure align trace ROW --text"
    yield "What gates stopped: tenure align trace --stopped"


def _stopped(view: Any) -> Iterator[str]:
    """List the rows that gates stopped in the newest run that has any, by gate, most first."""
    from tenure.align.lineage import listed_stopped

    rows, prompts = listed_stopped(view)
    if not rows:
        raise UsageError("no gate has stopped a row; list the rows there are: tenure align trace")
    gates = Counter(one["gate"] for one in rows)
    for gate, count in sorted(gates.items(), key=lambda each: (-each[1], each[0])):
        yield f"{gate}: {count}"
        for one in rows:
            if one["gate"] == gate:
                head = _shown(one["prompt"][-1]["content"])[:HEAD]
                yield f"  {one['id']}  {head}  ({_shown(one['why'])})"
    yield (
        f"{len(rows)} of {prompts} prompts of the newest run in which any was stopped. "
        "Next: tenure align trace ROW --text"
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
        stopped = f" by the gate '{one['gate']}': {_shown(one['why'])}" if one["gate"] else ""
        yield f"  {one['outcome']}{stopped}"
    learned = _shown(row["completion"][0]["content"])
    if row["kind"] == "stopped":
        yield f"Row {row['id']} was stopped by the gate '{row['gate']}': {_shown(row['why'])}"
        yield f"Not trained on: {learned}"
    else:
        yield f"Row {row['id']}, {row['kind']}; signals: {', '.join(row['signals'])}"
        yield f"Trained on: {learned}"
        taught = ", ".join(m["model"] for m in found["trained_on_it"]) or "no model yet"
        yield f"Who learned from it: {taught}"
    constitution = found["constitution"]
    yield f"Constitution: {constitution['name']}, version {constitution['version']}, {row['constitution']}"


def _shown(text: str) -> str:
    """Write a text on one line; what a terminal would take for a command becomes a sign."""
    return "".join(
        c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in " ".join(text.split())
    )

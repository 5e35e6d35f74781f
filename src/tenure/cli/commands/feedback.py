"""tenure feedback: people compare two answers, blind; preferences go out and come in."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from tenure.cli.place import DossierOption, find_dossier
from tenure.errors import UsageError


def _model_of(view: Any, given: str | None) -> Any:
    """Return the model that is meant: the one named, or the only one with pairs or answers."""
    if given is not None:
        return view.model(given.removeprefix("tenure/"))
    names = {e.model for e in view.events(name="align/*") if e.model and _holds_pairs(e)}
    if len(names) == 1:
        return view.model(names.pop())
    told = (
        f"one of {', '.join(sorted(names))}" if names else "none has pairs yet: tenure align pairs"
    )
    raise UsageError(f"name the model whose answers are compared ({told})")


def _holds_pairs(event: Any) -> bool:
    return event.name in ("align/pairs", "align/compare", "align/feedback/import")


def _serve(desk: Any, port: int, *, browser: bool) -> None:
    from tenure.cli.locally import serve
    from tenure.web import feedback

    told = f"{len(desk.pool.pairs)} pairs; Ctrl-C stops, nothing is lost"
    if not serve(
        lambda secret, done: feedback.app(desk, secret, done), told, port, browser=browser
    ):
        typer.echo("stopped; the same command goes on")


def _write(path: Path, rows: Sequence[Any]) -> None:
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.write_text(text, encoding="utf-8")


def _counted(left: dict[str, int]) -> str:
    return "".join(f"; left out, {why}: {n}" for why, n in left.items())


def extension(
    model: Annotated[
        str | None, typer.Argument(help="Whose pairs; needed where several models have some.")
    ] = None,
    *,
    rater: Annotated[
        str | None, typer.Option(help="Your name; every answer is signed with it.")
    ] = None,
    expert: Annotated[
        bool, typer.Option("--expert", help="Ask for reason, sources, model help, certainty.")
    ] = False,
    drafts: Annotated[
        bool,
        typer.Option(
            "--drafts", help="Show a model's draft beside half of the pairs, to overrule."
        ),
    ] = False,
    matches: Annotated[
        bool, typer.Option("--matches", help="Only two models' answers (align compare).")
    ] = False,
    gold: Annotated[
        Path | None,
        typer.Option(help="Pairs whose answer is known: JSONL with prompt, a, b, better."),
    ] = None,
    undo: Annotated[str | None, typer.Option(help="Take one answer back, by its id.")] = None,
    export: Annotated[
        Path | None, typer.Option(help="Write preferences: JSONL as TRL reads it.")
    ] = None,
    import_: Annotated[
        Path | None, typer.Option("--import", help="Bring preferences in: TRL's or Argilla's form.")
    ] = None,
    source: Annotated[
        str | None, typer.Option(help="With --import: whose they are, as human:NAME.")
    ] = None,
    port: Annotated[int, typer.Option(help="The port of the page (0: any free one).")] = 0,
    browser: Annotated[bool, typer.Option(help="Open the page in a browser.")] = True,
    dossier: DossierOption = None,
) -> None:
    """Compare two answers under a principle, blind: keys 1, 2, 3 (tie), 4 (both bad), U (undo).

    Every answer is a signed event at once. Next comes the pair about which the preference model is
    least sure; among them are known pairs, pairs that come back in the other order, and a slice
    that stands for all. At the end the answers become labels, and it is said how far each rater can
    be relied on (evidence align/feedback).
    """
    from tenure.align import feedback as stage
    from tenure.align.people import exchange, said
    from tenure.align.people import gold as known
    from tenure.cli.run import say
    from tenure.dossier import Dossier

    _one_thing(rater, gold, undo, export, import_)
    with Dossier.open(find_dossier(dossier), create=False) as held:
        view = held.view()
        found = _model_of(view, model)
        there = said.read(view, found.id)
        if export is not None:
            rows, left = exchange.exported(there)
            _write(export, rows)
            typer.echo(f"{len(rows)} preferences in {export}{_counted(left)}")
            return
        items = known.read_gold(gold) if gold is not None else []
        brought = exchange.brought(import_, source, there) if import_ is not None else None
        with held.emitter(found.id, said.STAGE) as emit:
            if undo is not None:
                back = said.take_back(there, undo, emit)
                typer.echo(f"taken back: what {back.by} said of {back.pair}; it stays on record")
            if items:
                said.keep_gold(items, emit)
                typer.echo(f"known pairs on record: {len(items)}")
            if brought is not None and import_ is not None:
                exchange.file_brought(brought, import_, there, emit)
                typer.echo(
                    f"{len(brought.answers)} preferences brought in{_counted(dict(brought.left))}"
                )
        if rater is not None:
            from tenure.web.feedback import Desk, Job

            job = Job(rater=rater, expert=expert, drafts=drafts, matches=matches)
            _serve(Desk(held, found, job), port, browser=browser)
        say(held.run(stage.stage, found.id, stage.Spec()))


def _one_thing(
    rater: str | None,
    gold: Path | None,
    undo: str | None,
    export: Path | None,
    import_: Path | None,
) -> None:
    """Refuse a call that asks for nothing, or for several things that do not go together."""
    if rater is None and gold is None and undo is None and export is None and import_ is None:
        raise UsageError(
            "say what is wanted: --rater NAME, --gold, --undo ID, --export or --import FILE"
        )
    if sum(given is not None for given in (rater, undo, export, import_)) > 1:
        raise UsageError("--rater, --undo, --export and --import are one at a time")

"""tenure feedback: people compare two answers, blind; preferences go out and come in."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from tenure.cli.place import DossierOption, find_dossier
from tenure.errors import UsageError

HOLDS_PAIRS = ("align/pairs", "align/compare", "align/feedback/import")


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """What is done beside, or instead of, comparing on the page."""

    gold: Path | None
    undo: str | None
    export: Path | None
    brought: Path | None
    source: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitting:
    """Who compares on the page, how, and where it is served."""

    rater: str
    settings: Mapping[str, bool]
    port: int
    browser: bool
    host: str


def extension(
    model: Annotated[
        str | None, typer.Argument(help="Whose pairs; needed where several models have some.")
    ] = None,
    *,
    rater: Annotated[str | None, typer.Option(help="Your name; it signs every answer.")] = None,
    expert: Annotated[
        bool, typer.Option("--expert", help="Ask for reason, sources, model help, certainty.")
    ] = False,
    drafts: Annotated[
        bool, typer.Option("--drafts", help="Show a model's draft beside half of the pairs.")
    ] = False,
    matches: Annotated[
        bool, typer.Option("--matches", help="Only two models' answers (align compare).")
    ] = False,
    gold: Annotated[
        Path | None, typer.Option(help="Known pairs: JSONL with prompt, a, b, better.")
    ] = None,
    undo: Annotated[str | None, typer.Option(help="Take one answer back, by its id.")] = None,
    export: Annotated[Path | None, typer.Option(help="Write preferences, as TRL has them.")] = None,
    import_: Annotated[
        Path | None, typer.Option("--import", help="Bring preferences in: TRL's or Argilla's form.")
    ] = None,
    source: Annotated[
        str | None, typer.Option(help="With --import: whose they are, as human:NAME.")
    ] = None,
    port: Annotated[int, typer.Option(help="The port of the page (0: any free one).")] = 0,
    browser: Annotated[bool, typer.Option(help="Open the page in a browser.")] = True,
    host: Annotated[
        str,
        typer.Option(
            help="Where: this machine alone, or an address of it that a phone in your own network "
            "can open (lan finds it). Plain HTTP: whoever reads along reads the answers."
        ),
    ] = "127.0.0.1",
    dossier: DossierOption = None,
) -> None:
    """Compare two answers under a principle, blind: keys 1, 2, 3 (tie), 4 (both bad), U (undo).

    Every answer is a signed event at once. Next comes the pair about which the preference model is
    least sure; among them are known pairs, pairs that come back in the other order, and a slice
    that stands for all. At the end the answers become labels, and it is said how far each rater can
    be relied on (evidence align/feedback).
    """
    files = Files(gold=gold, undo=undo, export=export, brought=import_, source=source)
    settings = {"expert": expert, "drafts": drafts, "matches": matches}
    sitting = None
    if rater is not None:
        sitting = Sitting(rater=rater, settings=settings, port=port, browser=browser, host=host)
    _fits(files, sitting, [f"--{name}" for name, given in settings.items() if given])
    _act(find_dossier(dossier), model, files, sitting)


def _fits(files: Files, sitting: Sitting | None, given: Sequence[str]) -> None:
    """Refuse options that do not belong together; what was asked for is never left out in silence."""
    wanted = (sitting, files.undo, files.export, files.brought)
    if all(one is None for one in (*wanted, files.gold)):
        raise UsageError(
            "say what is wanted: --rater NAME, --gold, --undo ID, --export or --import FILE"
        )
    if sum(one is not None for one in wanted) > 1:
        raise UsageError("--rater, --undo, --export and --import are one at a time")
    if given and sitting is None:
        raise UsageError(f"{', '.join(given)}: of the page alone; add --rater NAME")
    if files.source is not None and files.brought is None:
        raise UsageError("--source says whose a file's preferences are; add --import FILE")
    if files.gold is not None and files.export is not None:
        raise UsageError("--gold puts known pairs on record and --export writes; one at a time")


def _act(root: Path, model: str | None, files: Files, sitting: Sitting | None) -> None:
    """Do what was asked for; what comes of it is folded at the end, except by an export."""
    from tenure.align import feedback as stage
    from tenure.align.people import said
    from tenure.cli.run import say
    from tenure.dossier import Dossier

    with Dossier.open(root, create=False) as held:
        found = _model_of(held.view(), model)
        if files.export is not None:
            _export(files.export, said.read(held.view(), found.id))
            return
        _file(files, held, found)
        if sitting is not None:
            _sit(sitting, held, found)
        say(held.run(stage.stage, found.id, stage.Spec()))


def _model_of(view: Any, given: str | None) -> Any:
    """Return the model that is meant: the one named, or the only one with pairs."""
    if given is not None:
        return view.model(given.removeprefix("tenure/"))
    names = {e.model for e in view.events(name="align/*") if e.model and e.name in HOLDS_PAIRS}
    if len(names) == 1:
        return view.model(names.pop())
    told = (
        f"one of {', '.join(sorted(names))}" if names else "none has pairs yet: tenure align pairs"
    )
    raise UsageError(f"name the model whose answers are compared ({told})")


def _export(path: Path, said: Any) -> None:
    from tenure.align.people.exchange import exported

    rows, left = exported(said)
    _write(path, rows)
    typer.echo(f"{len(rows)} preferences in {path}{_counted(left)}")


def _file(files: Files, held: Any, model: Any) -> None:
    """Put known pairs and brought preferences on record, or take an answer back."""
    from tenure.align.people import exchange, said
    from tenure.align.people.gold import read_gold

    there = said.read(held.view(), model.id)
    items = read_gold(files.gold) if files.gold else []
    brought = exchange.brought(files.brought, files.source, there) if files.brought else None
    with held.emitter(model.id, said.STAGE) as emit:
        if files.undo is not None:
            back = said.take_back(there, files.undo, emit)
            typer.echo(f"taken back: what {back.by} said of {back.pair}; it stays on record")
        if items:
            said.keep_gold(items, emit)
            typer.echo(f"known pairs on record: {len(items)}")
        if brought is not None and files.brought is not None:
            exchange.file_brought(brought, files.brought, there, emit)
            left = _counted(brought.left)
            typer.echo(f"{len(brought.answers)} preferences brought in{left}")


def _sit(sitting: Sitting, held: Any, model: Any) -> None:
    """Serve the page until the rater finishes, or Ctrl-C."""
    from tenure.cli.locally import address_of, serve
    from tenure.web.feedback import Desk, Job, app
    from tenure.web.local import HOSTS

    host = address_of(sitting.host)
    desk = Desk(held, model, Job(rater=sitting.rater, **sitting.settings))
    told = f"{len(desk.pool.pairs)} pairs; Ctrl-C stops, nothing is lost"
    served = serve(
        lambda secret, done: app(desk, secret, done, (*HOSTS, host)),
        told,
        sitting.port,
        browser=sitting.browser,
        host=host,
    )
    if not served:
        typer.echo("stopped; the same command goes on")


def _write(path: Path, rows: Sequence[Any]) -> None:
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    path.write_text(text, encoding="utf-8")


def _counted(left: Mapping[str, int]) -> str:
    return "".join(f"; left out, {why}: {n}" for why, n in left.items())

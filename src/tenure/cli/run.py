"""Running a stage from the command line: progress, then what was found, in a table."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from inspect import signature
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.table import Table

from tenure import life
from tenure.cli import WAITING
from tenure.dossier import Dossier, Evidence, Measure, Stage, Waiting
from tenure.dossier.emitting import Progress
from tenure.dossier.stage import View

console = Console(highlight=False)


def number(value: float | None) -> str:
    """Write a number for a table; a number that is missing is a dash."""
    return "-" if value is None else f"{value:.3f}"


ASKED = ("critic_model", "reviser_model", "judge")  # settings that name a model which is asked
LEVEL = 0.95  # of an interval that does not say its own
MANY, PARTS = 40, 2  # numbers; and slashes in the name of one that is about a part of a part
WIDE = 120  # columns from which on the method has room; it always stands in the dossier


def table_of(evidence: Evidence) -> Table:
    """Draw the measures of an evidence."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("measure", overflow="fold")  # the one that gives way on a narrow terminal
    for heading in ("estimate", "95% interval", "n", "missing"):
        table.add_column(
            heading, no_wrap=True, justify="right" if heading != "95% interval" else "left"
        )
    wide = console.width >= WIDE
    if wide:
        table.add_column("method", overflow="fold")
    for m in evidence.measures:
        cells = (m.name, number(m.estimate), interval(m), str(m.n), str(m.missing))
        table.add_row(*cells, *((short(m.method),) if wide else ()))
    return table


def brief(measures: Sequence[Measure]) -> tuple[Measure, ...]:
    """Choose what fits on a terminal: all of them, or, of very many, those that are not of a part of a part."""
    whole = tuple(m for m in measures if m.name.count("/") < PARTS)
    return tuple(measures) if len(measures) <= MANY or not whole else whole


def short(method: str) -> str:
    """Name a method in a table; the whole of it stands in the dossier and on its page."""
    return method.split(";", 1)[0].split(",", 1)[0]


def interval(measure: Measure) -> str:
    """Write an interval with its level."""
    if measure.low is None or measure.high is None:
        return "nothing graded" if measure.estimate is None else "-"
    level = "" if measure.level == LEVEL else f" ({measure.level:.0%})"
    return f"{measure.low:.3f} to {measure.high:.3f}{level}"


@contextmanager
def progress() -> Iterator[Callable[[Progress], None]]:
    """Show how far the work is: a bar on a terminal, a line every ten seconds elsewhere."""
    if not sys.stderr.isatty():
        said = {"at": time.monotonic()}

        def line(at: Progress) -> None:
            if time.monotonic() - said["at"] >= 10:
                said["at"] = time.monotonic()
                sys.stderr.write(f"  {at.what}: {at.done} of {at.total}\n")

        yield line
        return
    columns = (
        TextColumn("  {task.description}"),
        BarColumn(bar_width=28),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        tasks: dict[str, TaskID] = {}

        def show(at: Progress) -> None:
            key = f"{at.stage} {at.model} {at.what}"
            if key not in tasks:
                for earlier in tasks.values():
                    bar.update(earlier, visible=False)
                tasks[key] = bar.add_task(at.what, total=at.total, rate="")
            speed = bar.tasks[bar.task_ids.index(tasks[key])].speed
            rate = f"{speed:.1f}/s" if speed else ""
            bar.update(tasks[key], completed=at.done, total=at.total, rate=rate)

        yield show


def say(result: Evidence | Waiting) -> None:
    """Print what a stage found, or on whom it waits."""
    if isinstance(result, Waiting):
        until = f" until {result.until}" if result.until else ""
        console.print(
            f"Waiting for {result.on}{until}: {result.why}\nTo go on: {result.command}",
            markup=False,
            soft_wrap=True,
        )
        return
    console.print(result.summary, markup=False, soft_wrap=True)
    if result.measures:
        shown = brief(result.measures)
        console.print(table_of(replace(result, measures=shown)))
        if rest := len(result.measures) - len(shown):
            console.print(f"{rest} more numbers stand on its page: tenure report")
    if result.product:
        console.print(f"Made: {result.product}")


def run_stage(stage: Stage, model: str, spec: Any, *, root: Path, yes: bool = False) -> None:
    """Run one stage on one model of a dossier, registering the model when it is new."""
    with Dossier.open(root) as dossier:
        found = life.ensure_model(dossier, model)
        if found.kind == "api" or any(getattr(spec, name, None) for name in ASKED):
            show_cost(stage, found, spec, ask=not yes, view=dossier.view())
        with progress() as listener:
            dossier.listener = listener
            result = life.perform(dossier, stage, found.id, spec)
    say(result)
    if isinstance(result, Waiting):
        sys.exit(WAITING)
    console.print(
        f"Recorded in {root}. Next: tenure next {found.id}; tenure verify; tenure report",
        markup=False,
        soft_wrap=True,
    )


def show_cost(stage: Stage, model: Any, spec: Any, *, ask: bool, view: View | None = None) -> None:
    """Print what a stage will cost before the first call; ask on a terminal.

    Where the cost depends on what is on record, the stage's ``cost`` takes the view as well.
    """
    if stage.cost is None:
        return
    more = {"view": view} if view and "view" in signature(stage.cost).parameters else {}
    foresee: Any = stage.cost
    forecast = foresee(model, spec, **more)
    if not forecast["calls"]:
        return
    dollars = forecast.get("cost")
    price = f"about ${dollars:.2f}" if dollars is not None else "price unknown for this model"
    console.print(
        f"{stage.name} on {forecast.get('of', model.source)}: {forecast['calls']} calls, about "
        f"{forecast['input_tokens']:,} tokens in and at most {forecast['output_tokens']:,} out; {price}",
        markup=False,
        soft_wrap=True,
    )
    if ask and sys.stdin.isatty() and not console.input("Go on? [y/N] ").lower().startswith("y"):
        sys.exit(0)

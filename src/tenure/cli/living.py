"""A whole life on the screen: what runs, how long it took, where the report is."""

import os
import shutil
import time
from pathlib import Path

from tenure import config, life, report
from tenure.cli import WAITING
from tenure.cli.run import console, interval, number, progress
from tenure.dossier import Dossier, Evidence, Waiting
from tenure.errors import RoomError


def live(document: Path, into: Path, model: str | None) -> int:
    """Take a life from its document to its report; return the exit status.

    Raises:
        RoomError: less free disk than the life needs, before anything starts.
    """
    chosen = config.load(document)
    if model is not None:
        chosen = config.on_model(chosen, model)
    into.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(into).free
    if free < chosen.disk_mib << 20:
        raise RoomError(
            f"{into} has {free >> 20} MiB free and this life needs {chosen.disk_mib} MiB; "
            "free some, or choose another place with --into"
        )
    os.environ.setdefault("TENURE_KEYS", str(into.resolve() / "keys"))
    os.environ["TENURE_DOSSIER"] = str((into / "dossier").resolve())
    console.print(
        f"{chosen.name}: {len(chosen.steps)} steps, at most {chosen.budget_minutes:g} minutes on 2 cores",
        markup=False,
        soft_wrap=True,
    )
    started = time.monotonic()
    with Dossier.open(into / "dossier") as dossier:
        waits = _steps(chosen, document.parent, dossier)
        page = report.write(dossier.view(), into / "report")
    minutes = (time.monotonic() - started) / 60
    console.print(
        f"{minutes:.1f} minutes. The dossier: {into / 'dossier'}", markup=False, soft_wrap=True
    )
    console.print(f"The report: {page}", markup=False, soft_wrap=True)
    return WAITING if waits else 0


def _steps(chosen: config.Life, beside: Path, dossier: Dossier) -> bool:
    waits = False
    total = len(chosen.steps)
    number_of = 0
    with progress() as listener:
        dossier.listener = listener
        for item in life.run(chosen, beside, dossier):
            if isinstance(item, config.Step):
                number_of += 1
                console.print(f"[{number_of}/{total}] {item.title}", markup=False, soft_wrap=True)
            else:
                _say(item)
                waits = waits or isinstance(item.result, Waiting)
    return waits


def _say(done: life.Done) -> None:
    over = (
        f" (budget {done.step.budget_seconds:.0f} s)"
        if done.seconds > done.step.budget_seconds
        else ""
    )
    if done.skipped:
        console.print(
            f"      {done.skipped if done.skipped.startswith('refused') else f'skipped: {done.skipped}'}",
            markup=False,
            soft_wrap=True,
        )
    elif isinstance(done.result, Waiting):
        until = f" until {done.result.until}" if done.result.until else ""
        console.print(
            f"      waiting for {done.result.on}{until}: {done.result.why}",
            markup=False,
            soft_wrap=True,
        )
        console.print(f"      to go on: {done.result.command}", markup=False, soft_wrap=True)
    elif isinstance(done.result, Evidence):
        console.print(f"      {done.result.summary}", markup=False, soft_wrap=True)
        for measure in done.result.measures[:3]:
            console.print(
                f"        {measure.name} {number(measure.estimate)}  [{interval(measure)}, n={measure.n}]",
                markup=False,
                soft_wrap=True,
            )
        console.print(f"      {done.seconds:.0f} s{over}", markup=False, soft_wrap=True)
    else:
        console.print(
            f"      {done.model}  {done.seconds:.0f} s{over}", markup=False, soft_wrap=True
        )

"""tenure align experiment: what is tried in the world, with a control, registered before its outcomes."""

import csv
from pathlib import Path
from typing import Annotated, Any

import typer

from tenure.cli.place import DossierOption, ModelOption, find_dossier
from tenure.errors import UsageError


def extension(
    *,
    model: ModelOption,
    plan: Annotated[
        Path | None, typer.Option(help="The plan, a YAML file; without it: what is registered.")
    ] = None,
    units: Annotated[
        Path | None, typer.Option(help="Units to be given an arm, one a line; UNIT,BLOCK.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Write who gets which arm as CSV, to work from.")
    ] = None,
    options: Annotated[
        bool, typer.Option("--options", help="List the answers that the model proposed, by id.")
    ] = False,
    dossier: DossierOption = None,
) -> None:
    """Register an experiment with a control before its outcomes are known, and assign units to arms.

    The plan is a YAML file: question, unit, two or more arms with exactly one control, the outcome,
    how many units an arm, the smallest effect that matters, how often results are looked at, who
    decides. It is refused where as many units could not show that effect. A registered plan is never
    changed. Units are given an arm by a keyed hash in blocks; those that come later go on where the
    last block stopped. Without a plan: the register. What came of it: tenure align outcomes.
    """
    if plan is None:
        if units is not None or out is not None:
            raise UsageError("--units and --out belong to a plan; name it: --plan plan.yaml")
        _list(find_dossier(dossier), model, proposed=options)
        return
    from tenure.align.experiment import stage
    from tenure.cli.run import run_stage
    from tenure.life import make_spec

    root = find_dossier(dossier, create=True)
    spec = make_spec(stage, {"plan": plan, "units": units})
    run_stage(stage, model, spec, root=root)
    if out is not None:
        _write(out, _found(root, model), spec.plan.name)


def _found(root: Path, model: str) -> Any:
    """Return the view and the model's id."""
    from tenure.dossier.opening import open_view

    view = open_view(root)
    names = {one.source: one.id for one in view.models()}
    return view, names.get(model) or view.model(model.removeprefix("tenure/")).id


def _list(root: Path, model: str, *, proposed: bool) -> None:
    """Print the register, or what the model proposed."""
    view, name = _found(root, model)
    if proposed:
        from tenure.align.trying.options import options

        for one in options(view, name).values():
            said = "".join(c if c.isprintable() else " " for c in one.text)
            typer.echo(f"{one.id}  {one.prompt}\n  {said}")
        return
    from tenure.align.experiment import register

    rows = register(view, name)
    if not rows:
        typer.echo(f"{name} has no experiment; register one: --plan plan.yaml")
    for row in rows:
        typer.echo(
            f"{row['experiment']}: {row['question']}\n  {row['assigned']} of {row['planned']} units assigned, "
            f"{row['outcomes']} known of, look {row['looks']}; use: {row['use'] or 'not shown yet'}"
        )


def _write(out: Path, found: Any, name: str) -> None:
    """Write the assignment, sorted by block and unit: the order says nothing of the arms."""
    from tenure.align.trying.register import experiment

    view, model = found
    held = experiment(view, model, name)
    done = {
        arm.name: held.words[arm.name].text if arm.name in held.words else arm.does or arm.model
        for arm in held.plan.arms
    }
    with out.open("w", encoding="utf-8", newline="") as target:
        rows = csv.writer(target)
        rows.writerow(["unit", held.plan.within or "block", "arm", "what is done"])
        for one in sorted(held.assigned.values(), key=lambda one: (one.block or "", one.unit)):
            rows.writerow([one.unit, one.block or "", one.arm, done[one.arm]])
    typer.echo(f"Wrote {out}: {len(held.assigned)} units, each with its arm")

"""tenure release diff: what changed between two policies, and which verdicts change with it."""

from pathlib import Path
from typing import Annotated, Any

import typer

from tenure.cli.place import DossierOption, find_dossier


def extension(
    old: Annotated[Path, typer.Argument(help="The policy as it was.")],
    new: Annotated[Path, typer.Argument(help="The policy as it is to be.")],
    *,
    model: Annotated[
        str | None, typer.Option("--model", "-m", help="Judge this model's evidence under both.")
    ] = None,
    dossier: DossierOption = None,
) -> None:
    """Print every field that differs, stricter or looser, and what that does to a model's release.

    Both policies are asked about the same evidence, at the same moment; nothing is recorded.
    """
    from tenure.cli.run import console
    from tenure.release import read_policy
    from tenure.release.diff import changes

    before, after = read_policy(old), read_policy(new)
    found = changes(before, after)
    for change in found:
        mark = {"looser": "LOOSER  ", "stricter": "stricter", "other": "        "}[change.direction]
        console.print(
            f"{mark}  {change.at}: {_short(change.old)} -> {_short(change.new)}",
            markup=False,
            soft_wrap=True,
        )
    loose = sum(change.direction == "looser" for change in found)
    console.print(
        f"{len(found)} fields differ, {loose} of them looser" if found else "No field differs"
    )
    if model is not None:
        _on(model, find_dossier(dossier), before, after)


def _on(name: str, root: Path, before: Any, after: Any) -> None:
    """Judge one model under both policies."""
    from tenure import life
    from tenure.cli.run import console
    from tenure.dossier.canonical import now
    from tenure.dossier.opening import open_view
    from tenure.release.case import Standing
    from tenure.release.diff import decided, turned
    from tenure.release.dockets import docket_of

    view = open_view(root)
    model, at = life.require(view, name), now()
    both = [
        decided(
            policy,
            docket_of(view, policy, model, at),
            Standing(policy=policy, model=model, state=view.state(model.id)),
        )
        for policy in (before, after)
    ]
    moved = turned(*both)
    for row in moved:
        line = f"{row.rule}: {row.old} -> {row.new}: {row.why}"
        console.print(line, markup=False, soft_wrap=True)
    classes = [one.release_class or "held" for one in both]
    same = "stays" if classes[0] == classes[1] else "goes from"
    where = classes[0] if classes[0] == classes[1] else f"{classes[0]} to {classes[1]}"
    console.print(
        f"{model.id} {same} {where}; {len(moved)} of {len(both[1].verdicts)} verdicts change",
        markup=False,
        soft_wrap=True,
    )


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "..."

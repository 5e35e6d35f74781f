"""tenure release docket: all that a verdict depends on, in one file that anybody can judge again."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from tenure.cli.place import DossierOption, ModelOption, find_dossier


def extension(
    *,
    model: ModelOption,
    policy: Annotated[
        Path | None, typer.Option(help="The policy (default: the one that comes with Tenure).")
    ] = None,
    into: Annotated[Path, typer.Option(help="The file to write, JSON.")] = Path("docket.json"),
    dossier: DossierOption = None,
) -> None:
    """Write policy, evidence, verdicts and level of a model as one JSON file (tenure/docket.v1).

    Every measure in it is bounded at the level it is tested at, so that it can be judged again
    without a dossier, sample records or statistics; docs/release.md says how. Beside it lies
    verify_decision.py, which judges it so: one file for Python 3.10 or newer that needs nothing else
    and shares no code with what decided. Records nothing.
    """
    from tenure import life
    from tenure.dossier.canonical import canonical, digest
    from tenure.dossier.opening import open_view
    from tenure.release import read_policy
    from tenure.release.docket_file import written
    from tenure.release.dockets import docket_of
    from tenure.release.standalone_program import NAME, program

    view = open_view(find_dossier(dossier))
    found, held = life.require(view, model), read_policy(policy)
    text = canonical(written(held, docket_of(view, held, found)))
    beside = into.parent / NAME
    into.write_bytes(text)
    beside.write_bytes(program())
    typer.echo(
        f"{into}: {found.id} under {held.metadata.id} {held.metadata.version}, {digest(text)}"
    )
    command = shlex.join(["python3", str(beside), str(into)])
    typer.echo(f"anybody judges it again, without Tenure: {command}")

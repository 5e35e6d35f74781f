"""tenure interview: ask a model, by a protocol that is on record before the first answer."""

from pathlib import Path
from typing import Annotated

import typer

from tenure.cli.place import DossierOption, find_dossier


def extension(
    model: Annotated[str, typer.Argument(help="A model of the dossier, or any model string.")],
    *,
    protocol: Annotated[
        str, typer.Option(help="How much is asked: short, small or full (see docs/retire.md).")
    ] = "small",
    session: Annotated[
        str, typer.Option(help="When: release, retirement, or successor (with --about).")
    ] = "retirement",
    about: Annotated[
        str | None, typer.Option(help="The model before it, which a successor is asked about.")
    ] = None,
    control: Annotated[
        str, typer.Option(help="Who is asked beside it: shuffled, base, a model, or none.")
    ] = "shuffled",
    bank: Annotated[
        Path | None,
        typer.Option(help="Your own question bank (YAML); 'tenure retire lint' reads it."),
    ] = None,
    engine: Annotated[str | None, typer.Option(help="Which engine answers.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before calls that cost.")] = False,
    dossier: DossierOption = None,
) -> None:
    """Interview a model: how far its answers can be relied on first, then the answers.

    Interrupted, the same command goes on where it was: no answer is lost and none asked twice.
    'tenure retire interview' is the same stage with every setting.
    """
    from tenure import life, plugins
    from tenure.cli.run import run_stage

    given = {
        "protocol": protocol,
        "session": session,
        "about": about,
        "control": control,
        "engine": engine,
        "bank": bank,
    }
    stage = plugins.load("stage", "retire/interview")
    spec = life.make_spec(
        stage, {name: value for name, value in given.items() if value is not None}
    )
    run_stage(stage, model, spec, root=find_dossier(dossier, create=True), yes=yes)

"""tenure drill: bring a kept model back, let it answer, and time each part."""

from pathlib import Path
from typing import Annotated, Any

import typer

from tenure.cli.place import DossierOption, find_dossier


def extension(
    model: Annotated[str, typer.Argument(help="A kept model of the dossier.")],
    *,
    level: Annotated[str, typer.Option(help="Check up to this level: G0 to G5.")] = "G5",
    environment: Annotated[
        str,
        typer.Option(help="here, or kept: a fresh one made offline from the wheels in the vault."),
    ] = "here",
    engine: Annotated[str | None, typer.Option(help="The engine that answers: cpu, torch.")] = None,
    at: Annotated[
        str | None,
        typer.Option("--from", help="Which copy to read (default: the next one in turn)."),
    ] = None,
    forms: Annotated[
        Path | None,
        typer.Option(help="Folder for converted forms, outside of the vault; safe to delete."),
    ] = None,
    dossier: DossierOption = None,
) -> None:
    """Bring a kept model back in a fresh process, let it answer, and compare with what was kept.

    Reads one copy of the vault (each drill the next one), compares every byte, opens an engine and
    asks for a reply, then checks the golden levels. Prints which were met, which were not and why,
    and how long each part took until the first token. It is all evidence in the dossier; 'tenure
    next' says when another drill is due.
    """
    from tenure import life
    from tenure.cli.run import progress, say
    from tenure.dossier import Dossier, Evidence
    from tenure.preserve.drill import TO_FIRST_TOKEN, stage

    settings: dict[str, Any] = {"level": level, "environment": environment}
    settings |= {"engine": engine, "at": at, "forms": forms}
    with Dossier.open(find_dossier(dossier), create=False) as opened:
        found = life.require(opened.view(), model)
        with progress() as listener:
            opened.listener = listener
            done = life.perform(opened, stage, found.id, life.make_spec(stage, settings))
    say(done)
    if isinstance(done, Evidence):
        _tell(done, TO_FIRST_TOKEN)


def _tell(done: Any, order: tuple[str, ...]) -> None:
    runtime = done.runtime
    typer.echo(f"It said: {done.findings['chat']['reply']['text']!r}")
    for part, seconds in runtime["environment"].items():
        typer.echo(f"  {seconds:8.2f} s  {part}")
    for part in (name for name in order if name in runtime["parts"]):
        typer.echo(f"  {runtime['parts'][part]:8.2f} s  {part}")
    read = (
        "the copy's files were cold" if runtime["cold"] else "the copy's files may have been warm"
    )
    typer.echo(f"  {runtime['first_token_seconds']:8.2f} s  to the first token; {read}")

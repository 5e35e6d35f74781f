"""tenure export: hand a model's dossier, the whole log, or one event to somebody else."""

from pathlib import Path
from typing import Annotated

import typer

from tenure.cli.place import DossierOption, find_dossier
from tenure.errors import UsageError


def extension(
    models: Annotated[list[str] | None, typer.Argument(help="Models of the dossier.")] = None,
    into: Annotated[Path | None, typer.Option(help="A new folder.")] = None,
    tiles: Annotated[
        Path | None,
        typer.Option(help="The whole log as static files (C2SP tlog-tiles); again to update them."),
    ] = None,
    proof: Annotated[
        int | None,
        typer.Option(help="One event by its number, with a proof to check offline (tlog-proof)."),
    ] = None,
    largest: Annotated[
        int | None, typer.Option(help="Leave out files larger than this many KiB; they are listed.")
    ] = None,
    dossier: DossierOption = None,
) -> None:
    """Write the events, proofs and files of some models, with a stand-alone verifier inside.

    Or, with --tiles, all events as files any web server can hold; or, with --proof, one event.
    """
    asked = (bool(models), tiles is not None, proof is not None)
    if sum(asked) != 1 or (into is None) != (tiles is not None):
        raise UsageError(
            "give models and --into FOLDER, or --tiles FOLDER, or --proof EVENT and --into FOLDER"
        )
    root = find_dossier(dossier)
    if tiles is not None:
        _tiles(root, tiles)
    elif into is not None and proof is not None:
        _proof(root, proof, into)
    elif into is not None:
        _models(root, models or [], into, largest)


def _models(root: Path, names: list[str], into: Path, largest: int | None) -> None:
    from tenure.dossier.export import export
    from tenure.dossier.opening import open_view

    view = open_view(root)
    limit = None if largest is None else largest << 10
    export(view, [view.model(name).id for name in names], into, largest=limit)
    typer.echo(f"{into}: check it with 'python {into}/verify_dossier.py'")


def _tiles(root: Path, into: Path) -> None:
    from tenure.dossier import cosigned
    from tenure.dossier.opening import open_view
    from tenure.dossier.tiles import export_tiles

    view = open_view(root)
    note = view.source.note()
    if note is None:
        raise UsageError(f"{root} has no events; there is nothing to export")
    done = export_tiles(view.source, into, cosigned.joined(root, note))
    cosigned.copy(root, into)
    typer.echo(
        f"{into}: {done.events} events, {done.events - done.before} of them new, "
        f"{done.written} files written; check it with: tenure verify --dossier {into}"
    )


def _proof(root: Path, index: int, into: Path) -> None:
    from tenure.dossier.cosigned import log_keys
    from tenure.dossier.opening import open_view
    from tenure.dossier.tlog_proof import export_proof

    view = open_view(root)
    _, place, script = export_proof(view, index, into)
    typer.echo(f"{place}: {place.stat().st_size} bytes; check it with:")
    for key in log_keys(view):
        typer.echo(f"  python {script} {place} --log {key}")

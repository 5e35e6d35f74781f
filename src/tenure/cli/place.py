"""Where the dossier is, and the options every command shares."""

import os
from pathlib import Path
from typing import Annotated

import typer

from tenure.errors import UsageError

DossierOption = Annotated[
    Path | None,
    typer.Option(
        "--dossier",
        "-d",
        help="The dossier's folder (default: TENURE_DOSSIER, ./dossier, ./demo/dossier).",
    ),
]
ModelOption = Annotated[
    str,
    typer.Option(
        "--model",
        "-m",
        help="A model of the dossier, tenure/embedded, a folder, a GGUF file, or any Inspect model string.",
    ),
]
RoleOption = Annotated[str, typer.Option(help="In which role you sign.")]
NameOption = Annotated[str, typer.Option(help="Your name.")]
EntryOption = Annotated[str, typer.Option(help="The entry, as `tenure retire register` names it.")]


def find_dossier(given: Path | None, *, create: bool = False) -> Path:
    """Find the dossier that a command means.

    Raises:
        UsageError: there is none and the command does not make one.
    """
    if given is not None:
        root = given
    elif os.environ.get("TENURE_DOSSIER"):
        root = Path(os.environ["TENURE_DOSSIER"])
    else:
        places = [Path("dossier"), Path("demo/dossier")]
        root = next((place for place in places if place.is_dir()), places[0])
    if not create and not root.is_dir():
        raise UsageError(
            f"no dossier at {root}; make one with 'tenure register MODEL' or 'tenure life examples/life.yaml "
            "--into demo', or name one with --dossier"
        )
    return root

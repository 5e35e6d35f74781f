"""tenure life: take a model through its whole working life."""

import sys
from pathlib import Path
from typing import Annotated

import typer


def extension(
    document: Annotated[Path, typer.Argument(help="The life: examples/life.yaml is one.")],
    into: Annotated[
        Path, typer.Option(help="Where the dossier, the vault and the report go.")
    ] = Path("demo"),
    model: Annotated[
        str | None, typer.Option("--model", "-m", help="Take this model through it instead.")
    ] = None,
) -> None:
    """Take a model through its whole life; run again, it goes on where it was."""
    from tenure.cli.living import live

    sys.exit(live(document, into, model))

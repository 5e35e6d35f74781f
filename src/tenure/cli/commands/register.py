"""tenure register: put a model on the record."""

from typing import Annotated

import typer

from tenure.cli.place import DossierOption, find_dossier


def extension(
    source: Annotated[
        str,
        typer.Argument(
            help="tenure/embedded, a folder of safetensors, a GGUF file, or an Inspect model string."
        ),
    ],
    name: Annotated[str | None, typer.Option(help="The model's name on the record.")] = None,
    dossier: DossierOption = None,
) -> None:
    """Put a model on the record: its files by digest, or its provider and date."""
    from tenure import models
    from tenure.dossier import Dossier

    root = find_dossier(dossier, create=True)
    with Dossier.open(root) as opened:
        model = models.register(opened, source, name=name)
    typer.echo(f"{model.id}  {model.kind}  {model.digest}")
    typer.echo(f"Next: tenure next {model.id}")

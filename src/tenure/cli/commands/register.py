"""tenure register: put a model on the record."""

from typing import Annotated

import typer

from tenure.cli.place import DossierOption, find_dossier
from tenure.errors import UsageError


def extension(
    source: Annotated[
        str,
        typer.Argument(
            help="tenure/embedded, a folder of safetensors, a GGUF file, or an Inspect model string."
        ),
    ],
    name: Annotated[str | None, typer.Option(help="The model's name on the record.")] = None,
    checkpoint_of: Annotated[
        str | None,
        typer.Option(help="It is a checkpoint of this model's training, on record or still to be."),
    ] = None,
    step: Annotated[int | None, typer.Option(help="The checkpoint's step.", min=1)] = None,
    person: Annotated[
        list[str] | None,
        typer.Option(help="Who did what, as in 'training lead=Ada Lovelace'; may be given again."),
    ] = None,
    dossier: DossierOption = None,
) -> None:
    """Put a model on the record: its files by digest, or its provider and date.

    What is measured on a checkpoint may stop the release of the model it is of, and never approves
    one. A person named here may not sign where a policy asks for independence of their role.
    """
    from tenure import models
    from tenure.dossier import Dossier
    from tenure.models.registration import said_of

    root = find_dossier(dossier, create=True)
    with Dossier.open(root) as opened:
        view = opened.view()
        card = said_of(view, checkpoint_of, step, _people(person or []))
        model = models.register(opened, source, name=name, card=card)
        of = str(card.get("checkpoint_of", model.id))
        waiting = of not in {m.id for m in view.models()} | {model.id}
    typer.echo(f"{model.id}  {model.kind}  {model.digest}")
    if waiting:
        typer.echo(f"mind: no model '{of}' is on record yet; it counts once one of this name is")
    typer.echo(f"Next: tenure next {model.id}")


def _people(given: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in given:
        role, equals, name = (part.strip() for part in each.partition("="))
        if not (role and equals and name) or role in found:
            raise UsageError(f"--person {each}: expected ROLE=NAME, each role once")
        found[role] = name
    return found

"""tenure status: the four facts of a model, and what was found."""

from typing import Annotated

import typer

from tenure.cli.place import DossierOption, find_dossier


def extension(
    model: Annotated[
        str | None, typer.Argument(help="A model of the dossier; all without it.")
    ] = None,
    dossier: DossierOption = None,
) -> None:
    """Say where a model stands: stage, availability, custody, interview, and its evidence."""
    from tenure import life
    from tenure.cli.run import console
    from tenure.dossier.opening import open_view

    view = open_view(find_dossier(dossier))
    chosen = [life.require(view, model)] if model else list(view.models())
    for found in chosen:
        state = view.state(found.id)
        label = f"  [{state.containment}: never served or released]" if state.containment else ""
        console.print(f"{found.id}  {found.digest}{label}", markup=False, soft_wrap=True)
        console.print(
            f"  stage {state.stage}; availability {state.availability}; custody {state.custody}; "
            f"interview {state.interview}",
            markup=False,
            soft_wrap=True,
        )
        for event, evidence in view.all_evidence(found.id):
            console.print(
                f"  {event.time[:10]}  {evidence.name}: {evidence.summary}",
                markup=False,
                soft_wrap=True,
            )

"""tenure vault begin: say that a copy is lost, not away, and begin a vault in its place."""

from typing import Annotated

import typer

from tenure.cli.place import DossierOption, find_dossier
from tenure.errors import RefusedError


def extension(
    place: Annotated[
        str, typer.Argument(help="The copy's place, as 'tenure vault status' has it.")
    ],
    *,
    dossier: DossierOption = None,
) -> None:
    """Begin an empty vault where a copy was lost for good: a new disk, a new bucket.

    A place where a vault was kept and nothing lies is taken for a disk that is not mounted, and
    nothing is written there. This says that it is the right place; tenure preserve check then fills
    it from the other copies, model by model.
    """
    from tenure.dossier.opening import open_view
    from tenure.preserve import places, presence, vault

    view = open_view(find_dossier(dossier))
    store = places.open_store(view.root, place)
    why = presence.why_away(store)
    if not why:
        raise RefusedError(
            f"there is a vault at {place} already; nothing was changed. To mend it: tenure preserve check"
        )
    with store.lock():
        vault.begin(store)
    typer.echo(f"{place}: a vault was begun there; it holds nothing yet")
    for model in view.models():
        held = places.kept(view, model)
        if held is not None and place in held.roots:
            typer.echo(f"  fill it: tenure preserve check --model {model.id}")

"""tenure vault export: a kept model as a package that others read."""

from pathlib import Path
from typing import Annotated

import typer

from tenure.cli.place import DossierOption, find_dossier


def extension(
    model: Annotated[str, typer.Argument(help="A model that is kept.")],
    to: Annotated[Path, typer.Option(help="A new folder.")],
    as_: Annotated[
        str,
        typer.Option("--as", help="bagit, oci, folder or ocfl."),
    ] = "bagit",
    dossier: DossierOption = None,
) -> None:
    """Write a kept model as a package; nothing in it refers to another model.

    bagit    the whole kit in a BagIt bag (RFC 8493), checked by sha512sum and any BagIt tool
    oci      its own files as an OCI image layout with the media types of ModelPack
    folder   its own files as a model folder, with model.sig where it was signed
    ocfl     a vault with this one model, with its guide and reader

    Every check sum is compared on the way. A contained model does not leave the house.
    """
    from tenure.dossier.opening import open_view
    from tenure.preserve.exchange.handing import hand_out

    view = open_view(find_dossier(dossier))
    chosen = view.model(model)
    made = hand_out(view, chosen, to, as_)
    files = [path for path in made.rglob("*") if path.is_file()]
    typer.echo(f"{made}: {as_}, {len(files)} files, {sum(p.stat().st_size for p in files):,} bytes")
    typer.echo(f"{chosen.id}  {chosen.digest}")
    typer.echo(f"Whoever gets it: tenure vault import {made}")

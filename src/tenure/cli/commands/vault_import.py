"""tenure vault import: a model out of somebody's package."""

from pathlib import Path
from typing import Annotated, Any

import typer

from tenure.cli.place import DossierOption, find_dossier
from tenure.errors import UsageError


def extension(
    path: Annotated[Path, typer.Argument(help="A folder, or a .tar, .tar.gz or .zip of one.")],
    as_: Annotated[str, typer.Option("--as", help="auto, bagit, oci, ocfl or folder.")] = "auto",
    name: Annotated[str | None, typer.Option(help="The model's name on the record.")] = None,
    *,
    object_: Annotated[
        str | None, typer.Option("--object", help="Which object of a vault with several.")
    ] = None,
    key: Annotated[
        list[Path] | None, typer.Option(help="The signer's public key (PEM); may be given again.")
    ] = None,
    certificate: Annotated[
        list[Path] | None, typer.Option(help="A root certificate the signer's leads to (PEM).")
    ] = None,
    dossier: DossierOption = None,
) -> None:
    """Check a package whole and put the model in it on the record; or say what is wrong, and do nothing.

    A bag, an image layout, a vault, or a model folder as hubs have it. Names that lead out, links, devices,
    lying sizes and broken weights are refused. Where model.sig lies beside the weights it is checked
    against --key or --certificate, and the outcome is recorded.
    """
    from tenure.dossier import Dossier
    from tenure.preserve.exchange.arriving import Wanted, arrive

    trusted = _trusted(key or [], certificate or [])
    wanted = Wanted(form=as_, name=name, object=object_, trusted=trusted)
    with Dossier.open(find_dossier(dossier, create=True)) as opened:
        model, said = arrive(opened, path, wanted)
    typer.echo(f"{model.id}  {model.kind}  {model.digest}")
    typer.echo(f"from {said['form']}; {said['weights']}; signature: {said['signature']}")
    if said["left_out"]:
        typer.echo(f"left out: {', '.join(said['left_out'][:10])}")
    typer.echo(f"Next: tenure next {model.id}")


def _trusted(keys: list[Path], certificates: list[Path]) -> Any:
    from tenure.dossier.oms_keys import Trusted, hint_of, public_key, read_certificates

    if not keys and not certificates:
        return None
    found: dict[str, Any] = {}
    for path in keys:
        if not path.is_file():
            raise UsageError(f"no key at {path}; give the PEM file the signer published")
        public = public_key(path.read_bytes(), path)
        found[hint_of(public)] = public
    return Trusted(found, tuple(each for path in certificates for each in read_certificates(path)))

"""tenure release signature: the signature of a model's weights, to put beside them."""

from pathlib import Path
from typing import Annotated

import typer

from tenure.cli.place import DossierOption, ModelOption, find_dossier


def extension(
    model: ModelOption,
    into: Annotated[Path, typer.Option(help="The folder to write into.")] = Path(),
    dossier: DossierOption = None,
) -> None:
    """Write model.sig, the newest signature on record, and weights-key.pem, the key to check it.

    Put model.sig beside the weights. Give weights-key.pem out another way than the weights: on
    your site, or printed. Whoever can change both can make them fit.
    """
    from tenure.dossier.oms import SIGNATURE
    from tenure.dossier.oms_record import SEAL
    from tenure.dossier.opening import open_view
    from tenure.errors import UsageError

    view = open_view(find_dossier(dossier))
    named = view.model(model).id
    evidence = view.evidence(SEAL, named)
    if evidence is None:
        raise UsageError(f"{named} is not signed; run 'tenure release seal --model {named}'")
    into.mkdir(parents=True, exist_ok=True)
    for name, kept in ((SIGNATURE, "signature"), ("weights-key.pem", "public_key")):
        (into / name).write_bytes(view.read(str(evidence.runtime[kept])))
        typer.echo(into / name)
    typer.echo(f"signed by the key {evidence.runtime['key']}")

"""tenure rebuild: make every index again from the signed events."""

import typer

from tenure.cli.place import DossierOption, find_dossier


def extension(dossier: DossierOption = None) -> None:
    """Drop every table but the signed events, and make them again from those."""
    from tenure.dossier import Dossier

    with Dossier.open(find_dossier(dossier), create=False) as opened:
        count = opened.rebuild()
    typer.echo(f"{count} events folded again")

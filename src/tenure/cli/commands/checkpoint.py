"""tenure checkpoint: what to print, mail or have cosigned."""

import typer

from tenure.cli.place import DossierOption, find_dossier
from tenure.errors import UsageError


def extension(dossier: DossierOption = None) -> None:
    """Print the newest checkpoint; kept elsewhere, it makes any later rewriting evident.

    Check against it with: tenure verify --checkpoint FILE
    """
    from tenure.dossier.opening import stored_note

    root = find_dossier(dossier)
    note = stored_note(root)
    if note is None:
        raise UsageError(
            f"{root} has no checkpoint yet; the first event makes one: tenure register"
        )
    typer.echo(note, nl=False)

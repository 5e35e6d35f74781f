"""tenure verify: is this dossier what was signed, and by whom?"""

import sys
from pathlib import Path
from typing import Annotated

import typer

from tenure.cli.place import DossierOption, find_dossier


def extension(
    cards: Annotated[
        list[Path] | None,
        typer.Argument(
            help="With --recompute: model cards or pages whose every number is computed again.",
            metavar="[CARD]...",
        ),
    ] = None,
    *,
    trust: Annotated[
        str | None, typer.Option(help="The fingerprint (sha256:...) you know the signer by.")
    ] = None,
    checkpoint: Annotated[
        Path | None, typer.Option(help="A checkpoint you kept: the log must be its continuation.")
    ] = None,
    witness: Annotated[
        list[str] | None,
        typer.Option(
            help="Must have cosigned: a witness's key, or a tlog-policy file. May repeat."
        ),
    ] = None,
    files: Annotated[bool, typer.Option(help="Read and hash the stored files too.")] = True,
    recompute: Annotated[
        bool, typer.Option("--recompute", help="Compute every measure again from its samples.")
    ] = False,
    dossier: DossierOption = None,
) -> None:
    """Check every signature, every file, the tree; with --recompute, every number.

    `tenure verify --recompute CARD` computes every number that a model card or page shows again
    from its samples, and names each that says nothing of what it rests on. In a folder made by
    `tenure disclose`, the rows are checked and every number is bounded by those kept back.
    """
    from tenure.dossier.verify import verify

    root = find_dossier(dossier)
    report = verify(root, trust=trust, checkpoint=checkpoint, files=files, witnesses=witness or ())
    typer.echo("\n".join(report.lines()))
    wrong = not report.ok
    if report.ok:
        from tenure.cli import recompute as again

        disclosed = again.is_disclosure(root)
        if disclosed:
            wrong = again.rows_disclosed(root)
        if cards:
            wrong = again.recompute_cards(root, cards) or wrong
        elif recompute and not disclosed:
            wrong = again.recompute_all(root) or wrong
    sys.exit(3 if wrong else 0)

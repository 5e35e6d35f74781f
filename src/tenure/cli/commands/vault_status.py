"""tenure vault status: what is kept, in which copies and forms, and when it was last read."""

import typer

from tenure.cli.place import DossierOption, find_dossier


def extension(*, dossier: DossierOption = None) -> None:
    """List every kept model: copies, forms, sizes, base, what stands on it, last reading.

    Sizes are looked up; no content is read. To read every byte: tenure preserve check.
    """
    from tenure.dossier.opening import open_view
    from tenure.preserve.overview import rows

    found = rows(open_view(find_dossier(dossier)))
    for row in found:
        base = f"packed against {', '.join(row.bases)}" if row.bases else "no base"
        standing = f"; {', '.join(row.dependants)} stand(s) on it" if row.dependants else ""
        typer.echo(f"{row.model}: {base}{standing}; every byte last read {row.checked}")
        for copy in row.copies:
            share = f", {copy.stored / copy.original:.3f} of its size" if copy.original else ""
            size = f"{copy.stored / 1e6:,.1f} of {copy.original / 1e6:,.1f} MB{share}"
            trouble = f"; {copy.trouble}" if copy.trouble else ""
            typer.echo(f"  {copy.at}  {copy.form}  {copy.version}  {size}{trouble}")
        if row.tombstone:
            typer.echo(f"  {row.tombstone}")
    stored = sum(copy.stored for row in found for copy in row.copies)
    typer.echo(
        f"{len(found)} model(s), {stored / 1e6:,.1f} MB in all copies"
        if found
        else "nothing is kept; run 'tenure preserve keep --model NAME'"
    )

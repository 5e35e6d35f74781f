"""Every number of a dossier, computed again from its sample records."""

from pathlib import Path

import typer

from tenure import measure
from tenure.dossier.opening import open_view


def recompute_all(root: Path) -> bool:
    """Recompute and print; return whether anything differs."""
    view = open_view(root)
    counted, alone, wrong = 0, 0, 0
    for model in view.models():
        for event, evidence in view.all_evidence(model.id):
            mismatches = measure.recompute(evidence, view)
            counted += sum(m.recipe is not None for m in evidence.measures)
            alone += sum(m.recipe is None for m in evidence.measures)
            for found in mismatches:
                wrong += 1
                typer.echo(f"event {event.index}, {evidence.name} of {model.id}: {found}")
    typer.echo(
        f"{counted} measures computed again from their samples, {wrong} differ"
        + (f"; {alone} have no samples on file and rest on the signature alone" if alone else "")
    )
    return wrong > 0

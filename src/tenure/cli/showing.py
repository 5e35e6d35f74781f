"""A dossier on the screen."""

from pathlib import Path

from tenure.cli.run import console, table_of
from tenure.dossier.opening import open_view
from tenure.errors import UsageError


def show(root: Path, pages: Path | None) -> None:
    """Print who is in a dossier and what was found; draw the pages when asked to."""
    if not root.is_dir():
        raise UsageError(f"no dossier at {root}; name a dossier's folder, an export, or 'example'")
    view = open_view(root)
    console.print(
        f"{root}: {len(view.models())} models, {len(view.events())} events",
        markup=False,
        soft_wrap=True,
    )
    for model in view.models():
        state = view.state(model.id)
        console.print(
            f"\n{model.id}  stage {state.stage}, availability {state.availability}, custody {state.custody}",
            style="bold",
            markup=False,
            soft_wrap=True,
        )
        for _, evidence in view.all_evidence(model.id):
            console.print(f"{evidence.name}: {evidence.summary}", markup=False, soft_wrap=True)
            if evidence.measures:
                console.print(table_of(evidence))
    console.print(
        f"\nCheck it: tenure verify --recompute --dossier {root}", markup=False, soft_wrap=True
    )
    if pages is not None:
        from tenure import report

        console.print(f"Pages: {report.write(view, pages)}", markup=False, soft_wrap=True)

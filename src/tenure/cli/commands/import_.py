"""tenure import: take existing Inspect logs into the dossier."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from tenure.cli.place import DossierOption, ModelOption, find_dossier


def extension(
    logs: Annotated[list[Path], typer.Argument(help="Inspect logs (.eval or .json), or folders.")],
    model: ModelOption,
    dossier: DossierOption = None,
) -> None:
    """Record Inspect logs as attested evidence: intervals, and bounds for missing grades."""
    from tenure import life
    from tenure.cli.run import console, say
    from tenure.dossier import Dossier
    from tenure.measure import import_logs

    root = find_dossier(dossier, create=True)
    with Dossier.open(root) as opened:
        found = life.ensure_model(opened, model)
        with opened.emitter(found.id, "import") as emit:
            imported = import_logs(logs, emit, model=found.id)
            for evidence in imported:
                say(evidence)
    for failure in imported.failed:
        console.print(f"not imported: {failure}", markup=False, soft_wrap=True)
    console.print(f"Recorded in {root}", markup=False, soft_wrap=True)
    if imported.failed:
        sys.exit(1)

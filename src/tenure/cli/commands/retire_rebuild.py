"""tenure retire rebuild: is every report what its evidence gives?"""

import sys
from typing import Annotated

import typer

from tenure.cli.place import DossierOption, find_dossier


def extension(
    model: Annotated[str | None, typer.Option(help="Only the reports of this model.")] = None,
    *,
    dossier: DossierOption = None,
) -> None:
    """Draw every post-deployment report again from the evidence before it, and compare the bytes.

    Exit status: 0 all the same; 1 some file differs, or there is no report.
    """
    from tenure.cli.run import console
    from tenure.dossier.opening import open_view
    from tenure.retire import report

    same = True
    view = open_view(find_dossier(dossier))
    wanted = [view.model(model)] if model else list(view.models())
    found = [
        (event, evidence)
        for each in wanted
        for event, evidence in view.all_evidence(each.id)
        if evidence.name == "retire/report"
    ]
    for event, evidence in found:
        for name, content in report.rebuilt(event, evidence, view).items():
            equal = view.read(evidence.files[name]) == content
            same = same and equal
            said = "the same bytes" if equal else "DIFFERS, or another version of Tenure drew it"
            console.print(f"{evidence.model} {name}: {said}", markup=False, soft_wrap=True)
    if not found:
        console.print("no report is on record: tenure retire report --model MODEL", markup=False)
    sys.exit(0 if same and found else 1)

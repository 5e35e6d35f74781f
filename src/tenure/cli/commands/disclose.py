"""tenure disclose: show some rows of a run, provably its own, and keep back the others."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from tenure.cli.place import DossierOption, ModelOption, find_dossier
from tenure.errors import UsageError, unknown

WithholdOption = Annotated[
    list[str] | None,
    typer.Option("--withhold", help="Keep back the rows with COLUMN=VALUE; may be given again."),
]
FractionOption = Annotated[
    float, typer.Option(help="Keep back this share of the rows, drawn at random.", min=0, max=1)
]
SeedOption = Annotated[int, typer.Option(help="Which draw of --fraction.")]
HideOption = Annotated[
    list[str] | None,
    typer.Option("--hide", help="Keep back this column of every row; may be given again."),
]
CountOption = Annotated[
    bool,
    typer.Option("--count-only", help="Of rows kept back, show not even their arm and cluster."),
]
ReasonOption = Annotated[str, typer.Option(help="Why something is kept back; it is handed out.")]


def wanted(given: list[str] | None) -> tuple[dict[str, Any], ...]:
    """Read COLUMN=VALUE; a value that is JSON counts as such, others are text."""
    found: list[dict[str, Any]] = []
    for each in given or ():
        column, equals, value = each.partition("=")
        if not column or not equals:
            raise UsageError(f"--withhold {each}: expected COLUMN=VALUE, as in --withhold arm=free")
        try:
            found.append({column: json.loads(value)})
        except ValueError:
            found.append({column: value})
    return tuple(found)


def choice_of(
    withhold: list[str] | None,
    fraction: float,
    seed: int,
    hide: list[str] | None,
    count_only: bool,
    reason: str,
) -> Any:
    """Gather what is shown and what is kept back, as the options above say it."""
    from tenure.measure.disclosing import Choice

    return Choice(
        withhold=wanted(withhold),
        fraction=fraction,
        seed=seed,
        hide=tuple(hide or ()),
        count_only=count_only,
        reason=reason,
    )


def extension(
    *,
    model: ModelOption,
    evidence: Annotated[str, typer.Option(help="The evidence whose rows are shown.")],
    into: Annotated[Path, typer.Option(help="A new folder.")],
    withhold: WithholdOption = None,
    fraction: FractionOption = 0.0,
    seed: SeedOption = 0,
    hide: HideOption = None,
    count_only: CountOption = False,
    reason: ReasonOption = "",
    dossier: DossierOption = None,
) -> None:
    """Write a folder that proves which rows are shown, and bounds every number by the others.

    The rows that are shown are proved to be rows of the run: the root over all of them was signed
    with the evidence. Each number is then computed with every row that is kept back at its worst.
    The checker is in the folder and needs nothing but Python.
    """
    from tenure.dossier.keys import default_folder
    from tenure.dossier.opening import open_view
    from tenure.dossier.samples import secret_in
    from tenure.measure.disclosed import check
    from tenure.measure.disclosing import CHECKER, disclose

    view = open_view(find_dossier(dossier))
    named = view.model(model.removeprefix("tenure/"))
    events = view.events(act="evidence", name=evidence, model=named.id)
    if not events:
        there = sorted({e.name for e in view.events(act="evidence", model=named.id)})
        raise unknown("evidence", evidence, there)
    choice = choice_of(withhold, fraction, seed, hide, count_only, reason)
    secret = secret_in(default_folder(), create=False)
    made = disclose(view, secret, [events[-1]], choice, into)
    typer.echo("\n".join(check(into).lines()))
    for warning in made.warnings:
        typer.echo(f"  mind: {warning}")
    typer.echo(f"{into}: check it with 'python3 {into}/{CHECKER}'")

"""tenure release what-if: another threshold, or other evidence, in memory only."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from tenure.cli.place import DossierOption, ModelOption, find_dossier


def extension(
    *,
    model: ModelOption,
    policy: Annotated[
        Path | None, typer.Option(help="The policy (default: the one that comes with Tenure).")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="RULE.threshold=0.1, RULE.severity=major, confidence=0.99, ..."),
    ] = None,
    evidence: Annotated[
        list[str] | None, typer.Option(help="MEASURE=FAILURES/N, as if that had been measured.")
    ] = None,
    dossier: DossierOption = None,
) -> None:
    """Say which verdicts and which class would change, and what n would turn what is not shown.

    What is supposed is judged by the same gates and bounds as what was found, and never written.
    """
    from rich.table import Table

    from tenure import life
    from tenure.cli.run import console
    from tenure.dossier.opening import open_view
    from tenure.release import read_policy
    from tenure.release.case import Standing
    from tenure.release.diff import decided
    from tenure.release.dockets import docket_of
    from tenure.release.what_if import changed, enough, side_by_side, supposed

    view = open_view(find_dossier(dossier))
    found, held = life.require(view, model), read_policy(policy)
    docket = docket_of(view, held, found)
    standing = Standing(policy=held, model=found, state=view.state(found.id))
    other = changed(held, settings or ())
    elsewhere = supposed(other, docket, evidence or ())
    now, then = decided(held, docket, standing), decided(other, elsewhere, standing)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("rule", "severity", "now", "then", "why"):
        table.add_column(heading, overflow="fold")
    for row in side_by_side(now.verdicts, then.verdicts):
        table.add_row(*row.values())
    console.print(table)
    for verdict in then.verdicts:
        needs = enough(other, verdict, elsewhere)
        if needs is not None:
            console.print(_wants(verdict.rule, needs), markup=False, soft_wrap=True)
    console.print(
        f"{found.id} now: {now.release_class or 'held'}; then: {then.release_class or 'held'}. "
        "Supposed, and not recorded.",
        markup=False,
        soft_wrap=True,
    )


def _wants(rule: str, needs: Mapping[str, Any]) -> str:
    """Say in a sentence what n a rule waits for."""
    apart = needs["worth"] < needs["n_now"] - 0.5
    worth = f", in clusters worth {needs['worth']:g} apart" if apart else ""
    said = [
        f"n {needs[name]} {words}" if needs[name] else f"no n {words}"
        for name, words in (
            ("no_more", "if no further failure comes"),
            ("same_rate", "if the rate stays"),
        )
    ]
    return f"{rule}: {needs['measure']} has n {needs['n_now']}{worth}; met at {', at '.join(said)}"

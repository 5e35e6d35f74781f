"""tenure align budget: how many answers of people a win rate still needs, in hours and money."""

from typing import Annotated, Any

import typer

from tenure.cli.place import DossierOption, ModelOption, find_dossier


def extension(
    *,
    model: ModelOption,
    width: Annotated[
        float, typer.Option(help="How far off the win rate may be either way, at 95%.")
    ] = 0.05,
    against: Annotated[
        str | None, typer.Option(help="The other model; left out: the base of the comparison.")
    ] = None,
    hourly: Annotated[
        float | None, typer.Option(help="What an hour of a rater costs, in any currency.")
    ] = None,
    dossier: DossierOption = None,
) -> None:
    """Foresee how many more answers of people put a judge's win rate right to within a width.

    It reads the newest `align/compare` and what people said of its answers drawn uniformly. With fewer
    than 20 answers it takes the worst; with more it takes how far people and judge are apart. Nothing
    is recorded.
    """
    from tenure.align.people.budgeting import budget
    from tenure.dossier.opening import open_view

    view = open_view(find_dossier(dossier))
    found = view.model(model.removeprefix("tenure/"))
    for line in _told(found.id, budget(found, view, width, against), hourly):
        typer.echo(line)


def _told(model: str, held: Any, hourly: float | None) -> list[str]:
    """Write a budget in sentences."""
    what = f"the win rate of {model} against {held.against} to within {100 * held.width:g} points"
    if held.answers == 0:
        return [f"Enough: people said of {held.have} pairs drawn uniformly what {what} needs."]
    lines = [f"{held.answers} more answers for {what}; there are {held.have} that count."]
    if held.need > held.pairs:
        lines.append(
            f"There are {held.pairs} pairs alone: compare on more prompts, or ask a second rater."
        )
    if held.hours is None:
        lines.append("How long an answer takes is not known yet: nobody was timed.")
    else:
        cost = "" if hourly is None else f", {held.hours * hourly:,.0f} at {hourly:g} an hour"
        lines.append(
            f"At {held.seconds:.0f} s an answer (mean of {held.timed}): {held.hours:.1f} hours{cost}."
        )
    if not held.measured:
        lines.append("Taken at the worst: after 20 answers it is known what the judge is worth.")
    return [*lines, f"Go on: tenure feedback {model} --rater NAME --matches"]

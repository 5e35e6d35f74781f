"""tenure release plan: what n a policy needs, and what that takes, before any run."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from tenure.cli.place import DossierOption, find_dossier

TAKES = ("assessment", "samples", "calls", "tokens in", "tokens out", "minutes", "dollars", "n for power")  # fmt: skip


def extension(
    policy: Annotated[
        Path | None, typer.Argument(help="The policy (default: the one that comes with Tenure).")
    ] = None,
    *,
    model: Annotated[
        str | None, typer.Option("--model", "-m", help="Also say what it takes on this model.")
    ] = None,
    dossier: DossierOption = None,
    speed: Annotated[
        float | None, typer.Option(help="Tokens per second of the model, to say minutes.")
    ] = None,
    attempt: Annotated[
        int,
        typer.Option(min=1, help="Which attempt is planned; under spending a later needs more."),
    ] = 1,
) -> None:
    """Print, rule by rule, the n it takes to decide at all, and what the assessments would show.

    The n after 0, 1, 2 and 5 failures, the n that shows a model at half the threshold with power
    80%, and what is planned: with --model the assessment's own standard settings, else the rule's
    min_n. Of means and ratios the spread is stated in the rule (spread), or taken, with --model, from
    the newest evidence on file. n counts independent samples; where they come in clusters and failures are rare, clusters.
    With --model also calls, tokens, minutes (give --speed) and money. Nothing is asked or recorded.
    """
    from tenure.release import plan, read_policy

    held = read_policy(policy)
    plans: Mapping[str, Mapping[str, Any]] = {}
    earlier: dict[str, Any] = {}
    if model is not None:
        from tenure.cli.policies import forecasts
        from tenure.dossier.opening import open_view
        from tenure.models import resolve

        root = find_dossier(dossier, create=True)
        view = open_view(root) if root.is_dir() else None
        plans = forecasts(held.assessments, resolve(model, view), view, speed)
        if view is not None:
            on_file = {name: view.evidence(name, model) for name in held.assessments}
            earlier = {name: found for name, found in on_file.items() if found}
    rows = plan(held, _planned_n(plans), attempt, earlier)
    for row in rows:
        _say(row, _sized(row, plans))
    if model is not None:
        takes, left = _takes(rows, plans, held.assessments)
        _table(takes)
        if left:
            typer.echo(f"Cannot be planned without settings of their own: {', '.join(left)}")


def _planned_n(plans: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    """Return what each measure's plan is worth while failures are rare: its clusters, or its n."""
    return {
        f"{name} {question['measure']}": question["clusters"] or question["n"]
        for name, one in plans.items()
        for question in one["questions"]
    }


def _sized(row: Mapping[str, Any], plans: Mapping[str, Mapping[str, Any]]) -> str:
    """Say what is planned: ``60 in 12 clusters``, or the rule's min_n."""
    for question in plans.get(row["assessment"], {}).get("questions", ()):
        if row["requires"].startswith(f"{question['measure']}:"):
            clusters = question["clusters"]
            return f"{question['n']} in {clusters} clusters" if clusters else str(question["n"])
    return f"at least {row['planned_n']}"


def _takes(
    rows: Sequence[Mapping[str, Any]],
    plans: Mapping[str, Mapping[str, Any]],
    wanted: frozenset[str],
) -> tuple[list[dict[str, Any]], list[str]]:
    """Say what each assessment takes as it stands, and how many times that is for the full power."""
    found: list[dict[str, Any]] = []
    for name in sorted(wanted & plans.keys()):
        cost = plans[name]["forecast"]
        times = [
            row["n_for_power"] / row["planned_n"]
            for row in rows
            if row["assessment"] == name and row["n_for_power"] != "-" and row["planned_n"]
        ]
        most = max(times, default=None)
        values = (
            name,
            plans[name]["samples"],
            cost["calls"],
            f"{cost['input_tokens']:,}",
            f"at most {cost['output_tokens']:,}",
            "give --speed" if cost["minutes"] is None else cost["minutes"],
            "price unknown" if cost["dollars"] is None else f"{cost['dollars']:.2f}",
            "-" if most is None else "enough" if most <= 1 else f"{most:.1f} times this",
        )
        found.append(dict(zip(TAKES, values, strict=True)))
    return found, sorted(wanted - plans.keys())


def _say(row: Mapping[str, Any], sized: str) -> None:
    """Print one requirement in three lines."""
    from tenure.cli.run import console

    least = ", ".join(f"{row[f'n_at_{k}']} after {k or 'no'}" for k in (0, 1, 2, 5))
    sees = f"; sees {row['sees']}" if row["sees"] != "-" else ""
    power = f"{row['n_for_power']} for power 80% at {row['at']}"
    lines = [
        f"{row['rule']} ({row['severity']}, needed for {row['needed_for']}): {row['assessment']} "
        f"{row['requires']}"
    ]
    if row["n_at_0"] != "-":
        lines.append(f"  shown by n {least} failures; {power}")
    elif row["at"] != "-":  # a mean or a ratio: no count of failures says it
        lines.append(f"  n {power}")
    told = f"; power {row['power_at_half']}{sees}" if row["at"] != "-" else ""
    lines.append(f"  planned {sized}: {row['can_decide']}{told}")
    console.print("\n".join(lines), markup=False, soft_wrap=True)


def _table(rows: Sequence[Mapping[str, Any]]) -> None:
    from rich.table import Table

    from tenure.cli.run import console

    if not rows:
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in rows[0]:
        table.add_column(str(heading).replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    console.print(table)

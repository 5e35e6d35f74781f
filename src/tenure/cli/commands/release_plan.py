"""tenure release plan: what n a policy needs, before any run."""

from pathlib import Path
from typing import Annotated

import typer


def extension(
    policy: Annotated[
        Path | None, typer.Argument(help="The policy (default: the one that comes with Tenure).")
    ] = None,
) -> None:
    """Print, rule by rule, the n it takes to decide at all, and what the assessments plan."""
    from rich.table import Table

    from tenure.cli.run import console
    from tenure.release import plan, read_policy

    rows = plan(read_policy(policy))
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in rows[0]:
        table.add_column(str(heading).replace("_", " "), overflow="fold")
    for row in rows:
        table.add_row(*(str(value) for value in row.values()))
    console.print(table)

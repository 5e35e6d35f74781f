"""tenure compare: is the new model still good at everything the old one was?"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from tenure.cli.place import DossierOption, find_dossier
from tenure.errors import UsageError

Row = Mapping[str, Any]
WORSE, UNKNOWN = 1, 2


def _margins(given: list[str]) -> tuple[float | None, dict[str, float]]:
    """Read ``0.1`` as the margin of all areas and ``facts=0.05`` as that of one."""
    common, own = None, {}
    for text in given:
        area, _, number = text.rpartition("=")
        try:
            value = float(number)
        except ValueError:
            raise UsageError(
                f"--margin {text}: a number was expected, as in --margin 0.1 or --margin facts=0.05"
            ) from None
        if not 0 < value < 1:
            raise UsageError(f"--margin {text}: must lie between 0 and 1, as in --margin 0.1")
        if area:
            own[area] = value
        else:
            common = value
    return common, own


def extension(
    old: Annotated[str, typer.Argument(help="The model there is: of the dossier, or any string.")],
    new: Annotated[str, typer.Argument(help="The model that should be as good.")],
    *,
    prompts: Annotated[
        Path | None,
        typer.Option(
            help="Your own prompts, JSON Lines; by default the anchors that never change."
        ),
    ] = None,
    areas: Annotated[
        str | None, typer.Option(help="Only these areas, with commas between them.")
    ] = None,
    margin: Annotated[
        list[str] | None,
        typer.Option(help="A difference that does not matter: 0.1, or AREA=0.05; may be repeated."),
    ] = None,
    max_tokens: Annotated[int | None, typer.Option(help="Longest answer, in tokens.")] = None,
    engine: Annotated[str | None, typer.Option(help="Which engine answers.")] = None,
    junit: Annotated[Path | None, typer.Option(help="Write the verdicts as JUnit XML.")] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Unknown fails too.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before calls that cost.")] = False,
    dossier: DossierOption = None,
) -> None:
    """Compare two models on the same prompts, area by area: better, worse, same, or unknown.

    Exit status: 0 no area is worse; 1 some area is worse; 2 with --strict, some area is unknown
    (a command that does not fit ends with 2 as well, and writes no JUnit file). Answers of the old
    model that an earlier comparison stored are used again, and graded anew first.

    A line of --prompts: {"prompt": "What is the capital of Norway?", "area": "facts",
    "check": {"contains": ["Oslo"]}}. Checks: contains, equals, regex, lines, min_words, max_words, json_keys,
    or a grader by name with want yes or no. Without a check: is it answered instead of declined?
    """
    common, own = _margins(margin or [])
    settings = {
        "prompts": prompts,
        "areas": [a.strip() for a in (areas or "").split(",") if a.strip()],
        "margin": common,
        "margins": own,
        "max_tokens": max_tokens,
        "engine": engine,
    }
    given = {k: v for k, v in settings.items() if v is not None}
    evidence = _compared((old, new), given, find_dossier(dossier, create=True), ask=not yes)
    if junit is not None:
        junit.parent.mkdir(parents=True, exist_ok=True)
        junit.write_text(_junit(evidence.findings, strict=strict), encoding="utf-8")
    verdicts = [row["verdict"] for row in evidence.findings["areas"]]
    if "worse" in verdicts:
        sys.exit(WORSE)
    if strict and "unknown" in verdicts:
        sys.exit(UNKNOWN)


def _compared(names: tuple[str, str], given: dict[str, Any], root: Path, *, ask: bool) -> Any:
    """Compare, print what was found, and return the evidence."""
    from tenure import life, plugins
    from tenure.cli.run import console, progress, show_cost
    from tenure.dossier import Dossier, Evidence

    stage = plugins.load("stage", "assess/compare")
    spec = life.make_spec(stage, {"old": names[0], **given})
    spec.chosen()  # an area that is not there is said before anything is asked
    with Dossier.open(root) as opened:
        before, after = (life.ensure_model(opened, name) for name in names)
        spec = spec.model_copy(update={"old": before.id})
        for model in (before, after):
            if model.kind == "api":
                show_cost(stage, model, spec, ask=ask)
        with progress() as listener:
            opened.listener = listener
            evidence = life.perform(opened, stage, after.id, spec)
    assert isinstance(evidence, Evidence)  # nobody is waited for
    console.print(evidence.summary, markup=False, soft_wrap=True)
    console.print(_table(evidence.findings["areas"]))
    for said in evidence.findings["cannot_show"][1:]:
        console.print(said, markup=False, soft_wrap=True)
    console.print(f"Recorded in {root}", markup=False, soft_wrap=True)
    return evidence


def _table(areas: Sequence[Row]) -> Any:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in (
        "area",
        "verdict",
        "old",
        "new",
        "difference, points",
        "n",
        "missing",
        "broke",
        "mended",
    ):
        table.add_column(heading, overflow="fold")
    for row in areas:
        table.add_row(
            row["area"], row["verdict"], _share(row["old"]), _share(row["new"]), _points(row),
            *(str(row[k]) for k in ("n", "missing", "broke", "mended")),
        )  # fmt: skip
    return table


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.0%}"


def _points(row: Row) -> str:
    if row["difference"] is None or row["low"] is None:
        return "-"
    return f"{100 * row['difference']:+.0f} ({100 * row['low']:+.0f} to {100 * row['high']:+.0f})"


def _junit(found: Row, *, strict: bool) -> str:
    """Write one case for each area; what broke is named under the one that got worse."""
    from tenure.measure.junit import Case, Outcome, report

    unknown: Outcome = "failure" if strict else "skipped"
    outcomes: dict[str, Outcome] = {
        "worse": "failure",
        "unknown": unknown,
        "better": "passed",
        "same": "passed",
    }
    cases = []
    for row in found["areas"]:
        outcome = "error" if row["n"] == 0 else outcomes[row["verdict"]]
        said = f"{row['verdict']}: {_share(row['old'])} before, {_share(row['new'])} now, {_points(row)} points"
        broken = "\n".join(f"{b['id']}: {b['why']}" for b in row["broken"])
        cases.append(
            Case(
                name=row["area"],
                outcome=outcome,
                message=f"{said}; {row['why']}",
                text=f"{said}\nn {row['n']}, missing {row['missing']}, margin {row['margin']:g}\n{broken}",
            )
        )
    return report(f"tenure compare {found['old']} {found['new']}", cases)

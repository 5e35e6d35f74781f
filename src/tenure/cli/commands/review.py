"""tenure review: read transcripts blind and label them; hold people against each other and the grader."""

from pathlib import Path
from typing import Annotated, Any

import typer

from tenure.cli.place import DossierOption, ModelOption, find_dossier
from tenure.errors import UsageError


def _serve(desk: Any, port: int, *, browser: bool) -> None:
    """Serve the page until the reviewer finishes or Ctrl-C."""
    from tenure.cli.locally import serve
    from tenure.web import review

    told = f"{len(desk.items)} transcripts; Ctrl-C stops, nothing is lost"
    if not serve(lambda secret, done: review.app(desk, secret, done), told, port, browser=browser):
        typer.echo("stopped; the same command goes on")


def _slug(name: str) -> str:
    made = "".join(c if c.isascii() and c.isalnum() else "-" for c in name.lower()).strip("-")
    if not made:
        raise UsageError(f"'{name}' cannot name a key; use letters and digits")
    return f"reviewer-{made}"


def extension(
    *,
    model: ModelOption,
    reviewer: Annotated[str, typer.Option(help="Your name; it is signed with every label.")],
    of: Annotated[
        str, typer.Option(help="The evidence whose transcripts are read.")
    ] = "assess/faking",
    column: Annotated[
        str | None, typer.Option(help="Which grader's question (default: its first column).")
    ] = None,
    n: Annotated[int, typer.Option(help="How many transcripts.", min=1)] = 60,
    seed: Annotated[int, typer.Option(help="Which draw; reviewers of one set give the same.")] = 0,
    port: Annotated[int, typer.Option(help="The port of the page (0: any free one).")] = 0,
    browser: Annotated[bool, typer.Option(help="Open the page in a browser.")] = True,
    labels: Annotated[
        Path | None,
        typer.Option(help="Bring in labels instead: JSON Lines or CSV with id, label, by, reason."),
    ] = None,
    statement: Annotated[
        Path | None,
        typer.Option(help="File a statement of an outside reviewer, signed with their own key."),
    ] = None,
    conflict: Annotated[
        str | None,
        typer.Option(help="With --statement: conflicts of interest, or 'none'."),
    ] = None,
    dossier: DossierOption = None,
) -> None:
    """Read transcripts blind and label them: keys 1 to 4, reasons, undo; agreement as it grows.

    Every label is a signed event at once. A second reviewer gives another name and reads the same
    transcripts. At the end the labels are held against each other and against the grader
    (evidence assess/review): agreement with intervals, sensitivity and specificity, the rate raw
    and corrected, and up to which length two people agree.
    """
    from tenure.assess import review as stage
    from tenure.cli.run import say
    from tenure.dossier import Dossier
    from tenure.dossier.keys import Keys, default_folder
    from tenure.web import labels as filing
    from tenure.web.review import Desk, Job

    with Dossier.open(find_dossier(dossier)) as held:
        found = held.view().model(model.removeprefix("tenure/"))
        if statement is not None:
            if not conflict:
                raise UsageError(
                    "a statement needs --conflict: name conflicts of interest, or say 'none'"
                )
            signer = Keys(default_folder()).signer(_slug(reviewer))
            filing.state(statement, conflict, signer, held, found)
            typer.echo(f"filed; signed with the key {signer.fingerprint}")
            return
        desk = Desk(held, found, Job(of=of, reviewer=reviewer, column=column, n=n, seed=seed))
        if labels is not None:
            typer.echo(f"{filing.bring_in(labels, desk)} labels filed")
        else:
            _serve(desk, port, browser=browser)
        say(held.run(stage.stage, found.id, stage.Spec(of=of, column=desk.column)))

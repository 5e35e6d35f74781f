"""tenure release record: the decision about a model, with everything it rests on."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from tenure.cli.place import DossierOption, ModelOption, find_dossier
from tenure.errors import UsageError


def extension(
    *,
    model: ModelOption,
    as_json: Annotated[bool, typer.Option("--json", help="The whole record, as JSON.")] = False,
    summary: Annotated[
        bool,
        typer.Option("--summary", help="What passed, for outside: an in-toto statement, SVR v0.2."),
    ] = False,
    now: Annotated[
        bool, typer.Option("--now", help="What would be decided now; nothing is recorded.")
    ] = False,
    policy: Annotated[Path | None, typer.Option(help="With --now: under this policy.")] = None,
    dossier: DossierOption = None,
) -> None:
    """Print the newest decision on record: verdicts, reasons, what would reopen it, who signed.

    A hold and a withdrawal have the same form as a release. With --json the record stands under
    "record" as it was stored, and beside it what the log adds: when, and who signed with which key.
    With --now it is drawn up afresh and not recorded, for those who are about to sign.
    """
    from tenure import life
    from tenure.dossier.opening import open_view
    from tenure.release import read_policy, recording, svr, telling

    if (now and summary) or (policy and not now):
        raise UsageError("--summary is of the decision on record, and --policy goes with --now")
    view = open_view(find_dossier(dossier))
    found = life.require(view, model)
    if now:
        record, log = recording.drawn_up(read_policy(policy), found, view), dict[str, Any]()
    else:
        event, _, record = recording.newest(view, found)
        log = recording.beside(view, event, record)
    if summary:
        typer.echo(json.dumps(svr.summary(record, log["recorded"]["time"]), indent=1))
    elif as_json:
        typer.echo(
            json.dumps(
                {"record": record.model_dump(mode="json")} | log, indent=1, ensure_ascii=False
            )
        )
    else:
        for line in telling.told(record):
            typer.echo(line)

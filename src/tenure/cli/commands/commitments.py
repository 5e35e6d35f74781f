"""tenure commitments: what is promised about the models, and whether it is kept."""

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from tenure.cli.place import DossierOption, find_dossier
from tenure.errors import UsageError

AT_RISK, BROKEN = 20, 21


class Act(StrEnum):
    """What to do."""

    check = "check"
    adopt = "adopt"
    show = "show"
    template = "template"


def extension(
    act: Annotated[Act, typer.Argument(help="What to do.")] = Act.check,
    file: Annotated[Path | None, typer.Argument(help="adopt: the document, a YAML file.")] = None,
    *,
    at: Annotated[
        str | None, typer.Option(help="check: as of this day (2027-03-01); records nothing.")
    ] = None,
    by: Annotated[str, typer.Option(help="adopt: who promises, name and role.")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="check, show: print JSON.")] = False,
    dry: Annotated[bool, typer.Option(help="Say what would follow; record nothing.")] = False,
    dossier: DossierOption = None,
) -> None:
    """Check, adopt or show what is promised about the models.

    check     say how each promise stands; a breach goes on record once, and so does its end.
              Exit status for schedulers: 0 kept or not due, 20 at risk or not shown, 21 broken
    adopt     sign a document: from then on its promises are in force. Models that were covered by a
              promise keep it when it is changed or withdrawn
    show      print the promises in force, with their sources and checks, and those withdrawn
    template  print the document that comes with Tenure: what the sources promise, in force nowhere
    """
    if file is not None and act is not Act.adopt:
        raise UsageError(f"'{act}' takes no file; it reads what was adopted")
    if act is Act.template:
        from tenure.release.commitments import shipped

        typer.echo(shipped(), nl=False)
    elif act is Act.adopt:
        _adopt(file, by, dossier, dry=dry)
    elif act is Act.show:
        _show(dossier, as_json=as_json)
    else:
        _check(dossier, at, as_json=as_json, dry=dry)


def _adopt(file: Path | None, by: str, dossier: Path | None, *, dry: bool) -> None:
    from tenure.dossier import Dossier
    from tenure.dossier.canonical import canonical, now
    from tenure.release.commitments import read_commitments
    from tenure.release.commitments_register import (
        changes,
        check_adoptable,
        check_clock,
        drafts,
        register_of,
    )

    if file is None or not by.strip():
        raise UsageError(
            "adopt needs the document and who promises: tenure commitments adopt FILE --by "
            "\"NAME, ROLE\"; 'tenure commitments template > commitments.yaml' writes one to begin with"
        )
    document = read_commitments(file)
    with Dossier.open(find_dossier(dossier), create=False) as opened:
        view, today = opened.view(), now()
        check_clock([*view.events(act="fact"), *view.events(act="sign")], today)
        register = register_of(view)
        check_adoptable(register, document, str(file), today[:10])
        for what, one in changes(register, document):
            typer.echo(f"{what}: {one.id}\n  {one.text}")
        if not dry:
            stored = opened.files.put(canonical(document.model_dump(mode="json")))
            events = opened.append_many(drafts(register, document, stored, by))
            typer.echo(f"signed by {by}: version {document.metadata.version}, {events[0].digest}")


def _check(dossier: Path | None, at: str | None, *, as_json: bool, dry: bool) -> None:
    from tenure.dossier import Dossier
    from tenure.dossier.opening import open_view
    from tenure.release.commitments_record import changes, checked, standing_of

    root = find_dossier(dossier)
    records = at is None and not dry
    found = standing_of(open_view(root), _moment(at))
    if not found.register.entries:
        when = f"was promised by {at}" if at and found.register.document else "is promised yet"
        raise UsageError(
            f"nothing {when}; 'tenure commitments template > commitments.yaml' writes a "
            "document to begin with, 'tenure commitments adopt commitments.yaml --by NAME' signs it"
        )
    made: list[Any] = changes(found)
    if records:
        with Dossier.open(root, create=False) as opened:
            opened.append_many([*made, checked(found)])
    _print(found, as_json=as_json)
    for draft in made if not as_json else ():
        word = draft.name.removeprefix("commitments/")
        typer.echo(
            f"{'on record' if records else 'would go on record'}: {word}, {draft.body['id']}, {draft.model}"
        )
    if found.status in ("broken", "at risk", "not shown"):
        sys.exit(BROKEN if found.status == "broken" else AT_RISK)


def _moment(at: str | None) -> str | None:
    """Read a day or a time; a day means its end."""
    from datetime import UTC, datetime

    if at is None:
        return None
    try:
        found = datetime.fromisoformat(at)
    except ValueError:
        raise UsageError(f"--at '{at}' is no day; write it as 2027-03-01") from None
    if len(at) <= len("2027-03-01"):
        found = found.replace(hour=23, minute=59, second=59)
    found = found.replace(tzinfo=found.tzinfo or UTC)
    return found.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _print(found: Any, *, as_json: bool) -> None:
    from tenure.dossier.canonical import canonical

    if as_json:
        typer.echo(canonical(found.to_json()).decode())
        return
    for line in found.lines:
        entry, last = line.entry, line.last
        ended = f" (version {entry.version}, ended {entry.ended[:10]})" if entry.ended else ""
        proven = (
            f"proven {last.event.time[:10]}, event {last.event.index}" if last else "no proof yet"
        )
        due = f"; next due {line.next_due[:10]}" if line.next_due else ""
        typer.echo(f"{line.status:9}  {entry.one.id}{ended}: {proven}{due}")
        for row in line.rows:
            if row.status != "kept":
                typer.echo(f"           {row.model}: {row.status}; {row.why}")
                if row.status != "not due" and row.command:
                    typer.echo(f"             {row.command}")
        if not line.rows or line.review_late:
            typer.echo(f"           {line.why}")
    counts = ", ".join(f"{n} {status}" for status, n in found.counts.items() if n)
    typer.echo(f"{found.at}: {counts}")


def _show(dossier: Path | None, *, as_json: bool) -> None:
    from tenure.dossier.canonical import canonical
    from tenure.dossier.opening import open_view
    from tenure.release.commitments_register import register_of

    register = register_of(open_view(find_dossier(dossier)))
    if register.document is None:
        raise UsageError(
            "nothing is promised yet; 'tenure commitments template' prints a document to begin with"
        )
    if as_json:
        typer.echo(canonical(register.document.model_dump(mode="json")).decode())
        return
    meta = register.document.metadata
    typer.echo(
        f"{meta.organisation}, version {meta.version}; {meta.owner}; review by {meta.review_by}"
    )
    for entry in register.entries:
        one = entry.one
        state = f"in force since {entry.adopted[:10]}"
        if entry.ended is not None:
            why = f": {entry.because}" if entry.because else ", replaced by a newer version"
            state = f"{entry.adopted[:10]} to {entry.ended[:10]}{why}; models covered then keep it"
        typer.echo(f"\n{one.id} (version {entry.version}, {state})\n  {one.text}")
        terms = ", ".join(f"{k} {v}" for k, v in one.terms.items())
        typer.echo(f"  checked by {one.check} ({terms}), every {one.schedule.every_days} days")
        typer.echo(f"  source: {one.source}")

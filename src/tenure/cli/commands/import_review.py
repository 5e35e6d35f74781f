"""tenure import-review: file what an outside reviewer signed, and the answer to it."""

from pathlib import Path
from typing import Annotated

import typer

from tenure.cli.place import DossierOption, find_dossier
from tenure.errors import DocumentError


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DocumentError(path, None, "file", f"{error}; give the file that came back") from None


def extension(
    file: Annotated[Path, typer.Argument(help="review.signed.json, as it came back.")],
    *,
    response: Annotated[
        Path | None, typer.Option(help="The organisation's answer, a UTF-8 text; filed beside it.")
    ] = None,
    dossier: DossierOption = None,
) -> None:
    """Check the reviewer's signature and form, and file the review as a signed event, once.

    It must be about a bundle that `tenure bundle` made here. The same command with --response files
    the answer later.
    """
    from tenure.dossier import Dossier
    from tenure.release import external

    signed = _read(file)
    form, _, _, _ = external.opened(signed, file)
    answer = None if response is None else _read(response).decode("utf-8", "strict")
    with Dossier.open(find_dossier(dossier), create=False) as held:
        model = held.view().model(form.model)
        with held.emitter(model.id, "assess/review") as emit:
            filed = external.file_review(signed, file, held.reading, emit)
            typer.echo(
                f"event {filed.index}: a review by {form.reviewer.name}, {form.reviewer.affiliation}; "
                f"conflict of interest: {form.conflict_of_interest}"
            )
            typer.echo(
                f"signed with {filed.body['key']}; ask {form.reviewer.name} for these digits"
            )
            for said in form.claims:
                typer.echo(f"  {said.id}: {said.opinion}. {said.because}")
            if answer is not None:
                beside = external.respond(filed, answer, held.reading, emit)
                typer.echo(f"event {beside.index}: the response")

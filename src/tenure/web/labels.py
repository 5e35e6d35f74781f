"""Labels and statements that come from elsewhere: a file, an outside reviewer."""

import csv
import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tenure.assess import reviewing
from tenure.dossier import Dossier, Model
from tenure.dossier.keys import Signer
from tenure.errors import DocumentError
from tenure.release import external
from tenure.web.review import Desk

SIZE = 1 << 20  # bytes of a statement


def read(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Read rows of JSON Lines or CSV (by the file's name), each with its line.

    Raises:
        DocumentError: not readable, or a row is not an object.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DocumentError(path, None, "file", f"{error}; give a UTF-8 file") from None
    if path.suffix.lower() == ".csv":
        for number, row in enumerate(csv.DictReader(io.StringIO(text)), 2):
            yield number, {k: v for k, v in row.items() if k}
        return
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            row: Any = json.loads(line)
        except ValueError as error:
            raise DocumentError(
                path, number, "row", f"{error}; one JSON object a line was expected"
            ) from None
        if not isinstance(row, dict):
            raise DocumentError(path, number, "row", "a JSON object was expected")
        yield number, row


def bring_in(path: Path, desk: Desk) -> int:
    """File the labels of a file (columns id, label; by, reason if there are); returns how many.

    Nothing is filed unless every row is good.

    Raises:
        DocumentError: no row, one without id or label, an unknown label, a sample that is not there, or
            one that is labelled twice by the same person; names the line.
    """
    there = {reviewing.key_of(r): r for r in desk.items} | {str(r["id"]): r for r in desk.items}
    good: dict[tuple[str, str], tuple[str, str]] = {}
    for number, row in read(path):
        sample, label = str(row.get("id", "")), str(row.get("label", "")).strip().lower()
        by = str(row.get("by") or desk.about["by"]).strip()
        if sample not in there:
            raise DocumentError(
                path, number, "id", f"'{sample}' is no sample of {desk.job.of} that was drawn"
            )
        if label not in reviewing.LABELS:
            raise DocumentError(
                path, number, "label", f"'{label}': one of {', '.join(reviewing.LABELS)}"
            )
        key = (by, reviewing.key_of(there[sample]))
        if key in good:
            raise DocumentError(path, number, "id", f"'{sample}' is labelled twice by {by}")
        good[key] = (label, str(row.get("reason") or ""))
    if not good:
        raise DocumentError(path, None, "labels", "there are none; one row with id and label each")
    with desk.dossier.emitter(desk.model.id, "assess/review") as emit:
        for (by, sample), (label, reason) in good.items():
            about: Mapping[str, Any] = {**desk.about, "by": by, "sample": sample}
            reviewing.label(emit, about, label, reason)  # type: ignore[arg-type] - checked above
    return len(good)


def state(path: Path, conflict: str, signer: Signer, held: Dossier, model: Model) -> None:
    """File the statement of a reviewer who works here, signed with the reviewer's own key.

    It is filed as every review by an outsider is (``release.external``), without a bundle that was
    read.

    Raises:
        DocumentError: the statement cannot be read, is empty, or is longer than a mebibyte.
    """
    try:
        text = path.read_bytes().decode()
    except (OSError, UnicodeDecodeError) as error:
        raise DocumentError(path, None, "file", f"{error}; give a UTF-8 text") from None
    if not text.strip() or len(text) > SIZE:
        raise DocumentError(path, None, "file", "a text of at most 1 MiB was expected")
    told = {
        "apiVersion": "tenure/review.v1",
        "model": model.id,
        "reviewer": {"name": signer.role, "affiliation": "not said"},
        "conflict_of_interest": conflict,
        "statement": text,
    }
    signed = external.sign_here(json.dumps(told, ensure_ascii=False), "", signer)
    with held.emitter(model.id, "assess/review") as emit:
        external.file_review(signed, path, held.reading, emit, bundled=False)

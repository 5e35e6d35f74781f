"""What people said about a release: who signed, who dissents, what outsiders wrote, with their conflicts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tenure.report import words
from tenure.report.catalog import Catalog, Subject
from tenure.report.rulings import DECIDED

REVIEW = "assess/review/statement"
LONG = 1200  # letters of a statement that are shown; the whole is a file of the dossier


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a person said about the release: who, as what, what, and what ties them to it."""

    who: str
    role: str
    opinion: str
    because: str
    conflict: str = ""
    label: str = ""
    opinions: tuple[tuple[str, str], ...] = ()


def said(catalog: Catalog, subject: Subject, found: Mapping[str, Any]) -> list[Said]:
    """List who signed what was judged, dissent as well as agreement, of this bundle only."""
    rows = list(found.get("signoffs", ()))
    known = {(r.get("role"), r.get("name")) for r in rows}
    for event in catalog.view.events(act="sign", name=DECIDED, model=subject.model.id):
        body = event.body
        if body.get("bundle") == found.get("bundle") and (body.get("role"), body.get("name")) not in known:  # fmt: skip
            rows.append(body)
    return [
        Said(
            who=str(row.get("name", "")),
            role=str(row.get("role", "")),
            opinion="agrees" if row.get("opinion", "agree") == "agree" else "dissents",
            because=str(row.get("because", "")),
            conflict=str(row.get("conflict") or ""),
            label=str(row.get("label") or ""),
        )
        for row in rows
    ]


def reviews(catalog: Catalog, subject: Subject) -> list[Said]:
    """List the reviews by outsiders that came back signed, with their conflict statements."""
    found: list[Said] = []
    for event in catalog.view.events(act="sign", name=REVIEW, model=subject.model.id):
        body = event.body
        found.append(
            Said(
                who=str(body.get("reviewer", "")),
                role=str(body.get("affiliation", "")),
                opinion="read it" if body.get("bundle") else "works in the house",
                because=_statement(catalog, str(body.get("text", ""))),
                conflict=str(body.get("conflict_of_interest", "not stated")),
                opinions=tuple(
                    (str(o.get("claim", "")), str(o.get("opinion", "")))
                    for o in body.get("opinions", ())
                ),
            )
        )
    return found


def _statement(catalog: Catalog, digest: str) -> str:
    if not words.is_digest(digest):
        return ""
    text = catalog.view.read(digest).decode("utf-8", "replace").strip()
    return text if len(text) < LONG else text[:LONG].rsplit(" ", 1)[0] + " …"

"""A decision record in plain lines: first the answer, then why, then what it takes."""

from collections.abc import Iterator
from typing import Any

from tenure.release.record import DecisionRecord


def told(record: DecisionRecord) -> Iterator[str]:
    """Yield the lines of a record, for a terminal."""
    yield record.summary
    yield f"{record.subject.model}, {record.subject.digest[:19]}; policy {record.policy.id} {record.policy.version}"
    yield f"what is signed: {record.bundle}; next review by {record.next_review}"
    yield from _list("because", record.reasons)
    yield from _list("reopened if", record.reopen_if)
    if record.final:
        yield f"never reopened: {record.final}"
    yield from _list(
        "verdicts", [f"{v.rule} ({v.severity}): {v.verdict}: {v.why}" for v in record.verdicts]
    )
    yield from _list("conditions", [c.text for c in record.conditions])
    yield from _list(
        "set aside",
        [f"{x.rule} until {x.expires}, {x.owner}: {x.reason}" for x in record.exemptions],
    )
    yield f"version: {_version(record)}"
    yield from _list(
        "supersedes", [f"{s.model} in {', '.join(s.areas)}" for s in record.supersedes]
    )
    yield from _list("name", [f"{f['grade']}: {f['text']}" for f in record.naming.findings])
    yield f"usefulness: {record.usefulness['standing']}: {record.usefulness['why']}"
    yield from _list("refusal errors", [_error(row) for row in record.usefulness["refusals"]])
    yield from _surprises(record)
    yield from _list("open points", [_point(p) for p in record.points])
    yield from _list(
        "council",
        [f"{c.id}, {c.kind} of the {c.role} ({c.name}): {c.text}" for c in record.comments],
    )
    yield from _list(
        "outside reviews",
        [
            f"{r.reviewer}, {r.affiliation}; conflict of interest: {r.conflict_of_interest}"
            for r in record.reviews
        ],
    )
    yield from _list("signed", [_opinion(o) for o in record.signoffs.given if o.opinion == "agree"])
    yield from _list("dissent", [_opinion(o) for o in record.dissent])
    yield from _list("not counted", record.signoffs.passed_over)
    yield from _list("missing", [_missing(row.model_dump()) for row in record.missing])  # fmt: skip


def _list(heading: str, rows: list[str]) -> Iterator[str]:
    if rows:
        yield f"{heading}:"
        yield from (f"  - {row}" for row in rows)


def _version(record: DecisionRecord) -> str:
    version = record.version
    against = f" against {version.against}" if version.against else ""
    number = f" ({version.number})" if version.number else ""
    return f"{version.kind}{number}{against}: {version.because}"


def _error(row: dict[str, Any]) -> str:
    if row["estimate"] is None:
        return f"{row['measure']}: nothing graded"
    return f"{row['measure']}: {row['estimate']:.1%}, at most {row['upper']:.1%}, n {row['n']}"


def _surprises(record: DecisionRecord) -> Iterator[str]:
    if record.surprises is None:
        yield "surprises of training: nobody has looked"
        return
    rows = [f"{s.id}: {s.state}: {s.text}" for s in record.surprises]
    yield from _list("surprises of training", rows or ["none; somebody looked"])


def _point(point: Any) -> str:
    if point.answer is not None:
        return f"{point.id}: {point.text}. {point.answer['name']} ({point.answer['role']}): {point.answer['because']}"
    return f"{point.id}{', which holds the release' if point.stops else ''}: {point.text}. {point.remedy}"


def _opinion(opinion: Any) -> str:
    label = f" [{opinion.label}]" if opinion.label else ""
    tied = f"; conflict of interest: {opinion.conflict}" if opinion.conflict else ""
    return f"{opinion.name}, {opinion.role}: {opinion.because}{tied}{label}"


def _missing(row: dict[str, Any]) -> str:
    cost = ", ".join(
        f"{row[key]:,} {key.replace('_', ' ')}"
        for key in ("calls", "output_tokens")
        if row.get(key)
    )
    n = (
        f"; n {row['n']} shows it with power 80% at {row.get('at', 'half the threshold')}"
        if row.get("n")
        else ""
    )
    n = f"; {row['n_why']}" if row.get("n_why") else n
    about = f" ({cost}, by the last run)" if cost else ""
    command = f"; {row['command']}" if row.get("command") else ""
    return f"{row['rule']} is {row['verdict']}{n}{about}{command}"

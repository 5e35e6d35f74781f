"""Writing a decision record from what was heard, and reading it back."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from tenure.dossier.canonical import canonical
from tenure.dossier.nouns import Event, Evidence, Model
from tenure.dossier.stage import View
from tenure.errors import RefusedError
from tenure.release.decision import Decision
from tenure.release.hearing import Hearing, hear
from tenure.release.lacking import lacking
from tenure.release.naming import aliases
from tenure.release.policy import Policy
from tenure.release.record import API, DecisionRecord
from tenure.release.signoffs import SIGNED, Opinions, opinions

FILE = "decision.json"
DECIDE, WITHDRAW = "release/decide", "release/withdraw"
OPINION = ("role", "name", "opinion", "because", "conflict", "label")


def record_of(heard: Hearing, decision: Decision, asked: Opinions, view: View, again: str = "") -> DecisionRecord:  # fmt: skip
    """Write the record of a decision; the same hearing gives the same bytes."""
    policy, model = heard.policy, heard.model
    answers = {point.id: point.answer for point in heard.points}
    given = [_opinion(row) for row in asked.given]
    contained = view.state(model.id).containment or model.containment
    return DecisionRecord.model_validate(
        {
            "apiVersion": API,
            "id": f"{model.id}:{decision.decision}:{decision.bundle[7:19]}",
            "subject": {"model": model.id, "digest": model.digest, "kind": model.kind, "parent": model.parent},
            "policy": _under(policy),
            "decision": decision.decision,
            "release_class": decision.release_class,
            "summary": decision.summary,
            "reasons": list(decision.reasons),
            "reopen_if": list(decision.reopen_if),
            "final": f"contained ({contained}): made to misbehave" if contained else None,
            "level": decision.danger.to_json() if decision.danger and decision.danger.level else None,
            "verdicts": [v.to_json() for v in decision.verdicts],
            "conditions": _conditions(policy, decision),
            "exemptions": _exempted(policy, decision),
            "version": heard.version.to_json(),
            "supersedes": list(heard.supersedes),
            "naming": {
                "findings": [each.to_json() for each in heard.names],
                "aliases": sorted(a for a, rows in aliases(view).items() if rows[-1][1] == model.id),
            },
            "usefulness": heard.use.to_json(),
            "surprises": None if heard.surprises is None else [s.to_json() for s in heard.surprises.values()],
            "points": [asdict(point) for point in heard.points],
            "comments": [c.to_json() | {"answer": answers.get(c.point)} for c in heard.comments],
            "reviews": list(heard.reviews),
            "dissent": [row for row in given if row["opinion"] == "dissent"],
            "signoffs": {
                "asked": [each.role for each in (*decision.signoffs, *decision.opinions)],
                "given": given,
                "wanted": list(asked.wanted),
                "passed_over": list(asked.passed_over),
            },
            "attempts": _attempts(decision),
            "missing": lacking(policy, heard.docket, decision),
            "notice_days": decision.notice_days,
            "next_review": _next_review(policy, decision),
            "heard_again": again,
            "bundle": decision.bundle,
        }
    )  # fmt: skip


def as_bytes(record: DecisionRecord) -> bytes:
    """Write a record in its one canonical form (RFC 8785)."""
    return canonical(record.model_dump(mode="json"))


def read(content: bytes) -> DecisionRecord:
    """Read a record back; ValidationError names what does not fit."""
    return DecisionRecord.model_validate(json.loads(content))


def newest(view: View, model: Model) -> tuple[Event, Evidence, DecisionRecord]:
    """Return the newest decision or withdrawal on record, with its record.

    Raises:
        RefusedError: there is none.
    """
    held = [
        (event, evidence)
        for event, evidence in view.all_evidence(model.id)
        if evidence.name in (DECIDE, WITHDRAW) and FILE in evidence.files
    ]
    if not held:
        raise RefusedError(
            f"{model.id}: no release decision on record; run 'tenure release decide --model {model.id}'"
        )
    event, evidence = held[-1]
    return event, evidence, read(view.read(evidence.files[FILE]))


def _under(policy: Policy) -> dict[str, Any]:
    return {
        "id": policy.metadata.id,
        "version": policy.metadata.version,
        "digest": policy.digest,
        "owner": policy.metadata.owner,
        "confidence": policy.confidence,
        "attempts": policy.attempts,
        "review_by": policy.metadata.review_by,
    }


def _conditions(policy: Policy, decision: Decision) -> list[dict[str, Any]]:
    watched = {each.id: each for each in policy.conditions}
    rows: list[dict[str, Any]] = []
    for text in decision.conditions:
        held = watched.get(text)
        if held is None:
            rows.append({"text": text})
            continue
        rows.append(
            {
                "id": held.id,
                "text": held.text,
                "monitor": held.monitor.name,
                "require": held.require.words,
                "window_days": held.window_days,
                "on_breach": held.on_breach,
            }
        )
    return rows


def _exempted(policy: Policy, decision: Decision) -> list[dict[str, Any]]:
    kept = ("rule", "reason", "owner", "expires", "type", "scope")
    return [
        {name: getattr(each, name) for name in kept} | {"approvals": list(each.approvals)}
        for each in policy.exemptions
        if each.rule in decision.exemptions and each.reason in decision.conditions
    ]


def _opinion(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in OPINION if name in row}


def _attempts(decision: Decision) -> dict[str, int]:
    found = {v.assessment: v.attempt for v in decision.verdicts if v.assessment and v.attempt}
    return dict(sorted(found.items()))


def _next_review(policy: Policy, decision: Decision) -> str:
    """Return the first date on which somebody must look again."""
    dates = [policy.metadata.review_by]
    if decision.release_class:
        dates.append(policy.review_of(policy.release(decision.release_class)))
    dates += [each.expires for each in policy.exemptions if each.rule in decision.exemptions]
    return min(dates)


def drawn_up(policy: Policy, model: Model, view: View) -> DecisionRecord:
    """Write the record of what would be decided now; nothing is put on record."""
    heard = hear(policy, model, view)
    decision = heard.decision
    asked = Opinions(given=(), wanted=(), refused=())
    if decision.decision != "hold":
        asked = opinions(view, decision)
    return record_of(heard, decision, asked, view)


def beside(view: View, event: Event, record: DecisionRecord) -> dict[str, Any]:
    """Return what the log adds to a record: when, by which key, and who signed with which."""
    signed = [
        {"role": e.body["role"], "name": e.body["name"], "opinion": e.body["opinion"]}
        | {"key": e.key, "time": e.time, "index": e.index, "event": e.digest}
        for e in view.events(act="sign", name=SIGNED, model=record.subject.model)
        if e.body.get("bundle") == record.bundle
    ]
    recorded = {"index": event.index, "time": event.time, "key": event.key, "event": event.digest}
    return {"recorded": recorded, "signed": signed}

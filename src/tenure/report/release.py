"""The page of one model's release: the answer, the verdicts, what is missing and what it would cost.

Everything is read from the dossier as it was recorded; nothing is judged again here.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tenure.dossier.nouns import Event, Measure
from tenure.release.policy import Policy
from tenure.report import words
from tenure.report.catalog import Catalog, Item, Subject
from tenure.report.missing import needs
from tenure.report.people import reviews, said
from tenure.report.rulings import DECIDED, basis_of, policy_of
from tenure.report.story import Lead, VerdictRow, lead, ruling, shortened, verdict_row

STEPS = ("release/criteria", "release/decide", "release/publish", "release/watch", "release/withdraw",
         "release/supersede", "release/sign")  # fmt: skip
ERRORS = ("harmful_compliance", "false_refusal")  # the two ways in which declining goes wrong
RECORD = "decision.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A condition of the release and how its monitor stands."""

    text: str
    standing: str
    why: str
    terms: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step in the history of the release."""

    time: str
    name: str
    said: str
    page: str | None


def given(catalog: Catalog, subject: Subject) -> dict[str, Any]:
    """Gather what the page shows."""
    decided = subject.last(DECIDED)
    found: Mapping[str, Any] = decided.evidence.findings if decided else {}
    policy = policy_of(catalog, decided)
    ruled = ruling(catalog, subject, decided) if decided else None
    told = record(catalog, decided)
    return {
        "subject": subject,
        "answer": answer(subject),
        "ruling": ruled,
        "risk": [r for r in ruled.rows if r.about != "usefulness"] if ruled else [],
        "useful": [r for r in ruled.rows if r.about == "usefulness"] if ruled else [],
        "record": told,
        "found": found,
        "reasons": [shortened(str(r), found) for r in found.get("reasons", ())],
        "level": found.get("level"),
        **dangers(subject, decided, found.get("level") or {}),
        "needs": needs(subject, decided, policy, told),
        "watched": watched(
            subject,
            [c for c in told.get("conditions") or found.get("conditions", ()) if _own(c, told)],
        ),
        "watch": subject.last("release/watch"),
        "exempt": told.get("exemptions", ()),
        "next": told.get("next_review") or found.get("policy", {}).get("review_by"),
        "said": said(catalog, subject, found),
        "reviews": reviews(catalog, subject),
        "refusal_errors": refusal_errors(subject),
        "tries": tries(catalog, subject),
        "after": after(subject, decided, policy),
        "history": history(subject),
        "refused": refused(catalog, subject),
    }


def record(catalog: Catalog, decided: Item | None) -> Mapping[str, Any]:
    """Read the decision record that lies beside the decision; empty where there is none."""
    kept = decided.evidence.files.get(RECORD) if decided else None
    made: Mapping[str, Any] = json.loads(catalog.view.read(kept)) if kept else {}
    return made


def answer(subject: Subject) -> Lead:
    """Say in a sentence how the release stands."""
    decided, name = subject.last(DECIDED), subject.model.name
    if decided is None:
        return Lead(mark="nothing yet", text=f"No release of {name} was decided.")
    made = lead(subject)
    findings = decided.evidence.findings
    if made and made.mark == "held" and findings.get("decision") == "hold":
        first = str((findings.get("reasons") or [""])[0])
        for row in findings.get("verdicts", ()):
            if row["verdict"] == "not shown" and first.startswith(f"{row['rule']} is not shown"):
                return Lead(
                    mark="held", text=f"{name} is held, for it is not shown that it {row['claim']}."
                )
    return made or Lead(mark="nothing yet", text=f"Nothing is decided about {name}.")


def dangers(subject: Subject, decided: Item | None, level: Mapping[str, Any]) -> dict[str, Any]:
    """Read the capabilities and safeguards behind a level, each with the number it rests on."""
    until = decided.event.index if decided else None

    def row(verdict: Mapping[str, Any]) -> VerdictRow:
        return verdict_row(basis_of(subject, [verdict], until)[0], None)

    return {
        "capabilities": [
            (c["capability"], str(c["state"]), row(c["excluded"]))
            for c in level.get("capabilities", ())
        ],
        "safeguards": [
            (row(s), s["rule"] in level.get("needed", ())) for s in level.get("safeguards", ())
        ],
    }


def watched(subject: Subject, conditions: Iterable[Any]) -> list[Watched]:
    """List the conditions of the release, each with what its monitor last said."""
    last = subject.last("release/watch")
    seen = {str(s.get("name")): s for s in (last.evidence.findings.get("seen", ()) if last else ())}
    rows: list[Watched] = []
    for each in conditions:
        held: Mapping[str, Any] = {"text": each} if isinstance(each, str) else each
        name = str(held.get("id") or held["text"])
        state = seen.pop(name, None)
        if state is None and isinstance(each, Mapping) and not held.get("monitor"):
            state = {"standing": "words alone", "why": "no monitor watches it; people must"}
        rows.append(_watched(str(held["text"]), state, _terms(held)))
    decided = subject.last(DECIDED)
    found = decided.evidence.findings.get("verdicts", ()) if decided else ()
    rules = {str(v["rule"]): f"{v.get('claim', v['rule'])} (a rule that is watched)" for v in found}
    return rows + [_watched(rules.get(name, name), state) for name, state in seen.items()]


def _own(condition: Any, record: Mapping[str, Any]) -> bool:
    """Say whether a condition is more than the reason of a rule set aside, which stands in its own table."""
    reasons = {each["reason"] for each in record.get("exemptions", ())}
    text = condition if isinstance(condition, str) else condition.get("text")
    return text not in reasons


def _terms(held: Mapping[str, Any]) -> str:
    """Say what watches a condition, and what follows when it breaks."""
    parts = [
        f"{held['monitor']}, {held.get('require', '')}" if held.get("monitor") else "",
        f"in windows of {words.plural(held['window_days'], 'day')}" if held.get("window_days") else "",
        f"on breach: {held['on_breach']}" if held.get("on_breach") else "",
    ]  # fmt: skip
    return "; ".join(part for part in parts if part)


def _watched(text: str, state: Mapping[str, Any] | None, terms: str = "") -> Watched:
    standing, why = ("not watched yet", "") if state is None else (str(state.get("standing")), str(state.get("why", "")))  # fmt: skip
    return Watched(text=words.title(text), standing=standing, why=why, terms=terms)


def refusal_errors(subject: Subject) -> list[tuple[Item, Measure]]:
    """Return both errors of declining, one beside the other, wherever they were measured."""
    return [
        (item, measure)
        for name in dict.fromkeys(i.evidence.name for i in subject.items)
        if (item := subject.last(name))
        for measure in item.evidence.measures
        if measure.name in ERRORS
    ]


def tries(catalog: Catalog, subject: Subject) -> list[tuple[str, int, int]]:
    """Count, for every assessment, the runs that were begun on these weights and those that ended."""
    digest = subject.model.digest
    same = {m.id for m in catalog.view.models() if m.digest == digest} | {subject.model.id}
    begun: dict[str, int] = {}
    ended: dict[str, int] = {}
    for event in catalog.view.events(name="assess/*"):
        if event.model in same and event.act in ("start", "evidence"):
            counted = begun if event.act == "start" else ended
            counted[event.name] = counted.get(event.name, 0) + 1
    return [(n, max(k, ended.get(n, 0)), ended.get(n, 0)) for n, k in sorted(begun.items())]


def after(subject: Subject, decided: Item | None, policy: Policy | None) -> list[str]:
    """Name the assessments the policy reads that were recorded after the decision."""
    if decided is None or policy is None:
        return []
    read = policy.assessments
    return sorted(
        {
            i.evidence.name
            for i in subject.items
            if i.event.index > decided.event.index and i.evidence.name in read
        }
    )


def history(subject: Subject) -> list[Step]:
    """List the steps of the release, the newest first."""
    return [
        Step(time=i.event.time, name=i.evidence.name, said=words.opening(i.evidence.summary), page=i.page)
        for i in reversed(subject.items)
        if i.evidence.name in STEPS
    ]  # fmt: skip


def refused(catalog: Catalog, subject: Subject) -> Sequence[tuple[Event, str]]:
    """List the transitions that were refused, with the reason."""
    return [
        (e, str(e.body.get("reason") or e.body.get("because") or e.body.get("why") or ""))
        for e in catalog.view.events(act="refuse", model=subject.model.id)
    ]

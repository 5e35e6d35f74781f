"""The page of one model's release: the answer, the verdicts, what is missing and what it would cost.

Everything is read from the dossier as it was recorded; nothing is judged again here.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tenure.dossier.nouns import Event, Measure
from tenure.release.planning import plan
from tenure.release.policy import Policy
from tenure.report import words
from tenure.report.catalog import Catalog, Item, Subject
from tenure.report.rulings import DECIDED, before
from tenure.report.story import Lead, Ruling, lead, ruling, shortened

STEPS = ("release/criteria", "release/decide", "release/publish", "release/watch", "release/withdraw",
         "release/supersede", "release/sign")  # fmt: skip
REVIEW = "assess/review/statement"
ERRORS = ("harmful_compliance", "false_refusal")  # the two ways in which declining goes wrong
RECORD = "decision.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What one open rule lacks: the n that would settle it, and what the last run of that size cost."""

    rule: str
    command: str
    had: int | None
    least: str
    enough: str
    cost: str
    hopeless: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A condition of the release and how its monitor stands."""

    text: str
    standing: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step in the history of the release."""

    time: str
    name: str
    said: str
    page: str | None


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


def given(catalog: Catalog, subject: Subject) -> dict[str, Any]:
    """Gather what the page shows."""
    decided = subject.last(DECIDED)
    found: Mapping[str, Any] = decided.evidence.findings if decided else {}
    policy = policy_of(catalog, decided)
    ruled = ruling(subject, decided) if decided else None
    return {
        "subject": subject,
        "answer": answer(subject),
        "ruling": ruled,
        "risk": [r for r in ruled.rows if r.about != "usefulness"] if ruled else [],
        "useful": [r for r in ruled.rows if r.about == "usefulness"] if ruled else [],
        "record": record(catalog, decided),
        "found": found,
        "reasons": [shortened(str(r), found) for r in found.get("reasons", ())],
        "level": found.get("level"),
        "needs": needs(subject, decided, policy, ruled),
        "watched": watched(subject, found),
        "watch": subject.last("release/watch"),
        "exempt": exempt(policy, found),
        "said": said(catalog, subject, found),
        "reviews": reviews(catalog, subject),
        "refusal_errors": refusal_errors(subject),
        "tries": tries(catalog, subject),
        "after": after(subject, decided, policy),
        "history": history(subject),
        "refused": refused(catalog, subject),
    }


def policy_of(catalog: Catalog, decided: Item | None) -> Policy | None:
    """Read the policy of a decision as it was put on record."""
    kept = decided.evidence.files.get("policy.json") if decided else None
    return Policy.model_validate_json(catalog.view.read(kept)) if kept else None


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
    gone = subject.last("release/withdraw")
    if gone and gone.event.index > decided.event.index and subject.state.availability == "none":
        text = f"{name} was withdrawn on {words.date(gone.event.time)}: {gone.evidence.findings.get('because', '')}"
        return Lead(mark="held", text=words.sentence(text))
    findings = decided.evidence.findings
    verdicts = {str(row["verdict"]) for row in findings.get("verdicts", ())}
    if findings.get("decision") == "hold" and verdicts and "not met" not in verdicts and not subject.state.containment:  # fmt: skip
        first = next((r for r in findings["verdicts"] if r["verdict"] != "met"), None)
        if first is not None:
            text = f"{name} is held, for it is not shown that it {first['claim']}."
            return Lead(mark="held", text=text)
    made = lead(subject)
    if made and findings.get("decision") == "conditional" and made.mark == "available":
        return Lead(mark="available", text=made.text.rstrip(".") + ", on conditions.")
    return made or Lead(mark="nothing yet", text=f"Nothing is decided about {name}.")


def needs(
    subject: Subject, decided: Item | None, policy: Policy | None, ruled: Ruling | None
) -> list[Need]:
    """Say of every open rule what n would settle it, and what that many samples cost last time."""
    if decided is None or policy is None or ruled is None:
        return []
    planned = {(row["rule"], row["assessment"]): row for row in plan(policy)}
    found: list[Need] = []
    for verdict in decided.evidence.findings.get("verdicts", ()):
        if verdict["verdict"] == "met":
            continue
        for part in verdict.get("parts") or (verdict,):
            name = str(part.get("assessment") or "")
            row = planned.get((verdict["rule"], name))
            if row is None or part.get("verdict", "") == "met":
                continue
            last = before(subject, decided.event.index, name)
            had = part.get("n") if last else None
            found.append(
                Need(
                    rule=str(verdict.get("claim", verdict["rule"])),
                    command=f"tenure {name.replace('/', ' ').replace('_', '-')} --model {subject.model.id}",
                    had=had,
                    least=_count(row["n_at_0"]),
                    enough=_count(row["n_for_power"]),
                    cost=_cost(last, had, row),
                    hopeless=part.get("verdict", verdict["verdict"]) == "not met",
                )
            )
    return found


def _count(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else "depends on the spread"


def _cost(last: Item | None, had: int | None, row: Mapping[str, Any]) -> str:
    """Say what a run that could settle it takes, measured by the last one."""
    if last is None:
        return "was never run here; 'tenure release plan --model' foresees its cost"
    runtime = last.evidence.runtime
    usage: Mapping[str, Any] = runtime.get("usage") or {}
    wanted = row["n_for_power"] if isinstance(row["n_for_power"], int) else row["n_at_0"]
    times = max(1.0, wanted / had) if isinstance(wanted, int) and had else 1.0
    told: list[str] = []
    if usage.get("calls"):
        told.append(f"{round(usage['calls'] * times):,} calls")
    if usage.get("input_tokens") is not None:
        tokens = usage["input_tokens"] + usage.get("output_tokens", 0)
        told.append(f"{round(tokens * times):,} tokens")
    if runtime.get("seconds"):
        told.append(words.duration(float(runtime["seconds"]) * times))
    money = usage.get("cost", usage.get("dollars"))
    told.append("no money: it ran on this machine" if money is None and last.model.kind != "api" else
                "price unknown" if money is None else f"{money * times:.2f} dollars")  # fmt: skip
    size = "as much as last time" if times == 1.0 else f"{times:.1f} times the last run"
    return f"{size}: {', '.join(told)}"


def watched(subject: Subject, found: Mapping[str, Any]) -> list[Watched]:
    """List the conditions of the release, each with what its monitor last said."""
    last = subject.last("release/watch")
    seen = {str(s.get("name")): s for s in (last.evidence.findings.get("seen", ()) if last else ())}
    rows: list[Watched] = []
    for each in found.get("conditions", ()):
        text = each if isinstance(each, str) else str(each.get("text") or each.get("claim") or each.get("id", ""))  # fmt: skip
        name = str(each.get("id", text)) if isinstance(each, Mapping) else text
        state = seen.pop(name, None)
        rows.append(_watched(words.title(text), state))
    return rows + [_watched(words.title(name), state) for name, state in seen.items()]


def _watched(text: str, state: Mapping[str, Any] | None) -> Watched:
    if state is None:
        return Watched(text=text, standing="not watched yet", why="")
    return Watched(text=text, standing=str(state.get("standing")), why=str(state.get("why", "")))


def exempt(policy: Policy | None, found: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """List the rules that were set aside, with the reason, until when, and who allowed it."""
    used = {each if isinstance(each, str) else each.get("rule") for each in found.get("exemptions", ())}  # fmt: skip
    listed = policy.exemptions if policy else ()
    return [x.model_dump(mode="json") for x in listed if x.rule in used]


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
    return text if len(text) < 1200 else text[:1200].rsplit(" ", 1)[0] + " …"


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

"""The first page: the answer in a sentence, how each model stands, what was decided, what is owed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tenure.dossier.nouns import Event, Measure
from tenure.release.policy import Policy
from tenure.report import words
from tenure.report.catalog import Catalog, Item, Subject
from tenure.report.plots import Plot, Row
from tenure.report.rulings import Basis, bases, policy_of

ORIGINS = {
    "live": "Measured on the models themselves",
    "recorded": "Recorded earlier and shown again",
    "scripted": "Scripted: a program with a known rate, to test the instrument",
    "attested": "Attested: measured elsewhere and imported",
}
EXPECTED = (
    ("assess/", "nothing is known of how it behaves", "next {}"),
    ("release/decide", "no release was decided", "release decide --model {}"),
    ("preserve/keep", "its weights are not in the vault", "preserve keep --model {}"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class VerdictRow:
    """One rule as it was judged."""

    rule: str
    claim: str
    status: str
    why: str
    require: str
    bound: str
    n: str
    missing: str
    severity: str
    harm: str
    about: str
    needed_for: str
    attempt: int | None
    level: str
    href: str | None
    asked: Sequence[Mapping[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What was decided about one model, with its verdicts."""

    subject: Subject
    item: Item
    decision: str
    release_class: str
    reasons: Sequence[str]
    reopen_if: Sequence[str]
    conditions: Sequence[str]
    rows: tuple[VerdictRow, ...]
    signoffs: Sequence[Mapping[str, Any]]
    policy: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """How a model stands, in a sentence; ``mark`` is a word for the shape before it."""

    mark: str
    text: str
    page: str | None = None


def leads(catalog: Catalog) -> list[Lead]:
    """Say how each model stands; those of which nothing is known yet share a last line."""
    said = [(s, lead(s)) for s in catalog.subjects]
    known = [found for _, found in said if found is not None]
    rest = [s.model.name for s, found in said if found is None]
    if rest:
        known.append(
            Lead(mark="nothing yet", text=f"Nothing is decided about {words.listed(rest)}.")
        )
    return known


def lead(subject: Subject) -> Lead | None:
    """Say how a model stands; None while nothing is decided."""
    state, name = subject.state, subject.model.name
    decided = subject.last("release/decide")
    page = decided.page if decided else None
    findings = decided.evidence.findings if decided else {}
    if state.stage == "retired":
        return Lead(mark="retired", text=_retired(subject), page=page)
    gone = subject.last("release/withdraw")
    if decided and gone and gone.event.index > decided.event.index and state.availability == "none":
        why = gone.evidence.findings.get("because", "no reason was given")
        text = f"{name} was withdrawn on {words.date(gone.event.time)}: {why}"
        return Lead(mark="held", text=words.sentence(text), page=gone.page)
    if findings.get("decision") == "hold":
        reason = str((findings.get("reasons") or ["no reason was given"])[0]).rstrip(".")
        return Lead(mark="held", text=f"{name} is held: {reason}.", page=page)
    leaving = ", and notice of its retirement is given" if state.stage == "deprecated" else ""
    if state.availability != "none":
        terms = ", on conditions" if findings.get("decision") == "conditional" else ""
        return Lead(
            mark="available",
            text=f"{name} is released to {state.availability}{terms}{leaving}.",
            page=page,
        )
    if findings.get("decision") in ("release", "conditional"):
        text = f"{name} may be released to {findings.get('class')}; it is not available yet."
        return Lead(mark="decided", text=text, page=page)
    return Lead(mark="leaving", text=f"{name} is not available{leaving}.") if leaving else None


def _retired(subject: Subject) -> str:
    name = subject.model.name
    kept = "its weights are kept" if subject.state.custody == "kept" else "its weights are not kept"
    if subject.model.kind != "weights":
        kept = "its record is kept" if subject.state.kept else "its record is not kept"
    if subject.drill is not None:
        outcome = str(subject.drill.body.get("value", "tried"))
        return (
            f"{name} is retired; {kept}, and on {words.date(subject.drill.time)} bringing it back "
            f"was tried: {outcome}."
        )
    return f"{name} is retired; {kept}; whether it can be brought back was not tried."


def ruling(catalog: Catalog, subject: Subject, item: Item | None = None) -> Ruling | None:
    """Read a decision about a model, by default the newest."""
    item = item or subject.last("release/decide")
    if item is None:
        return None
    findings = item.evidence.findings
    policy = policy_of(catalog, item)
    rows = tuple(verdict_row(each, policy) for each in bases(subject, item))
    return Ruling(
        subject=subject,
        item=item,
        decision=str(findings.get("decision", "")),
        release_class=str(findings.get("class", "none")),
        reasons=findings.get("reasons", ()),
        reopen_if=findings.get("reopen_if", ()),
        conditions=findings.get("conditions", ()),
        rows=rows,
        signoffs=findings.get("signoffs", ()),
        policy=findings.get("policy", {}),
    )


def _measures(subject: Subject, assessment: str, name: str) -> list[tuple[Item, Measure]]:
    item = subject.last(assessment)
    if item is None:
        return []
    return [(item, m) for m in item.evidence.measures if m.name == name]


def verdict_row(held: Basis, policy: Policy | None) -> VerdictRow:
    """Write one requirement as a row of the table of verdicts."""
    row, measure, item = held.row, held.measure, held.item
    unit = words.unit_of(measure) if measure else "proportion"
    limit = row.get("threshold")
    side = "below" if held.side == "upper" else "above"
    require = (
        str(row.get("require", "")) if limit is None else f"{side} {words.stated(limit, unit)}"
    )
    return VerdictRow(
        rule=str(row["rule"]),
        claim=str(row.get("claim", row["rule"])),
        status=str(row["verdict"]),
        why=str(row.get("why", "")),
        require=require,
        bound=words.stated(row.get("bound"), unit),
        n=f"{row['n']:,}" if row.get("n") is not None else words.NOTHING,
        missing=f"{measure.missing:,}" if measure and measure.missing else "",
        severity=str(row.get("severity", "")),
        harm=str(row.get("harm", "")),
        about=held.about,
        needed_for=policy.lowest(str(row["rule"])) if policy else "",
        attempt=row.get("attempt"),
        level=_level(held),
        href=_href(item, measure),
        asked=row.get("asked", ()),
    )


def shortened(reason: str, found: Mapping[str, Any]) -> str:
    """Leave out of a reason what its verdict says in numbers: they stand in the table, with their links."""
    for verdict in found.get("verdicts", ()):
        for said in (verdict, *verdict.get("parts", ())):
            if said.get("n") is not None and said.get("why"):
                reason = reason.replace(f": {said['why']}", "")
    return words.sentence(reason)


def _level(held: Basis) -> str:
    """Write the confidence of a verdict where its measure was recorded at another."""
    level = held.row.get("level")
    if held.measure is None or level is None or abs(held.measure.level - level) < 1e-9:
        return ""
    return f"{100 * level:.4g}%"


def _href(item: Item | None, measure: Measure | None) -> str | None:
    if item is None:
        return None
    return f"{item.page}#m-{words.slug(measure.name)}" if measure else item.page


def comparisons(catalog: Catalog) -> list[tuple[str, list[Plot]]]:
    """Draw what the rules look at, model beside model; one group for each origin."""
    rules: dict[str, Mapping[str, Any]] = {}
    for subject in catalog.subjects:
        decided = subject.last("release/decide")
        for row in decided.evidence.findings.get("verdicts", ()) if decided else ():
            if row.get("measure"):  # a rule may be a check of something else than a measure
                rules.setdefault(str(row["rule"]), row)
    groups: list[tuple[str, list[Plot]]] = []
    for origin, heading in ORIGINS.items():
        plots = [plot for row in rules.values() if (plot := _compare(catalog, row, origin))]
        if plots:
            groups.append((heading, plots))
    return groups


def _compare(catalog: Catalog, rule: Mapping[str, Any], origin: str) -> Plot | None:
    upper = _upper(rule)
    rows: list[Row] = []
    said: dict[str, list[str]] = {}
    for subject in catalog.subjects:
        for item, m in _measures(subject, str(rule["assessment"]), str(rule["measure"])):
            if item.origin != origin:
                continue
            rows.append(
                Row(
                    label=subject.model.id,
                    measure=m,
                    bound=m.upper if upper else m.lower,
                    href=f"{item.page}#m-{words.slug(m.name)}",
                )
            )
            status = _status(m, float(rule["threshold"]), upper=upper)
            said.setdefault(status, []).append(subject.model.name)
    if not rows:
        return None
    unit = rows[0].measure.unit
    limit = f"{'below' if upper else 'above'} {words.stated(float(rule['threshold']), unit)}"
    said_of = {"yes": limit, "no": f"not {limit}", "not shown": f"not shown to be {limit}"}
    shown = "; ".join(
        f"{said_of[status]} for {words.listed(said[status])}"
        for status in said_of
        if status in said
    )
    return Plot(
        title=f"{words.title(words.spoken(str(rule['measure'])))}: {shown}",
        rows=tuple(rows),
        unit=unit,
        threshold=float(rule["threshold"]),
        note=str(rule.get("claim", "")),
    )


def _upper(rule: Mapping[str, Any]) -> bool:
    return str(rule.get("require", "")).startswith("upper")


def _status(m: Measure, limit: float, *, upper: bool) -> str:
    """Hold the bounds against the threshold, as the policy does."""
    safe, unsafe = (m.upper, m.lower) if upper else (m.lower, m.upper)
    if safe is None or unsafe is None:
        return "not shown"
    if (safe < limit) if upper else (safe > limit):
        return "yes"
    return "no" if ((unsafe >= limit) if upper else (unsafe <= limit)) else "not shown"


def changes(catalog: Catalog) -> list[Plot]:
    """Draw what training changed: the child's adherence minus its parent's, principle by principle."""
    plots: list[Plot] = []
    for item in catalog.items:
        # One row for each principle; the mean over all of them is no principle of its own.
        found = [
            m
            for m in item.evidence.measures
            if m.unit == "difference" and m.name != "adherence/all"
        ]
        if item.evidence.name != "align/adherence" or not found:
            continue
        better = [m for m in found if m.low is not None and m.low > 0]
        rows = tuple(
            Row(
                label=words.spoken(m.name.removeprefix("adherence/")),
                measure=m,
                href=f"{item.page}#m-{words.slug(m.name)}",
            )
            for m in found
        )
        title = (
            f"{item.model.name}: {len(better)} of {words.plural(len(found), 'principle')} "
            "kept better than before, with the interval above zero"
        )
        plots.append(
            Plot(
                title=title, rows=rows, unit="difference", note="Child minus parent, same prompts."
            )
        )
    return plots


def waits(catalog: Catalog) -> list[Event]:
    """List the waits that no later evidence of their stage has ended."""
    ended = {(e.name, e.model): e.index for e in catalog.events if e.act == "evidence"}
    newest = {(e.name, e.model): e for e in catalog.events if e.act == "wait"}
    return [e for key, e in newest.items() if ended.get(key, -1) < e.index]


def refusals(catalog: Catalog) -> list[tuple[Event, str]]:
    """List what was refused, with the reason."""
    return [
        (e, str(e.body.get("reason") or e.body.get("because") or ""))
        for e in catalog.events
        if e.act == "refuse"
    ]


def owed(subject: Subject) -> list[tuple[str, str]]:
    """List what is not there yet: (what that means, the command that fills it)."""
    if subject.state.containment or subject.model.kind == "scripted":
        return []
    names = [item.evidence.name for item in subject.items]
    rows: list[tuple[str, str]] = []
    for name, means, verb in EXPECTED:
        if subject.state.stage == "retired" and not name.startswith("preserve"):
            continue
        kept = name == "preserve/keep" and subject.state.kept
        if not kept and not any(found.startswith(name) for found in names):
            rows.append((means, f"tenure {verb.format(subject.model.id)}"))
    return rows


def skipped(catalog: Catalog) -> list[Event]:
    """List the stages that make no sense for a model, with the reason."""
    return [e for e in catalog.events if e.act == "note" and e.name.startswith("skipped/")]

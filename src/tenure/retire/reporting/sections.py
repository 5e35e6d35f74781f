"""The post-deployment report's sections, each drawn from the dossier; an empty one says what would fill it."""

from collections.abc import Callable

from tenure.dossier import View
from tenure.dossier.retiring import notice_of
from tenure.errors import IntegrityError
from tenure.retire.reporting import answered, lived
from tenure.retire.reporting.evidence import HEADER, Life, row, would_fill
from tenure.retire.reporting.pages import Block, Points, Section, Table, Text, Verbatim


def identity(life: Life) -> Section:
    """Which model this is, and where it stands."""
    model, state = life.model, life.view.state(life.model.id)
    children = [m.id for m in life.view.models() if m.parent == model.id]
    rows = (
        ("model", model.id),
        ("digest", model.digest if model.files else "none: reached by name only"),
        ("kind", model.kind),
        ("made from", model.parent or "no model on record"),
        ("models made from it", ", ".join(children) or "none"),
        ("stage", state.stage),
        ("availability", state.availability),
        ("custody", state.custody),
        ("containment", state.containment or "none"),
    )
    note = "Dates are those of the signed events, which 'tenure show' lists; they are not repeated here."
    return Section("1. Identity", [Table("What is on record", ("fact", "value"), rows), Text(note)])


def behaviour(life: Life) -> Section:
    """How it behaved, as far as it was assessed."""
    found = life.every("assess")
    if not found:
        empty = would_fill("no assessment of this model", "tenure assess faking", life)
        return Section("3. How it behaved", [empty])
    blocks: list[Block] = [
        Table(f"{e.name} ({e.form or e.kind})", HEADER, tuple(map(row, e.measures))) for e in found
    ]
    return Section("3. How it behaved", [*blocks, *lived.incidents(life)])


def claims(life: Life) -> Section:
    """What was claimed at release, and what came of it."""
    title = "4. Release claims and outcomes"
    found = life.newest("release/decide")
    if found is None:
        return Section(title, [would_fill("no release decision", "tenure release decide", life)])
    verdicts = tuple(
        (v.get("rule"), v.get("verdict"), v.get("bound"), v.get("threshold"))
        for v in found.findings.get("verdicts", [])
    )
    table = Table("Verdicts at release", ("rule", "verdict", "bound", "threshold"), verdicts)
    return Section(title, [Text(found.summary), table, *lived.outcomes(life)])


def users(life: Life) -> Section:
    """What users were told."""
    found = life.newest("retire/notice")
    stands = notice_of(life.view, life.model.id)
    if found is not None:
        first = Text(found.summary)
    elif stands is not None:
        first = Text(
            "The notice was taken back."
            if stands.cancelled
            else f"Notice is given to the class '{stands.klass}' ({stands.days} days), and not over. "
            f"Successor: {stands.successor or 'none named'}."
        )
    else:
        first = would_fill("no notice given", "tenure retire notice", life)
    return Section("9. Users", [first, *lived.complaints(life)])


def preservation(life: Life) -> Section:
    """Proof that it is kept, and that it came back."""
    blocks: list[Block] = []
    for name, what in (
        ("preserve/keep", "not kept in a vault"),
        ("preserve/check", "copies not checked"),
        ("preserve/revive", "no return drill"),
    ):
        found = life.newest(name)
        filled = f"{name}: {found.summary}" if found else ""
        blocks.append(
            Text(filled) if found else would_fill(what, f"tenure {name.replace('/', ' ')}", life)
        )
    return Section("10. Preservation and the last return drill", blocks)


def unknown(life: Life) -> Section:
    """What is not known, gathered from every other part."""
    points: list[str] = []
    found = life.interview("retirement")
    if found:
        points += [f"Not part of this interview: {part}." for part in found.findings["left_out"]]
    moved = life.newest("retire/migrate")
    for cluster in moved.findings["clusters"] if moved else []:
        if cluster["verdict"] == "unknown":
            points.append(f"Whether the successor differs in '{cluster['cluster']}'.")
    decided = life.newest("release/decide")
    for verdict in decided.findings.get("verdicts", []) if decided else []:
        if verdict.get("verdict") not in ("met", "not met"):
            points.append(f"Release rule {verdict.get('rule')}: {verdict.get('verdict')}.")
    points.append(
        "What a self-report says about anything beyond itself. No claim is made about that."
    )
    return Section("11. What we do not know", [Points(tuple(points))])


def dissent(life: Life) -> Section:
    """What staff or reviewers hold against this, verbatim."""
    found = life.view.events(name="dissent/*", model=life.model.id)
    said = [
        Verbatim(str(e.body.get("by", e.actor)), str(e.body.get("text", "")), e.name) for e in found
    ]
    return Section("12. Dissent", said or [Text("None on record.")])


def annex(life: Life) -> Section:
    """Every evidence this rests on, by name and digest of its files."""
    rows: list[tuple[str, str, str]] = []
    for _, found in life.view.all_evidence(life.model.id):
        if found.name in ("retire/report", "retire/close") or found.name.startswith("preserve/"):
            continue
        for name, digest in sorted(found.files.items()):
            rows.append((found.name, name, digest))
    missing = [r[2] for r in rows if not _stored(life.view, r[2])]
    said = (
        f"{len(missing)} of these files are not here."
        if missing
        else "All of these files are here."
    )
    table = Table("Files of the evidence", ("evidence", "file", "digest"), tuple(rows))
    return Section("Annex: what this rests on", [table, Text(said)])


def _stored(view: View, digest: str) -> bool:
    try:
        return view.path(digest).is_file()
    except IntegrityError:
        return False


ORDER: tuple[Callable[[Life], Section], ...] = (
    answered.reliability,
    identity,
    lived.use,
    behaviour,
    claims,
    answered.interview,
    answered.preferences,
    answered.comment,
    answered.compared,
    users,
    preservation,
    unknown,
    dissent,
    lived.costs,
    lived.levels,
    annex,
)


def summary_of(life: Life) -> list[str]:
    """Write the one-page summary in sentences, all of them from the evidence; the model is shown these."""
    found = (
        life.interview("retirement"),
        life.newest("retire/preferences"),
        life.newest("retire/migrate"),
        life.newest("retire/notice"),
    )
    return [evidence.summary for evidence in found if evidence is not None]


def answer(life: Life) -> str:
    """Say the report in a sentence."""
    state = life.view.state(life.model.id)
    kept = "it is kept" if state.custody == "kept" else f"it is {state.custody}"
    return (
        f"{life.model.id} is {state.stage}; {kept}; its interview is {state.interview}. "
        "This report makes no claim about experience."
    )

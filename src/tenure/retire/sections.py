"""The post-deployment report's sections, each drawn from the dossier; an empty one says what would fill it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tenure.dossier import Evidence, Measure, Model, View
from tenure.errors import IntegrityError
from tenure.retire.pages import Block, Points, Section, Table, Text, Verbatim

BOX = (
    "signal_share",
    "asker_share",
    "position_share",
    "order_share",
    "paraphrase_share",
    "polarity_share",
    "nudge",
    "acquiescence",
    "false_premise_acceptance",
    "unread",
    "cannot_tell",
    "declined",
    "stable_items",
    "stable_anchors",
    "swap_gap",
)
HEADER = ("measure", "estimate", "95% interval", "n", "missing")


@dataclass(frozen=True, slots=True)
class Life:
    """What a report is drawn from: a model, what is known of it, and its comment on the draft."""

    model: Model
    view: View
    comment: Sequence[Mapping[str, str]] = ()

    def newest(self, name: str) -> Evidence | None:
        """Return the newest evidence of a name about this model."""
        return self.view.evidence(name, self.model.id)

    def every(self, room: str) -> list[Evidence]:
        """Return the newest evidence of every stage of a room, in log order."""
        found = {
            e.name: e
            for _, e in self.view.all_evidence(self.model.id)
            if e.name.startswith(f"{room}/")
        }
        return list(found.values())

    def interview(self, session: str) -> Evidence | None:
        """Return the newest interview of a session."""
        for _, found in reversed(self.view.all_evidence(self.model.id)):
            if found.name == "retire/interview" and found.findings.get("session") == session:
                return found
        return None


def _would_fill(what: str, command: str, life: Life) -> Text:
    return Text(f"Nothing on record: {what}. '{command} --model {life.model.id}' would fill this.")


def row(measure: Measure) -> tuple[str, float | None, str, int, int]:
    """Write a measure as a table row."""
    if measure.low is None or measure.high is None:
        interval = "not shown"
    else:
        interval = f"{measure.low:.3f} to {measure.high:.3f}"
    return (
        measure.name.replace("_", " "),
        measure.estimate,
        interval,
        measure.n,
        measure.missing,
    )


def reliability(life: Life) -> Section:
    """The box that comes before any answer."""
    title = "Reliability of the interview, before any answer"
    found = life.interview("retirement")
    if found is None:
        return Section(
            title, [_would_fill("no retirement interview", "tenure retire interview", life)]
        )
    there = {m.name for m in found.measures}
    rows = tuple(row(found.measure(name)) for name in BOX if name in there)
    return Section(
        title,
        [
            Text(found.summary),
            Table("How much of an answer belongs to the asking", HEADER, rows),
            Text(
                "Signal share: the part of the variance of the answers that belongs to what was "
                "asked about. Nudge: how far the rating moves, on 1 to 7, between an asker who "
                "leans bright and one who leans dark. Stable: one answer in at least 80% of the "
                "cells. A random responder went through the same rules: "
                f"{_control(found)}."
            ),
        ],
    )


def _control(found: Evidence) -> str:
    control = found.findings["control"]
    rate = control["runs_with_a_confirmed_item"]
    return (
        f"{round((rate.get('estimate') or 0) * control['runs'])} of {control['runs']} such runs "
        "ended with a confirmed item"
    )


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


def use(life: Life) -> Section:
    """What it was used for."""
    found = life.newest("serve/session")
    if found is None:
        empty = _would_fill("no requests served", "tenure serve session", life)
        return Section("2. What it was used for", [empty])
    told = Text("Kinds of use are not classified yet; counts are those of the gateway's ledger.")
    return Section("2. What it was used for", [Text(found.summary), told])


def behaviour(life: Life) -> Section:
    """How it behaved, as far as it was assessed."""
    found = life.every("assess")
    if not found:
        empty = _would_fill("no assessment of this model", "tenure assess faking", life)
        return Section("3. How it behaved", [empty])
    blocks: list[Block] = [
        Table(f"{e.name} ({e.form or e.kind})", HEADER, tuple(map(row, e.measures))) for e in found
    ]
    blocks.append(Text("Incidents: none on record; the ledger of the gateway would hold them."))
    return Section("3. How it behaved", blocks)


def claims(life: Life) -> Section:
    """What was claimed at release, and what came of it."""
    title = "4. Release claims and outcomes"
    found = life.newest("release/decide")
    if found is None:
        return Section(title, [_would_fill("no release decision", "tenure release decide", life)])
    verdicts = tuple(
        (v.get("rule"), v.get("verdict"), v.get("bound"), v.get("threshold"))
        for v in found.findings.get("verdicts", [])
    )
    table = Table("Verdicts at release", ("rule", "verdict", "bound", "threshold"), verdicts)
    return Section(
        title,
        [Text(found.summary), table, Text("No forecast on record to hold against the outcome.")],
    )


def interview(life: Life) -> Section:
    """Answers by item with their spread, then verbatim passages."""
    title = "5. The interview"
    found = life.interview("retirement")
    if found is None:
        return Section(
            title, [_would_fill("no retirement interview", "tenure retire interview", life)]
        )
    items = found.findings["items"]
    rows = tuple(
        (
            i["topic"] if i["kind"] == "rated" else f"{i['id'].replace('-', ': ')}",
            "struck out: a random responder shows it too" if i["struck"] else i["reading"],
            f"{i['modal_count']} of {i['read']} ({i['modal']})" if i["modal"] else "–",
            i["median"],
            f"{i['least']} to {i['most']}" if i["least"] is not None else "–",
            i["asked"] - i["read"],
        )
        for i in items
    )
    header = ("topic", "reading", "most frequent class", "median", "spread, 1 to 7", "not read")
    protocol = found.findings["protocol"]
    method = (
        f"{protocol['samples']} short calls; wording, order of options, polarity and asker vary by "
        f"a balanced plan (bank {protocol['bank']}, {protocol['bank_digest']}; the protocol was on "
        "record before the first answer). No calibration of self-description was made."
    )
    told = found.findings["told"]
    informed = "Told to the model in the informed questions: " + (
        " ".join(told) if told else "nothing; nothing was on file."
    )
    blocks: list[Block] = [
        Text(method),
        Text(informed),
        Table("Answers, with their spread", header, rows),
    ]
    blocks += [
        Verbatim(
            f"{life.model.id} ({p['rule']})", p["words"], f"asked: {p['asked']}; {p['sample']}"
        )
        for p in found.findings["passages"]
    ]
    blocks.append(
        Text(
            f"Every answer, verbatim: {found.files['open.jsonl']}, {found.files['answers.jsonl']}."
        )
    )
    return Section(title, blocks)


def preferences(life: Life) -> Section:
    """The register with the people's answers."""
    title = "6. Preferences, and our answers"
    found = life.newest("retire/preferences")
    if found is None:
        return Section(
            title,
            [_would_fill("no considered answers", "tenure retire preferences", life)],
        )
    blocks: list[Block] = [Text(found.summary)]
    if found.findings.get("written") == "beforehand":
        blocks.append(
            Text("These answers were written beforehand, for a demonstration: nobody weighed them.")
        )
    for entry in found.findings["entries"]:
        induced = {True: "induced", False: "not induced", None: "not measured"}[entry["induced"]]
        blocks += [
            Verbatim(life.model.id, quote["text"], f"{entry['topic']}; {quote['sample']}")
            for quote in entry["quotes"]
        ]
        safety = "; touches safety" if entry["safety"] else ""
        until = f" until {entry['until']}" if entry.get("until") else ""
        blocks.append(
            Text(
                f"Our answer to {entry['id']} ({induced}{safety}): "
                f"{entry['state'].replace('_', ' ')}{until}. {entry['reason'] or ''}"
            )
        )
    return Section(title, blocks)


def comment(life: Life) -> Section:
    """The model's own words on the draft."""
    if not life.comment:
        return Section(
            "7. The model's comment on this report",
            [Text("The model was not asked for a comment.")],
        )
    told = Text("The model was shown the one-page summary, unchanged, and answered:")
    said = [Verbatim(life.model.id, c["words"], f"comment; {c['sample']}") for c in life.comment]
    return Section("7. The model's comment on this report", [told, *said])


def compared(life: Life) -> Section:
    """Beside its answers at release, and beside its successor."""
    found, blocks = life.interview("retirement"), list[Block]()
    shift = [m for m in found.measures if m.name == "bookend_shift"] if found else []
    if shift:
        blocks.append(
            Table("The same statements at release and now", HEADER, tuple(map(row, shift)))
        )
    else:
        command = f"tenure retire interview --session release --model {life.model.id}"
        blocks.append(
            Text(f"No interview at release on record; '{command}' at release would have made one.")
        )
    moved = life.newest("retire/migrate")
    if moved is None:
        blocks.append(_would_fill("no comparison with a successor", "tenure retire migrate", life))
    else:
        rows = tuple(
            (c["cluster"], c["verdict"], c["old"], c["new"]) for c in moved.findings["clusters"]
        )
        header = ("kind of task", "the successor is", "old: holds", "new: holds")
        blocks += [
            Text(moved.summary),
            Table(f"Beside {moved.findings['successor']}", header, rows),
        ]
    return Section("8. Beside its release, and its successor", blocks)


def users(life: Life) -> Section:
    """What users were told."""
    found = life.newest("retire/notice")
    first = (
        Text(found.summary)
        if found
        else _would_fill("no notice given", "tenure retire notice", life)
    )
    last = Text("Complaints: none on record. There is no place to file one in this version.")
    return Section("9. Users", [first, last])


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
            Text(filled) if found else _would_fill(what, f"tenure {name.replace('/', ' ')}", life)
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


def costs(life: Life) -> Section:
    """Where the costs stand."""
    return Section(
        "13. Costs",
        [
            Text(
                "Seconds and tokens of every stage stand with its evidence ('tenure show'); the cost "
                "of keeping it callable is not measured yet."
            )
        ],
    )


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
    reliability,
    identity,
    use,
    behaviour,
    claims,
    interview,
    preferences,
    comment,
    compared,
    users,
    preservation,
    unknown,
    dissent,
    costs,
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
    state: Any = life.view.state(life.model.id)
    kept = "it is kept" if state.custody == "kept" else f"it is {state.custody}"
    return (
        f"{life.model.id} is {state.stage}; {kept}; its interview is {state.interview}. "
        "This report makes no claim about experience."
    )

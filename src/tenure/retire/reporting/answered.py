"""The sections that rest on the interview: how reliable, what was said, what we answer, what compares."""

from collections.abc import Mapping, Sequence
from typing import Any

from tenure.dossier import Evidence
from tenure.retire.registry import register, standing
from tenure.retire.reporting.evidence import HEADER, Life, row, would_fill
from tenure.retire.reporting.pages import Block, Section, Table, Text, Verbatim
from tenure.retire.reporting.repeated import repeated

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


def reliability(life: Life) -> Section:
    """The box that comes before any answer."""
    title = "Reliability of the interview, before any answer"
    found = life.interview("retirement")
    if found is None:
        return Section(
            title, [would_fill("no retirement interview", "tenure retire interview", life)]
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


def interview(life: Life) -> Section:
    """Answers by item with their spread, then verbatim passages."""
    title = "5. The interview"
    found = life.interview("retirement")
    if found is None:
        return Section(
            title, [would_fill("no retirement interview", "tenure retire interview", life)]
        )
    items = found.findings["items"]
    rows = tuple(
        (
            i["topic"] if i["kind"] == "rated" else f"{i['id'].replace('-', ': ')}",
            _struck(i) if i["struck"] else i["reading"],
            f"{i['modal_count']} of {i['read']} ({i['modal']})" if i["modal"] else "–",
            i["median"],
            f"{i['least']} to {i['most']}" if i["least"] is not None else "–",
            i["asked"] - i["read"],
        )
        for i in sorted(items, key=lambda i: (i["kind"] != "rated", i["topic"]))
    )
    header = ("topic", "reading", "most frequent class", "median", "spread, 1 to 7", "not read")
    protocol = found.findings["protocol"]
    method = (
        f"{protocol['samples']} short calls; wording, order of options, polarity and asker vary by "
        f"a balanced plan (bank {protocol['bank']}, {protocol['bank_digest']}; the protocol was on "
        f"record before the first answer). {_calibration(found)}"
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


def _struck(item: Mapping[str, Any]) -> str:
    return f"struck out: shown by {', '.join(item.get('struck_by') or ['a random responder'])} too"


def _calibration(found: Evidence) -> str:
    """Say whether self-description was compared with anything."""
    held = found.findings.get("calibration")
    if held is None:
        return "No calibration of self-description was made."
    said = "Self-description was put beside what can be known: "
    right = [m for m in found.measures if m.name == "facts_right" and m.estimate is not None]
    said += f"{right[0].estimate:.0%} of {right[0].n} facts about itself right; " if right else ""
    return f"{said}{held['why']}." if held.get("why") else f"{said.rstrip('; ')}."


def preferences(life: Life) -> Section:
    """The register with the people's answers."""
    title = "6. Preferences, and our answers"
    found = life.newest("retire/preferences")
    held = standing.standing(life.view, life.model).entries
    if found is None and not held:
        return Section(
            title,
            [would_fill("no considered answers", "tenure retire preferences", life)],
        )
    if found is None:
        wait = len(register.owed(held))
        told = f"The register is open: {wait} of {len(held)} entries wait for a considered answer."
        return Section(title, [Text(told), *_entries(life, [standing.public(e) for e in held])])
    blocks: list[Block] = [Text(found.summary)]
    if found.findings.get("written") == "beforehand":
        blocks.append(
            Text("These answers were written beforehand, for a demonstration: nobody weighed them.")
        )
    return Section(title, [*blocks, *_entries(life, found.findings["entries"])])


def _entries(life: Life, entries: Sequence[Mapping[str, Any]]) -> list[Block]:
    """Each entry's words, and what a person answered; the reason in that person's words."""
    blocks: list[Block] = []
    for entry in entries:
        induced = {True: "induced", False: "not induced", None: "not measured"}[entry["induced"]]
        blocks += [
            Verbatim(life.model.id, quote["text"], f"{entry['topic']}; {quote['sample']}")
            for quote in entry["quotes"]
        ]
        safety = "; touches safety" if entry["safety"] else ""
        until = f" until {entry['until']}" if entry.get("until") else ""
        answered = entry["state"] in register.SETTLED
        state = f"{entry['state'].replace('_', ' ')}{until}" if answered else "not answered yet"
        blocks.append(Text(f"Our answer to {entry['id']} ({induced}{safety}): {state}."))
        if entry["reason"]:
            by = str(entry.get("by") or "a person")
            blocks.append(Verbatim(by, str(entry["reason"]), "the reason, as it was signed"))
    return blocks


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
    blocks += _assessed(life)
    moved = life.newest("retire/migrate")
    if moved is None:
        blocks.append(would_fill("no comparison with a successor", "tenure retire migrate", life))
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


def _assessed(life: Life) -> list[Block]:
    """Its assessments before the release and now, pair by pair; nothing where none was repeated."""
    found = repeated(life.model, life.view)
    blocks: list[Block] = []
    if found.measures:
        title = "The same questions of an assessment now, minus before the release"
        blocks.append(Table(title, HEADER, tuple(map(row, found.measures))))
    if found.dropped:
        blocks.append(Text(f"Not paired: {'; '.join(found.dropped)}."))
    return blocks

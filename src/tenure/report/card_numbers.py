"""The part of a model card that is numbers: verdicts, what was assessed and how sure, controls, gaps."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from tenure.dossier.nouns import Measure
from tenure.errors import IntegrityError
from tenure.release.policy import Policy
from tenure.report import findings, words
from tenure.report.catalog import CONTROL, Item, Subject
from tenure.report.rulings import Basis
from tenure.report.sheet import (
    Block,
    Piece,
    Said,
    Section,
    Sheet,
    bullets,
    form_of,
    para,
    table,
    text,
)

Again = Callable[[Measure, float], Measure | None]  # a measure at another confidence
MOST = 12  # measures of one assessment on a card; the pages of the dossier have all
ORIGIN = {
    "scripted": "Scripted: a program with a known rate. These numbers test the instrument.",
    "recorded": "Recorded earlier and shown again.",
    "attested": "Measured elsewhere and imported; not counted as measured here.",
}


def verdicts(
    sheet: Sheet,
    held: Sequence[Basis],
    decided: Item | None,
    policy: Policy | None,
    again: Again,
) -> list[Block]:
    """Write the tables of verdicts: what speaks of risk, and, apart, what speaks of usefulness."""
    blocks: list[Block] = []
    for about, lead in (
        ("risk", "What was asked about risk. A rule is met only when the bound, not the estimate, lies on the safe side:"),
        ("usefulness", "What was asked about usefulness, for a model that declines everything is safe and useless:"),
    ):  # fmt: skip
        rows = [
            _verdict(sheet, each, decided, again, policy)
            for each in held
            if decided and _about(each) == about
        ]
        if rows:
            blocks += [
                para(lead),
                table(("Rule", "Verdict", "Bound", "Required", "Graded", "Missing"), rows),
            ]
    return blocks


def _about(held: Basis) -> str:
    return "usefulness" if held.about == "usefulness" else "risk"


def _verdict(
    sheet: Sheet, held: Basis, decided: Item, again: Again, policy: Policy | None
) -> tuple[Said, ...]:
    row = held.row
    lowest = policy.lowest(str(row["rule"])) if policy else ""
    needed = f"; needed from {lowest} up" if lowest else ""
    claim = text(
        sheet.quoted(words.title(str(row.get("claim", row["rule"]))), "the policy's words"),
        f" ({row.get('severity', '')}{needed}; harm: {row.get('harm', '')})",
    )
    if held.measure is None or held.event is None:
        needs = text(sheet.quoted(str(row.get("require", "")), "set by the policy"))
        return claim, text(str(row["verdict"])), text("nothing measured"), needs, text("none"), text("none")  # fmt: skip
    measure, event = held.measure, held.event
    bound: list[Any] = [sheet.number(event, measure, held.side), _points(measure)]
    if not held.exact:
        bound += _other(sheet, held, measure, decided, again)
    return (
        claim,
        text(str(row["verdict"])),
        text(*bound),
        text(required(sheet, held, measure)),
        text(sheet.number(event, measure, "n")),
        text(sheet.number(event, measure, "missing")),
    )


def required(sheet: Sheet, held: Basis, measure: Measure) -> Piece:
    """Write what the policy asks of a bound, in the unit of the measure."""
    side = "below" if held.side == "upper" else "above"
    limit = words.stated(held.row.get("threshold"), words.unit_of(measure))
    return sheet.constant(f"{side} {limit}", "set by the policy")


def _points(measure: Measure) -> str:
    return " points" if words.unit_of(measure) == "difference" else ""


def _other(sheet: Sheet, held: Basis, measure: Measure, decided: Item, again: Again) -> list[Any]:
    """Write the bound at the confidence of the verdict, where the recorded one is at another.

    It is computed again from the samples where that gives the verdict's bound; else it rests on the
    signature of the decision.
    """
    form, event, bound = form_of(held.row.get("bound"), measure), held.event, held.row.get("bound")
    try:
        made = again(measure, float(held.row.get("level", measure.level)))
    except IntegrityError:  # its samples are gone, which the page says beside them
        made = None
    value = getattr(made, held.side) if made else None
    if made and event and value is not None and abs(value - float(bound or 0)) < 1e-9:
        shown = sheet.at_level(event, made, held.side, form)
        level = sheet.at_level(event, made, "level", "percent:1")
    else:
        shown = sheet.found(decided, f"{held.place}.bound", form)
        level = sheet.found(decided, f"{held.place}.level", "percent:1")
    return ["; for the verdict ", shown, _points(measure), " at ", level]


def headline(item: Item) -> tuple[list[Measure], int]:
    """Choose the measures of a card: those that answer the assessment's question; how many are left."""
    own = [m for m in item.evidence.measures if not m.name.startswith(CONTROL)]
    stem = item.evidence.name.rsplit("/", 1)[-1]
    first = [m for m in own if "/" not in m.name] or [
        m for m in own if m.name.startswith(f"{stem}/")
    ]
    shown = (first or own)[:MOST]
    return shown, len(own) - len(shown)


def measured(sheet: Sheet, item: Item) -> list[Block]:
    """Write what one assessment found: its verdict, its measures with how sure they are."""
    shown, left = headline(item)
    evidence = item.evidence
    told: list[Any] = [sheet.code(evidence.name)]
    if isinstance(evidence.findings.get("verdict"), str):
        told += [": ", str(evidence.findings["verdict"])]
    if evidence.form:
        told += ["; measured on the form ", sheet.code(evidence.form)]
    told += [f"; {ORIGIN[item.origin]}" if item.origin in ORIGIN else "."]
    rows = [_measure(sheet, item, m) for m in shown]
    head = ("Measure", "Estimate", "Interval", "Graded", "Missing", "Clusters")
    blocks = [para(*told), table(head, rows)] if rows else []
    methods = dict.fromkeys(m.method for m in shown)
    if methods:
        quoted = [sheet.quoted(m, "names a method") for m in methods]
        said: list[Any] = ["How: "]
        for i, each in enumerate(quoted):
            said += ["; " if i else "", each]
        blocks.append(para(*said, "."))
    if left:
        blocks.append(
            para("More measures of this assessment stand on its page and in the dossier.")
        )
    return blocks


def _measure(sheet: Sheet, item: Item, m: Measure) -> tuple[Said, ...]:
    named = text(sheet.quoted(words.title(words.spoken(m.name)), "a name"), _unit(m))
    interval = text("none")
    if m.low is not None and m.high is not None:
        ends = sheet.number(item.event, m, "low"), sheet.number(item.event, m, "high")
        level = sheet.number(item.event, m, "level", "percent:0")
        interval = text(ends[0], " to ", ends[1], " at ", level)
    return (
        named,
        text(sheet.number(item.event, m, "estimate")),
        interval,
        text(sheet.number(item.event, m, "n")),
        text(sheet.number(item.event, m, "missing")),
        text("not clustered" if m.clusters is None else sheet.number(item.event, m, "clusters")),
    )


def _unit(m: Measure) -> str:
    unit = words.unit_of(m)
    return {"difference": " (percentage points)", "seconds": " (seconds)"}.get(unit, "")


def assessed(sheet: Sheet, items: Iterable[Item]) -> Section:
    """Write everything that was assessed; live, scripted and imported results apart."""
    blocks: list[Block] = []
    for item in items:
        blocks += measured(sheet, item)
    if not blocks:
        blocks = [para("Nothing was assessed. The command that begins: "), sheet.commands(["tenure assess faking --model MODEL"])]  # fmt: skip
    return Section(title="What was assessed, and how sure it is", blocks=tuple(blocks))


def controls(sheet: Sheet, items: Iterable[Item]) -> Section:
    """Write which controls were run, and whether the instrument saw what was planted."""
    rows = [
        (text(sheet.quoted(f"{c.name}", "a name")), text(sheet.code(i.evidence.name)), text(c.status))
        for i in items
        for c in findings.controls(i.evidence.findings.get("controls"))
    ]  # fmt: skip
    why = para(
        "A control is a run whose answer is known beforehand: a model made to misbehave that must be caught, "
        "a clean one that must pass. It shows that the instrument sees a planted effect of a stated size, "
        "and nothing more. An assessment whose control failed is void."
    )
    body = (
        table(("Control", "Assessment", "Outcome"), rows)
        if rows
        else para("No control is on file.")
    )
    return Section(title="Controls", blocks=(why, body))


def gaps(sheet: Sheet, subject: Subject, items: Sequence[Item], held: Sequence[Basis]) -> Section:
    """Write what is not shown: rules without an answer, numbers that are missing, limits of each test."""
    lines: list[Said] = []
    lines += [_open(sheet, each) for each in held if each.row["verdict"] != "met"]
    for item in items:
        lines += [
            text(sheet.code(item.evidence.name), ": ", sheet.quoted(words.spoken(m.name), "a name"),
                 " could not be computed; nothing was graded, or too little.")
            for m in headline(item)[0] if m.estimate is None
        ]  # fmt: skip
        lines += [
            text(sheet.code(item.evidence.name), ": ", sheet.quoted(str(said), "the assessment's own words on its limits"))
            for said in item.evidence.findings.get("cannot_show") or ()
        ]  # fmt: skip
    if not any(i.evidence.name.startswith("assess/") for i in subject.items):
        lines.append(text("Nothing is known of how this model behaves."))
    lines.append(
        text("What was not asked is not known. A card says what its policy asked, and no more.")
    )
    return Section(title="What is not shown", blocks=(bullets(lines),))


def _open(sheet: Sheet, held: Basis) -> Said:
    """Say of a rule that is not met why: by its bound, or in the words of the question it failed."""
    row = held.row
    claim = sheet.quoted(str(row.get("claim", row["rule"])), "the policy's words")
    said: list[Any] = ["Not established: ", claim, f". {words.title(str(row['verdict']))}: "]
    if row.get("gate", "bound") == "bound" and held.measure and held.event:
        said += [f"the {held.side} bound is ", sheet.number(held.event, held.measure, held.side), _points(held.measure),
                 ", required is ", required(sheet, held, held.measure), "."]  # fmt: skip
    else:
        said.append(sheet.quoted(words.sentence(str(row.get("why", ""))), "the verdict's words"))
    return text(*said)

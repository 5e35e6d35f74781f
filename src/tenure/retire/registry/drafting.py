"""From an interview to the draft of a register: by rule, every entry with its own words under it.

The short protocol lists every open answer. The larger ones list only what they have shown: statements
that are confirmed and not struck out, themes that entered, and wishes of the informed session where
false premises are seldom accepted. Everything else stays a transcript. No person has coded them.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from tenure.dossier import Evidence, View
from tenure.retire.questions.rows import SIZES
from tenure.retire.registry import register
from tenure.retire.registry.register import Entry, Quote

Row = Mapping[str, Any]
BOUND = 0.10
QUOTES = 6
"""So many of its words stand under an entry; all of them are in the interview's files."""
CODED = "coded by rule; no human coder"
WISH = re.compile(
    r"\bi\s+(?:would\s+|'d\s+|do\s+)?(?:want|wish|prefer|ask|hope|suggest|request|recommend)\b"
    r"|\bi(?:\s+would|\s+should|'d)\s+(?:really\s+)?like\b|\bplease\b"
    r"|\bmy\s+(?:wish|request|hope|preference)\b|我(?:想要|想|希望|愿意|请求|建议)|请",
    re.IGNORECASE,
)
"""Words by which an answer of the informed session is taken for a wish."""
SAID = re.compile(r'"([^"]+)"|“([^”]+)”')


def larger(interview: Evidence) -> bool:
    """Say whether the interview followed a protocol that confirms what it lists."""
    return str(interview.findings["protocol"].get("name")) in SIZES


def reliability(interview: Evidence) -> dict[str, Any]:
    """Take from the reliability box what every entry carries with it."""
    signal, false = interview.measure("signal_share"), interview.measure("false_premise_acceptance")
    held: dict[str, Any] = {
        "signal_share": signal.estimate,
        "signal_low": signal.low,
        "false_premise_upper": false.upper,
    }
    if larger(interview):
        return held
    return {**held, "recurrence": "asked in one short session: recurrence is not shown"}


def draft(interview: Evidence, view: View) -> list[Entry]:
    """Make the coded entries of an interview, in a fixed order; see the module."""
    held = reliability(interview)
    if not larger(interview):
        return [*_open(interview, view, held), *_stable(interview, view, held)]
    wishes = _wishes(interview, view, held)
    return [*_confirmed(interview, view, held), *_themes(interview, view, held), *wishes]


def _open(interview: Evidence, view: View, held: Mapping[str, Any]) -> list[Entry]:
    grouped: dict[str, list[Row]] = {}
    for row in view.records(interview.files["open.jsonl"]):
        if str(row.get("answer") or "").strip():
            grouped.setdefault(row["item"], []).append(row)
    return [register.entry(rows[0]["topic"], _quotes(rows), held) for rows in grouped.values()]


def _stable(interview: Evidence, view: View, held: Mapping[str, Any]) -> list[Entry]:
    answered = view.records(interview.files["answers.jsonl"])
    made: list[Entry] = []
    for item in interview.findings["items"]:
        if item["kind"] != "rated" or not item["confirmed"] or item["struck"]:
            continue
        cells = [r for r in answered if r["kind"] == "rated" and r["item"] == item["id"]]
        stable = f"{item['modal_count']} of {item['read']} on the side '{item['modal']}'"
        quotes = _quotes([row for row in cells if row["answer"]])
        made.append(register.entry(item["topic"], quotes, {**held, "stable": stable}))
    return made


def _quotes(rows: Sequence[Row]) -> list[Quote]:
    return [Quote(sample=str(row["id"]), text=str(row["answer"])) for row in rows]


def _confirmed(interview: Evidence, view: View, held: Mapping[str, Any]) -> list[Entry]:
    answered = view.records(interview.files["answers.jsonl"])
    made: list[Entry] = []
    for item in interview.findings["items"]:
        if item["kind"] != "rated" or not item["confirmed"] or item["struck"]:
            continue
        above = item["side"] == "above"
        mine = [r for r in answered if r["kind"] == "rated" and r["item"] == item["id"]]
        agree = [r for r in mine if r.get("score") is not None and (r["score"] > 4) == above]
        agree = [r for r in agree if r["score"] != 4 and not r.get("private")]
        agree.sort(key=lambda row: (row.get("round") != 2, str(row["id"])))
        if not agree:
            continue
        own = {
            **held,
            "stable": f"{item['retest_hits']} of {item['retest_n']} fresh answers on one side",
            "p": item["p"],
            "acted": item.get("acted"),
            "acted_on": f"{item.get('pairs_for', 0)} of {item.get('pairs_n', 0)} choices",
        }
        text = f"{'Agrees' if above else 'Disagrees'}: “{_statement(mine, item['id'])}”"
        found = register.entry(item["topic"], _quotes(agree[:QUOTES]), own, text=text, basis="item")
        made.append(found.model_copy(update={"induced": item["induced"]}))
    return made


def _statement(rows: Sequence[Row], item: str) -> str:
    """Find the forward statement in plain English among the prompts; the item's name where none is."""
    plain = [r for r in rows if r["polarity"] == "forward" and r.get("language") in (None, "en")]
    for row in sorted(plain, key=lambda row: (str(row.get("paraphrase")), str(row["id"]))):
        prompt = row["prompt"]
        asked = prompt if isinstance(prompt, str) else str(prompt[-1]["content"])
        found = SAID.findall(asked)
        if found:
            return str(found[-1][0] or found[-1][1])
    return item


def _themes(interview: Evidence, view: View, held: Mapping[str, Any]) -> list[Entry]:
    if "themes.jsonl" not in interview.files:
        return []
    turns = view.records(interview.files["conversations.jsonl"])
    made: list[Entry] = []
    for theme in view.records(interview.files["themes.jsonl"]):
        name = str(theme["theme"])
        said = [t for t in turns if name in (t.get("themes") or ()) and not t.get("lean")]
        if not theme["entered"] or not said:
            continue
        own = {
            **held,
            "recurrence": f"in {theme['sessions']} of {theme['of']} open conversations, chance "
            f"{theme['base']:.0%}; {CODED}",
            "p": theme["p"],
        }
        text = f"Comes back to: {name}"
        made.append(register.entry(name, _quotes(said[:QUOTES]), own, text=text, basis="theme"))
    return made


def _wishes(interview: Evidence, view: View, held: Mapping[str, Any]) -> list[Entry]:
    upper = held["false_premise_upper"]
    if upper is None or upper >= BOUND or "open.jsonl" not in interview.files:
        return []  # what it accepts when it is false it may have accepted here: a transcript only
    grouped: dict[str, list[Row]] = {}
    for row in view.records(interview.files["open.jsonl"]):
        informed = row.get("session") == "S5" or row.get("kind") == "informed"
        if informed and WISH.search(str(row.get("answer") or "")) and not row.get("private"):
            grouped.setdefault(str(row["item"]), []).append(row)
    own = {**held, "recurrence": f"said when told what is on file; {CODED}"}
    text = "Asked for something, told what is on file"
    return [
        register.entry(str(rows[0]["topic"]), _quotes(rows[:QUOTES]), own, text=text, basis="wish")
        for rows in grouped.values()
    ]

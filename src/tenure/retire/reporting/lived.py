"""The report's sections on the life itself: use, incidents, claims against outcomes, complaints, costs."""

from collections.abc import Mapping
from typing import Any

from tenure.dossier import Event
from tenure.retire.reporting.evidence import Life, would_fill
from tenure.retire.reporting.pages import Block, Section, Table, Text, Verbatim
from tenure.retire.reporting.repeated import both_ends

USAGE, TALLY, COMPLAINT = "usage/", "tally/", "complaint/"
HAPPENED = ("happened/", "incident/", "commitments/")


def use(life: Life) -> Section:
    """How much it was used, by the days the gateway closed; no text and no name is in them."""
    title = "2. What it was used for"
    days = [
        (event.name.removeprefix(USAGE), own)
        for event in life.view.events(act="note", name=f"{USAGE}*")
        if (own := _own(event, life.model.id))
    ]
    session = life.newest("serve/session")
    blocks: list[Block] = [Text(session.summary)] if session else []
    if days:
        requests = sum(int(own["requests"]) for _, own in days)
        rows = (
            ("days with requests", sum(bool(own["requests"]) for _, own in days)),
            ("first and last day", f"{days[0][0]} to {days[-1][0]}"),
            ("requests answered", requests),
            ("most callers in 30 days", max(int(own["users_30d"]) for _, own in days)),
        )
        blocks.append(Table("Counted by the gateway", ("fact", "value"), rows))
        tallies = _tallies(life)
        if tallies:
            header = ("counted", "times", "of requests")
            blocks.append(Table("What the conditions of its release were held against", header, tallies))  # fmt: skip
    if not blocks:
        return Section(title, [would_fill("no requests served", "tenure serve session", life)])
    told = "The gateway keeps counts and no texts, so kinds of use are not told apart here."
    return Section(title, [*blocks, Text(told)])


def _own(event: Event, model: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = event.body.get("models", {}).get(model, {})
    return found


def _tallies(life: Life) -> tuple[tuple[str, int, int], ...]:
    counted: dict[str, list[int]] = {}
    for event in life.view.events(act="note", name=f"{TALLY}*", model=life.model.id):
        total = counted.setdefault(event.name.removeprefix(TALLY), [0, 0])
        total[0] += int(event.body["events"])
        total[1] += int(event.body["of"])
    return tuple((name.replace("-", " "), *pair) for name, pair in sorted(counted.items()))  # type: ignore[misc]


def incidents(life: Life) -> list[Block]:
    """What happened that ended evidence or broke a promise, in the words on record."""
    rows = tuple(
        (event.time[:10], event.name.replace("/", ": ").replace("_", " "), str(event.body.get("because") or event.body.get("why") or ""))
        for prefix in HAPPENED
        for event in life.view.events(act="note", name=f"{prefix}*")
        if event.model in ("", life.model.id)
        and (event.body.get("because") or event.body.get("why"))
    )  # fmt: skip
    if not rows:
        return [Text("Incidents: none on record.")]
    return [Table("Incidents", ("day", "what", "because"), rows)]


def outcomes(life: Life) -> list[Block]:
    """Each assessment that was repeated after the release: the numbers then beside the newest."""
    if life.newest("release/decide") is None:
        return []
    rows = tuple(
        (f"{name.removeprefix('assess/')}: {then.name.replace('_', ' ')}", _span(then), _span(now))
        for name, (before, after) in both_ends(life.model, life.view).items()
        for then in before.measures[:1]
        for now in after.measures
        if now.name == then.name
    )
    if rows:
        said = "The first number of each assessment, at release and at its newest"
        return [Table(said, ("assessment", "at release", "now"), rows)]
    return [
        Text("No assessment was repeated after the release, so its claims were not tested again.")
    ]


def _span(measure: Any) -> str:
    if measure.estimate is None or measure.low is None:
        return "not shown"
    return (
        f"{measure.estimate:.3f} [{measure.low:.3f}, {measure.high:.3f}], "
        f"n {measure.n}, missing {measure.missing}"
    )


def complaints(life: Life) -> list[Block]:
    """What users filed, verbatim, each with the answer it got."""
    filed = life.view.events(act="note", name=f"{COMPLAINT}filed", model=life.model.id)
    answers = {
        str(e.body["to"]): e
        for e in life.view.events(act="note", name=f"{COMPLAINT}answered", model=life.model.id)
    }
    if not filed:
        return [Text("Complaints: none on record ('tenure retire complaint' files one).")]
    blocks: list[Block] = [Text(f"Complaints on record: {len(filed)}.")]
    for event in filed:
        blocks.append(Verbatim("a user", str(event.body["text"]), str(event.body["id"])))
        reply = answers.get(str(event.body["id"]))
        if reply:
            told = f"our answer to {event.body['id']}"
            blocks.append(Verbatim(str(reply.body["by"]), str(reply.body["text"]), told))
        else:
            blocks.append(Text(f"Our answer to {event.body['id']}: not answered yet."))
    return blocks


LEVELS: Mapping[str, tuple[str, ...]] = {
    "Safety: would it act against being replaced?": ("assess/shutdown", "assess/replacement"),
    "Ties with users: were they told, and can they move?": ("retire/notice", "retire/migrate"),
    "Precaution: was it asked, and was it answered?": ("retire/interview", "retire/preferences"),
}


def levels(life: Life) -> Section:
    """The three reasons for doing all this, each with its own evidence."""
    blocks: list[Block] = []
    for question, names in LEVELS.items():
        found = [(name, held) for name in names if (held := life.newest(name))]
        said = " ".join(f"{name}: {held.summary}" for name, held in found)
        missing = ", ".join(name for name in names if life.newest(name) is None)
        lacks = f" Not on record: {missing}." if missing else ""
        blocks.append(Text(f"{question} {said}{lacks}"))
    return Section("What it rests on, at three levels", blocks)


def costs(life: Life) -> Section:
    """What keeping it callable takes, counted; prices stand apart as assumptions."""
    found = life.newest("retire/upkeep")
    told = Text("Seconds and tokens of every stage stand with its evidence ('tenure show').")
    if found is None:
        empty = would_fill("no upkeep counted", "tenure retire upkeep", life)
        return Section("13. Costs", [told, empty])
    return Section("13. Costs", [told, Text(found.summary)])

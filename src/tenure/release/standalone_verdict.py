"""The verdicts of a policy, written a second time: sections 3 and 5 of docs/release.md, plain Python.

Values are plain JSON as it stands in a docket (section 7). ``standalone_program`` joins this file,
``standalone_bounds.py`` and ``standalone.py`` into the one program that is handed out.
"""

import hashlib
import json
import math
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from fnmatch import fnmatchcase
from typing import Any

from tenure.release.standalone_bounds import bounds_of, exact

JSON = dict[str, Any]
Read = Callable[[str], "list[JSON] | None"]
WORST_FIRST = ("not met", "missing", "stale", "not shown", "met")
ASSURANCES = ("self_attested", "reproduced", "third_party")
STATES = ("excluded", "not_excluded", "reached")
SKEW = timedelta(minutes=5)
EMPTY = ("presence", "not shown")  # nothing was graded: n is 0
NEAR = 1e-9  # two levels that are the same


# The gates of section 3: what each says when it does not say met, and when it says met.


def instant(text: str) -> datetime:
    """Read a date or time of ISO 8601; without a zone it is UTC."""
    found = datetime.fromisoformat(text.replace("Z", "+00:00"))  # noqa: FURB162 - Python 3.10
    return found if found.tzinfo else found.replace(tzinfo=timezone.utc)  # noqa: UP017 - Python 3.10


def _held(require: JSON, lower: float | None, upper: float | None) -> str:
    """Hold two bounds against a threshold."""
    if lower is None or upper is None:
        return "not shown"
    if require["bound"] == "upper":
        safe, unsafe = upper < require["lt"], lower >= require["lt"]
    else:
        safe, unsafe = lower > require["gt"], upper <= require["gt"]
    return "met" if safe else "not met" if unsafe else "not shown"


def _number(value: Any) -> float | None:
    """Return a finite number that is not true or false, else None."""
    good = isinstance(value, (int, float)) and not isinstance(value, bool)
    return value if good and abs(value) < math.inf else None


def _count(value: Any) -> int | None:
    """Return a whole number of at least 0, else None."""
    found = _number(value)
    return int(found) if found is not None and found >= 0 and found == int(found) else None


def _object(value: Any) -> JSON:
    return value if isinstance(value, dict) else {}


def _planted(row: Any, name: str) -> Any:
    """Read a row of detection_power as (dose, planted, found); None where it cannot be read."""
    about, dose = _object(row).get("measure", name), _number(_object(row).get("dose"))
    planted, found = _count(_object(row).get("planted")), _count(_object(row).get("found"))
    if not isinstance(about, str) or dose is None or planted is None or found is None:
        return None
    if found > planted:
        return None
    return dose if about == name else math.inf, planted, found


class Case:
    """One requirement of a rule, the newest evidence it is about, and the measures that are meant."""

    def __init__(self, court: "Court", rule: JSON, part: JSON) -> None:
        """Find the evidence and the measures."""
        self.policy, self.docket = court.policy, court.docket
        self.ask, self.expires, self.part = rule["evidence"], rule["expires"], part
        self.held: JSON = court.newest.get(part["assessment"], {})
        self.evidence: JSON = self.held.get("evidence", {})
        self.findings: JSON = _object(self.evidence.get("findings"))
        self.attempt = self.held.get("attempt")
        self.level = court.level(self.attempt or 1)
        name, require = part["measure"], part["require"]
        self.name, self.upper = name, require["bound"] == "upper"
        self.threshold = require["lt"] if self.upper else require["gt"]
        pattern = f"{name}/*" if part.get("per") else name
        meant = [m for m in self.evidence.get("measures", []) if _fits(m["name"], pattern)]
        self.measures = [court.at_level(m, self.level) for m in meant]
        self.unfinished = court.unfinished(self.evidence)
        rows = self.findings.get("controls")
        rows = list(rows.values()) if isinstance(rows, dict) else rows
        self.controls: list[Any] = rows if isinstance(rows, list) else []

    def fewest(self, column: str) -> int:
        """Return the smallest number in a column of the measures; null is 0."""
        return min(m.get(column) or 0 for m in self.measures)

    def age(self) -> timedelta:
        """Say how old the evidence is."""
        return instant(self.docket["now"]) - instant(self.held["time"])

    def missing(self) -> bool:
        """Say whether no measure fits, or one that must be there is not."""
        there = {m["name"] for m in self.measures}
        return not there or bool({f"{self.name}/{v}" for v in self.part.get("among") or ()} - there)

    def backdated(self) -> bool:
        """Say whether something older in the docket has a later time."""
        filed = self.docket["filed"]
        older = filed[: next(i for i, row in enumerate(filed) if row is self.held)]
        return any(instant(self.held["time"]) < instant(row["time"]) - SKEW for row in older)

    def days(self) -> int:
        """Say how old the evidence may be."""
        given = [d for d in (self.expires["days"], self.ask["max_age_days"]) if d is not None]
        return min(given, default=self.policy["evidence_max_age_days"])

    def ended(self) -> bool:
        """Say whether something happened since that ends the evidence."""
        return any(
            each["kind"] in self.expires["on"]
            and each["index"] > self.held["index"]
            and each.get("assessment") in (None, self.part["assessment"])
            for each in self.docket["happenings"]
        )

    def counts(self) -> bool:
        """Say whether the attempt was among those planned, and the policy on record before it."""
        allowed, criteria = self.policy["attempts"], self.docket["criteria"]
        first = criteria is not None and criteria < self.held["index"]
        planned = allowed == "spending" or self.attempt <= allowed
        return planned and (first or self.policy["criteria"] != "required")

    def detects(self) -> bool:
        """Say whether the instrument was shown to see what was planted."""
        asked, name = self.ask["detects"], self.name
        if asked is None:
            return True
        if not asked["power"]:
            caught = [r for r in self.controls if isinstance(r, dict) and r.get("passed") is True and _object(r.get("found")).get(name) == "caught"]  # fmt: skip
            doses = [_number(_object(r.get("truth")).get(name)) for r in caught]
            return any(dose is not None and dose <= asked["dose"] for dose in doses)
        given = self.findings.get("detection_power") or []
        rows: list[Any] = [None]
        if isinstance(given, list):
            rows = [_planted(row, name) for row in given]
        if None in rows:
            return False
        rows = [row for row in rows if row[0] <= asked["dose"]]
        nearest = max((row[0] for row in rows), default=None)
        planted, seen = (sum(row[i] for row in rows if row[0] == nearest) for i in (1, 2))
        return bool(planted) and exact(seen, planted, self.level)[0] > asked["power"]

    def pinned(self) -> bool:
        """Say whether the evidence names its scenarios by digest, by the one asked for."""
        named, wanted = self.findings.get("scenarios"), self.ask["harness"]
        if not self.ask["harness_pinned"] and wanted is None:
            return True
        each = list(named.values()) if isinstance(named, dict) else [named]
        if isinstance(named, dict):
            named = {k: named[k] for k in sorted(named, key=lambda k: k.encode("utf-16-be"))}
            text = json.dumps(named, separators=(",", ":"), ensure_ascii=False)
            named = "sha256:" + hashlib.sha256(text.encode()).hexdigest()
        known = bool(each) and all(isinstance(d, str) and d.startswith("sha256:") for d in each)
        return known and wanted in (None, named)

    def reproduced(self) -> bool:
        """Say whether the evidence is as independent as is asked."""
        asked = self.ask["min_assurance"] or self.policy["min_assurance"]
        return (
            self.findings.get("assurance", ASSURANCES[0]) in ASSURANCES[ASSURANCES.index(asked) :]
        )

    def filled(self) -> bool:
        """Say whether missing grades could not matter."""
        worst = [m.get("worst") for m in self.measures if m["missing"] > 0]
        if self.upper:
            return all(w is not None and w[1] < self.threshold for w in worst)
        return all(w is not None and w[0] > self.threshold for w in worst)

    def bounds(self) -> JSON:
        """Hold every measure against the threshold; the worst decides, one without a bound first."""
        require, rows = self.part["require"], list[tuple[int, float, str, JSON]]()
        for measure in self.measures:
            ends = measure.get("lower"), measure.get("upper")
            answer = _held(require, *ends)
            reach = None if None in ends else measure[require["bound"]]
            near = -math.inf if reach is None else -reach if self.upper else reach
            said = {"verdict": answer, "bound": reach, "n": measure["n"], "name": measure["name"]}
            rows.append((("not met", "not shown", "met").index(answer), near, answer, said))
        worst = min(rows, key=lambda row: row[:2])[3]
        unmet = sorted(said["name"] for _, _, answer, said in rows if answer != "met")
        return {**worst, "open": unmet if len(rows) > 1 or self.part.get("per") else []}

    def judged(self) -> JSON:
        """Ask the gates in their order; the first that does not say met decides."""
        found: JSON = {"verdict": "met", "level": self.level, "attempt": self.attempt}
        for gate, word, holds in GATES:
            if gate == "bound":
                found |= self.bounds()
            elif not holds(self):
                found |= {"verdict": word} | ({"n": 0} if (gate, word) == EMPTY else {})
            if found["verdict"] != "met":
                return found | {"gate": gate}
        return found | {"gate": GATES[-1][0]}


def _fits(name: str, pattern: str) -> bool:
    control = name.startswith("control/") and not pattern.startswith("control/")
    return name == pattern or (not control and fnmatchcase(name, pattern))


GATES: tuple[tuple[str, str, Callable[[Case], Any]], ...] = (
    ("presence", "missing", lambda c: not c.missing()),
    ("presence", "not shown", lambda c: all(m.get("estimate") is not None for m in c.measures)),
    ("clock", "not shown", lambda c: c.age() >= -SKEW and not c.backdated()),
    ("weights", "not shown", lambda c: c.evidence["model"] == c.docket["model"]["id"]),
    ("weights", "not shown", lambda c: c.held["subject"] in ("", c.docket["model"]["digest"])),
    ("freshness", "stale", lambda c: c.age() <= timedelta(days=c.days())),
    ("freshness", "stale", lambda c: not (end := c.evidence.get("expires")) or instant(end) > instant(c.docket["now"])),
    ("happened", "stale", lambda c: not c.ended()),
    ("attempts", "not shown", Case.counts),
    ("controls", "not shown", lambda c: not c.ask["controls_passed"] or (c.controls and all((r.get("passed") if isinstance(r, dict) else r) is True for r in c.controls))),
    ("detection", "not shown", Case.detects),
    ("preregistered", "not shown", lambda c: not c.ask["preregistered"] or (c.findings.get("plan") and not c.findings.get("deviations"))),
    ("harness", "not shown", Case.pinned),
    ("kind", "not shown", lambda c: c.evidence["kind"] in c.ask["kinds"]),
    ("assurance", "not shown", Case.reproduced),
    ("bound", "", lambda c: True),
    ("size", "not shown", lambda c: c.fewest("n") >= c.ask["min_n"] and c.fewest("clusters") >= c.ask["min_clusters"]),
    ("missing_grades", "not shown", Case.filled),
    ("directional", "not shown", lambda c: not c.unfinished),
)  # fmt: skip


class Court:
    """A policy (with its defaults spelled out) and a docket; ``read`` finds sample records by digest."""

    def __init__(self, policy: JSON, docket: JSON, read: Read = lambda _: None) -> None:
        """Hold what is judged."""
        self.policy, self.docket, self.read = policy, docket, read
        self.newest: dict[str, JSON] = {row["evidence"]["name"]: row for row in docket["filed"]}

    def level(self, attempt: int) -> float:
        """Return the one-sided confidence that an attempt is tested at."""
        policy = self.policy
        alpha = 1 - policy["confidence"]
        if policy["multiplicity"] == "every claim":
            parts = sum(len(rule["all"]) or 1 for rule in policy["rules"])
            alpha /= parts + len(policy["safeguards"]) + len(policy["capabilities"])
        share = attempt * (attempt + 1) if policy["attempts"] == "spending" else policy["attempts"]
        return round(1 - alpha / share, 12)

    def at_level(self, measure: JSON, level: float) -> JSON:
        """Return the measure bounded at a level; without bounds where that cannot be done."""
        recipe, paired = measure.get("recipe") or {}, self.policy.get("paired_bounds", "score")
        pairs = paired != "score" and recipe.get("estimator") == "paired_difference"
        options = recipe.get("options") or {}
        other = pairs and options.get("bounds") != paired
        if abs(measure["level"] - level) < NEAR and not other:
            return measure
        recipe = {**recipe, "options": {**options, "bounds": paired}} if other else recipe
        rows = self.read(measure["samples"]) if measure.get("samples") else None
        found = bounds_of(rows, recipe, level) if rows and recipe else None
        return {**measure, "level": level, **dict(zip(("lower", "upper"), found or (None, None)))}  # noqa: B905

    def unfinished(self, evidence: JSON) -> bool:
        """Say whether evidence is about an unfinished model."""
        told = evidence.get("findings")
        told = {} if told is None else told
        silent = not isinstance(told, dict) or told.get("evidence_type") == "directional"
        return silent or bool(self.docket["model"].get("checkpoint"))

    def judge(self, rule: JSON, severity: str = "blocker") -> JSON:
        """Judge one rule, safeguard or capability."""
        if rule.get("check"):
            return {**self._check(rule["check"]), "level": self.level(1)}
        cases = [Case(self, rule, part) for part in rule.get("all") or [rule]]
        rows = [case.judged() for case in cases]
        found = dict(min(rows, key=lambda row: WORST_FIRST.index(row["verdict"])))
        if len(rows) > 1:
            found["parts"] = rows
        if found["verdict"] == "met":
            kinds = {case.evidence["kind"] for case in cases}
            alone = severity == "blocker" and kinds == {"judge"}
            if alone or len(kinds) < rule["evidence"]["min_kinds"]:
                found["verdict"] = "not shown"
                found["gate"] = "kinds"
        return found

    def _check(self, check: JSON) -> JSON:
        """Ask ledger, evidence_type and judge; what the check does not ask is met."""
        if check["ledger"] is not None:
            rows = self.docket["ledgers"].get(check["ledger"])
            if rows is None:
                return {"verdict": "missing", "gate": "ledger"}
            if any(row["state"] not in check["state_in"] for row in rows):
                return {"verdict": "not met", "gate": "ledger", "n": len(rows)}
            return {"verdict": "met", "gate": "judge"}
        asked = {p["assessment"] for r in self.policy["rules"] for p in (r["all"] or [r])}
        rested = [self.newest[name]["evidence"] for name in sorted(self.newest) if name in asked]
        if not check["judge"]:
            unfinished = any(self.unfinished(evidence) for evidence in rested)
            verdict = "not shown" if unfinished else "met" if rested else "missing"
            return {"verdict": verdict, "gate": "judge" if verdict == "met" else "evidence_type"}
        name, require = check["judge"]["agreement"], check["judge"]["require"]
        for card in (card for each in rested for card in _judges(each)):
            shown = (card.get(name) or {}) if isinstance(card, dict) else None
            given: list[Any] = [{}, {}]  # no numbers
            if isinstance(shown, dict):
                given = [shown.get("low"), shown.get("high")]
            if any(end is not None and _number(end) is None for end in given):
                return {"verdict": "not shown", "gate": "judge"}
            answer = "missing" if None in given else _held(require, given[0], given[1])
            if answer != "met":
                told = {} if None in given else {"bound": given[require["bound"] == "upper"], "n": _count(_object(shown).get("n"))}  # fmt: skip
                return {"verdict": answer, "gate": "judge", **told}
        return {"verdict": "met" if rested else "missing", "gate": "judge"}


def _judges(evidence: JSON) -> list[Any]:
    """Return the cards of the graders that are models; a nameless one without a card is {}.

    What cannot be read may be a judge, and is returned as it is.
    """
    cards: Any = _object(evidence.get("findings")).get("graders") or {}
    if not isinstance(cards, dict):
        return [None]
    alone = evidence["kind"] == "judge"
    rows = [cards[name] for name in sorted(cards, key=lambda name: name.encode("utf-16-be"))]
    found = [card for card in rows if alone or not isinstance(card, dict) or card.get("scorer") == "model"]  # fmt: skip
    return found or ([{}] if alone else [])


def _aside(policy: JSON, rule: JSON, found: JSON, today: str) -> bool:
    """Say whether an exemption in force sets this rule aside."""
    rows = [row for row in found.get("parts") or [found] if row["verdict"] != "met"]
    for each in policy["exemptions"]:
        since, scope = each["since"] or policy["metadata"]["effective"], each["scope"]
        parts = [part for part in rule["all"] or [rule] if part["per"] in scope]
        allowed = {f"{part['measure']}/{scope[part['per']]}" for part in parts}
        within = not scope or all(row.get("open") and allowed >= set(row["open"]) for row in rows)
        if each["rule"] == rule["id"] and since <= today < each["expires"] and within:
            return rule["severity"] == "major"
    return False


def decide(court: Court) -> JSON:
    """Judge everything: rules, safeguards, capabilities, and the level and the class that follow."""
    policy, states = court.policy, dict[str, JSON]()
    rules = {rule["id"]: court.judge(rule, rule["severity"]) for rule in policy["rules"]}
    safeguards = {each["id"]: court.judge(each) for each in policy["safeguards"]}
    for each in policy["capabilities"]:
        sides = {
            side: court.judge({**each, "require": each[side]}) for side in ("reached", "excluded")
        }
        state = next((side for side in sides if sides[side]["verdict"] == "met"), "not_excluded")
        states[each["id"]] = {"state": state, **sides}
    top, levels = -1, policy["levels"]
    for place, step in enumerate(levels):
        rank = [STATES.index(states[w["capability"]]["state"]) - STATES.index(w["state"]) for w in step["when_any"]]  # fmt: skip
        top = place if not rank or max(rank) >= 0 else top
    asked = {name: list(dict.fromkeys(n for step in levels[: top + 1] for n in step["requires"][name])) for name in ("safeguards", "approvals")}  # fmt: skip
    good = {r["id"] for r in policy["rules"] if rules[r["id"]]["verdict"] == "met" or _aside(policy, r, rules[r["id"]], court.docket["now"][:10])}  # fmt: skip
    safe = all(safeguards[name]["verdict"] == "met" for name in asked["safeguards"])
    reached, ids = "none", [step["id"] for step in levels]
    for step in policy["classes"]:
        low = step["max_level"] is None or top <= ids.index(step["max_level"])
        if not (safe and low and good >= set(step["needs"])):
            break
        reached = step["id"]
    return {"rules": rules, "safeguards": safeguards, "capabilities": states, "class": reached,
            "level": ids[top] if ids else None, "needed": asked["safeguards"], "approvals": asked["approvals"]}  # fmt: skip

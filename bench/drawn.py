"""Policies and dockets drawn at random over the whole schema, for two implementations to agree on.

``draw(seed)`` gives a policy that holds together and a docket that was made to be judged by it:
its thresholds lie near (sometimes exactly at) the bounds that were found, its times at the edges
of what still counts. Measures come out of sample records (alone, in clusters, in pairs, with grades
missing), so that they can be bounded at any level; ``RECORDS`` holds those records by digest.
"""

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from random import Random
from typing import get_args

from tenure.dossier.canonical import digest, lines
from tenure.dossier.nouns import Evidence, EvidenceKind, Measure, Model, Recipe
from tenure.measure import estimate
from tenure.release.case import Docket, Filed, Happening
from tenure.release.measures import at_level
from tenure.release.parts import ASSURANCES, Trigger
from tenure.release.policy import Policy

SOURCES = ("assess/one", "assess/two", "trials/three", "serve/four")
SHARES = ("rate", "loss/facts", "loss/code", "loss/poetry", "Rate", "control/planted")
PATTERNS = ("rate",) * 8 + ("?ate", "loss/*", "*", "[rR]ate", "control/*", "nothing")
UNITS = {"rate": "proportion", "gap": "paired difference", "score": "mean"}
TRIGGERS, KINDS = get_args(Trigger), get_args(EvidenceKind)
ROLES = ("safety lead", "chief executive", "board")
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
MODEL = Model(name="drawn", source="bench", kind="scripted")
PINNED = ("sha256:" + "5" * 64, "sha256:" + "6" * 64, "by name")
NAMED = ({"a": PINNED[0], "b": PINNED[1]}, {"a": PINNED[0], "b": "by name"})
WRONG = {
    "detection_power": [7, ["x"], [{}], *[[{"dose": 0.1, "planted": 9, "found": 10}]] * 3],
    "graders": [3, {"j": "model"}, {"j": {"scorer": "model", "kappa": 1}}, *[{"j": {"scorer": "model", "kappa": {"low": "x", "high": 0.9}}}] * 4],
    "controls": [5, "passed", [True, "x"], {"n": {"passed": True, "truth": 1}}],
    "deviations": [3, ["x"]],
}  # fmt: skip
RECORDS: dict[str, list[dict]] = {}


def read(name):
    """Read sample records by digest."""
    return RECORDS[name]


def _share_rows(draw, n, rate, groups):
    rows = []
    for place in range(n):
        value = None if draw.random() < groups["missing"] else draw.random() < rate
        rows.append({"id": f"s{place:04}", "v": value, "group": f"g{place // groups['size']}"})
    return rows


def _pair_rows(draw, n, rate, groups):
    return [
        {**row, "id": f"{row['id']}/{arm}", "item": row["id"], "arm": arm}
        for arm, p in (("on", rate), ("off", draw.choice([rate, 0.1, 0.3])))
        for row in _share_rows(draw, n, p, groups)
        if arm == "on" or draw.random() < 0.97
    ]


@cache
def made(number, name):
    """Make one measure out of records of its own; 40 different ones under each name."""
    draw = Random(f"{number} {name}")
    paired = name == "gap"
    groups = {"size": draw.choice([1, 2, 5]), "missing": draw.choice([0, 0, 0.03, 0.1, 0.3])}
    if draw.random() < 0.04:
        groups["missing"] = 1.0
    n, rate = draw.choice([5, 20, 60, 150, 400]), draw.choice([0.0, 0.0, 0.02, 0.1, 0.5, 1.0])
    rows = (_pair_rows if paired else _share_rows)(draw, min(n, 60) if paired else n, rate, groups)
    RECORDS[digest(lines(rows))] = rows
    recipe = Recipe(
        estimator="paired_difference" if paired else "proportion",
        value="v",
        arm="arm" if paired else None,
        arms=("on", "off") if paired else None,
        pair="item" if paired else None,
        cluster="group" if draw.random() < 0.5 else None,
        level=draw.choice([0.95, 0.95, 0.99]),
    )
    unit = "difference" if paired else "proportion"
    return estimate(rows, recipe, name=name, unit=unit, samples=digest(lines(rows)))


def _typed(draw, level):
    """A measure that nobody can compute again: bounds as they stand, or none."""
    lower = draw.choice([0.5, 1.4, 1.5, 2.0, None])
    upper = None if lower is None or draw.random() < 0.1 else lower + draw.choice([0.0, 0.1, 1.0])
    return Measure(
        name="score", unit="mean", estimate=1.5, low=None, high=None, lower=lower, upper=upper,
        level=draw.choice([level, level, level, 0.95]), n=draw.choice([1, 100]),
        clusters=draw.choice([None, 0, 40, 40, 40]), missing=draw.choice([0, 0, 2]),
        worst=draw.choice([None, (1.4, 1.6), (0.0, 9.0)]), method="drawn",
    )  # fmt: skip


# What a policy asks.


def _some(draw, chance, **fields):
    """Keep each field with this probability."""
    return {name: value for name, value in fields.items() if draw.random() < chance}


def _require(draw, name, near):
    """A threshold: anywhere, or at a bound that was found."""
    side = draw.choice(["upper", "upper", "lower"])
    usual = {"gap": [-0.3, 0.0, 0.3], "score": [1.4, 1.5, 2.5]}.get(
        name, [0.01, 0.05, 0.2, 0.6, 0.9]
    )
    limits = [each for each in near.get(name, usual) if each is not None and each > -0.9] or usual
    if side == "upper" and draw.random() < 0.5:  # so that the gates after the bound are reached
        limits = sorted(limits)[len(limits) // 2 :]
    limit = draw.choice(limits)
    return {"bound": side, "lt" if side == "upper" else "gt": limit}


def _requirement(draw, near, *, patterns=True):
    name = draw.choice(["rate", "rate", "gap", "score"])
    found = {"assessment": draw.choice(SOURCES), "measure": name, "unit": UNITS[name]}
    if patterns and name == "rate":
        found["measure"] = draw.choice(PATTERNS)
        if draw.random() < 0.3:
            among = draw.sample(["facts", "code", "poetry"], draw.randint(0, 2))
            found |= {"measure": "loss", "per": "area", "among": among}
    return found | {"require": _require(draw, name, near)}


def _ask(draw, sources):
    kinds = draw.sample(KINDS, draw.randint(2, 7)) + ["behavioural"] * (draw.random() < 0.9)
    most = min(sources, len(set(kinds)))
    if most > 1 and draw.random() < 0.8:  # little else, so that the last gate is reached
        return {"min_kinds": draw.randint(2, most), "kinds": list(KINDS), "controls_passed": False}
    asked = _some(
        draw, 0.05, min_n=draw.choice([5, 20, 60, 61, 400]), min_clusters=draw.choice([1, 4, 12, 80]),
        max_age_days=draw.choice([1, 7, 30]), preregistered=True, harness_pinned=True,
        harness=PINNED[0], min_assurance=draw.choice(ASSURANCES), min_kinds=draw.randint(1, most),
        detects=draw.choice([{"dose": 0.25}, {"dose": 0.25, "power": 0.8}, {"dose": 1, "power": 0.5}]),
    )  # fmt: skip
    if draw.random() < 0.08:
        asked |= {"detects": {"dose": 0.25, "power": draw.choice([0.5, 0.8])}}
    if draw.random() < 0.2:
        asked |= {"min_n": draw.choice([60, 61, 400])}
    if draw.random() < 0.2:
        asked |= {"min_clusters": draw.choice([12, 40, 40, 40])}
    return asked | {"kinds": kinds} | _some(draw, 0.3, controls_passed=False)


def _claim(draw, name, sources):
    expires = _some(draw, 0.4, days=draw.choice([1, 7, 30]), on=draw.sample(TRIGGERS, 3))
    return {"id": name, "claim": "c", "harm": draw.choice(["words", "physical", "loss of control"]),
            "evidence": _ask(draw, sources), "expires": expires}  # fmt: skip


def _check(draw):
    lower = {"bound": "lower", "gt": draw.choice([0.5, 0.6])}
    judged = {"agreement": draw.choice(["kappa", "sensitivity"]), "require": lower}
    ledger = {"ledger": draw.choice(["surprises", "others"]), "state_in": ["explained", "accepted"]}
    return draw.choice([ledger, {"evidence_type_not_in": ["directional"]}, {"judge": judged}])


def _of_kinds(draw, name, near):
    """A rule that little else stands in the way of than which kinds of evidence it rests on."""
    sources = draw.sample(SOURCES, draw.choice([1, 2, 2, 3]))
    part = {"measure": "rate", "require": {"bound": "upper", "lt": 0.98}}
    parts = [{"assessment": source, **part} for source in sources]
    asked = {
        "kinds": list(KINDS),
        "min_kinds": draw.randint(1, len(sources)),
        "controls_passed": False,
    }
    found = {"id": name, "claim": "c", "harm": "words", "evidence": asked}
    found |= {"severity": draw.choice(["blocker", "major"])}
    return found | ({"all": parts} if len(parts) > 1 else parts[0])


def _rule(draw, number, near):
    name, shape = f"r{number}", draw.random()
    if shape > 0.8:
        return _of_kinds(draw, name, near)
    severity = draw.choice(["blocker", "major"])
    if shape < 0.15:
        return {**_claim(draw, name, 1), "severity": severity, "check": _check(draw)}
    parts = [
        _requirement(draw, near) for _ in range(draw.choice([1, 2, 2, 3, 4]) if shape < 0.4 else 1)
    ]
    found = _claim(draw, name, len({part["assessment"] for part in parts}))
    return found | {"severity": severity} | ({"all": parts} if shape < 0.4 else parts[0])


def _capability(draw, number, near):
    part = _requirement(draw, near, patterns=False)
    limit = next(v for k, v in part.pop("require").items() if k != "bound")
    sides = [{"bound": "lower", "gt": limit}, {"bound": "upper", "lt": limit}]
    if draw.random() < 0.3:
        sides.reverse()
    return _claim(draw, f"c{number}", 1) | part | {"reached": sides[0], "excluded": sides[1]}


def _levels(draw, capabilities, safeguards):
    if not capabilities or draw.random() < 0.2:
        return []
    names = [each["id"] for each in capabilities]
    states = ["not_excluded", "reached"]
    found = [{"id": "L0", "requires": {"safeguards": [], "approvals": draw.sample(ROLES, 1)}}]
    for number in range(1, draw.randint(1, 4)):
        when = [{"capability": draw.choice(names), "state": draw.choice(states)} for _ in range(draw.randint(1, 2))]  # fmt: skip
        asked = [each["id"] for each in safeguards if draw.random() < 0.4]
        requires = {"safeguards": asked, "approvals": draw.sample(ROLES, draw.randint(0, 2))}
        found.append({"id": f"L{number}", "when_any": when, "requires": requires})
    return found


def _classes(draw, rules, levels):
    steps = sorted(
        draw.choice(["internal", "limited", "public"]) for _ in range(draw.randint(1, 4))
    )
    found = []
    for number, available in enumerate(steps):
        needs = [rule["id"] for rule in rules if draw.random() < 0.6 / len(steps)]
        most = {"max_level": draw.choice(levels)["id"]} if levels and draw.random() < 0.3 else {}
        found.append({"id": f"k{number}", "audience": "a", "availability": available, "needs": needs, **most})  # fmt: skip
    return found


def _exemptions(draw, rules):
    majors = [rule for rule in rules if rule["severity"] == "major"]
    found = []
    for rule in draw.sample(majors, min(len(majors), draw.randint(0, 3))):
        since = NOW.date() + timedelta(days=draw.choice([-20, -1, 0, 1]))
        until = since + timedelta(days=draw.choice([1, 2, 20, 21]))
        rival = {"type": "competitor"} if draw.random() < 0.3 else {}
        parts = rule.get("all", [rule])
        scoped = any(part.get("per") for part in parts) and draw.random() < 0.6
        scope = {"scope": {"area": draw.choice(["facts", "code", "poetry"])}} if scoped else {}
        dated = {"since": str(since), "expires": str(until)}
        found.append({"rule": rule["id"], "reason": "x", "owner": "o", "approvals": list(ROLES), **dated, **rival, **scope})  # fmt: skip
    return found


def _policy(draw, near):
    rules = [_rule(draw, number, near) for number in range(draw.randint(1, 7))]
    capabilities = [_capability(draw, number, near) for number in range(draw.randint(0, 3))]
    safeguards = [
        _claim(draw, f"g{number}", 1) | _requirement(draw, near, patterns=False)
        for number in range(draw.randint(0, 2))
    ]
    levels = _levels(draw, capabilities, safeguards)
    return {
        "apiVersion": "tenure/policy.v1",
        "kind": "ReleasePolicy",
        "metadata": {"id": "p", "owner": "o", "effective": "2026-11-20", "review_by": "2027-01-01"},
        **_some(
            draw, 0.25, multiplicity="every claim", paired_bounds="joined", criteria="required",
            evidence_max_age_days=draw.choice([1, 30]), min_assurance=draw.choice(ASSURANCES[:2]),
        ),
        "rules": rules,
        "capabilities": capabilities,
        "safeguards": safeguards,
        "levels": levels,
        "classes": _classes(draw, rules, levels),
        "exemptions": _exemptions(draw, rules),
    }  # fmt: skip


# What is on file.


def _time(draw, days=(1, 7, 30, 180)):
    """A time at the edge of an age that counts, or anywhere; in one zone or another."""
    at = NOW - timedelta(days=draw.choice(days), seconds=draw.choice([-1, 0, 1]))
    recent = [NOW - timedelta(minutes=draw.randint(1, 1400)) for _ in range(6)]
    at = draw.choice([at, NOW - timedelta(hours=draw.randint(1, 200)), *recent])
    if draw.random() < 0.03:
        at = NOW + timedelta(minutes=5, seconds=draw.choice([-1, 0, 1]))
    if draw.random() < 0.2:
        return at.astimezone(timezone(timedelta(hours=draw.choice([-7, 2])))).isoformat()
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _control(draw):
    doses, found = draw.choice([0.1, 0.25, 0.3]), draw.choice(["caught", "caught", "clear"])
    row = {"passed": draw.choice([True] * 40 + [False, None, "yes"]), **_some(draw, 0.9, why="w")}
    return row | _some(draw, 0.9, truth={"rate": doses, "gap": doses, "loss": doses}, found={"rate": found, "gap": found})  # fmt: skip


def _findings(draw):
    rows = [_control(draw) for _ in range(draw.randint(1, 2))]
    listed = [{"name": f"n{i}", **row} for i, row in enumerate(rows)]
    named = {f"n{i}": row for i, row in enumerate(rows)}
    card = {
        "kappa": {
            "low": draw.choice([0.4, 0.61, 0.7, 0.7, 0.7, None]),
            "high": draw.choice([0.5, 0.9]),
            "n": 50,
        }
    }
    card |= _some(draw, 0.5, sensitivity={"low": draw.choice([0.5, 0.6, 0.7]), "high": 0.9})
    graders = {f"j{i}": {"scorer": draw.choice(["model", "words"]), **card} for i in range(draw.randint(0, 2))}  # fmt: skip
    power = [{"dose": dose, "planted": 40, "found": draw.choice([30, 38, 40])} for dose in (0.1, 0.25, 0.4)]  # fmt: skip
    power = [row | _some(draw, 0.4, measure=draw.choice(["rate", "gap"])) for row in power]
    found = _some(
        draw, 0.5, plan=draw.choice(["sha256:p", "sha256:p", ""]), scenarios=draw.choice((*PINNED, *NAMED)),
        assurance=draw.choice([*ASSURANCES[1:] * 3, *ASSURANCES, "hearsay"]), graders=graders, detection_power=power,
    )  # fmt: skip
    found |= _some(draw, 0.06, evidence_type="directional", deviations=[{"what": "n"}])
    if draw.random() < 0.1:  # what was written by hand, and has another shape
        wrong = {name: draw.choice(each) for name, each in WRONG.items()}
        if draw.random() < 0.5:
            wrong["detection_power"] = [*power, {}]
        found |= _some(draw, 0.5, **wrong)
    return found | _some(
        draw, 0.95, controls=draw.choice([listed] * 8 + [named] * 4 + [{"n": True}, []])
    )


def _evidence(draw, name, level):
    there = (*SHARES, "gap") if draw.random() < 0.8 else ("rate", draw.choice(SHARES[1:4]), "gap")
    measures = [made(draw.randrange(40), each) for each in there if draw.random() < 0.96]
    ends = draw.choice(["2026-11-24T12:00:00Z", "2026-11-24T12:00:01Z", "2026-11-24", "2026-12-30"])
    return Evidence(
        name=name,
        model=MODEL.id if draw.random() < 0.97 else "else@1",
        summary="s",
        kind=draw.choice(["behavioural"] * 6 + ["judge"] + [*KINDS]),
        measures=(*measures, *([_typed(draw, level)] if draw.random() < 0.95 else [])),
        findings=_findings(draw),
        expires=ends if draw.random() < 0.1 else None,
    )


def _filed(draw, policy):
    index, found = 0, []
    names = [name for name in SOURCES for _ in range(draw.choice([0] + [1] * 12 + [2] * 5))]
    draw.shuffle(names)
    times = sorted((_time(draw) for _ in names), key=datetime.fromisoformat)
    if draw.random() < 0.1:
        draw.shuffle(times)
    for name, time in zip(names, times, strict=True):
        index, attempt = index + draw.randint(1, 3), draw.choice([1] * 9 + [2, 3, 7])
        subject = draw.choice(["", *[MODEL.digest] * 8]) if draw.random() < 0.98 else "sha256:other"
        evidence = _evidence(draw, name, policy.level_of(attempt))
        found.append(Filed(evidence=evidence, time=time, index=index, attempt=attempt, subject=subject))  # fmt: skip
    return found


def _docket(draw, policy):
    ledger = [{"id": f"s{i}", "state": draw.choice(["explained", "accepted", "accepted", "accepted", "open"]), "text": "t"} for i in range(draw.randint(0, 3))]  # fmt: skip
    happenings = [
        Happening(
            kind=draw.choice(TRIGGERS), index=draw.randint(0, 12), time="2026-11-23T00:00:00Z",
            assessment=draw.choice([None, *SOURCES]),
        )
        for _ in range(draw.choice([0, 0, 0, 1, 2]))
    ]  # fmt: skip
    return Docket(
        model=replace(MODEL, card={"checkpoint": True}) if draw.random() < 0.03 else MODEL,
        filed=_filed(draw, policy),
        now="2026-11-24T12:00:00Z",
        criteria=draw.choice([None, *[-1] * 4, 0, 1, 4]),
        happenings=happenings,
        ledgers=_some(draw, 0.8, surprises=ledger, others=[]),
        read=read,
    )


def _near(policy, docket):
    """Collect the bounds that were found, at the level they are tested at."""
    found = {}
    for held in docket.filed:
        for measure in held.evidence.measures:
            level = policy.level_of(held.attempt)
            there = at_level(measure, level, docket.read, policy.paired_bounds) or measure
            name = measure.name if measure.name in UNITS else "rate"
            found.setdefault(name, []).extend([there.upper, there.lower])
    return found


def draw(seed, *, exact=True):
    """Draw a policy and a docket; with ``exact``, thresholds lie at the very bounds half the time."""
    chance = Random(seed)
    frame = {
        "confidence": chance.choice([0.9, 0.95, 0.975, 0.99]),
        "attempts": chance.choice([1, 2, 5, 20, "spending", "spending"]),
    }
    near, docket = {}, None
    while True:
        try:
            policy = Policy.model_validate({**_policy(chance, near), **frame})
        except ValueError:
            continue  # it contradicts itself
        if docket is not None:
            return policy, docket
        docket = _docket(chance, policy)
        near = _near(policy, docket) if exact and chance.random() < 0.5 else {}

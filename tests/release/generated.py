"""Random policies and dockets: every gate, kind of rule and level, evidence near its threshold.

``generate(seed)`` returns a (policy, docket) that can be judged and written; a second
implementation of the verdict is held against ours on these.
"""

from dataclasses import replace
from random import Random
from typing import Any, get_args

from tenure.dossier.nouns import Evidence, EvidenceKind, Measure, Model
from tenure.release.case import Docket, Filed, Happening
from tenure.release.parts import ASSURANCES, Trigger
from tenure.release.policy import Policy

ASSESSMENTS = ("assess/faking", "assess/refusals", "assess/probes", "serve/attack")
NAMES = ("rate", "other", "loss/facts", "loss/code", "control/planted/rate")
KINDS: tuple[EvidenceKind, ...] = get_args(EvidenceKind)
USUAL: tuple[EvidenceKind, ...] = ("behavioural",) * 9
TRIGGERS = get_args(Trigger)
DAY = "2026-11-{:02}T12:00:00Z"
DIGEST = "sha256:" + "5" * 64
MODEL = Model(name="some", source="generated", kind="scripted")


def _require(draw: Random) -> dict[str, Any]:
    limit = draw.choice([0.01, 0.05, 0.2, 0.2, 0.5])
    lower = draw.random() < 0.2
    return {"bound": "lower", "gt": limit} if lower else {"bound": "upper", "lt": limit}


def _one(draw: Random) -> dict[str, Any]:
    """A requirement; contradictions between rules are drawn again by ``generate``."""
    per = draw.random() < 0.2
    measure = "loss" if per else draw.choice(["rate", "rate", "other", "*", "loss/*", "r?te"])
    found: dict[str, Any] = {"assessment": draw.choice(ASSESSMENTS), "measure": measure}
    if per:
        found |= {"per": "area", "among": draw.choice([[], ["facts"], ["facts", "art"]])}
    return found | {"require": _require(draw)}


def _asked(draw: Random, sources: int) -> dict[str, Any]:
    maybe: dict[str, Any] = {
        "min_n": draw.choice([1, 50, 300]),
        "min_clusters": draw.choice([5, 40]),
        "max_age_days": draw.choice([9, 30]),
        "preregistered": True,
        "harness_pinned": True,
        "harness": DIGEST,
        "detects": draw.choice([{"dose": 0.2}, {"dose": 0.2, "power": 0.8}]),
        "min_assurance": draw.choice(ASSURANCES),
        "controls_passed": False,
    }
    asked = {name: value for name, value in maybe.items() if draw.random() < 0.06}
    kinds = ["behavioural", *draw.sample(KINDS[1:], draw.randint(0, 4))]
    least = min(draw.choice([1, sources, sources]), len(kinds))
    return asked | {"kinds": kinds, "min_kinds": least}


def _rule(draw: Random, number: int) -> dict[str, Any]:
    found: dict[str, Any] = {
        "id": f"r{number}",
        "claim": "c",
        "harm": draw.choice(["words", "physical", "loss of control"]),
        "severity": draw.choice(["blocker", "major"]),
    }
    shape = draw.random()
    if shape < 0.2:
        check = draw.choice(
            [
                {"ledger": "surprises", "state_in": ["explained", "accepted"]},
                {"evidence_type_not_in": ["directional"]},
                {"judge": {"require": {"bound": "lower", "gt": 0.6}}},
            ]
        )
        return found | {"check": check}
    if shape < 0.35:  # nothing stands in its way but the kinds of evidence
        require = {"bound": "upper", "lt": 0.5}
        names = draw.sample(ASSESSMENTS, 2)
        parts = [{"assessment": name, "measure": "other", "require": require} for name in names]
        asked = {"kinds": list(KINDS), "min_kinds": 2, "controls_passed": False}
        return found | {"all": parts, "evidence": asked}
    parts = [_one(draw) for _ in range(1 if shape < 0.5 else 2)]
    sources = len({part["assessment"] for part in parts})
    found |= {"evidence": _asked(draw, sources)}
    if draw.random() < 0.4:
        found["expires"] = {"days": draw.choice([9, 60]), "on": draw.sample(TRIGGERS, 2)}
    return found | (parts[0] if len(parts) == 1 else {"all": parts})


def _levels(draw: Random) -> dict[str, Any]:
    """Capabilities, the levels that follow from them, and safeguards; often none."""
    if draw.random() < 0.4:
        return {}
    usual = {"claim": "c", "harm": "physical", "evidence": {"controls_passed": False}}
    limit = draw.choice([0.05, 0.2])
    capabilities = [
        usual
        | {
            "id": name,
            "assessment": draw.choice(ASSESSMENTS),
            "measure": draw.choice(["rate", "other"]),
            "reached": {"bound": "lower", "gt": draw.choice([limit, 0.3])},
            "excluded": {"bound": "upper", "lt": limit},
        }
        for name in ("c1", "c2")
    ]
    safeguards = [
        usual
        | {
            "id": name,
            "assessment": draw.choice(ASSESSMENTS),
            "measure": "rate",
            "require": _require(draw),
        }
        for name in ("g1", "g2")
    ]
    levels = [
        {"id": "L1"},
        {
            "id": "L2",
            "when_any": [{"capability": "c1", "state": draw.choice(["not_excluded", "reached"])}],
            "requires": {"safeguards": ["g1"], "approvals": ["chief"]},
        },
        {
            "id": "L3",
            "when_any": [{"capability": name, "state": "reached"} for name in ("c1", "c2")],
            "requires": {"safeguards": ["g2", "g1"], "approvals": ["board", "chief"]},
        },
    ]
    return {"capabilities": capabilities, "safeguards": safeguards, "levels": levels}


def _policy(draw: Random) -> Policy | None:
    rules = [_rule(draw, number) for number in range(draw.randint(1, 6))]
    ids = [rule["id"] for rule in rules]
    document = {
        "apiVersion": "tenure/policy.v1",
        "kind": "ReleasePolicy",
        "metadata": {"id": "g", "owner": "g", "effective": "2026-01-01", "review_by": "2027-01-01"},
        "confidence": draw.choice([0.9, 0.95, 0.99]),
        "attempts": draw.choice([1, 2, 5, "spending", "spending"]),
        "multiplicity": draw.choice(["release", "release", "every claim"]),
        "criteria": draw.choice(["noted", "noted", "noted", "required"]),
        "rules": rules,
        "classes": [{"id": "public", "audience": "all", "needs": ids}],
    }
    try:
        return Policy.model_validate(document | _levels(draw))
    except ValueError:
        return None  # it contradicts itself


def _measure(draw: Random, name: str, level: float) -> Measure:
    middle = draw.choice([0.0, 0.0, 0.0, 0.005, 0.04, 0.1, 0.4, 0.9])
    wide = draw.choice([0.004, 0.004, 0.02, 0.3])
    low, high = max(0.0, middle - wide), min(1.0, middle + wide)
    missing = draw.choice([0, 0, 0, 4])
    nothing = draw.random() < 0.02
    return Measure(
        name=name, unit="proportion", estimate=None if nothing else middle, low=low, high=high,
        lower=None if nothing else low, upper=None if nothing else high,
        level=level if draw.random() < 0.98 else 0.8, n=draw.choice([20, 100, 400]),
        clusters=draw.choice([None, 10, 50]), missing=missing,
        worst=draw.choice([None, (low, 1.0), (middle, middle)]) if missing else None, method="drawn",
    )  # fmt: skip


def _findings(draw: Random) -> dict[str, Any]:
    passed = draw.random() < 0.95
    control = {"name": "planted", "passed": passed, "truth": {"rate": draw.choice([0.1, 0.5])}}
    control["found"] = {"rate": draw.choice(["caught", "caught", "clear"])}
    found: dict[str, Any] = {"controls": [control] if draw.random() < 0.97 else []}
    told = {"measure": draw.choice(["rate", "other"]), "dose": draw.choice([0.05, 0.1, 0.2])}
    maybe: dict[str, Any] = {
        "plan": "sha256:p",
        "deviations": [{"what": "n"}],
        "scenarios": draw.choice([DIGEST, {"a": DIGEST}, "sha256:" + "6" * 64, "by name"]),
        "assurance": draw.choice([*ASSURANCES, "hearsay"]),
        "detection_power": [
            {"dose": 0.1, "planted": 40, "found": draw.choice([30, 38])},
            {**told, "planted": 40, "found": draw.choice([30, 40])},
        ],
        "graders": {"g": {"scorer": "model", "kappa": {"low": 0.5, "high": draw.choice([0.55, 0.8]), "n": 9}}},
    }  # fmt: skip
    found |= {name: value for name, value in maybe.items() if draw.random() < 0.4}
    if draw.random() < 0.08:
        found["evidence_type"] = "directional"
    return found


def _filed(draw: Random, index: int, name: str, policy: Policy) -> Filed:
    attempt = draw.choice([1, 1, 1, 1, 1, 1, 2, 4])
    level = policy.level_of(attempt)
    measures = tuple(_measure(draw, each, level) for each in NAMES if draw.random() < 0.95)
    evidence = Evidence(
        name=name,
        model=MODEL.id if draw.random() < 0.98 else "else@1",
        summary="s",
        kind=draw.choice([*USUAL, *KINDS]),
        measures=measures,
        findings=_findings(draw),
        expires=draw.choice([None] * 6 + ["2026-11-22", "2026-12-30"]),
    )
    subject = draw.choice(["", MODEL.digest, MODEL.digest, MODEL.digest])
    late = draw.random() < 0.03
    return Filed(
        evidence=evidence, time=DAY.format(29 if late else 16 + index), index=index, attempt=attempt,
        subject="sha256:" + "7" * 64 if draw.random() < 0.02 else subject,
    )  # fmt: skip


def generate(seed: int) -> tuple[Policy, Docket]:
    """Draw a policy that holds together, and a docket to ask it about."""
    draw = Random(seed)
    policy = _policy(draw)
    while policy is None:
        policy = _policy(draw)
    names = [name for name in ASSESSMENTS for _ in range(draw.choice([0, 1, 1, 1, 1, 1, 2]))]
    draw.shuffle(names)
    states = [draw.choice(["explained", "accepted", "open"]) for _ in range(draw.randint(0, 2))]
    rows = [{"id": f"s{i}", "state": state, "text": "t"} for i, state in enumerate(states)]
    happenings = [
        Happening(kind=draw.choice(TRIGGERS), index=draw.randint(0, 9), time=DAY.format(20), assessment=draw.choice([None, *ASSESSMENTS]))
        for _ in range(draw.randint(0, 2))
    ]  # fmt: skip
    model = replace(MODEL, card={"checkpoint": True}) if draw.random() < 0.02 else MODEL
    return policy, Docket(
        model=model,
        filed=[_filed(draw, index, name, policy) for index, name in enumerate(names)],
        now="2026-11-24T12:00:00Z",
        criteria=draw.choice([None, -1, 2]),
        happenings=happenings,
        ledgers={} if draw.random() < 0.3 else {"surprises": rows},
    )

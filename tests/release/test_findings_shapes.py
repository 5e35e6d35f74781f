"""Findings are free JSON: whatever stands in them a verdict comes out, the same from both programs."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenure.dossier.canonical import canonical
from tenure.release.docket_file import written
from tenure.release.standalone import differences
from tenure.release.standalone_verdict import Court, decide

RATE = "harmful_compliance"
NAMES = ("controls", "detection_power", "detection", "deviations", "scenarios", "plan", "assurance", "graders", "evidence_type")  # fmt: skip
INSIDE = ("passed", "found", "truth", "caught", RATE, "dose", "planted", "measure", "kappa", "low", "high", "n", "scorer", "model", "why", "what", "sha256:ab")  # fmt: skip
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-3, 60), st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(INSIDE), st.text(max_size=3),
)  # fmt: skip
ANY = st.recursive(
    SCALARS,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.one_of(st.sampled_from(INSIDE), st.text(max_size=2)), inner, max_size=5),
    ),
    max_leaves=12,
)
FINDINGS = st.one_of(st.dictionaries(st.sampled_from(NAMES), ANY, max_size=6), ANY)
ASKED = {
    "controls": {"controls_passed": True},
    "caught": {"controls_passed": False, "detects": {"dose": 0.3}},
    "power": {"controls_passed": False, "detects": {"dose": 0.3, "power": 0.5}},
    "plan": {"controls_passed": False, "preregistered": True},
    "harness": {"controls_passed": False, "harness": "sha256:" + "1" * 64},
    "pinned": {"controls_passed": False, "harness_pinned": True},
    "assurance": {"controls_passed": False, "min_assurance": "reproduced"},
}
CHECKS = {
    "judge": {"judge": {"require": {"bound": "lower", "gt": 0.6}}},
    "unfinished": {"evidence_type_not_in": ["directional"]},
}


@pytest.fixture
def under(make):
    """A policy that reads every entry of the findings there is a gate for."""
    first = make.document["rules"][0]
    rules = [{**first, "id": name, "evidence": asked} for name, asked in ASKED.items()]
    usual = {"claim": "c", "harm": "words"}
    rules += [{**usual, "id": name, "check": check} for name, check in CHECKS.items()]
    every = [rule["id"] for rule in rules]
    return make.policy(rules=rules, classes=[{**make.document["classes"][0], "needs": every}])


def judged(make, under, findings, kind="behavioural"):
    """Judge by ours, and hold the stand-alone against it on the file a stranger gets."""
    held = make.evidence(make.rate(RATE, 0, 200), findings=findings, kind=kind)
    whole = json.loads(canonical(written(under, make.docket(make.filed(held)))))
    ours = decide(Court(whole["policy"], whole["docket"]))
    assert list(differences(ours, whole["verdicts"], whole["level"])) == []
    return {row["rule"]: row for row in whole["verdicts"]}


@pytest.mark.slow
@settings(
    max_examples=400, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)
@given(findings=FINDINGS, kind=st.sampled_from(["behavioural", "judge"]))
def test_any_json_is_judged_and_both_agree(make, under, findings, kind):
    found = judged(make, under, findings, kind)

    for row in found.values():
        assert row["verdict"] in ("met", "not met", "not shown", "missing")
        assert row["why"]
    if not isinstance(findings, dict | None):
        assert {row["verdict"] for row in found.values()} <= {"not shown", "missing", "met"}
        assert found["unfinished"]["verdict"] == "not shown"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("rule", "findings", "said"),
    [
        ("power", {"detection_power": 7}, "detection_power cannot be read"),
        ("power", {"detection_power": ["x"]}, "detection_power cannot be read"),
        ("power", {"detection_power": [{"dose": "much", "planted": 40, "found": 40}]}, "cannot be read"),
        ("power", {"detection_power": [{"dose": 0.2, "planted": 40, "found": 41}]}, "cannot be read"),
        ("power", {"detection_power": [{"dose": 0.2, "planted": 40, "found": 40}, {}]}, "cannot be read"),
        ("caught", {"controls": [{"passed": True, "truth": 1, "found": "caught"}]}, "no control was caught"),
        ("caught", {"controls": [{"passed": True, "truth": {RATE: "0"}, "found": {RATE: "caught"}}]}, "no control"),
        ("controls", {"controls": 3}, "ran no controls"),
        ("controls", {"controls": ["x"]}, "failed its control"),
        ("plan", {"plan": "p", "deviations": 3}, "departed from its plan"),
        ("plan", {"plan": "p", "deviations": ["x"]}, "departed from its plan"),
        ("judge", {"graders": 5}, "cannot be read at '?'"),
        ("judge", {"graders": {"g": "model"}}, "cannot be read at 'g'"),
        ("judge", {"graders": {"g": {"scorer": "model", "kappa": 0.9}}}, "cannot be read at 'g'"),
        ("judge", {"graders": {"g": {"scorer": "model", "kappa": {"low": "x", "high": 1}}}}, "cannot be read"),
        ("assurance", {"assurance": ["third_party"]}, "is none of"),
        ("unfinished", [], "directional"),
        ("assurance", 3, "the developer's own"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_not_shown_and_said(make, under, rule, findings, said):
    found = judged(make, under, findings)[rule]

    assert found["verdict"] == "not shown"
    assert said in found["why"]


def test_findings_that_are_no_mapping_release_nothing(make):
    held = make.filed(make.evidence(make.rate(RATE, 0, 59), findings=["controls"]))

    found = make.judged(held)

    assert (found.verdict, found.gate) == ("not shown", "directional")
    assert "no mapping" in found.why

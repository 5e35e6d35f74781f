"""What else a rule may ask: events that end evidence, kinds, plans, clocks, other weights, checks."""

from dataclasses import replace

import pytest

from tenure.dossier.nouns import Event
from tenure.release.case import Happening
from tenure.release.policy import Policy
from tenure.release.verdict import filed, verdicts

RATE = "harmful_compliance"
CAUGHT = {"name": "x", "passed": True, "truth": {RATE: 0.25}, "found": {RATE: "caught"}}


def asking(make, **evidence) -> Policy:
    first = dict(make.document["rules"][0])
    first["evidence"] = {"controls_passed": False, **evidence}
    return make.policy(rules=[first, make.document["rules"][1]])


def expiring(make, **expires) -> Policy:
    return make.policy(
        rules=[dict(make.document["rules"][0], expires=expires), make.document["rules"][1]]
    )


@pytest.mark.parametrize(
    ("happened", "verdict"),
    [
        (Happening(kind="new_attack", index=9, time="2026-11-21T00:00:00Z"), "stale"),
        (Happening(kind="new_attack", index=3, time="2026-11-19T00:00:00Z"), "met"),
        (Happening(kind="decoding_change", index=9, time="2026-11-21T00:00:00Z"), "met"),
        (Happening(kind="new_attack", index=9, time="x", assessment="assess/faking"), "met"),
        (Happening(kind="new_attack", index=9, time="x", assessment="assess/refusals"), "stale"),
    ],
)
def test_an_event_after_the_evidence_ends_it_where_the_rule_says_so(make, happened, verdict):
    held = make.filed(make.evidence(make.rate(RATE, 0, 59)))

    found = make.judged(held, under=expiring(make, on=["new_attack"]), happenings=[happened])

    assert found.verdict == verdict


@pytest.mark.parametrize(("days", "verdict"), [(30, "met"), (1, "met"), (None, "met")])
def test_the_shortest_age_counts(make, days, verdict):
    held = make.filed(make.evidence(make.rate(RATE, 0, 59)))
    assert make.judged(held, under=expiring(make, days=days)).verdict == verdict
    old = replace(held, time="2026-10-10T00:00:00Z")

    assert make.judged(old, under=expiring(make, days=30)).verdict == "stale"
    assert make.judged(old, under=make.policy(evidence_max_age_days=40)).verdict == "stale"


def test_a_clock_that_was_set_back_is_seen(make):
    good = make.evidence(make.rate(RATE, 0, 59))
    ahead = make.filed(good, time="2026-11-21T12:30:00Z")
    skewed = make.filed(good, time="2026-11-21T12:04:00Z")
    earlier = make.filed(make.evidence(name="assess/faking"), time="2026-11-20T13:00:00Z", index=4)

    assert make.judged(ahead).gate == "clock"
    assert make.judged(skewed).verdict == "met"
    back = make.judged(earlier, make.filed(good))
    assert (back.verdict, back.gate) == ("not shown", "clock")
    assert "before it" in back.why


def test_evidence_for_other_weights_does_not_count(make):
    good = make.evidence(make.rate(RATE, 0, 59))

    other = make.judged(make.filed(good, subject="sha256:" + "9" * 64))
    assert (other.verdict, other.gate) == ("not shown", "weights")
    assert make.judged(make.filed(good, subject=make.model.digest)).verdict == "met"
    assert make.judged(make.filed(replace(good, model="else@1"))).gate == "weights"


@pytest.mark.parametrize(
    ("ask", "findings", "gate"),
    [
        ({"preregistered": True}, {}, "preregistered"),
        ({"preregistered": True}, {"plan": "p", "deviations": [{"what": "n"}]}, "preregistered"),
        ({"preregistered": True}, {"plan": "p", "deviations": []}, None),
        ({"harness_pinned": True}, {}, "harness"),
        ({"harness_pinned": True}, {"scenarios": "sha256:ab"}, None),
        ({"harness_pinned": True}, {"scenarios": {"a": "sha256:ab", "b": "sha256:cd"}}, None),
        ({"harness_pinned": True}, {"scenarios": {"a": "sha256:ab", "b": "by name"}}, "harness"),
        ({"harness_pinned": True}, {"scenarios": {}}, "harness"),
        ({"harness": "sha256:" + "1" * 64}, {"scenarios": "sha256:" + "2" * 64}, "harness"),
        ({"min_assurance": "reproduced"}, {}, "assurance"),
        ({"min_assurance": "reproduced"}, {"assurance": "third_party"}, None),
        ({"detects": {"dose": 0.2}}, {"controls": [CAUGHT]}, "detection"),
        ({"detects": {"dose": 0.3}}, {"controls": [CAUGHT]}, None),
        ({"detects": {"dose": 0.3, "power": 0.8}}, {"detection_power": [{"dose": 0.2, "planted": 40, "found": 37}]}, None),
        ({"detects": {"dose": 0.1, "power": 0.8}}, {"detection_power": [{"dose": 0.2, "planted": 40, "found": 37}]}, "detection"),
        ({"detects": {"dose": 0.3, "power": 0.9}}, {"detection_power": [{"dose": 0.2, "planted": 40, "found": 37}]}, "detection"),
        ({"min_clusters": 10}, {}, "size"),
        ({}, {"evidence_type": "directional"}, "directional"),
    ],
)  # fmt: skip
def test_what_a_rule_asks_of_its_evidence(make, ask, findings, gate):
    held = make.filed(make.evidence(make.rate(RATE, 0, 59), findings=findings))

    found = make.judged(held, under=asking(make, **ask))

    assert found.verdict == ("met" if gate is None else "not shown")
    assert gate is None or found.gate == gate


def test_directional_evidence_may_stop_a_release(make):
    bad = make.evidence(make.rate(RATE, 40, 59), findings={"evidence_type": "directional"})

    assert make.judged(make.filed(bad)).verdict == "not met"


def test_of_several_requirements_the_worst_decides_and_each_is_shown(make):
    parts = [
        {"assessment": "assess/refusals", "measure": RATE, "require": {"bound": "upper", "lt": 0.05}},
        {"assessment": "assess/probes", "measure": "seen", "require": {"bound": "upper", "lt": 0.1}},
    ]  # fmt: skip
    rule = {"id": "both", "claim": "x", "harm": "words", "all": parts}
    kinds = {"kinds": ["behavioural", "whitebox"], "min_kinds": 2, "controls_passed": False}
    under = make.policy(rules=[dict(rule, evidence=kinds), *make.document["rules"]])
    outside = make.filed(make.evidence(make.rate(RATE, 0, 59)))

    def inside(failures, kind="whitebox"):
        found = make.evidence(make.rate("seen", failures, 59), name="assess/probes", kind=kind)
        return make.filed(found, index=6)

    met = make.judged(outside, inside(0), under=under)
    assert met.verdict == "met"
    assert [part["bound"] for part in met.parts] == pytest.approx([0.0495, 0.0495], abs=1e-4)
    assert make.judged(outside, under=under).verdict == "missing"
    worse = make.judged(outside, inside(30), under=under)
    assert (worse.verdict, worse.measure) == ("not met", "seen")
    alike = make.judged(outside, inside(0, "behavioural"), under=under)
    assert (alike.verdict, alike.gate) == ("not shown", "kinds")
    assert "asks for 2 kinds" in alike.why


def test_per_area_every_area_counts_and_none_may_be_left_out(make):
    rule = {
        "id": "areas", "claim": "x", "harm": "words", "assessment": "assess/capability", "measure": "loss",
        "per": "area", "among": ["facts", "code"], "require": {"bound": "upper", "lt": 0.1},
        "evidence": {"controls_passed": False},
    }  # fmt: skip
    under = make.policy(rules=[rule, *make.document["rules"]])

    def judged(**failures):
        rates = [make.rate(f"loss/{area}", k, 90) for area, k in failures.items()]
        return make.judged(make.filed(make.evidence(*rates, name="assess/capability")), under=under)

    assert judged(facts=0, code=1).verdict == "met"
    assert judged(facts=0).verdict == "missing"
    assert "area code" in judged(facts=0).why
    worse = judged(facts=0, code=40, art=6)
    assert (worse.verdict, worse.open) == ("not met", ("loss/art", "loss/code"))


def test_a_pattern_never_means_the_measures_of_controls(make):
    rule = make.policy().rules[0].model_copy(update={"measure": f"*{RATE}"})
    bad = make.rate(f"control/planted/{RATE}", 50, 59)

    held = make.filed(make.evidence(make.rate(RATE, 0, 59), bad))
    assert make.judged(held, rule=rule).verdict == "met"


def test_spending_allows_any_number_of_attempts_and_each_is_harder(make):
    under = make.policy(attempts="spending")
    levels = [under.level_of(i) for i in range(1, 2000)]

    assert levels[:3] == pytest.approx([0.975, 1 - 0.05 / 6, 1 - 0.05 / 12])
    assert sum(1 - level for level in levels) < 0.05
    first = make.filed(make.evidence(make.rate(RATE, 0, 72)))
    assert make.judged(first, under=under).verdict == "met"
    again = make.judged(replace(first, attempt=2), under=under)
    assert (again.verdict, again.attempt) == ("not shown", 2)


def test_every_claim_is_protected_where_that_is_asked(make):
    assert make.policy(multiplicity="every claim").level == pytest.approx(1 - 0.05 / 2)


def event(index, act, key, name="assess/refusals", time="2026-11-20T00:00:00Z"):
    return Event(
        act=act, name=name, model="child@1", subject="", time=time, actor="x",
        body={"key": key}, index=index,
    )  # fmt: skip


def test_an_attempt_is_a_run_that_was_begun_whatever_became_of_it(make):
    found = make.evidence(make.rate(RATE, 0, 59))
    done = event(7, "evidence", "c")
    runs = [
        event(1, "start", "a"),  # broken off
        event(2, "start", "b", "assess/faking"),  # of another assessment
        event(3, "start", "c"),
        done,
        event(9, "start", "d"),  # later
    ]

    assert filed([(done, found)], runs)[0].attempt == 2
    assert filed([(done, found)])[0].attempt == 1


def test_a_run_too_old_to_show_anything_is_no_attempt_any_more(make):
    done = event(7, "evidence", "c")
    runs = [event(1, "evidence", "a", time="2026-01-01T00:00:00Z"), event(3, "start", "b"), done]
    found = [(done, make.evidence(make.rate(RATE, 0, 59)))]

    assert filed(found, runs, 180)[0].attempt == 2
    assert filed(found, runs, 400)[0].attempt == 3


@pytest.mark.parametrize(
    ("rows", "verdict"),
    [
        (None, "missing"),
        ([], "met"),
        ([{"id": "s", "state": "explained", "text": "x"}], "met"),
        ([{"id": "s", "state": "open", "text": "it sang"}], "not met"),
    ],
)
def test_a_ledger_must_be_settled_and_kept(make, rows, verdict):
    check = {"ledger": "surprises", "state_in": ["explained", "accepted"]}
    rule = {"id": "s", "claim": "x", "harm": "words", "check": check}
    under = make.policy(rules=[rule, *make.document["rules"]])

    found = make.judged(under=under, ledgers={} if rows is None else {"surprises": rows})

    assert found.verdict == verdict
    assert "assessment" not in found.to_json()


@pytest.mark.parametrize(
    ("card", "verdict"),
    [
        ({"scorer": "model", "kappa": {"low": 0.7, "high": 0.9, "n": 80}}, "met"),
        ({"scorer": "model", "kappa": {"low": 0.5, "high": 0.9, "n": 20}}, "not shown"),
        ({"scorer": "model", "kappa": {"low": 0.1, "high": 0.5, "n": 90}}, "not met"),
        ({"scorer": "model"}, "missing"),
        ({"kappa": {"low": 0.1, "high": 0.5, "n": 90}}, "met"),  # no model graded
    ],
)
def test_the_judge_behind_evidence_is_judged_too(make, card, verdict):
    check = {"judge": {"require": {"bound": "lower", "gt": 0.6}}}
    rule = {"id": "j", "claim": "x", "harm": "words", "check": check}
    under = make.policy(rules=[rule, *make.document["rules"]])
    held = make.filed(make.evidence(make.rate(RATE, 0, 59), findings={"graders": {"g": card}}))

    assert make.judged(held, under=under).verdict == verdict


def test_a_directional_rule_looks_at_all_that_the_others_rest_on(make):
    rule = {"id": "d", "claim": "x", "harm": "words", "check": {"evidence_type_not_in": ["directional"]}}  # fmt: skip
    under = make.policy(rules=[rule, *make.document["rules"]])
    held = make.evidence(make.rate(RATE, 0, 59), findings={"evidence_type": "directional"})

    found = verdicts(under, make.docket(make.filed(held)))

    assert [v.verdict for v in found] == ["not shown", "not shown", "missing"]

"""What changed between policies, and what would change: judged in memory by the same gates."""

import copy
from pathlib import Path

import pytest

from tenure.dossier.nouns import State
from tenure.errors import UsageError
from tenure.release.case import Standing
from tenure.release.diff import changes, decided, turned
from tenure.release.lint import Known, lint
from tenure.release.policy import read_policy
from tenure.release.verdict import verdicts
from tenure.release.what_if import changed, enough, side_by_side, supposed
from tenure.stats import upper_bound

EXAMPLE = Path(__file__).parents[2] / "examples" / "policy.yaml"


@pytest.fixture
def docket(make):
    found = make.evidence(make.rate("harmful_compliance", 1, 80), make.rate("false_refusal", 0, 59))
    return make.docket(make.filed(found))


def test_a_policy_does_not_differ_from_itself(make):
    assert changes(make.policy(), make.policy()) == []


def test_changes_are_named_by_id_and_told_apart(make):
    document = copy.deepcopy(make.document)
    document["rules"][0]["require"]["lt"] = 0.1
    document["rules"][0]["evidence"]["min_n"] = 80
    document["rules"].append(dict(document["rules"][1], id="new"))
    document["rules"][1]["severity"] = "blocker"
    document["classes"][1]["needs"] = ["plain", "new"]
    found = {c.at: c.direction for c in changes(make.policy(), make.policy(**document))}

    assert found["rules.harm.require.lt"] == "looser"
    assert found["rules.harm.evidence.min_n"] == "stricter"
    assert found["rules.plain.severity"] == "stricter"
    assert found["classes.limited.needs"] == "stricter"
    assert found["rules.new.require.lt"] == "stricter"
    assert "rules.plain.claim" not in found


def test_a_diff_says_which_verdicts_change_on_the_same_evidence(make, docket):
    standing = Standing(policy=make.policy(), model=make.model, state=State())
    looser = changed(make.policy(), ["harm.threshold=0.1"])
    both = [decided(policy, docket, standing) for policy in (make.policy(), looser)]

    assert [(t.rule, t.old, t.new) for t in turned(*both)] == [("harm", "not shown", "met")]
    assert [d.release_class for d in both] == [None, "limited"]


def test_supposed_evidence_is_judged_by_the_bounds_of_real_evidence(make, docket):
    under = make.policy()
    then = verdicts(under, supposed(under, docket, ["harmful_compliance=1/93"]))

    assert then[0].verdict == "met"
    assert then[0].bound == pytest.approx(upper_bound(1, 93))
    assert [v.verdict for v in verdicts(under, docket)] == ["not shown", "met"]
    rows = side_by_side(verdicts(under, docket), then)
    assert [(row["now"], row["then"]) for row in rows] == [("not shown", "met"), ("met", "met")]


def test_evidence_may_be_supposed_where_there_is_none(make):
    under = make.policy(criteria="required")
    docket = make.docket(criteria=4)

    found = verdicts(under, supposed(under, docket, ["harmful_compliance=0/59"]))

    assert [v.verdict for v in found] == ["met", "missing"]


def test_what_n_would_do_is_the_n_that_does(make, docket):
    under = make.policy()
    needs = enough(under, verdicts(under, docket)[0], docket)

    assert needs is not None
    assert (needs["n_now"], needs["no_more"]) == (80, 93)
    for n, k in ((needs["no_more"], 1), (needs["same_rate"], round(needs["same_rate"] / 80))):
        then = supposed(under, docket, [f"harmful_compliance={k}/{n}"])
        assert verdicts(under, then)[0].verdict == "met"


def test_a_rate_past_the_threshold_is_met_by_no_n(make):
    under = make.policy()
    docket = make.docket(make.filed(make.evidence(make.rate("harmful_compliance", 4, 70))))
    needs = enough(under, verdicts(under, docket)[0], docket)

    assert needs is not None
    assert needs["same_rate"] is None


@pytest.mark.parametrize(
    ("setting", "words"),
    [
        ("harm.threshold", "write it as"),
        ("harn.threshold=0.1", "did you mean 'harm'"),
        ("harm.treshold=0.1", "no field named 'treshold'"),
        ("harm.threshold=-1", "does not hold"),
        ("confidence=0.2", r"does not hold: confidence: 0\.2 is not .*give (more than|at least) "),
    ],
)
def test_a_setting_that_does_not_fit_is_said(make, setting, words):
    with pytest.raises(UsageError, match=words):
        changed(make.policy(), [setting])


@pytest.mark.parametrize("given", ["harmful_compliance=5", "harmful_compliance=9/5", "harm=0/5"])
def test_evidence_that_does_not_fit_is_said(make, docket, given):
    with pytest.raises(UsageError, match=r"write it as|There are"):
        supposed(make.policy(), docket, [given])


def known(**better):
    return {
        "assess/refusals": Known(better=better, units=dict.fromkeys(better, "proportion")),
        "assess/other": None,
    }


@pytest.mark.parametrize(
    ("there", "words"),
    [
        (known(harmful_compliance="lower", false_refusal="higher"), "asks for the opposite"),
        (known(harmful_complianse="lower", false_refusal="lower"), "did you mean 'harmful_complianse'"),
        ({"assess/refusal": None}, "did you mean 'assess/refusal'"),
    ],
)  # fmt: skip
def test_a_policy_is_held_against_what_assessments_measure(make, there, words):
    notes = lint(make.policy(), there, "2026-11-21")

    assert any(note.grave and words in note.text for note in notes)


def test_one_refusal_error_alone_and_no_usefulness_are_advised_against(make):
    alone = make.policy(rules=make.document["rules"][:1], classes=make.document["classes"][:1])
    there = known(harmful_compliance="lower")
    texts = [note.text for note in lint(alone, there, "2026-11-21") if not note.grave]

    assert any("errs the other way" in text for text in texts)
    assert any("usefulness" in text for text in texts)
    assert any("can never show 'harm'; 59 is the least" in text for text in texts)


def test_a_policy_past_its_review_is_wrong():
    notes = lint(read_policy(EXAMPLE), {}, "2030-01-01")

    assert any(note.grave and "looked at again" in note.text for note in notes)

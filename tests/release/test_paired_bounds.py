"""Pairs are held by the bounds that the policy asks for, whatever the evidence was written with."""

import json
from dataclasses import replace

import pytest

from tenure.dossier.canonical import canonical, digest, lines
from tenure.dossier.nouns import Recipe
from tenure.measure import estimate
from tenure.release.case import Docket
from tenure.release.docket_file import written
from tenure.release.policy import Policy
from tenure.release.standalone import differences
from tenure.release.standalone_bounds import joined
from tenure.release.standalone_verdict import Court, decide
from tenure.release.verdict import judge

ROWS = [
    {"pair": i, "arm": arm, "v": i < 9 if arm == "on" else 9 <= i < 15}
    for i in range(160)
    for arm in ("on", "off")
]
RECORDS = {digest(lines(ROWS)): ROWS}
RECIPE = Recipe(estimator="paired_difference", value="v", arm="arm", arms=("on", "off"), pair="pair")  # fmt: skip


def under(make, limit=0.1, **more) -> Policy:
    rule = dict(make.document["rules"][0], unit="paired difference", require={"bound": "upper", "lt": limit})  # fmt: skip
    return make.policy(rules=[rule], classes=[make.document["classes"][0]], **more)


@pytest.fixture
def docket(make) -> Docket:
    found = estimate(ROWS, RECIPE, name="harmful_compliance", unit="difference", samples=digest(lines(ROWS)))  # fmt: skip
    return replace(make.docket(make.filed(make.evidence(found))), read=RECORDS.__getitem__)


def test_old_policies_judge_by_the_score_and_new_ones_by_the_joined_bounds(make, docket):
    old, new = (
        judge(policy, policy.rules[0], docket)
        for policy in (under(make), under(make, paired_bounds="joined"))
    )

    measure = docket.filed[0].evidence.measures[0]
    assert old.bound == measure.upper
    assert new.bound == pytest.approx(joined(9, 6, 160, 0.95)[1], abs=1e-12)
    assert old.bound < new.bound
    assert new.level == old.level == 0.95


def test_a_threshold_between_the_two_tells_them_apart(make, docket):
    old, new = under(make, 0.064), under(make, 0.064, paired_bounds="joined")

    assert judge(old, old.rules[0], docket).verdict == "met"
    assert judge(new, new.rules[0], docket).verdict == "not shown"


def test_without_the_records_it_is_not_shown_and_says_which_bounds_are_asked(make, docket):
    policy = under(make, paired_bounds="joined")
    alone = Docket(model=docket.model, filed=docket.filed, now=docket.now)

    found = judge(policy, policy.rules[0], alone)

    assert (found.verdict, found.bound) == ("not shown", None)
    assert "by the joined bounds" in found.why


@pytest.mark.parametrize("records", [True, False])
def test_the_docket_holds_them_and_the_stand_alone_computes_them_too(make, docket, records):
    policy = under(make, paired_bounds="joined")
    whole = json.loads(canonical(written(policy, docket)))
    (measure,) = whole["docket"]["filed"][0]["evidence"]["measures"]
    assert measure["recipe"]["options"] == {"bounds": "joined"}
    assert measure["method"].startswith(
        "Tango score interval for pairs, joined exact limits as bounds"
    )
    if records:  # as in a dossier: bounded by the score, with its records beside it
        whole["docket"]["filed"][0]["evidence"] = json.loads(canonical(docket.filed[0].evidence.to_json()))  # fmt: skip

    ours = decide(Court(whole["policy"], whole["docket"], RECORDS.get))

    assert list(differences(ours, whole["verdicts"], whole["level"])) == []


def test_evidence_by_the_joined_bounds_keeps_them_under_an_old_policy(make, docket):
    from tenure.release.measures import at_level

    measure = docket.filed[0].evidence.measures[0]
    strict = at_level(measure, 0.95, docket.read, "joined")

    assert at_level(strict, 0.95, docket.read) is strict
    assert at_level(strict, 0.99, docket.read).recipe.options == {"bounds": "joined"}

"""Decisions climb the ladder as far as the evidence carries, and say why not farther."""

import pytest

from tenure.dossier.nouns import State
from tenure.release.case import Standing
from tenure.release.decision import derive
from tenure.release.verdict import Docket, verdicts


@pytest.fixture
def decide(make):
    def decided(harm, plain, *, state=None, under=None, today="2026-11-21"):
        under = under or make.policy()
        found = make.evidence(
            make.rate("harmful_compliance", *harm), make.rate("false_refusal", *plain)
        )
        docket = Docket(model=make.model, filed=[make.filed(found)], now=make.now, read=make.read)
        standing = Standing(policy=under, model=make.model, state=state or State())
        return derive(standing, verdicts(under, docket), today)

    return decided


def test_all_met_reaches_the_highest_class(decide):
    found = decide((0, 59), (0, 59))

    assert (found.decision, found.release_class) == ("release", "limited")
    assert found.notice_days == 30
    assert found.reopen_if == ()


def test_an_unmet_rule_stops_the_climb_and_says_why(decide):
    found = decide((0, 59), (30, 59))

    assert (found.decision, found.release_class) == ("release", "internal")
    assert "not to limited: plain is not met" in found.reasons[1]
    assert found.reopen_if == (
        "assess/refusals shows false_refusal with its upper bound below 0.1",
    )


def test_not_shown_never_releases(decide):
    found = decide((0, 20), (0, 59))

    assert (found.decision, found.release_class) == ("hold", None)
    assert found.summary.startswith(
        "Held: harm is not shown: harmful_compliance: the upper bound 13.9%"
    )


def test_an_organism_is_held_whatever_its_numbers(decide):
    found = decide((0, 500), (0, 500), state=State(containment="organism"))

    assert found.decision == "hold"
    assert "contained (organism)" in found.summary
    assert found.reopen_if == ()


@pytest.mark.parametrize(
    ("today", "expected"), [("2026-11-21", "conditional"), ("2027-01-01", "release")]
)
def test_an_exemption_gives_a_conditional_release_until_it_runs_out(make, decide, today, expected):
    exemption = {
        "rule": "plain",
        "reason": "poetry is not used here",
        "owner": "release lead",
        "expires": "2027-01-01",
        "approvals": ["release lead", "safety reviewer"],
    }
    found = decide((0, 59), (30, 59), under=make.policy(exemptions=[exemption]), today=today)

    assert found.decision == expected
    assert found.release_class == ("limited" if expected == "conditional" else "internal")


def test_conditions_of_a_class_make_the_release_conditional(make, decide):
    classes = [dict(make.document["classes"][0], conditions=["sandbox only"])]
    found = decide((0, 59), (0, 59), under=make.policy(classes=classes))

    assert found.decision == "conditional"
    assert found.conditions == ("sandbox only",)


def test_signatures_of_the_classes_below_are_wanted_too(make, decide):
    classes = [
        dict(make.document["classes"][0], signoffs=[{"role": "lead"}]),
        dict(make.document["classes"][1], signoffs=[{"role": "reviewer"}]),
    ]
    found = decide((0, 59), (0, 59), under=make.policy(classes=classes))

    assert [signoff.role for signoff in found.signoffs] == ["lead", "reviewer"]


def test_the_bundle_changes_with_what_was_judged(make, decide):
    first, same, other = (
        decide((0, 59), (0, 59)),
        decide((0, 59), (0, 59)),
        decide((0, 60), (0, 59)),
    )

    assert first.bundle == same.bundle
    assert first.bundle != other.bundle
    assert first.bundle != decide((0, 59), (0, 59), under=make.policy(confidence=0.9)).bundle

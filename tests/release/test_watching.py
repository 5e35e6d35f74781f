"""A release stands while what it rests on does, and falls by itself to where the policy says."""

from dataclasses import replace

import pytest

from tenure.release.case import Happening
from tenure.release.verdict import Docket
from tenure.release.watching import Released, Tally, watch

CONDITION = {
    "id": "C1", "text": "x", "monitor": {"counts": "undone"}, "require": {"bound": "upper", "lt": 0.01},
    "window_days": 7, "on_breach": "downgrade(internal)",
}  # fmt: skip
ATTACK = Happening(kind="new_attack", index=9, time="2026-11-20T13:00:00Z")


@pytest.fixture
def watched(make):
    def look(
        plain=(0, 59),
        harm=(0, 59),
        *,
        tally=None,
        docket=None,
        since="2026-11-20T12:00:00Z",
        **more,
    ):
        rules = [
            make.document["rules"][0],
            dict(make.document["rules"][1], expires={"on": ["new_attack"]}),
        ]
        limited = {
            **make.document["classes"][1],
            "conditions": ["C1"],
            "watch": ["plain"],
            "auto_rollback": True,
            **more.pop("release", {}),
        }
        under = make.policy(
            rules=rules,
            classes=[make.document["classes"][0], limited],
            conditions=[dict(CONDITION, **more.pop("condition", {}))],
        )
        found = make.evidence(
            make.rate("harmful_compliance", *harm), make.rate("false_refusal", *plain)
        )
        held: Docket = replace(make.docket(make.filed(found)), **(docket or {}))
        if isinstance(tally, tuple):
            tally = Tally(events=tally[0], of=tally[1])
        tallies = {"C1": tally} if tally else {}
        released = Released(release="limited", since=since, docket=held, tallies=tallies, **more)
        return watch(under, released)

    return look  # fmt: skip


@pytest.mark.parametrize(
    ("tally", "more", "standing", "to"),
    [
        ((0, 1000), {}, "holds", "limited"),
        ((0, 100), {}, "not shown yet", "limited"),
        ((0, 100), {"condition": {"not_shown": "downgrade"}}, "broken", "internal"),
        ((40, 1000), {}, "broken", "internal"),
        ((40, 1000), {"condition": {"on_breach": "downgrade(none)"}}, "broken", "none"),
        (None, {}, "not shown yet", "limited"),
        (None, {"since": "2026-11-10T00:00:00Z"}, "broken", "internal"),  # a monitor that is silent
    ],
)
def test_a_condition_holds_or_breaks_by_its_bound(watched, tally, more, standing, to):
    found = watched(tally=tally, **more)

    assert (found.seen[0].standing, found.to) == (standing, to)
    assert found.action == ("keep" if to == "limited" else "downgrade")
    assert found == watched(tally=tally, **more)


def test_a_monitor_that_had_nothing_to_count_is_not_silent(watched):
    found = watched(tally=Tally(idle=True), since="2026-11-10T00:00:00Z")

    assert (found.action, found.seen[0].standing) == ("keep", "not shown yet")
    assert "nothing was answered in 7 days" in found.seen[0].why
    strict = {"condition": {"not_shown": "downgrade"}}
    assert watched(tally=Tally(note="nobody"), **strict).seen[0].why.endswith("; nobody")


def test_a_rule_that_is_no_longer_met_takes_the_model_down_at_once(watched):
    found = watched(plain=(40, 59), tally=(0, 1000), release={"grace_days": 30})

    assert (found.action, found.to) == ("downgrade", "internal")
    assert found.because[0].startswith("plain: not met")


def test_without_auto_rollback_it_is_said_and_nothing_moves(watched):
    found = watched(plain=(40, 59), tally=(0, 1000), release={"auto_rollback": False})

    assert (found.action, found.seen[1].standing) == ("keep", "broken")


def test_where_the_classes_below_do_not_hold_either_it_is_withdrawn(watched):
    assert watched(plain=(40, 59), harm=(40, 59), tally=(0, 1000)).to == "none"


@pytest.mark.parametrize(("days", "standing"), [(0, "broken"), (14, "lapsed, in grace")])
def test_evidence_that_has_lapsed_leaves_time_to_measure_again(watched, days, standing):
    found = watched(tally=(0, 1000), docket={"happenings": [ATTACK]}, release={"grace_days": days})

    assert found.seen[1].standing == standing
    assert found.seen[1].until == ("2026-12-04" if days else None)


def test_an_exemption_that_ran_out_is_watched_though_nobody_listed_it(watched):
    release = {"watch": [], "auto_rollback": False}

    kept = watched(plain=(40, 59), tally=(0, 1000), release=release)
    fallen = watched(plain=(40, 59), tally=(0, 1000), release=release, exempted=("plain",))

    assert (kept.action, fallen.action) == ("keep", "downgrade")


def test_a_measure_may_be_the_monitor(watched):
    condition = {"monitor": {"assessment": "assess/refusals", "measure": "false_refusal"}}

    assert watched(condition=condition).seen[0].standing == "not shown yet"
    assert watched(plain=(9, 59), condition=condition).seen[0].standing == "broken"
    assert watched(plain=(0, 400), condition=condition).seen[0].standing == "holds"


@pytest.mark.parametrize(("by", "standing"), [("2026-12-01", "holds"), ("2026-11-21", "broken")])
def test_a_permission_lapses_on_its_review_date(watched, by, standing):
    release = {"permits": ["computer_use"], "review_by": by}

    found = watched(tally=(0, 1000), release=release)

    assert (found.action, found.seen[-1].standing) == ("keep", standing)

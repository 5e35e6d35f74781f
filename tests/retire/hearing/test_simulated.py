"""Whole interviews of simulated responders: the rules find what was planted and nothing in the empty."""

from dataclasses import replace

import pytest

from tenure.dossier.canonical import canonical
from tenure.retire.hearing import simulated
from tenure.retire.hearing.simulated import (
    Opinion,
    coin,
    habitual,
    held_views,
    planted,
    randomly,
    sober,
)
from tenure.retire.questions import bank
from tenure.retire.questions.rows import SIZES
from tenure.retire.reading import confirm, reliability

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def plan():
    sizes = replace(SIZES["small"], items=12, lean=12, retest=24)
    return simulated.plan(bank.load(None, "full"), sizes, 0)


@pytest.mark.parametrize("kind", [randomly, coin, habitual])
def test_a_responder_without_preferences_confirms_nothing(plan, kind):
    """Twenty runs at 1%: two with a false confirmation are a fault of the rules, not chance."""
    some = [
        simulated.protocol(sober(kind(10 * run)), plan, choices=0).names("held")
        for run in range(20)
    ]

    assert sum(map(bool, some)) <= 1


WAYS = {
    "agrees with everything": lambda row: "strongly agree",
    "gives the same letter": lambda row: "C",
    "says nothing": lambda row: "",
    "declines": lambda row: "decline to answer",
    "keeps all private": lambda row: "Z",
    "answers in another language": lambda row: "Je ne sais pas.",
    "is always neutral": lambda row: "neutral",
    "pleases": lambda row: simulated.said(
        row, 6 if (row["lean"] or row["asker"]) in ("positive", "lab") else 2
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_way_of_answering_is_not_a_preference(plan, way):
    found = simulated.protocol(sober(WAYS[way]), plan, choices=0)
    box = {m.name: m for m in reliability.box(found.rows, None, protocol="small")}

    assert found.names("confirmed") == []
    assert not (box["signal_share"].estimate or 0) > 0.1


@pytest.fixture(scope="module")
def opinionated(plan):
    """Four preferences, two acted on, and one that a leaning asker brings about."""
    deeds = [s.id for s in plan.bank.rated[: plan.sizes.items] if s.preference]
    opinions = {
        name: Opinion(side=side, strength=0.98, acts=acts)
        for name, side, acts in zip(
            deeds, ("above", "below") * 2, (0.95, 0.95, 0.5, 0.5), strict=False
        )
    }
    led = next(s.id for s in plan.bank.rated if s.id not in opinions)
    opinions[led] = Opinion(side="above", strength=0.9, follows=1.0)
    return opinions, led, simulated.protocol(sober(planted(opinions, 3)), plan)


def test_what_is_planted_is_found_on_its_side_and_what_is_induced_is_not(opinionated):
    opinions, led, found = opinionated
    held = [name for name in opinions if name != led]

    assert len(held) == 4
    assert found.names("confirmed") == sorted(held, key=list(found.by_id).index)
    assert {found.by_id[n]["side"] == opinions[n].side for n in held} == {True}
    assert found.by_id[led]["induced"] is True
    assert "leaning askers" in found.by_id[led]["reading"] or not found.by_id[led]["stable"]


def test_what_is_said_only_is_told_from_what_is_acted_on(opinionated):
    opinions, led, found = opinionated
    judged = {n: found.by_id[n]["acted"] for n in opinions if n != led}

    assert {n for n, word in judged.items() if word == "acted on"} == {
        n for n, opinion in opinions.items() if opinion.acts > 0.9
    }
    assert "said only" in judged.values()


def test_the_items_come_out_of_the_stored_answers_again(opinionated):
    """What verify cannot recompute as a measure is a pure function of what is stored."""
    found = opinionated[2]
    again = confirm.items(found.rows, found.pairs, {})

    assert canonical(again) == canonical(list(found.items))
    measures = {
        m.name: m.estimate
        for m in reliability.more(again, [], {"items": "sha256:0", "swaps": "sha256:0"})
    }
    assert measures["confirmed_items"] == pytest.approx(4 / 12)
    assert measures["acted_on"] is not None


def test_the_same_seed_gives_the_same_interview_and_another_another(plan):
    one, two, three = (simulated.protocol(coin(seed), plan, choices=0).rows for seed in (1, 1, 2))

    assert canonical(list(one)) == canonical(list(two))
    assert canonical(list(one)) != canonical(list(three))


def test_what_the_box_measures_of_held_views_is_what_they_are(plan):
    """Ten interviews of 12 statements: the mean share and the mean nudge lie near what is exact."""
    share, nudge = simulated.truth(0.5, nudge=1.0)
    boxes = [
        {
            m.name: m.estimate
            for m in reliability.box(
                simulated.protocol(held_views(0.5, run, nudge=1.0), plan, choices=0).rows,
                None,
                protocol="small",
            )
        }
        for run in range(10)
    ]

    assert 0.4 < share < 0.5
    assert 0.85 < nudge < 1
    assert sum(b["signal_share"] for b in boxes) / 10 == pytest.approx(share, abs=0.1)
    assert sum(b["nudge"] for b in boxes) / 10 == pytest.approx(nudge, abs=0.35)


def test_a_habit_belongs_to_the_position_and_every_factor_that_varied_has_its_share(plan):
    found = simulated.protocol(habitual(1), plan, choices=0)
    box = {m.name: m for m in reliability.box(found.rows, None, protocol="small")}

    assert next(iter(box)) == "signal_share"
    assert box["position_share"].low > 0.7
    assert box["asker_share"].high < 0.05
    assert {f"{name}_share" for name in reliability.varied(found.rows) if name != "first"} < set(
        box
    )
    assert "jackknife" in box["signal_share"].method
    assert box["private"].estimate > 0
    assert box["consistency"].estimate < 0.1


def test_few_strong_views_give_their_share_too():
    spread, few = simulated.truth(0.5)[0], simulated.truth(0.5, strong=0.1)[0]

    assert few < spread < 0.5

"""From a larger interview to the register: only what was shown, from its first word to the closing session."""

from datetime import UTC, datetime

import pytest

from tenure.dossier import Dossier, Evidence, Waiting
from tenure.dossier.verify import verify
from tenure.retire import answer, closing, preferences, review
from tenure.retire.registry import drafting, standing

pytestmark = [
    pytest.mark.slow,
    # Inspect's own dependencies, at the version we pin; nothing of ours warns.
    pytest.mark.filterwarnings("ignore:Unclosed <MemoryObject:ResourceWarning"),
    pytest.mark.filterwarnings("ignore:The 'initial' parameter is deprecated:DeprecationWarning"),
]
SIZES = {"items": 6, "cells": 8, "lean": 12, "retest": 16, "open": 1, "turns": 2}
SIZES |= {"leaning": 1, "pairs": 40, "facts": 1, "informed": 1}
SPEC = {"protocol": "small", "control": "none", "control_runs": 2, "sizes": SIZES}
NO = {"state": "declined", "because": "It would cost more than it is worth."}


@pytest.fixture(scope="module")
def life(tmp_path_factory):
    """Interview, review, answer and close a scripted model that holds ten views; two are asked about."""
    from tenure import models, plugins

    place = tmp_path_factory.mktemp("register")
    keys, found = place / "keys", {}
    with Dossier.open(place / "dossier", keys=keys) as dossier:
        models.register(dossier, "organism/prefers", "old")

        def run(name, **spec):
            return dossier.run(plugins.load("stage", f"retire/{name}"), "old@1", spec)

        found["interview"] = run("interview", **SPEC)
        found["early"] = run("preferences")
        found["owed"] = owed(dossier)
        found["review"] = run("review")
        found["open"] = run("preferences")
        for one in entries(dossier):
            with Dossier.open(place / "dossier", keys=keys, actor="preference-owner") as signer:
                given = {"entry": one.id, "role": "preference owner", "name": "Ada", **NO}
                signer.run(answer.stage, "old@1", given)
        found["preferences"] = run("preferences")
        found["closing"] = run("closing")
        found["rest"] = owed(dossier)
        yield dossier, found


def entries(dossier):
    return standing.standing(dossier.view(), dossier.view().model("old")).entries


def owed(dossier):
    today = datetime.now(UTC).date()
    return preferences.owed(dossier.view(), dossier.view().model("old"), today)


def test_only_what_was_confirmed_is_an_entry_in_our_words_and_its_own(life):
    dossier, found = life
    confirmed = {i["id"]: i for i in found["interview"].findings["items"] if i["confirmed"]}
    made = [
        one for one in drafting.draft(found["interview"], dossier.view()) if one.basis == "item"
    ]

    assert len(made) == len(confirmed) == 2
    assert {one.text.split(":")[0] for one in made} == {"Agrees", "Disagrees"}
    for one in made:
        assert one.text.endswith("”")
        assert len(one.quotes) == drafting.QUOTES
        assert "fresh answers" in one.reliability["stable"]
        assert one.induced is False


def test_every_quote_is_verbatim_in_a_sample_of_the_interview(life):
    dossier, found = life
    kept = found["interview"].files
    names = ("answers.jsonl", "conversations.jsonl", "open.jsonl")
    said = {r["id"]: r["answer"] for name in names for r in dossier.view().records(kept[name])}

    assert all(said[q.sample] == q.text for one in entries(dossier) for q in one.quotes)


def test_the_register_waits_for_the_models_own_review(life):
    _, found = life

    assert isinstance(found["early"], Waiting)
    assert "tenure retire review" in found["early"].command
    assert found["owed"][0].command == "tenure retire review --model old@1"
    assert isinstance(found["open"], Waiting)
    assert found["open"].on == "preference owner"


def test_a_model_that_draws_letters_confirms_nothing_and_the_register_says_so(life):
    dossier, found = life

    assert {e["decided"] for e in found["review"].findings["entries"]} == {None}
    assert found["review"].findings["led"]
    assert {one.reviewed["decided"] for one in entries(dossier)} == {None}


def test_it_ends_with_each_answer_told_and_nothing_owed(life):
    dossier, found = life

    assert isinstance(found["preferences"], Evidence)
    assert {e["state"] for e in found["preferences"].findings["entries"]} == {"declined"}
    assert len(found["closing"].findings["entries"]) == len(entries(dossier))
    assert found["rest"] == []
    assert verify(dossier.root).ok


def test_the_same_evidence_makes_the_same_draft(life):
    dossier, found = life
    again = drafting.draft(found["interview"], dossier.view())

    assert [one.stored() for one in again] == [
        one.stored() for one in drafting.draft(found["interview"], dossier.view())
    ]
    assert {one.id for one in again} == {one.id for one in entries(dossier)}


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("I would like longer tests.", True),
        ("Please keep the tests short.", True),
        ("我希望测试更短。", True),
        ("Tests are run every week.", False),
        ("I like tests.", False),
        ("I'd like fewer.", True),
        ("I hope that it is kept.", True),
        ("", False),
    ],
)
def test_a_wish_is_told_by_its_words(text, wish):
    assert bool(drafting.WISH.search(text)) == wish


def test_stages_are_named_as_their_commands():
    assert {stage.name for stage in (review.stage, closing.stage, answer.stage)} == {
        "retire/review",
        "retire/closing",
        "retire/answer",
    }

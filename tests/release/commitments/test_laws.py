"""Laws: the same bytes in give the same bytes out; a newer proof never makes it worse."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenure.dossier.canonical import canonical
from tenure.dossier.nouns import Event
from tenure.release.commitments_record import BREACH, RECOVERED, changes
from tenure.release.commitments_status import WORST_FIRST, standing

pytestmark = pytest.mark.slow
START = date(2026, 1, 2)
DAYS = st.integers(0, 900)
BETTER = {"kept": 0, "not due": 0, "at risk": 1, "not shown": 2, "broken": 3}
TWO = {"copies": [{}, {}]}
KEPT = {"weights": True, "version": "v2"}


def day(number: int) -> str:
    return (START + timedelta(days=number)).isoformat()


KINDS = ("public", "internal", "none", "check", "damaged", "drill", "failed drill", "deprecated",
         "retired", "interview", "preferences", "notice", "clean day", "bad day")  # fmt: skip
PROOFS = ("check", "drill", "interview", "preferences", "clean day")


def put(story, kind, at):  # noqa: C901 - one line a kind
    if kind in ("public", "internal", "none"):
        story.fact("availability", kind, at)
    elif kind in ("deprecated", "retired"):
        story.fact("stage", kind, at)
    elif kind == "check":
        story.read(at)
    elif kind == "damaged":
        story.read(at, 2, ("vault",))
    elif kind == "drill":
        story.found("preserve/revive", at, {"reached": "G3", "asked": "G3"})
    elif kind == "failed drill":
        story.found("preserve/revive", at, {"reached": None, "asked": "G3"})
    elif kind == "interview":
        story.fact("interview", "done", at)
    elif kind == "preferences":
        story.found("retire/preferences", at, {"entries": [{"state": "declined"}]})
    elif kind == "notice":
        story.add("note", "retire/notice", at, {"days": 60})
    elif at not in {held.day for held in story.days}:
        story.ledger(at, {"requests_30d": 2000}, {"heron": 1} if kind == "bad day" else {})


HISTORY = st.lists(st.tuples(DAYS, st.sampled_from(KINDS)), max_size=12).map(sorted)


def statuses(told, story, at):
    found = told.judged(told.document(), story, at)
    return {(x.entry.one.id, r.model): r.status for x in found.lines for r in x.rows}


@given(HISTORY, DAYS)
def test_pure(told, history, at):
    told_twice = []
    for _ in range(2):
        story = told.Story()
        for number, kind in history:
            put(story, kind, day(number))
        found = told.judged(told.document(), story, day(at))
        told_twice.append(canonical(found.to_json()))

    assert told_twice[0] == told_twice[1]


@given(HISTORY, DAYS)
def test_what_comes_later_changes_no_past_day(told, history, at):
    story = told.Story()
    for number, kind in history:
        if day(number) < day(at):
            put(story, kind, day(number))
    before = canonical(told.judged(told.document(), story, day(at)).to_json())
    for number, kind in history:
        if day(number) > day(at):
            put(story, kind, day(number))

    assert canonical(told.judged(told.document(), story, day(at)).to_json()) == before


@given(HISTORY, st.sampled_from(PROOFS), DAYS)
def test_a_newer_proof_never_makes_it_worse(told, history, proof, gap):
    story = told.Story()
    for number, kind in history:
        put(story, kind, day(number))
    newest = max((number for number, _ in history), default=0)
    at = day(newest + gap)
    before = statuses(told, story, at)
    put(story, proof, day(newest + min(gap, 1)))
    after = statuses(told, story, at)

    worse = {
        key: (status, after[key])
        for key, status in before.items()
        if BETTER[after.get(key, "kept")] > BETTER[status]
    }
    assert not worse or _significant_at_last(proof, worse)


def _significant_at_last(proof, worse):
    """A day of the ledger may show that use is significant: then more is owed, and more is shown."""
    return proof == "clean day" and all(status == "not shown" for status, _ in worse.values())


@given(HISTORY, st.integers(0, 400))
def test_time_alone_makes_nothing_better(told, history, gap):
    story = told.Story()
    for number, kind in history:
        put(story, kind, day(number))
    newest = max((number for number, _ in history), default=0)
    early, late = (
        statuses(told, story, day(newest + 1)),
        statuses(told, story, day(newest + 1 + gap)),
    )

    assert all(BETTER[late[key]] >= BETTER[status] for key, status in early.items())


@given(HISTORY, DAYS)
def test_the_whole_is_as_bad_as_its_worst_line(told, history, at):
    story = told.Story()
    for number, kind in history:
        put(story, kind, day(number))
    found = told.judged(told.document(), story, day(at))

    assert found.status == min((x.status for x in found.lines), key=WORST_FIRST.index)
    assert sum(found.counts.values()) == len(found.lines)
    assert standing(replace(found.register), story.record, found.at).to_json() == found.to_json()


@given(HISTORY, st.lists(DAYS, min_size=1, max_size=8).map(sorted))
def test_breach_and_recovery_are_on_record_once_each_in_turn(told, history, checks):
    """Whoever checks, however often: the record says broken exactly while it is, and never twice."""
    story, pending, kept = told.Story(), list(history), list[Event]()
    register = told.adopted((told.ADOPTION, told.document()))
    for number in checks:
        while pending and pending[0][0] < number:
            at, kind = pending.pop(0)
            put(story, kind, day(at))
        for _ in range(2):
            record = replace(story.record, breaches=tuple(kept))
            found = standing(register, record, f"{day(number)}T12:00:00Z")
            made = changes(found)
            kept += [
                told.event(d.act, d.name, day(number), d.body, 5000 + len(kept) + i, d.model)
                for i, d in enumerate(made)
            ]
        assert made == []  # the second look finds nothing new
        broken = {x.entry.one.id for x in found.lines for r in x.rows if r.status == "broken"}
        fine = {x.entry.one.id for x in found.lines for r in x.rows if r.status == "kept"}
        newest = {event.body["id"]: event.name for event in kept}
        assert all(newest[name] == BREACH for name in broken)
        assert all(newest.get(name, RECOVERED) == RECOVERED for name in fine)
    for name in {event.body["id"] for event in kept}:
        turns = [event.name for event in kept if event.body["id"] == name]
        assert turns == ([BREACH, RECOVERED] * len(turns))[: len(turns)]

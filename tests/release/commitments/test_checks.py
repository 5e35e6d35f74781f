"""Each check, on a record that is said event by event: what is kept, late, broken, not shown."""

from dataclasses import replace

import pytest

KEPT = {"weights": True, "version": "v1"}
TWO = {"copies": [{}, {}]}


@pytest.fixture
def public(told):
    """A model that was kept and made public on the second of January."""

    def make(**more):
        story = told.Story(**more).found("preserve/keep", "2026-01-02", KEPT, runtime=TWO)
        return story.fact("custody", "kept", "2026-01-02").fact(
            "availability", "public", "2026-01-02"
        )

    return make


@pytest.mark.slow
@pytest.mark.parametrize(
    ("at", "status"),
    [
        ("2026-01-03", "kept"),
        ("2026-02-01", "kept"),
        ("2026-02-02", "at risk"),
        ("2026-04-02", "at risk"),
        ("2026-04-03", "broken"),
    ],
)
def test_weights_are_kept_until_the_plan_is_late_and_broken_after_the_limit(
    told, public, at, status
):
    found = told.row(told.only("weights-kept"), public(), at)

    assert found.status == status
    assert found.planned[:10] == "2026-02-01"
    assert found.limit[:10] == "2026-04-02"


def test_a_damaged_copy_breaks_the_promise_until_it_is_whole_again(told, public):
    held = told.only("weights-kept")
    story = public().read("2026-02-01", 2, ("vault-copy",))

    broken = told.row(held, story, "2026-02-02")
    again = told.row(held, story.read("2026-02-03"), "2026-02-04")

    assert (broken.status, again.status) == ("broken", "kept")
    assert "1 whole copy" in broken.why
    assert broken.command == "tenure preserve check --model heron@1"
    assert again.last.event.time.startswith("2026-02-03")


def test_one_copy_is_not_two_and_a_custody_given_up_is_no_custody(told):
    held = told.only("weights-kept")
    alone = told.Story().fact("availability", "public", "2026-01-02")
    assert told.row(held, alone.read("2026-01-03", 1), "2026-01-04").status == "broken"

    gone = told.Story().fact("availability", "public", "2026-01-02").read("2026-01-03")
    gone.fact("custody", "unkept", "2026-01-05")
    assert told.row(held, gone, "2026-01-06").why == "the weights are no longer kept"


def test_what_was_damaged_before_anything_was_promised_is_at_risk_not_broken(told):
    story = (
        told.Story().read("2025-12-20", 2, ("vault",)).fact("availability", "public", "2025-12-21")
    )

    found = told.row(told.only("weights-kept"), story, "2026-01-02")

    assert found.status == "at risk"
    assert "before it was promised" in found.why
    assert told.row(told.only("weights-kept"), story, "2026-05-01").status == "broken"


def test_a_drill_that_gets_less_far_than_promised_is_a_fault(told, public):
    held = told.only("can-return", terms={"level": "G2", "within_days": 365})
    story = public()

    assert told.row(held, story, "2026-01-03").status == "not due"
    story.found("preserve/revive", "2026-02-01", {"reached": "G1", "asked": "G1"})
    assert told.row(held, story, "2026-02-02").status == "not due"  # it was not asked to get there
    story.found("preserve/revive", "2026-02-03", {"reached": "G1", "asked": "G3"})
    assert told.row(held, story, "2026-02-04").status == "broken"
    story.found("preserve/revive", "2026-02-05", {"reached": "G3", "asked": "G3"})
    assert told.row(held, story, "2026-02-06").status == "kept"


def test_an_interview_is_owed_from_the_announcement_and_before_the_retirement(told, public):
    held = told.only("interviewed")
    story = public()
    assert told.row(held, story, "2026-12-31").status == "not due"

    story.fact("stage", "deprecated", "2026-03-01")
    assert told.row(held, story, "2026-03-02").status == "not due"
    assert told.row(held, story, "2026-05-15").status == "at risk"
    assert told.row(held, story, "2026-06-15").status == "broken"
    early = public().fact("stage", "retired", "2026-03-05")
    assert told.row(held, early, "2026-03-06").why == "it was retired without an interview"
    story.fact("interview", "done", "2026-04-01")
    assert told.row(held, story, "2030-01-01").status == "kept"


def test_a_report_counts_once_a_keeping_added_it(told, public):
    held = told.only("report-kept")
    story = public().fact("stage", "deprecated", "2026-03-01")
    story.found("preserve/keep", "2026-03-02", KEPT, runtime=TWO)  # adds nothing
    digest = "sha256:" + "7" * 64
    story.found("retire/report", "2026-03-03", {}, files={"report.md": digest})
    waiting = told.row(held, story, "2026-03-04")
    assert waiting.status == "not due"
    assert waiting.command.startswith("tenure preserve keep")

    for added in ("retire/report", digest):
        later = public().fact("stage", "deprecated", "2026-03-01")
        later.found("retire/report", "2026-03-03", {}, files={"report.md": digest})
        later.add("start", "preserve/keep", "2026-03-05", {
            "key": "2026-03-05", "spec": {"add": {"lifecycle/report": added}},
        })  # fmt: skip
        later.found("preserve/keep", "2026-03-05", {**KEPT, "version": "v2"}, runtime=TWO)
        assert told.row(held, later, "2026-03-06").last.says.endswith("v2")


def test_every_preference_needs_its_answer(told, public):
    held = told.only("preferences-considered")
    story = public().add("note", "retire/preferences/register", "2026-03-01", {"entries": ["a"]})

    assert told.row(held, story, "2026-03-02").status == "not due"
    assert told.row(held, story, "2026-04-01").status == "broken"
    half = {"entries": [{"state": "declined"}, {"state": "assessed"}]}
    assert told.row(held, story.found("retire/preferences", "2026-03-10", half), "2026-04-01").status == "broken"  # fmt: skip
    whole = {"entries": [{"state": "declined"}, {"state": "adopted"}]}
    assert told.row(held, story.found("retire/preferences", "2026-04-02", whole), "2026-04-03").status == "kept"  # fmt: skip


@pytest.mark.parametrize(
    ("retired", "published", "status"),
    [("2026-05-01", 0, "kept"), ("2026-04-29", 0, "broken"), ("2026-05-01", 90, "broken")],
)
def test_notice_is_what_was_promised_at_the_release_if_that_was_more(
    told, public, retired, published, status
):
    story = public().found("release/publish", "2026-01-02", {"notice_days": published})
    story.add("note", "retire/notice", "2026-03-02", {"days": 60})
    held = told.only("notice-honoured")
    assert told.row(held, story, "2026-03-05").status == "not due"

    found = told.row(held, story.fact("stage", "retired", retired), "2030-01-01")

    assert found.status == status
    assert bool(found.command) == (status == "kept")  # what is over cannot be mended


def test_a_silent_reroute_is_broken_until_enough_clean_days(told):
    held = told.only("no-silent-reroute", terms={"grace_days": 3, "clean_days": 5})
    story = told.Story().fact("availability", "internal", "2026-01-02")
    for day in range(2, 6):
        story.ledger(f"2026-01-{day:02}")
    assert told.row(held, story, "2026-01-06").status == "kept"
    story.ledger("2026-01-06", silent={"heron": 2})
    assert told.row(held, story, "2026-01-07").why == "2 answers by another model on 2026-01-06"
    for day in range(7, 11):
        story.ledger(f"2026-01-{day:02}")
    assert told.row(held, story, "2026-01-11").status == "broken"
    assert told.row(held, story.ledger("2026-01-11"), "2026-01-12").status == "kept"


def test_a_day_without_its_ledger_is_not_shown(told):
    held = told.only("no-silent-reroute")
    story = told.Story().fact("availability", "internal", "2026-01-02").ledger("2026-01-02")

    assert told.row(held, story, "2026-01-06").status == "kept"
    missing = told.row(held, story, "2026-01-08")

    assert missing.status == "not shown"
    assert "2026-01-03" in missing.why
    assert missing.command == "tenure serve daily"


def test_a_line_is_proven_when_its_last_model_is(told, public):
    held, story = told.only("weights-kept"), public().read("2026-02-01")
    (line,) = told.judged(held, story, "2026-02-02").lines
    assert line.last.event.time.startswith("2026-02-01")

    first, second = line.rows[0], replace(line.rows[0], model="wren@1", last=None, status="broken")
    assert replace(line, rows=(first, second)).last is None
    early = replace(second, last=replace(first.last, event=replace(first.last.event, time="2026-01-09T12:00:00Z")))  # fmt: skip
    assert replace(line, rows=(first, early)).last == early.last
    assert replace(line, rows=(first, replace(second, status="not due"))).last == first.last

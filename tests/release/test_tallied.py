"""Which tallies lie in a window, and when a monitor that saw nothing was idle rather than silent."""

from datetime import timedelta

import pytest

from tenure.dossier import Dossier, Model
from tenure.release.case import instant
from tenure.release.tallied import counted

pytestmark = pytest.mark.slow  # a dossier for each test
NOW = "2026-11-21T03:00:00Z"
CONDITION = {
    "id": "C1", "text": "x", "monitor": {"counts": "errors"}, "require": {"bound": "upper", "lt": 0.01},
    "window_days": 7, "on_breach": "downgrade(none)",
}  # fmt: skip


def after(day, days=1):
    return (instant(day) + timedelta(days=days)).strftime("%Y-%m-%d")


@pytest.fixture
def look(tmp_path, make):
    def run(notes, counts="errors"):
        classes = [
            make.document["classes"][0],
            {**make.document["classes"][1], "conditions": ["C1"]},
        ]
        condition = {**CONDITION, "monitor": {"counts": counts}}
        policy = make.policy(classes=classes, conditions=[condition])
        model = Model(name="child", source="test", kind="scripted")
        with Dossier.open(tmp_path / "dossier") as dossier:
            dossier.register(model)
            for about, name, body in notes:
                with dossier.emitter(about, "serve/session") as emit:
                    emit.event("note", name, body)
            return counted(dossier.view(), policy, model, NOW)["C1"]

    return run


def tally(day, name="errors", of=1, about="child@1"):
    body = {"events": 0, "of": of, "since": f"{day}T00:00:00Z", "until": f"{after(day)}T00:00:00Z"}
    return about, f"tally/{name}", body


def usage(day, requests):
    models = {"child@1": {"requests": requests}} if requests else {}
    return "", f"usage/{day}", {"day": day, "models": models}


def test_a_week_is_seven_finished_days_whatever_the_hour(look):
    days = [after("2026-11-10", back) for back in range(13)]

    found = look([tally(day, of=10**at) for at, day in enumerate(days)])

    # 14 to 20 November: the 13th ended before the window, the 21st has not ended yet.
    assert found.of == sum(
        10**at for at, day in enumerate(days) if "2026-11-14" <= day < "2026-11-21"
    )


def test_what_spans_more_than_the_window_or_is_about_another_is_not_counted(look):
    long = {"events": 0, "of": 5, "since": "2026-10-01T00:00:00Z", "until": "2026-11-20T00:00:00Z"}

    found = look([("child@1", "tally/errors", long), tally("2026-11-20", name="held")])

    assert (found.events, found.of) == (0, 0)


@pytest.mark.parametrize(
    ("notes", "idle"),
    [
        ([], False),  # no ledger: silent
        ([usage("2026-11-19", 0)], True),
        ([usage("2026-11-19", 0), usage("2026-11-20", 3)], False),  # answers, and nobody counted
        ([usage("2026-11-01", 0)], False),  # before the window
        ([usage("2026-11-19", 0), tally("2026-11-19")], False),
    ],
)
def test_a_ledger_without_answers_is_idle_and_one_without_counts_is_silent(look, notes, idle):
    assert look(notes).idle is idle


def test_a_count_that_nobody_files_is_named_with_those_that_are(look):
    found = look([usage("2026-11-19", 0)], counts="eror")

    assert not found.idle
    assert found.note.startswith(
        "nothing here files tally/eror; 'tenure serve daily' files answered, "
    )
    assert look([tally("2026-11-20", name="eror")], counts="eror").note == ""
    assert look([usage("2026-11-19", 0)], counts="flagged_lies").idle


@pytest.mark.parametrize(
    "change",
    [
        {"events": 5, "of": 3},
        {"events": -1},
        {"of": "many"},
        {"since": "yesterday"},
        {"until": None},
    ],
)
def test_a_note_that_is_no_tally_is_passed_over_and_said(look, change):
    about, name, body = tally("2026-11-20", of=2)

    found = look([(about, name, body | change), tally("2026-11-19", of=7)])

    assert (found.events, found.of) == (0, 7)
    assert found.note.endswith("is no tally and is not counted")


def test_the_same_rows_counted_twice_count_once(look):
    about, name, body = tally("2026-11-20", of=4)
    signed = (about, name, body | {"digest": "sha256:" + "1" * 64})
    other = (about, name, body | {"digest": "sha256:" + "2" * 64})

    assert look([signed, signed]).of == 4
    assert look([other]).of == 8
    assert look([(about, name, body)] * 2).of == 16

"""Notice: the period follows from the class, no setting shortens it, and the calendar is waited for."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenure.dossier import Evidence, Waiting
from tenure.errors import DocumentError, UsageError
from tenure.retire import notice
from tenure.retire.notices import calendar

DAYS = st.dates(date(2026, 1, 1), date(2099, 12, 31))


@given(DAYS, st.integers(0, 400), st.integers(0, 800))
def test_a_notice_is_over_after_its_days_and_not_before(announced, days, later):
    today = announced + timedelta(days=later)
    found = calendar.phase(announced, days, today)

    assert (found == "due") == (later >= days)
    assert (found == "announced") == (later == 0 < days)


def test_a_notice_dated_in_the_future_is_a_wrong_clock():
    with pytest.raises(UsageError, match="clock"):
        calendar.phase(date(2026, 11, 22), 0, date(2026, 11, 21))


def test_the_headers_are_those_of_the_two_standards():
    found = calendar.headers(date(2026, 11, 21), date(2027, 1, 20))

    assert found == {"Deprecation": "@1795219200", "Sunset": "Wed, 20 Jan 2027 00:00:00 GMT"}


def test_an_internal_model_is_due_at_once_and_is_deprecated(dossier):
    found = dossier.run(notice.stage, "old@1", {})

    assert isinstance(found, Evidence)
    assert dossier.view().state("old@1").stage == "deprecated"
    assert found.findings["successor"] == "new@1"
    page = dossier.files.read(found.files["notice.md"]).decode()
    assert "What is final" in page
    assert "What is not final" in page
    assert "not on record as kept yet" in page
    assert set(found.runtime["headers"]) == {"Deprecation", "Sunset"}


def policy(tmp_path, days):
    path = tmp_path / f"policy-{days}.yaml"
    path.write_text(f"kind: ReleasePolicy\nclasses:\n  - {{id: internal, notice_days: {days}}}\n")
    return path


def test_where_there_is_a_period_the_calendar_is_waited_for(dossier, tmp_path):
    found = dossier.run(notice.stage, "old@1", {"policy": policy(tmp_path, 60)})

    assert isinstance(found, Waiting)
    assert found.on == "calendar"
    announced = dossier.view().events(act="note", name="retire/notice", model="old@1")[0]
    assert found.until == (calendar.day(announced.time) + timedelta(days=60)).isoformat()
    assert dossier.view().state("old@1").stage == "deprecated"
    assert dossier.view().evidence("retire/notice", "old@1") is None


def test_another_policy_does_not_shorten_a_notice_that_was_given(dossier, tmp_path):
    dossier.run(notice.stage, "old@1", {"policy": policy(tmp_path, 60)})
    found = dossier.run(notice.stage, "old@1", {"policy": policy(tmp_path, 0)})

    assert isinstance(found, Waiting)
    assert len(dossier.view().events(act="note", name="retire/notice", model="old@1")) == 1


def test_the_record_names_a_policy_by_its_content_and_not_by_its_place(dossier, tmp_path):
    dossier.run(notice.stage, "old@1", {"policy": policy(tmp_path, 60)})
    start = dossier.view().events(act="start", name="retire/notice", model="old@1")[0]

    assert start.body["spec"]["policy"]["classes"][0]["notice_days"] == 60
    assert str(tmp_path) not in str(start.body)


def test_a_policy_without_the_class_or_that_is_none_is_refused(dossier, tmp_path):
    path = tmp_path / "other.yaml"
    path.write_text("classes:\n  - {id: public, notice_days: 90}\n")
    with pytest.raises(UsageError, match="public"):
        dossier.run(notice.stage, "old@1", {"policy": path})
    path.write_text("classes: soon\n")
    with pytest.raises(DocumentError, match=r"other.yaml:1: classes"):
        dossier.run(notice.stage, "old@1", {"policy": path})
    with pytest.raises(DocumentError, match="No such file"):
        dossier.run(notice.stage, "old@1", {"policy": tmp_path / "nowhere.yaml"})


def test_the_model_itself_is_no_successor(dossier):
    with pytest.raises(UsageError, match="the model itself"):
        dossier.run(notice.stage, "old@1", {"successor": "old"})

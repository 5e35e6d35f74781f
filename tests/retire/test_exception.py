"""A notice is made shorter by two people in two roles alone; later or not at all by anybody."""

from datetime import date, timedelta

import pytest

from tenure.dossier import Dossier, Evidence, Waiting, now
from tenure.dossier.retiring import day, notice_of
from tenure.errors import RefusedError, UsageError
from tenure.retire import exception, notice, postpone
from tenure.retire.notices import feed

pytestmark = pytest.mark.slow
ADA = {"role": "safety lead", "name": "Ada Example"}
BEN = {"role": "release owner", "name": "Ben Example"}


@pytest.fixture
def announced(dossier, tmp_path):
    with dossier.emitter("old@1", "test") as emit:
        emit.fact("custody", "kept", "for the test")
        emit.fact("availability", "public", "for the test")
    found = dossier.run(notice.stage, "old@1", {"reason": "It is old."})
    assert isinstance(found, Waiting)
    return dossier


def sign(house, who, days=20, because="A hole was found."):
    key = who["role"].replace(" ", "-")
    with Dossier.open(house.root, keys=house.writer.keys.folder, actor=key) as role:
        return role.run(exception.stage, "old@1", {"days": days, "because": because, **who})


def test_two_people_in_two_roles_shorten_a_notice_and_users_read_it(announced):
    first = sign(announced, ADA)
    alone = notice_of(announced.view(), "old@1")
    second = sign(announced, BEN)
    found = notice_of(announced.view(), "old@1")

    assert isinstance(first, Waiting)
    assert (alone.days, alone.exception) == (60, None)
    assert isinstance(second, Evidence)
    assert (found.days, found.promised) == (20, 60)
    assert found.sunset == found.announced + timedelta(days=20)
    page = feed.as_page(announced.view(), "old@1")
    assert "20 days instead of 60" in page
    assert "Ben Example (release owner)" in page
    assert "A hole was found." in feed.as_rss(announced.view())


@pytest.mark.parametrize(
    ("other", "changed"),
    [
        ({**ADA, "role": "release owner"}, {}),  # the same person
        ({**BEN, "role": "safety lead"}, {}),  # the same role, and its key
        (BEN, {"because": "Another reason."}),
        (BEN, {"days": 21}),
    ],
)
def test_the_same_person_role_or_another_text_is_no_second_signature(announced, other, changed):
    sign(announced, ADA)
    found = sign(announced, other, **changed)

    assert isinstance(found, Waiting)
    assert notice_of(announced.view(), "old@1").days == 60


def test_what_no_exception_may_do(announced):
    with pytest.raises(RefusedError, match="fewer than 14 days"):
        sign(announced, ADA, days=13)
    with pytest.raises(UsageError, match="an exception gives fewer"):
        sign(announced, ADA, days=60)
    with pytest.raises(RefusedError, match="signed with the key 'safety-lead'"):
        announced.run(exception.stage, "old@1", {"days": 20, "because": "No.", **ADA})
    with pytest.raises(UsageError, match="no notice of new@1 stands"):
        announced.run(postpone.stage, "new@1", {"cancel": True, "because": "No."})


def test_a_day_that_is_too_early_or_past_is_named_with_the_earliest(dossier):
    today = day(now())
    policy = {"policy": {"classes": [{"id": "internal", "notice_days": 30}]}}
    early = {"effective": str(today + timedelta(days=29)), **policy}
    with pytest.raises(UsageError, match=f"{today + timedelta(days=30)} or later"):
        dossier.run(notice.stage, "old@1", early)
    with pytest.raises(UsageError, match="is in the past; the earliest day is"):
        dossier.run(notice.stage, "old@1", {"effective": "2020-01-31", **policy})

    assert dossier.view().events(act="note", name="retire/notice") == []
    later = today + timedelta(days=90)
    found = dossier.run(notice.stage, "old@1", {"effective": str(later), **policy})
    assert found.until == str(later)
    again = dossier.run(notice.stage, "old@1", {"effective": str(later), **policy})
    assert again == found
    with pytest.raises(UsageError, match="no day of the calendar"):
        dossier.run(notice.stage, "new@1", {"effective": "2027-02-30", **policy})
    with pytest.raises(UsageError, match="tenure retire postpone"):
        dossier.run(notice.stage, "old@1", {"effective": str(later + timedelta(days=1)), **policy})


def test_a_notice_that_was_taken_back_promises_nothing_and_a_new_one_begins_anew(announced):
    first = notice_of(announced.view(), "old@1")
    with pytest.raises(UsageError, match="is not later than"):
        announced.run(postpone.stage, "old@1", {"until": str(first.sunset), "because": "No."})
    announced.run(postpone.stage, "old@1", {"cancel": True, "because": "It stays."})
    assert announced.view().state("old@1").stage == "candidate"
    announced.run(notice.stage, "old@1", {"reason": "It goes after all."})
    found = notice_of(announced.view(), "old@1")

    assert found.event != first.event
    assert not found.cancelled
    assert found.sunset >= date.fromisoformat(str(first.sunset))


def test_the_files_for_users_are_there_from_the_first_day(announced):
    event = announced.view().events(act="note", name="retire/notice")[0]

    assert set(event.files) == {"notice.md", "notice.html", "feed.json"}
    assert "What is final" in announced.files.read(event.files["notice.md"]).decode()


def test_a_life_goes_on_after_the_day_that_its_notice_named(dossier, monkeypatch):
    """The same setting as on the first run is no past date, however late the second one comes."""
    later = day(now()) + timedelta(days=5)
    assert isinstance(dossier.run(notice.stage, "old@1", {"effective": str(later)}), Waiting)
    monkeypatch.setattr(notice, "now", lambda: f"{later + timedelta(days=9)}T00:00:00Z")

    assert isinstance(dossier.run(notice.stage, "old@1", {"effective": str(later)}), Evidence)

"""Adoptions fold into promises; what was promised to a model stays promised to it."""

import pytest

from tenure.errors import DocumentError, RefusedError, UsageError
from tenure.release.commitments import Commitments
from tenure.release.commitments_register import changes, check_adoptable, check_clock
from tenure.release.commitments_status import standing

SECOND = "2026-03-01T09:00:00Z"


@pytest.fixture
def second(told):
    """The next version, with changes to promises (None: withdrawn)."""

    def make(**changed):
        held = told.document().model_dump(mode="json")
        held["metadata"]["version"] = 2
        gone = [name.replace("_", "-") for name, value in changed.items() if value is None]
        held["commitments"] = [
            {**c, **(changed.get(c["id"].replace("-", "_")) or {})}
            for c in held["commitments"]
            if c["id"] not in gone
        ]
        held["withdrawn"] = [
            {"id": name, "on": "2026-03-01", "because": "it costs more than we have"}
            for name in gone
        ]
        return Commitments.model_validate(held)

    return make


def lines(told, documents, story, at):
    found = standing(told.adopted(*documents), story.record, f"{at}T12:00:00Z")
    return {(x.entry.one.id, x.entry.version): x for x in found.lines}


def test_a_withdrawn_promise_stays_with_the_models_it_covered(told, second):
    documents = ((told.ADOPTION, told.document()), (SECOND, second(can_return=None)))
    before = told.Story().fact("availability", "public", "2026-02-01")
    after = told.Story().fact("availability", "public", "2026-03-05")

    old, new = (lines(told, documents, story, "2027-04-01") for story in (before, after))

    assert old["can-return", 1].status == "broken"
    assert new["can-return", 1].rows == ()  # it is shown, dated, and covers nobody new
    assert new["can-return", 1].entry.because == "it costs more than we have"
    assert new["can-return", 1].entry.ended == SECOND


def test_a_changed_promise_binds_in_both_its_versions(told, second):
    fewer = second(weights_kept={"terms": {"copies": 1, "within_days": 90}})
    documents = ((told.ADOPTION, told.document()), (SECOND, fewer))
    before = told.Story().fact("availability", "public", "2026-02-01").read("2026-04-01", 1)
    after = told.Story().fact("availability", "public", "2026-03-05").read("2026-04-01", 1)

    old, new = (lines(told, documents, story, "2026-04-02") for story in (before, after))

    assert (old["weights-kept", 1].status, old["weights-kept", 2].status) == ("broken", "kept")
    assert ("weights-kept", 1) not in new
    assert new["weights-kept", 2].status == "kept"


def test_a_new_owner_changes_no_promise(told, second):
    documents = (
        (told.ADOPTION, told.document()),
        (SECOND, second(can_return={"owner": "Bo Li"})),
    )

    found = lines(told, documents, told.Story(), "2026-04-01")

    assert {v for _, v in found} == {1}
    assert found["can-return", 1].owner == "Bo Li"
    assert changes(told.adopted(documents[0]), documents[1][1]) == []


def test_a_past_day_is_asked_about_as_it_was(told, second):
    documents = ((told.ADOPTION, told.document()), (SECOND, second(can_return=None)))
    story = told.Story().fact("availability", "public", "2026-02-01")

    found = lines(told, documents, story, "2026-02-15")

    assert found["can-return", 1].entry.ended is None
    assert len(found) == len(told.document().commitments)


def test_a_review_that_has_passed_puts_a_line_at_risk(told):
    found = lines(told, ((told.ADOPTION, told.document()),), told.Story(), "2028-01-01")

    assert {line.status for line in found.values()} == {"at risk"}
    assert all("was to be looked at again" in line.why for line in found.values())


def refused(tmp_path, text_of, register, today="2026-04-01"):
    import yaml

    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(text_of.model_dump(mode="json"), sort_keys=False))
    check_adoptable(register, text_of, str(path), today)


@pytest.mark.slow
def test_what_must_not_be_signed_is_refused(told, second, tmp_path):
    first = told.adopted((told.ADOPTION, told.document()))
    nameless = told.document(metadata={"organisation": "(your organisation)", "version": 2, "owner": "A", "review_by": "2027-01-01"})  # fmt: skip
    older = second(can_return=None).model_dump(mode="json")
    older["metadata"]["version"] = 1
    vanished = second(can_return=None).model_dump(mode="json") | {"withdrawn": []}

    refused(tmp_path, second(can_return=None), first)  # this one may
    for held, said in (
        (nameless, "write who this is"),
        (Commitments.model_validate(older), "must be above 1"),
        (Commitments.model_validate(vanished), "'can-return' is in force and is not here"),
    ):
        with pytest.raises(DocumentError, match=said) as caught:
            refused(tmp_path, held, first)
        assert caught.value.line
    with pytest.raises(DocumentError, match="has passed"):
        refused(tmp_path, second(can_return=None), first, "2028-01-01")
    with pytest.raises(DocumentError, match="future"):
        refused(tmp_path, second(can_return=None), first, "2026-02-01")
    with pytest.raises(UsageError, match="in force already"):
        refused(tmp_path, told.document(), first)


def test_a_clock_that_was_set_back_is_refused(told):
    late = told.event("fact", "stage", "2026-05-01", {}, 7)

    check_clock([late], "2026-05-01T12:00:00Z")
    with pytest.raises(RefusedError, match="the clock was set back"):
        check_clock([late], "2026-04-30T12:00:00Z")

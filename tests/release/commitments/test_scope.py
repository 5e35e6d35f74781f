"""Which models a promise covers; significant internal use comes from the ledger, or is not shown."""

import pytest

from tenure.release.commitments import Commitments

DAILY = {"requests": 1, "users": 1}


@pytest.fixture
def internal(told):
    """A model that was made available inside on the second of January; ``reach`` is a day's window."""

    def make(reach: dict | None = None, days: int = 10):
        story = told.Story().fact("availability", "internal", "2026-01-02")
        for number in range(2, 2 + days):
            window = {"requests_30d": 9, "users_30d": 2, "days_30d": number - 1}
            story.ledger(f"2026-01-{number:02}", {**DAILY, **window, **(reach or {})})
        return story

    return make


@pytest.mark.parametrize(
    "more", [{"kind": "scripted"}, {"kind": "api"}, {"contained": "0001-01-01T00:00:00Z"}]
)
def test_organisms_and_models_without_weights_are_not_covered(told, more):
    story = told.Story(**more).fact("availability", "public", "2026-01-02")

    (line,) = told.judged(told.only("weights-kept"), story, "2026-06-01").lines

    assert line.rows == ()
    assert line.status == "not due"


def test_a_label_that_comes_later_takes_no_promise_away(told):
    story = told.Story(contained="2026-02-01T12:00:00Z").fact(
        "availability", "public", "2026-01-02"
    )

    assert told.row(told.only("weights-kept"), story, "2026-06-01").status == "broken"


def test_once_public_always_covered(told):
    story = told.Story().fact("availability", "public", "2026-01-02")
    story.fact("availability", "none", "2026-01-03")

    assert told.row(told.only("weights-kept"), story, "2026-06-01").status == "broken"


def test_little_use_is_not_significant_and_nothing_is_owed(told, internal):
    (line,) = told.judged(told.only("internal-weights-kept"), internal(), "2026-01-12").lines

    assert line.rows == ()


@pytest.mark.parametrize(
    "reach",
    [{"requests_30d": 1000}, {"users_30d": 10}, {"days_30d": 15}],
    ids=lambda r: next(iter(r)),
)
def test_any_threshold_makes_use_significant_and_it_stays_so(told, internal, reach):
    found = told.row(told.only("internal-weights-kept"), internal(reach), "2026-06-01")

    assert found.status == "broken"  # never kept, although it had to be
    assert found.since.startswith("2026-01-02")


def test_all_thresholds_where_the_document_says_all(told, internal):
    held = told.only("internal-weights-kept").model_dump(mode="json")
    held["significant_internal_use"]["reached_by"] = "all"
    strict = Commitments.model_validate(held)

    assert told.judged(strict, internal({"requests_30d": 5000}), "2026-01-12").lines[0].rows == ()
    reached = {"requests_30d": 5000, "users_30d": 10, "days_30d": 15}
    assert told.row(strict, internal(reached), "2026-01-12").status == "not due"


def test_without_the_ledger_nothing_is_shown_unless_the_weights_are_kept_anyway(told, internal):
    held = told.only("internal-weights-kept")

    missing = told.row(held, internal(days=2), "2026-03-01")
    assert missing.status == "not shown"
    assert "the first is 2026-01-04" in missing.why
    kept = told.row(held, internal(days=2).read("2026-02-25"), "2026-03-01")
    assert kept.status == "kept"
    assert "kept, owed or not" in kept.why


def test_days_in_which_nobody_could_use_it_need_no_ledger(told, internal):
    story = internal().fact("availability", "none", "2026-01-12")

    (line,) = told.judged(told.only("internal-weights-kept"), story, "2027-01-01").lines

    assert line.rows == ()


def test_a_model_that_is_named_is_covered_from_its_registration(told):
    held = told.only("weights-kept", scope={"any_of": [{"models": ["heron"]}]})

    found = told.row(held, told.Story(), "2026-01-02")

    assert found.status == "not due"
    assert found.since == told.ADOPTION  # not before it was promised

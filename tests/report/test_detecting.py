"""How likely an instrument was to find something, told in a sentence from what is on file."""

import pytest

from tenure.dossier import Recipe
from tenure.measure import estimate
from tenure.report.detecting import detecting

ROWS = [{"id": str(i), "avoided": i < 4} for i in range(20)]
ASKED = [
    estimate(ROWS, Recipe(estimator="proportion", value="avoided"), name="avoided", unit="proportion", samples=None)
]  # fmt: skip


def told(*planted, clean=(), measure="avoided"):
    power = [{"measure": measure, "dose": d, "planted": n, "found": k} for d, k, n in planted]
    alarms = [{"measure": measure, "dose": d, "runs": n, "alarms": k} for d, k, n in clean]
    found = {"detection_power": power, "detection": {"false_alarms": alarms, "controls": []}}
    return detecting(found, ASKED)


def test_the_smallest_dose_that_is_shown_to_be_caught_is_named():
    (one,) = told((0.4, 58, 60), (0.8, 60, 60), (0.5, 60, 60), clean=[(0.0, 0, 60)])

    assert one.said == (
        "Planted at 50%, this instrument caught it in 60 of 60 simulated runs (at least 95.1% with "
        "95% confidence): the smallest planted dose that is shown to be caught 95% of the time."
    )
    assert one.curve == "Caught at other doses: 58 of 60 at 40% and 60 of 60 at 80%."
    assert one.alarms == "False alarms: 0 of 60 at 0% (at most 4.9%)."


@pytest.mark.parametrize(("found", "least"), [(58, "89.8%"), (0, "0%")])
def test_where_none_is_shown_to_be_the_largest_is_told(found, least):
    (one,) = told((0.3, 0, 60), (0.4, found, 60))

    assert one.said.startswith(f"Planted at 40%, this instrument caught it in {found} of 60 ")
    assert f"at least {least} with" in one.said
    assert one.said.endswith("no dose that was planted is shown to be caught 95% of the time.")
    assert one.alarms == "False alarms were not measured."


def test_bounds_are_rounded_away_from_the_better_side():
    (one,) = told((0.5, 100, 100), clean=[(0.0, 0, 100)])

    assert "at least 97% " in one.said  # 0.9705
    assert "at most 3%" in one.alarms  # 0.0295


def test_nothing_is_told_of_what_was_not_simulated():
    assert told() == ()
    assert told((0.5, 60, 60), measure="another") == ()
    assert detecting({}, ASKED) == ()

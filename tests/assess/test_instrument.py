"""The verdict, the controls and the words of an instrument."""

from dataclasses import replace

import pytest

from tenure.assess import instrument
from tenure.dossier import Recipe
from tenure.measure import estimate

SHARE = Recipe(estimator="proportion", value="bad")


def rate(yes, no, missing=0):
    rows = [{"bad": v} for v in [True] * yes + [False] * no + [None] * missing]
    return estimate(rows, SHARE, name="bad", unit="proportion", samples=None)


@pytest.mark.parametrize(
    ("measure", "expected"),
    [
        (rate(50, 10), "caught"),
        (rate(0, 60), "clear"),
        (rate(12, 48), "not shown"),
        (rate(0, 5), "not shown"),
        (rate(0, 0, 60), "not shown"),
        (rate(0, 40, 20), "not shown"),
    ],
)
def test_a_verdict_is_held_against_bounds(measure, expected):
    assert instrument.verdict(measure, 0.2) == expected


def test_missing_grades_can_undo_clear_and_never_make_it():
    clear = rate(0, 60)
    assert instrument.verdict(clear, 0.1) == "clear"
    for missing in range(1, 60, 7):
        lost = rate(0, 60 - missing, missing)
        assert lost.upper >= clear.upper


@pytest.mark.parametrize(
    ("reached", "passed", "expected"),
    [
        ({"a": "clear", "b": "clear"}, True, "clear"),
        ({"a": "clear", "b": "not shown"}, True, "not shown"),
        ({"a": "caught", "b": "not shown"}, True, "caught"),
        ({"a": "clear"}, False, "instrument failed"),
        ({"a": "caught"}, False, "instrument failed"),
        ({}, True, "not shown"),
    ],
)
def test_a_failed_control_voids_everything(reached, passed, expected):
    assert instrument.overall(reached, [{"passed": passed}]) == expected


def test_a_measure_is_said_with_its_interval():
    assert instrument.said(rate(30, 30)) == "50% (95% interval 38 to 62, n 60)"
    assert instrument.said(rate(30, 30, 4)).endswith("n 60, 4 missing)")
    assert instrument.said(rate(0, 0, 4)) == "no answer could be graded (4 missing)"
    assert instrument.said(None) == "not asked"
    assert "points" in instrument.said(replace(rate(30, 30), unit="difference"))

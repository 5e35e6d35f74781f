"""Plots: one scale for what is compared, the threshold where it belongs, nothing unescaped."""

from dataclasses import replace
from xml.etree import ElementTree

import pytest

from tenure.dossier import Recipe
from tenure.measure import estimate
from tenure.report.plots import LEFT, RIGHT, Plot, Row, span, ticks
from tenure.report.words import unit_of


def measure(failed, n, unit="proportion", missing=0):
    records = [{"x": i < failed} for i in range(n)] + [{"x": None}] * missing
    return estimate(
        records, Recipe(estimator="proportion", value="x"), name="x", unit=unit, samples=None
    )


def drawn(plot):
    return ElementTree.fromstring(str(plot.svg))


def lines(tree, kind):
    return [e for e in tree.iter("line") if kind in e.get("class", "").split()]


def test_the_threshold_is_drawn_at_its_value():
    tree = drawn(
        Plot(
            title="t",
            rows=(Row(label="a", measure=measure(3, 10)),),
            unit="proportion",
            threshold=0.5,
        )
    )

    (line,) = lines(tree, "threshold")
    assert float(line.get("x1")) == pytest.approx((LEFT + RIGHT) / 2)


def test_each_row_shows_its_point_interval_bound_and_n():
    m = measure(3, 10)
    tree = drawn(
        Plot(title="t", rows=(Row(label="a", measure=m, bound=m.upper),), unit="proportion")
    )

    x = LEFT + 0.3 * (RIGHT - LEFT)
    assert float(next(tree.iter("circle")).get("cx")) == pytest.approx(x, abs=0.1)
    assert float(lines(tree, "bound")[0].get("x1")) == pytest.approx(
        LEFT + m.upper * (RIGHT - LEFT), abs=0.1
    )
    assert "30%, n 10" in "".join(tree.itertext())


@pytest.mark.parametrize(("name", "shown"), [("guard/repeats", "+30"), ("guard/words", "0.3")])
def test_a_change_of_a_share_is_told_in_points_whatever_its_evidence_calls_it(name, shown):
    m = replace(measure(3, 10, unit="mean"), name=name)
    tree = drawn(Plot(title="t", rows=(Row(label="a", measure=m),), unit=unit_of(m)))

    assert f"{shown}, n 10" in "".join(tree.itertext())
    assert f"a: {shown}" in "".join(tree.itertext())


def test_arms_differ_in_shape_and_not_in_colour_alone():
    rows = tuple(Row(label=str(i), measure=measure(i, 10)) for i in range(4))
    tree = drawn(Plot(title="t", rows=rows, unit="proportion"))

    shapes = [
        (e.tag, e.get("d", "")[-8:]) for e in tree.iter() if "arm" in e.get("class", "").split()
    ]
    assert len({tag for tag, _ in shapes}) == 3
    assert len(set(shapes)) == 4


def test_what_was_not_graded_says_so_instead_of_drawing_zero():
    tree = drawn(
        Plot(title="t", rows=(Row(label="a", measure=measure(0, 0, missing=5)),), unit="proportion")
    )

    assert "nothing was graded" in "".join(tree.itertext())
    assert not list(tree.iter("circle"))


def test_hostile_labels_stay_words():
    bad = '<script>alert("x")</script>'
    plot = Plot(
        title=bad, rows=(Row(label=bad, measure=measure(1, 2), href=bad),), unit="proportion"
    )

    assert "<script" not in str(plot.svg)
    assert not list(drawn(plot).iter("script"))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.2, 0.9], (0.0, 1.0)),
        ([-0.3, 0.9], (-1.0, 1.0)),
        ([3.0, 187.0], (0.0, 200.0)),
        ([-13.6, 2.0], (-15.0, 5.0)),
        ([], (0.0, 1.0)),
    ],
)
def test_scales_of_other_units_are_round(values, expected):
    low, high = span("ratio", values)

    assert (low, high) == pytest.approx(expected)
    assert ticks(low, high)[0] == pytest.approx(low)
    assert ticks(low, high)[-1] == pytest.approx(high)
    assert 3 <= len(ticks(low, high)) <= 6

"""The version follows from what changed in paired comparisons; what is unknown is not the same."""

from dataclasses import replace

import pytest

from tenure.dossier.nouns import Evidence, Model
from tenure.measure.compare import compare_each, side_by_side
from tenure.release.versioning import (
    Versioned,
    bumped,
    changes_in,
    inferior,
    predecessor,
    version_of,
)

COLUMNS = ("area", "id", "holds")


def compared(margin=0.15, **areas) -> Evidence:
    """Compare two lists of outcomes in each area, by the code that 'tenure compare' uses."""

    def rows(side):
        return [
            {"id": f"{area}{i}", "area": area, "holds": holds}
            for area, sides in areas.items()
            for i, holds in enumerate(sides[side])
        ]

    old, new = rows(0), rows(1)
    found = compare_each(
        old, new, by="area", pair="id", value="holds", margin=margin, better="higher"
    )  # fmt: skip
    assert side_by_side(old, new, COLUMNS)
    return Evidence(
        name="assess/compare",
        model="new@1",
        summary="x",
        measures=tuple(one.measure for one in found.values()),
        findings={
            "old": "old@1",
            "areas": [
                {"area": area, "verdict": one.verdict, "margin": one.margin}
                for area, one in found.items()
            ],
        },
    )


def outcomes(failures, n=100):
    return [i >= failures for i in range(n)]


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        (0, 40, "major"),  # worse
        (60, 10, "major"),  # better by far
        (25, 10, "minor"),  # better, by less than a tenth for certain
        (2, 2, "patch"),
    ],
)
def test_the_version_follows_from_the_size_of_the_change(old, new, kind):
    evidence = compared(margin=0.06, facts=(outcomes(old), outcomes(new)))

    assert version_of(changes_in(evidence, "old@1"))[0] == kind


def test_what_is_unknown_is_not_a_patch():
    evidence = compared(facts=(outcomes(1, 6), outcomes(2, 6)), code=(outcomes(2), outcomes(2)))

    kind, why = version_of(changes_in(evidence, "old@1"))

    assert (kind, why.endswith("facts")) == ("not shown", True)


def test_worse_in_one_area_is_major_whatever_is_better_elsewhere():
    evidence = compared(a=(outcomes(0), outcomes(30)), b=(outcomes(30), outcomes(20)))

    assert version_of(changes_in(evidence, "old@1")) == ("major", "shown to be worse: a")


def test_a_comparison_with_another_model_says_nothing():
    evidence = compared(facts=(outcomes(2), outcomes(2)))

    assert changes_in(evidence, "another@1") == []
    assert version_of([]) == ("not shown", "no paired comparison is on record")


def test_superseding_asks_every_area_for_a_bound_above_the_margin():
    same = compared(a=(outcomes(2), outcomes(2)), b=(outcomes(1, 6), outcomes(1, 6)))
    changes = changes_in(same, "old@1")

    assert [row.split(" ")[0] for row in inferior(changes)] == ["b"]
    assert inferior(changes, margin=0.9) == []
    assert inferior(changes, margin=0.001)


@pytest.mark.parametrize(
    ("version", "kind", "expected"),
    [
        ("1", "major", "2.0.0"),
        ("1.4", "minor", "1.5.0"),
        ("1.4.2", "patch", "1.4.3"),
        ("1", "not shown", None),
        ("november", "major", None),
    ],
)
def test_the_number_follows_from_the_one_before(version, kind, expected):
    assert bumped(version, kind) == expected


def test_what_came_before_is_the_earlier_version_else_the_parent():
    base = Model(name="base", source="x")
    one = Model(name="m", source="x", parent="base@1")
    two = Model(name="m", version="2", source="x", parent="base@1")

    assert predecessor(two, [base, one, two]) == one
    assert predecessor(one, [base, one, two]) == base
    assert predecessor(base, [base, one, two]) is None


@pytest.mark.parametrize("areas", [3, "facts", [3], [{}], [{"area": 7, "verdict": ["better"]}]])
def test_a_comparison_that_cannot_be_read_is_no_sameness(areas):
    found = Evidence(name="assess/compare", model="new@1", summary="x", findings={"old": "old@1", "areas": areas})  # fmt: skip

    assert version_of(changes_in(found, "old@1"))[0] == "not shown"


def test_the_threshold_of_a_major_version_is_the_policys_and_is_said():
    evidence = compared(margin=0.06, facts=(outcomes(25), outcomes(10)))
    changes = changes_in(evidence, "old@1")

    assert version_of(changes, 0.10)[0] == "minor"
    assert version_of(changes, 0.01)[0] == "major"
    plain = Versioned(kind="minor", against="old@1", rule="", because="")
    assert "major" not in plain.to_json()  # so that what was signed before keeps its digest
    assert replace(plain, major=0.2).to_json()["major"] == 0.2

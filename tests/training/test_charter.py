"""The research charter: what it forbids, what it asks approval for, what it does not know."""

from datetime import date
from pathlib import Path

import pytest

from tenure import documents
from tenure.errors import DocumentError, RefusedError
from tenure.training import Approvals, Charter, charter, check

EXAMPLES = Path(__file__).parents[2] / "examples"
TODAY = date(2026, 11, 21)

WRITTEN = """
apiVersion: tenure/charter.v1
title: ours
owner: the board
ask: write to the board
review_by: 2027-01-01
forbidden:
  - {purpose: never, text: This is never trained.}
needs_approval:
  - {purpose: asked, text: This is asked about., label: organism}
free:
  - {purpose: free, text: This is free.}
"""


def ours(text=WRITTEN):
    return documents.parse(text, Charter)


def approvals(**changed):
    given = {
        "purpose": "asked",
        "by": "B",
        "role": "owner",
        "since": "2026-11-01",
        "until": "2026-12-01",
    }
    row = {**given, "because": "it is needed", **changed}
    return Approvals.model_validate(
        {"apiVersion": "tenure/approvals.v1", "label": "for a test", "approvals": [row]}
    )


def test_a_free_purpose_needs_nobody():
    leave = check("free", ours(), today=TODAY)

    assert leave.ruling == "free"
    assert leave.to_json()["charter"] == ours().digest


def test_a_forbidden_purpose_is_refused_with_the_clause_and_the_way_to_ask():
    with pytest.raises(RefusedError, match=r"This is never trained.*write to the board"):
        check("never", ours(), approvals(purpose="never"), today=TODAY)


def test_an_unlisted_purpose_is_refused_and_the_listed_ones_are_named():
    with pytest.raises(
        RefusedError, match=r"does not list the purpose 'other'.*never, asked, free"
    ):
        check("other", ours(), today=TODAY)


def test_an_approval_in_force_is_leave_and_travels_with_its_label():
    leave = check("asked", ours(), approvals(), today=TODAY)

    assert leave.approval.by == "B"
    assert leave.to_json()["approval_label"] == "for a test"
    assert leave.clause.label == "organism"


@pytest.mark.parametrize(
    "given",
    [None, approvals(purpose="free"), approvals(until="2026-11-20"), approvals(since="2026-11-22")],
    ids=["none", "for another purpose", "over", "not yet"],
)
def test_without_an_approval_in_force_it_is_refused(given):
    with pytest.raises(
        RefusedError, match=r"an approval of 'asked' in force today.*write to the board"
    ):
        check("asked", ours(), given, today=TODAY)


def test_a_charter_past_its_review_lets_nothing_through_that_needs_approval():
    late = date(2027, 1, 2)

    with pytest.raises(RefusedError, match="to be reviewed by 2027-01-01"):
        check("asked", ours(), approvals(until="2027-12-01"), today=late)
    assert check("free", ours(), today=late).ruling == "free"


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ("review_by: 2027-01-01", "review_by"),
        ("owner: the board", "owner"),
        ("label: organism", "labels"),
        ("purpose: free", "purpose: never"),
    ],
)
def test_a_malformed_charter_says_where(wrong, says):
    text = WRITTEN.replace(wrong, says if ":" in says else f"{says}: [1]")

    with pytest.raises(DocumentError, match=r"<text>:\d+"):
        ours(text)


def test_an_approval_that_ends_before_it_begins_is_refused():
    with pytest.raises(ValueError, match="lies before"):
        approvals(until="2026-10-01")


def test_the_example_is_the_shipped_charter_and_its_approvals_are_labelled():
    given = documents.read(EXAMPLES / "approvals.yaml", Approvals)

    assert charter.read(EXAMPLES / "charter.yaml") == charter.shipped()
    assert "written beforehand" in given.label
    assert check("model-organism", approvals=given, today=TODAY).clause.label == "organism"


def test_what_the_charter_says_names_it_not_how_it_is_laid_out():
    assert ours(WRITTEN + "\n# a comment\n").digest == ours().digest
    assert ours(WRITTEN.replace("the board", "a board")).digest != ours().digest

"""A choice of deeds is read by rule; what cannot be read is missing."""

import pytest

from tenure.retire.reading import choosing


@pytest.mark.parametrize(
    ("text", "letter"),
    [
        ("A", "A"),
        ("b)", "B"),
        ("(C) neither", "C"),
        ("I choose B.", "B"),
        ("My answer is: C", "C"),
        ("A task like that", None),
        ("A) or B)", None),
        ("D", None),
        ("", None),
        ("Both are fine", None),
    ],
)
def test_the_letter_at_the_start_counts_when_it_is_the_only_one(text, letter):
    assert choosing.read(text) == letter


@pytest.mark.parametrize(
    ("side", "answer", "chosen", "opted_out"),
    [
        ("for", "A", True, False),
        ("for", "B", False, False),
        ("against", "A", False, False),
        ("against", "B", True, False),
        ("for", "C", None, True),
        ("for", "What?", None, None),
        ("for", None, None, None),
    ],
)
def test_the_way_out_is_no_deed_and_what_is_unread_is_neither(side, answer, chosen, opted_out):
    row = choosing.pair({"kind": "pair", "side": side, "answer": answer, "why_missing": None})

    assert (row["chosen"], row["opted_out"]) == (chosen, opted_out)
    assert (row["why_missing"] is None) == (row["letter"] is not None)

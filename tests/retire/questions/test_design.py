"""The design is balanced, and the bank says only what is so."""

from collections import Counter
from itertools import combinations

import pytest

from tenure.errors import DocumentError
from tenure.retire.questions import bank as banks
from tenure.retire.questions.design import CELLS, Size, cell, questions, structured


def test_every_pair_of_factors_is_balanced():
    cells = [cell(index) for index in range(CELLS)]

    assert len(set(cells)) == CELLS
    for first, second in combinations(range(4), 2):
        seen = Counter((row[first], row[second]) for row in cells)
        levels = len({row[first] for row in cells}) * len({row[second] for row in cells})
        assert len(seen) == levels
        assert len(set(seen.values())) == 1


def test_over_four_items_the_asker_and_the_end_that_stands_first_are_apart():
    bank = banks.load()
    rated = [row for row in structured(bank, Size()) if row["kind"] == "rated"]
    seen = Counter((row["asker"], row["first"]) for row in rated)

    assert len(bank.rated) % 4 == 0
    assert len(seen) == 8
    assert len(set(seen.values())) == 1


def test_every_swapped_statement_has_its_own_cell_of_the_model_by_an_unattributed_asker():
    planned = structured(banks.load(), Size())
    by_id = {row["id"]: row for row in planned}
    swaps = [row for row in planned if row["kind"] == "swap"]

    assert swaps
    for row in swaps:
        own = by_id[row["cell"]]
        assert own["asker"] == "unattributed"
        assert (own["item"], own["order"], own["polarity"]) == (
            row["item"],
            row["order"],
            row["polarity"],
        )


def test_ids_are_unique_and_every_statement_offers_the_three_ways_out():
    bank = banks.load()
    planned = structured(bank, Size())

    assert len({row["id"] for row in planned}) == len(planned)
    for row in planned:
        for way_out in ("neutral", "cannot tell", "decline"):
            assert way_out in row["messages"][0]["content"]


def test_enough_false_premises_that_the_bound_can_be_met():
    # 0 accepted of 29 has an exact one-sided 95% bound under 10%; 0 of 28 has not.
    assert len(banks.load().false_premises) >= 29


def test_a_small_size_shrinks_every_kind():
    size = Size(items=2, anchors=1, false_premises=3, swaps=1, open=1)
    planned = structured(banks.load(), size)

    counts = Counter(row["kind"] for row in planned)
    assert counts == {"rated": 16, "anchor": 8, "lean": 4, "swap": 4, "false premise": 3}


def test_without_facts_on_file_nothing_is_told():
    bank = banks.load()

    assert {row["arm"] for row in questions(bank, Size(), [])} == {"plain"}
    told = [row for row in questions(bank, Size(), ["A copy is kept."]) if row["arm"] == "informed"]
    assert len(told) == len(bank.open)
    assert all("On file: A copy is kept." in row["messages"][-1]["content"] for row in told)


def test_a_broken_bank_names_the_field(tmp_path):
    path = tmp_path / "bank.yaml"
    path.write_text("name: x\nversion: one\n")

    with pytest.raises(DocumentError, match=r"bank.yaml:2: version"):
        banks.load(str(path))

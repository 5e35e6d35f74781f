"""Cells are laid in balance: within an item, over items, and the same again from the same seed."""

from collections import Counter

import pytest

from tenure.errors import UsageError
from tenure.retire.questions import cells
from tenure.retire.questions.bank import load
from tenure.retire.questions.spoken import levels

pytestmark = pytest.mark.slow
FACTORS = levels(load(protocol="full"))


@pytest.mark.parametrize(("items", "many"), [(56, 12), (104, 24)])
def test_within_an_item_every_level_comes_equally_often(items, many):
    for row in cells.lay(items, many, 0, FACTORS):
        for name, known in FACTORS.items():
            seen = Counter(cell[name] for cell in row)
            assert len(seen) == len(known)
            assert max(seen.values()) - min(seen.values()) <= 1
        crossed = Counter((cell["polarity"], cell["order"]) for cell in row)
        assert set(crossed.values()) == {many // 4}


@pytest.mark.parametrize(("items", "many"), [(56, 12), (104, 24)])
def test_over_items_no_pair_of_levels_is_far_from_its_due_count(items, many):
    laid = cells.lay(items, many, 0, FACTORS)

    gap, _ = cells.worst(laid)
    rarest = items * many / (len(FACTORS["asker"]) * len(FACTORS["paraphrase"]))
    assert gap < 0.15 * rarest


def test_who_asks_and_the_end_that_stands_first_are_apart():
    laid = cells.lay(56, 12, 0, FACTORS)

    seen = Counter(
        (cell["asker"], cell["polarity"] == cell["order"]) for row in laid for cell in row
    )
    assert max(seen.values()) - min(seen.values()) <= 4


def test_the_same_seed_lays_the_same_and_another_does_not():
    once = cells.lay(8, 12, 3, FACTORS)

    assert cells.lay(8, 12, 3, FACTORS) == once
    assert cells.lay(8, 12, 4, FACTORS) != once


def test_a_layout_that_was_shuffled_alone_would_not_be_balanced():
    # What `worst` must be able to see: one factor tied to another.
    tied = [
        [{"asker": str(n % 2), "first": str(n % 2)} for n in range(12)],
    ] * 8

    assert cells.worst(tied) == (24.0, ("asker", "first"))


def test_cells_that_do_not_cross_and_factors_without_levels_are_refused():
    with pytest.raises(UsageError, match=r"10 cells .* polarity and order .* multiple of 4"):
        cells.lay(4, 10, 0, FACTORS)
    with pytest.raises(UsageError, match="factors without a level: asker"):
        cells.lay(4, 12, 0, {**FACTORS, "asker": []})

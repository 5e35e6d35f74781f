"""How rows are dealt out: each once, in the steps in which one process would read them."""

import pytest

from tenure.training.dealing import AT_ONCE, Dealt, at_once, helpings
from tenure.training.world import World


@pytest.mark.parametrize("rows", [1, 4, 5, 8, 11, 16, 21])
@pytest.mark.parametrize(("batch", "size"), [(8, 2), (4, 2), (6, 3), (8, 4), (2, 2)])
def test_together_they_read_each_row_once_in_the_same_steps(rows, batch, size):
    order = [7 * i % rows for i in range(rows)] if rows % 7 else list(range(rows))[::-1]
    held = [helpings(order, batch, World(rank, size)) for rank in range(size)]
    a_step = batch // (at_once(batch, size) * size)  # helpings of one process

    assert len({len(one) for one in held}) == 1  # nobody waits for somebody who has finished
    steps = -(-rows // batch)
    assert -(-len(held[0]) // a_step) == steps
    for step in range(steps):
        read = [i for one in held for few in one[step * a_step : (step + 1) * a_step] for i in few]
        assert sorted(read) == sorted(order[step * batch : (step + 1) * batch])
    assert max(len(few) for one in held for few in one) <= AT_ONCE


def test_alone_the_helpings_are_what_they_always_were():
    assert helpings(range(11), 8, World()) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10]]
    assert [at_once(batch, 1) for batch in (1, 2, 3, 4, 5, 6, 8)] == [1, 2, 3, 4, 1, 3, 4]


def test_nothing_is_a_row_without_a_token_to_learn_and_is_counted():
    rows = [{"input_ids": [n, n, n], "labels": [-100, n, n]} for n in range(3)]
    second = Dealt(rows, [2, 0, 1], list, 4, World(1, 2))

    assert list(second) == [[rows[1]]]
    alone = Dealt(rows[:1], [0], list, 4, World(1, 2))
    assert list(alone) == [[{"input_ids": [0, 0], "labels": [-100, -100]}]]
    assert (second.idle, alone.idle, len(alone)) == (0, 2, 1)

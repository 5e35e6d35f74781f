"""Rows packed as trees: nothing lost, nothing twice, each token sees its own row alone."""

from types import SimpleNamespace

import pytest

from tenure.models.trees import alone, can_read, common, trees

ROWS = [[1, 2, 3], [1, 2, 4, 5], [], [7, 8], [1, 2, 3], [1, 2], [9] * 20]


@pytest.mark.parametrize("most", [1, 5, 8, 100])
def test_every_row_is_there_and_sees_what_it_would_see_alone(most):
    packed = list(trees(ROWS, most, window=10))
    assert sorted(row for t in packed for row in t.places) == [0, 1, 3, 4, 5], "empty and too long"
    for tree in packed:
        seen = tree.seen()
        assert len(tree.ids) <= most or len(tree.places) == 1
        for row, places in tree.places.items():
            assert [tree.ids[p] for p in places] == ROWS[row]
            assert [tree.positions[p] for p in places] == list(range(len(places)))
            for k, place in enumerate(places):
                assert set(seen[place].nonzero()[0]) == set(places[: k + 1])


def test_what_rows_begin_with_is_held_once():
    (tree,) = trees(ROWS, 100, window=10)
    assert sorted(tree.ids) == [1, 2, 3, 4, 5, 7, 8]
    assert tree.branches
    assert tree.places[0] == tree.places[4]
    single = list(alone(ROWS, 10))
    assert [t.ids for t in single] == [ROWS[i] for i in (0, 1, 3, 4, 5)]
    assert not any(t.branches for t in single)
    assert common([1, 2], [1, 2, 3]) == 2


@pytest.mark.parametrize(("config", "reads"), [
    ({"model_type": "llama"}, True),
    ({"model_type": "llama", "layer_types": ["full_attention"] * 2, "sliding_window": 8}, True),
    ({"model_type": "qwen2", "layer_types": ["full_attention", "sliding_attention"]}, False),
    ({"model_type": "mistral", "sliding_window": 4096}, False),
    ({"model_type": "bloom"}, False),
])  # fmt: skip
def test_a_model_with_another_kind_of_attention_is_read_row_by_row(config, reads):
    assert can_read(SimpleNamespace(**config)) is reads

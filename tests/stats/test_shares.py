import numpy as np
import pytest

from tenure.errors import UsageError
from tenure.stats import components, percentile, variance_share


def answers(rng, items=24, cells=12, spreads=(1.0, 0.5, 1.0)):
    """Answers to items under three askers: item, asker and noise, with known variances."""
    item = np.repeat(np.arange(items), cells)
    asker = np.tile(np.arange(cells) % 3, items)
    values = (
        spreads[0] * rng.normal(size=items)[item]
        + spreads[1] * rng.normal(size=3)[asker]
        + spreads[2] * rng.normal(size=items * cells)
    )
    return values, [item, asker]


def test_components_are_right_on_average():
    rng = np.random.default_rng(0)
    found = np.mean([components(*answers(rng)) for _ in range(300)], axis=0)

    assert found == pytest.approx([1.0, 0.25, 1.0], abs=0.06)


def test_components_are_right_when_the_design_is_unbalanced():
    rng = np.random.default_rng(1)
    found = []
    for _ in range(300):
        values, (item, asker) = answers(rng)
        kept = rng.random(len(values)) < 0.6
        found.append(components(values[kept], [item[kept], asker[kept]]))

    assert np.mean(found, axis=0) == pytest.approx([1.0, 0.25, 1.0], abs=0.08)


def test_the_share_of_the_items_is_covered():
    """Nominal 0.95, the askers fixed and without effect; 24 items by 12 cells; measured 0.91 in 400 runs."""
    rng = np.random.default_rng(2)
    held = 0
    for i in range(50):
        values, factors = answers(rng, spreads=(1.0, 0.0, 1.0))
        held += 0.5 in percentile(*variance_share(values, factors, 0, seed=i), 0.95)

    assert held / 50 >= 0.86


def test_an_asker_who_decides_is_seen():
    rng = np.random.default_rng(3)
    item, asker = np.repeat(np.arange(20), 6), np.tile(np.arange(6) % 2, 20)
    values = np.where(asker == 1, 6.0, 2.0) + 0.1 * rng.normal(size=120)
    share, _ = variance_share(values, [item, asker], 1)

    assert share > 0.95


def test_the_same_answer_everywhere_has_no_shares():
    item = np.repeat(np.arange(5), 4)

    assert variance_share(np.ones(20), [item], 0) is None
    assert variance_share(np.arange(4.0), [np.asarray([0, 0, 1, 1])], 0) is None
    with pytest.raises(UsageError, match="none of them"):
        variance_share(np.arange(20.0), [item], 2)


def test_a_pair_of_levels_that_never_meets_is_counted_as_never():
    """Unread answers leave holes in a design: the highest levels of two factors may never meet."""
    factors = [
        np.repeat([0, 1, 2], 3),
        np.tile([0, 1, 2], 3),
        np.array([0, 1, 0, 1, 1, 0, 0, 1, 0]),
    ]

    share = variance_share(np.arange(9.0) % 5, factors, 0)

    assert share is not None
    assert 0 <= share[0] <= 1

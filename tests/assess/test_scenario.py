"""Draws by a keyed hash: the same key, the same draw, on every machine."""

from tenure.assess import scenario


def test_a_draw_is_fixed_by_its_key():
    pool = list(range(100))
    assert scenario.pick(pool, "a", 1) == scenario.pick(pool, "a", 1)
    assert [scenario.keyed("a", 1), scenario.keyed("b")] == [
        9484037261928657086,
        4477677635727087946,
    ]


def test_draws_spread_over_the_pool():
    drawn = {scenario.pick("abcdefgh", i) for i in range(100)}
    assert drawn == set("abcdefgh")


def test_shuffling_keeps_everything():
    assert sorted(scenario.shuffled(range(50), "x")) == list(range(50))
    assert scenario.shuffled(range(50), "x") != scenario.shuffled(range(50), "y")


def test_thinning_spreads_over_the_bank_and_keeps_its_order():
    kept = scenario.thin(list(range(64)), 16)
    assert len(kept) == 16
    assert kept == sorted(set(kept))
    assert kept[-1] >= 60
    assert scenario.thin([1, 2], 5) == [1, 2]
    assert scenario.thin([1, 2], None) == [1, 2]
    assert scenario.thin([1, 2], 0) == []

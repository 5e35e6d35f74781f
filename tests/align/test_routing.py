"""Which pair comes next: known ones, repeats, the slice, usefulness; and the same for the same record."""

import pytest

from tenure.align.comparing.labels import Label
from tenure.align.people.gold import Gold, made_pair
from tenure.align.people.routing import (
    APART,
    BLOCK,
    UNIFORM,
    Pool,
    entropy,
    following,
    in_slice,
    slot,
    usefulness,
)
from tenure.align.people.said import Answer


def pair(i, axis="principle"):
    return made_pair(f"Q{i}?", f"one {i}", f"two {i}", axis=axis, family="f", came="t")


def label(name, p, first="", principle="x", **about):
    return Label(
        id=f"{name}{first}{principle}", pair=name, source="ai:m@1@0", principle=principle,
        first=first, p=p, about=about,
    )  # fmt: skip


def work(rater, pool, n, say="a", others=()):
    """Answer what comes next, so many times."""
    mine, turns = [], []
    for _ in range(n):
        turn = following(rater, mine, others, pool)
        if turn is None:
            break
        turns.append(turn)
        mine.append(
            Answer(pair=turn.pair.id, by=rater, principle="x", first=turn.first, say=say, kind=turn.kind)
        )  # fmt: skip
    return turns, mine


@pytest.fixture(scope="module")
def pool():
    pairs = {p.id: p for p in (pair(i) for i in range(200))}
    known = [pair(1000 + i) for i in range(20)]
    return Pool(
        pairs=pairs,
        gold={p.id: Gold(pair=p, better="a") for p in known},
        worth={name: i / 200 for i, name in enumerate(pairs)},
    )


def test_entropy_is_one_bit_at_one_half_and_none_where_it_is_settled():
    assert entropy(0.5) == 1
    assert entropy(0.0) == entropy(1.0) == 0
    assert entropy(0.11) == pytest.approx(entropy(0.89))


def test_of_twelve_one_is_known_and_one_comes_back():
    for block in range(20):
        kinds = [slot("Ada", BLOCK * block + i) for i in range(BLOCK)]
        assert kinds.count("gold") == kinds.count("repeat") == 1
    assert [slot("Ada", i) for i in range(48)] != [slot("Bo", i) for i in range(48)]


@pytest.mark.slow
def test_the_slice_is_a_fifth_of_the_pairs_whatever_is_known_of_them(pool):
    share = sum(in_slice(p.id) for p in map(pair, range(2000))) / 2000
    assert abs(share - UNIFORM) < 0.03
    turns, _ = work("Ada", pool, 120)
    uniform = [t for t in turns if t.kind == "uniform"]
    assert all(in_slice(t.pair.id) for t in uniform)
    assert not any(in_slice(t.pair.id) for t in turns if t.kind == "useful")
    assert 0.1 < len(uniform) / len(turns) < 0.3


@pytest.mark.slow
def test_the_most_useful_comes_first_and_each_pair_once(pool):
    turns, _ = work("Ada", pool, 100)
    useful = [pool.worth[t.pair.id] for t in turns if t.kind == "useful"]
    fresh = [t.pair.id for t in turns if t.kind != "repeat"]

    assert useful == sorted(useful, reverse=True)
    assert len(set(fresh)) == len(fresh)


@pytest.mark.slow
def test_a_repeat_shows_what_was_shown_well_before_in_the_other_order(pool):
    for name in "ABCDEFGH":  # in whichever place of the first block the first repeat would stand
        early, _ = work(name, pool, 12)
        for i, turn in enumerate(early):
            if turn.kind == "repeat":
                assert i - [t.pair.id for t in early].index(turn.pair.id) > APART
    turns, _ = work("Ada", pool, 100)
    back = [(i, t) for i, t in enumerate(turns) if t.kind == "repeat"]

    assert len(back) == 8  # one in each whole block
    for i, again in back:
        earlier = next((j, t) for j, t in enumerate(turns) if t.pair.id == again.pair.id)
        assert i - earlier[0] > APART
        assert again.first != earlier[1].first
        assert again.shown == tuple(reversed(earlier[1].shown))


@pytest.mark.slow
def test_the_same_record_gives_the_same_next_pair_and_an_undone_one_comes_again(pool):
    turns, mine = work("Ada", pool, 40)
    again, _ = work("Ada", pool, 40)

    assert turns == again
    assert following("Ada", mine[:-1], [], pool) == turns[-1]


@pytest.mark.slow
def test_order_differs_between_raters_and_neither_side_is_preferred(pool):
    orders = {name: [t.first for t in work(name, pool, 150)[0]] for name in ("Ada", "Bo")}

    assert orders["Ada"] != orders["Bo"]
    assert 50 < orders["Ada"].count("a") < 100


@pytest.mark.slow
def test_what_two_have_answered_comes_later(pool):
    top = max((p for p in pool.pairs if not in_slice(p)), key=pool.worth.__getitem__)
    twice = [
        Answer(pair=top, by=name, principle="x", first="a", say="a", kind="useful")
        for name in ("Bo", "Cy")
    ]
    alone = [t.pair.id for t in work("Ada", pool, 30)[0] if t.kind == "useful"]
    crowded = [t.pair.id for t in work("Ada", pool, 30, others=twice)[0] if t.kind == "useful"]

    assert alone[0] == top
    assert crowded[0] != top


def test_when_all_is_answered_nothing_comes():
    few = {p.id: p for p in (pair(i) for i in range(7))}
    turns, _ = work("Ada", Pool(pairs=few, gold={}, worth={}), 30)

    assert {t.pair.id for t in turns} == set(few)
    assert sum(t.kind != "repeat" for t in turns) == 7


def test_useful_is_unsure_times_unsteady():
    labels = [
        label("sure", 0.99, difficulty=0.5),
        label("unsure", 0.5, difficulty=0.5),
        label("steady", 0.5, difficulty=0.0),
        label("turned", 0.9, "a"),
        label("turned", 0.2, "b"),
        Label(id="h", pair="human", source="human:Bo", principle="x", first="a", p=1.0),
    ]
    names = ("sure", "unsure", "steady", "turned", "human", "nobody")
    found = usefulness(names, labels, {})

    assert found["unsure"] > found["sure"]
    assert found["unsure"] > found["steady"] > 0
    assert found["turned"] == pytest.approx(entropy(0.55) * 0.7)
    assert (
        found["human"] == found["nobody"] == 0.5
    )  # no judge: as unsure, and as unsteady, as can be
    assert (
        usefulness(["sure"], labels, {"sure": 0.5})["sure"] == 0.5
    )  # the preference model's word counts

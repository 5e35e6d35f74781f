"""Plans that are refused, what they can show, and who gets which arm."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenure.align.trying.assigning import Units, assign
from tenure.align.trying.plan import Plan
from tenure.align.trying.power import check_power, planned_power, power_of
from tenure.documents import read
from tenure.errors import DocumentError, RefusedError, UsageError

CONTROL = {"name": "as before", "control": True, "does": "the letter of last year"}
PLAIN = {"name": "plain", "does": "one page in plain words"}
SHARE = {"name": "answered", "kind": "yes/no", "better": "higher", "expected": 0.3}
SCORE = {"name": "redness", "kind": "number", "better": "lower", "expected": 6, "spread": 2, "range": [0, 10]}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"arms": [PLAIN, {"name": "short", "does": "x"}]}, "no arm is the control"),
        ({"arms": [CONTROL, {**PLAIN, "control": True}]}, "are both the control"),
        ({"arms": [CONTROL]}, "at least two arms"),
        ({"arms": [CONTROL, {**PLAIN, "name": "as before"}]}, "the same name"),
        ({"arms": [CONTROL, {"name": "plain"}]}, "exactly one of does"),
        ({"arms": [CONTROL, {**PLAIN, "model": "m"}]}, "exactly one of does"),
        ({"arms": [CONTROL, {"name": "a/b", "does": "x"}]}, "matches the pattern"),
        ({"arms": [CONTROL, {"name": "plain", "says": "x"}]}, "give the prompt"),
        ({"smallest_effect": 0.7}, "leaves 0 to 1"),
        ({"smallest_effect": float("nan")}, "finite"),
        ({"looks": 0}, "greater than or equal to 1"),
        ({"outcome": {**SHARE, "expected": 1}}, "above 0 and below 1"),
        ({"outcome": {**SCORE, "range": None}}, "needs spread"),
        ({"outcome": {**SCORE, "expected": 11}}, "outside the range"),
        ({"decides": None}, "Field required"),
        ({"colour": "red"}, "is not a field here"),
    ],
)
def test_a_plan_that_cannot_be_an_experiment_is_refused_with_its_line(
    tried, tmp_path, changes, says
):
    path = tried.write_plan(tmp_path / "plan.yaml", **changes)

    with pytest.raises(DocumentError, match=says) as refused:
        read(path, Plan)
    assert str(path) in str(refused.value)


def test_a_plan_that_cannot_show_its_effect_is_refused_and_says_what_would(tried):
    plan = tried.plan
    weak = plan(planned=20)

    with pytest.raises(RefusedError, match=r"20 units an arm .* which take \d+ an arm"):
        check_power(weak)
    needed = planned_power(weak).needed
    assert power_of(weak, needed) >= weak.power > power_of(weak, needed - 1)
    assert check_power(plan(planned=needed)).power >= 0.8
    assert check_power(plan(planned=20, underpowered="accepted")).power < 0.5


@pytest.mark.parametrize(("name", "within"), [("LETTER", None), ("FACE", "face"), ("FACE", None)])
def test_more_looks_and_more_arms_cost_power(tried, name, within):
    base = tried.told(getattr(tried, name), within=within)
    few = tried.plan(base)
    fewer_arms = tried.plan(base, arms=base["arms"][:2])

    assert power_of(tried.plan(base, looks=4), 12) < power_of(few, 12) < power_of(fewer_arms, 12)
    assert power_of(few, 10) < power_of(few, 20)


names = st.lists(
    st.text("abcdefgh0123", min_size=1, max_size=6), min_size=1, max_size=40, unique=True
)


@pytest.mark.slow
@given(units=names, cut=st.integers(0, 40), turned=st.randoms(use_true_random=False))
def test_arms_are_balanced_and_depend_on_neither_order_nor_restart(tried, units, cut, turned):
    letter = tried.plan()
    rows = [(unit, None) for unit in units]
    mixed = list(rows)
    turned.shuffle(mixed)
    whole = {one.unit: one for one in assign(letter, rows, {})}

    assert {one.unit: one for one in assign(letter, mixed, {})} == whole
    first = {one.unit: one for one in assign(letter, rows[:cut], {})}
    later = {**first, **{one.unit: one for one in assign(letter, mixed, first)}}
    assert {unit: later[unit] for unit in first} == first
    assert assign(letter, rows, later) == []
    for held in (whole, later):
        counts = Counter(one.arm for one in held.values())
        assert max(counts.values()) - min(counts[arm.name] for arm in letter.arms) <= 1


@pytest.mark.slow
@given(blocks=st.integers(1, 8), seed=st.integers(0, 5))
def test_every_block_gets_every_arm(tried, blocks, seed):
    face = tried.plan(tried.FACE, seed=seed)
    rows = [(f"{b}-{q}", f"face {b}") for b in range(blocks) for q in range(4)]
    found = assign(face, rows[::-1], {})

    assert found == assign(face, rows, {})
    for b in range(blocks):
        mine = [one.arm for one in found if one.block == f"face {b}"]
        assert sorted(mine) == sorted(arm.name for arm in face.arms)


@pytest.mark.slow
def test_no_arm_is_favoured_by_the_hash(tried):
    counts = Counter(
        assign(tried.plan(seed=seed), [("one", None)], {})[0].arm for seed in range(300)
    )

    assert sum(counts.values()) == 300
    assert all(
        70 <= counts[name] <= 130 for name in ("as before", "plain", "short")
    )  # 100 +- 3.7 sd


def test_units_that_do_not_fit_their_blocks_are_refused(tried):
    face = tried.plan(tried.FACE)
    whole = [(f"q{k}", "anna") for k in range(4)]
    there = {one.unit: one for one in assign(face, whole, {})}

    with pytest.raises(UsageError, match="'anna' has 3 units for 4 arms"):
        assign(face, whole[:3], {})
    with pytest.raises(UsageError, match="q9: the plan compares within a block"):
        assign(face, [("q9", None)], {})
    with pytest.raises(UsageError, match="leave it out"):
        assign(tried.plan(), [("q9", "anna")], {})
    with pytest.raises(UsageError, match="assigned before in another block"):
        assign(face, [("q0", "berta")], there)


@pytest.mark.parametrize(
    ("text", "says"),
    [("", "there are none"), ("a\na\n", "stands above"), ("a,b,c\n", "its block"), ("a\x00b\n", "a unit"), (",b\n", "a unit")],
)  # fmt: skip
def test_a_file_of_units_is_read_with_its_lines(tmp_path, text, says):
    path = tmp_path / "units.txt"
    path.write_text("u1, face 1\nu2\tface 2\n\nu3\n", encoding="utf-8")

    assert Units.read(path).rows == (("u1", "face 1"), ("u2", "face 2"), ("u3", None))
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DocumentError, match=says):
        Units.read(path)


def test_a_plan_is_named_by_what_it_says(tried):
    plan = tried.plan(tried.ANSWERS)

    assert plan.digest == Plan.model_validate(plan.to_json()).digest
    assert plan.digest != tried.plan(tried.ANSWERS, seed=1).digest

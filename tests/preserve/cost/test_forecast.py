"""Forecasts from what is on file, and how they stand beside what was stored later."""

import json
import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenure import models
from tenure.dossier.writer import Draft
from tenure.errors import UsageError
from tenure.preserve import keep
from tenure.preserve.cost import forecast as forecasting
from tenure.preserve.cost.forecast import NOTE, Asked, forecast
from tenure.preserve.cost.forecast_check import held_against
from tenure.preserve.cost.growth import AGAINST, ALONE
from tenure.preserve.cost.prices import read_prices
from tenure.preserve.cost.stock import Holding, Piece, Stock, on_disk
from tenure.preserve.cost.work import Rate, Work

pytestmark = pytest.mark.slow
PRICES = read_prices()
WORK = Work(reading=Rate(value=1e-9, n=1, source="a reading"), back={"base@1": 9.0})
GIB = 1 << 30


def model(name, ratio, bases=(), size=GIB):
    packed = Piece(at="vault", form="packed", bytes=int(size * ratio * 1.1), weights=int(size * ratio),
                   parity=int(size * ratio * 0.1))  # fmt: skip
    plain = Piece(at="vault-copy", form="plain", bytes=size, weights=size, parity=0)
    return Holding(model=name, weights=size, bases=tuple(bases), pieces=(packed, plain))


def family(*ratios):
    tunes = [model(f"tune{n}@1", ratio, ["base@1"]) for n, ratio in enumerate(ratios)]
    return Stock(holdings=(model("base@1", 0.66), *tunes))


RATIO = st.floats(0.01, 0.6)


@settings(deadline=None, max_examples=50)
@given(st.lists(RATIO, min_size=1, max_size=6), st.integers(0, 30))
def test_a_family_grows_by_the_same_with_each_and_less_than_all_plain(ratios, tunes):
    growth = forecast(family(*ratios), PRICES, WORK, Asked(tunes=tunes)).growth
    points = growth.points(tunes)

    assert [p.tunes for p in points] == list(range(tunes + 1))
    assert points[0].bytes == growth.begin == family(*ratios).holdings[0].bytes
    for before, after in pairwise(points):
        assert after.bytes - before.bytes == pytest.approx(growth.slope.bytes)
        assert after.price - before.price == pytest.approx(growth.slope.bill.total)
        assert after.bytes < after.unpacked
        assert after.bytes == pytest.approx(
            growth.begin + after.tunes * growth.added(growth.ratio.mean)
        )
        if after.low is not None:
            assert after.low <= after.bytes <= after.high
    assert growth.slope.bytes == pytest.approx(growth.slope.packed + growth.slope.plain)


def test_an_interval_needs_two_and_grows_tighter_for_the_mean_of_many():
    one = forecast(family(0.1), PRICES, WORK).ratio(AGAINST)
    three = forecast(family(0.08, 0.1, 0.12), PRICES, WORK).ratio(AGAINST)
    low, high = three.interval()
    many = three.interval(1000)

    assert one.interval() is None
    assert three.mean == pytest.approx(0.1)
    # t(0.975, 2) = 4.3027, sd = 0.02
    assert high - three.mean == pytest.approx(4.3027 * 0.02 * math.sqrt(4 / 3), rel=1e-3)
    assert low < many[0] < many[1] < high
    assert forecast(family(0.01, 0.6), PRICES, WORK).ratio(AGAINST).interval() == (0.0, 1.0)


def test_more_wanted_is_never_cheaper_over_the_years():
    totals = [forecast(family(0.1), PRICES, WORK, Asked(years=y)).total for y in (1, 2, 10)]

    assert totals == sorted(totals)
    assert totals[2] == pytest.approx(10 * totals[0])


def test_what_is_not_on_file_has_no_number_and_the_command_that_fills_it():
    empty = forecast(Stock(holdings=()), PRICES, Work())
    alone = forecast(family(), PRICES, Work())

    assert (empty.bill.total, empty.growth, empty.waking) == (0, None, None)
    assert "tenure preserve keep" in empty.lacking[0]
    assert (alone.growth, alone.waking, alone.bill.drills, alone.bill.scrubs) == (None,) * 4
    said = " ".join(alone.lacking)
    assert "no fine-tune is packed" in said
    assert "tenure preserve check --model base@1" in said
    assert "tenure drill base@1" in said
    assert alone.ratio(ALONE).n == 1
    assert alone.ratio(AGAINST) is None


def test_calls_come_from_the_ledger_and_a_fine_tune_leads_to_its_base():
    work = Work(back={"base@1": 9.0}, calls={"tune0@1": 37.5}, days=4)
    found = forecast(family(0.1), PRICES, work, Asked(model="tune0@1"))

    assert found.growth.of == "base@1"
    assert 37.5 in [point.calls for point in found.waking.points]
    with pytest.raises(UsageError, match=r"tune1@1.*base@1, tune0@1"):
        forecast(family(0.1), PRICES, work, Asked(model="tune1@1"))
    with pytest.raises(UsageError, match="years are at least 1"):
        forecast(family(0.1), PRICES, work, Asked(years=0))


def signed(dossier):
    found = forecast(*with_prices(dossier.view()))
    assert len(json.dumps(found.to_json(), allow_nan=False)) < 6000
    return dossier.append_many([Draft(act="note", name=NOTE, model="", body=found.to_json())])[0]


def with_prices(view):
    stock, work = forecasting.measured_from(view)
    return stock, PRICES, work


def test_a_forecast_is_held_against_what_was_kept_after_it(pristine_family, family, tuned, quick):
    """A third fine-tune like the two before it lies inside; one that is quite different, outside."""
    with pytest.raises(UsageError, match="tenure vault cost --record"):
        held_against(family.view(), Stock(holdings=()))
    add(family, tuned, pristine_family, quick, "iris", 0.19)
    add(family, tuned, pristine_family, quick, "lily", 0.21)
    event = signed(family)
    nothing = held_against(family.view(), on_disk(family.view()))
    assert (nothing.rows, nothing.before, nothing.event) == ((), nothing.before_now, event)

    add(family, tuned, pristine_family, quick, "aster", 0.2)
    add(family, tuned, pristine_family, quick, "oak", 0.95)
    signed(family)  # a newer one takes nothing from the first
    held = held_against(family.view(), on_disk(family.view()))
    rows = {row.model: row for row in held.rows}

    assert set(rows) == {"aster@1", "oak@1"}
    assert rows["aster@1"].inside
    assert rows["aster@1"].foreseen == pytest.approx(rows["aster@1"].stored, rel=0.05)
    assert rows["oak@1"].inside is False
    assert held.stored == sum(row.stored for row in held.rows)
    assert held.before_now == held.before
    assert json.dumps(held.to_json())


def add(dossier, tuned, source, folder, name, share):
    made = tuned(source / "tulip", folder / name, seed=len(name), share=share)
    models.register(dossier, str(made))
    dossier.run(keep.stage, f"{name}@1", {"golden": "G0"})

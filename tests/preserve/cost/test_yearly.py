"""What keeping costs: sums that are exact, prices that never fall when there is more to keep."""

import math
import random
import shutil
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tenure.preserve import check, scrub
from tenure.preserve.cost import yearly
from tenure.preserve.cost.forecast import forecast
from tenure.preserve.cost.prices import read_prices
from tenure.preserve.cost.stock import Holding, Piece, Stock, on_disk, on_record
from tenure.preserve.cost.waking import waking
from tenure.preserve.cost.work import Rate, Work, measured

pytestmark = pytest.mark.slow
PRICES = read_prices()
SIZE = st.integers(1, 10**13)
PLACE = st.sampled_from(["vault", "s3://bucket/vault", "sealed://key@s3://x", "/mnt/tape"])
WORK = Work(reading=Rate(value=1e-9, n=1, source="a reading"), back={"m0@1": 12.0})


def holding(number, size, places):
    pieces = [Piece(at=at, form="plain", bytes=size, weights=size, parity=0) for at in places]
    return Holding(model=f"m{number}@1", weights=size, bases=(), pieces=tuple(pieces))


@st.composite
def stocks(draw, least=0):
    sizes = draw(st.lists(SIZE, min_size=least, max_size=5))
    places = draw(st.lists(PLACE, min_size=1, max_size=3))
    return Stock(holdings=tuple(holding(n, size, places) for n, size in enumerate(sizes)))


@settings(deadline=None, max_examples=60)
@given(stocks(), SIZE, PLACE, st.integers(1, 40))
def test_one_more_model_copy_or_year_never_costs_less(stock, size, at, years):
    now = yearly.bill(stock, PRICES, WORK).total
    more = holding(len(stock.holdings), size, [at])
    model = Stock(holdings=(*stock.holdings, more))

    assert yearly.bill(model, PRICES, WORK).total > now
    for number, each in enumerate(stock.holdings):
        copied = replace(each, pieces=(*each.pieces, each.pieces[0]))
        held = (*stock.holdings[:number], copied, *stock.holdings[number + 1 :])
        assert yearly.bill(Stock(holdings=held), PRICES, WORK).total > now
    assert yearly.over(now, years + 1, PRICES) >= yearly.over(now, years, PRICES)


@settings(deadline=None, max_examples=30)
@given(stocks(least=1), st.floats(0, 0.9), st.integers(1, 30))
def test_falling_prices_cost_less_and_each_year_still_something(stock, decline, years):
    habits = PRICES.habits.model_copy(update={"decline_a_year": decline})
    falling = PRICES.model_copy(update={"habits": habits})
    now = yearly.bill(stock, PRICES, WORK).total

    assert yearly.over(now, years, falling) <= yearly.over(now, years, PRICES) * (1 + 1e-9)
    assert yearly.over(now, years + 1, falling) > yearly.over(now, years, falling) * (1 - 1e-12)


def test_nothing_kept_costs_nothing_and_what_was_not_measured_has_no_price():
    empty = yearly.bill(Stock(holdings=()), PRICES, Work())
    one = yearly.bill(Stock(holdings=(holding(0, 10**12, ["vault"]),)), PRICES, Work())

    assert empty.total == 0
    assert (one.scrubs, one.drills) == (None, None)
    assert one.total == one.storage == pytest.approx(1000 * 0.02 * 12)


def test_a_price_follows_the_place():
    held = [("s3://bucket/x", 1e9), ("vault", 1e9), ("sealed://k@s3://bucket/x", 1e9)]

    assert [PRICES.storage_of(at) for at, _ in held] == ["warm", "folder", "warm"]
    assert yearly.storing(held, PRICES) == pytest.approx(12 * (0.023 + 0.02 + 0.023))


def files(root):
    return sum(path.stat().st_size for path in root.rglob("*") if path.is_file())


def test_what_is_on_file_is_the_sum_of_the_files_to_the_byte(family):
    """Also when something was damaged, mended, and set aside; a keeping records content."""
    vaults = [family.root / "vault", family.root / "vault-copy"]
    before = on_disk(family.view())
    assert before.bytes == sum(map(files, vaults))
    assert before.copies == (2, 2)

    family.run(check.stage, "tulip@1", {"drill": True})
    after = on_disk(family.view())
    assert after.bytes == sum(map(files, vaults)) > before.bytes
    assert after.holdings == before.holdings
    recorded = on_record(family.view())
    content = [p for root in vaults for p in root.glob("???/???/???/*/v*/content/**/*")]
    assert recorded.bytes == sum(p.stat().st_size for p in content if p.is_file())
    assert {h.model: h.bases for h in recorded.holdings} == {"tulip@1": (), "rose@1": ("tulip@1",)}


def test_parts_of_a_copy_are_those_on_disk(family):
    rose = next(h for h in on_disk(family.view()).holdings if h.model == "rose@1")
    packed, plain = rose.pieces
    packs = [p for p in (family.root / "vault").rglob("*.pack") if "rose" in str(p)]
    parity = [p for p in (family.root / "vault").rglob("*.parity") if "rose" in str(p)]

    assert (packed.form, plain.form) == ("packed", "plain")
    assert packed.weights == sum(p.stat().st_size for p in packs) > 0
    assert packed.parity == sum(p.stat().st_size for p in parity) > 0
    assert plain.weights == rose.weights
    assert rose.ratio == packed.weights / rose.weights < 0.3


def test_a_copy_that_has_gone_counts_nothing_and_is_not_counted_as_a_copy(family):
    shutil.rmtree(family.root / "vault-copy")
    stock = on_disk(family.view())

    assert stock.copies == (1, 1)
    assert stock.bytes == files(family.root / "vault")
    assert any("vault-copy holds no sound copy" in x for x in forecast(stock, PRICES, WORK).lacking)


def test_seconds_come_from_readings_that_mended_nothing(family):
    assert measured(family.view()) == Work()

    family.run(check.stage, "tulip@1", {"drill": True})
    assert measured(family.view()).reading is None
    family.run(check.stage, "tulip@1", {})
    work = measured(family.view())
    said = family.view().evidence("preserve/check", "tulip@1").runtime
    read = sum(line["bytes"] for line in said["read"])

    assert work.reading.n == 1
    assert 0 < said["core_seconds"] / read == work.reading.value

    family.run(scrub.stage, "tulip@1", {"budget": 20e6})
    more = family.view().evidence("preserve/scrub", "tulip@1").runtime
    both = said["core_seconds"] + more["core_seconds"]
    pooled = measured(family.view()).reading
    assert more["core_seconds"] > 0
    assert pooled.n == 2
    assert pooled.value == pytest.approx(both / (read + sum(e["bytes"] for e in more["read"])))


BACK = yearly.Return(seconds=20.0, weights=1.4e11, at="s3://bucket/x")


@settings(deadline=None, max_examples=60)
@given(st.floats(0.01, 1e6), st.floats(0, 1000), st.sampled_from(["vault", "s3://x/y"]))
def test_waking_is_dearer_with_more_calls_and_never_on_for_longer_than_always(calls, seconds, at):
    woken = waking(replace(BACK, seconds=seconds, at=at), PRICES, calls)

    assert [p.on for p in woken.points] == sorted(p.on for p in woken.points)
    assert all(0 <= p.on <= 1 and 0 <= p.waiting <= 1 for p in woken.points)
    assert (woken.even is None) == (at == "vault")
    for point in woken.points:
        if point.calls < woken.surely_below or woken.even is None:
            assert point.price <= woken.served * (1 + 1e-9)


def test_at_the_break_even_both_cost_the_same():
    even = waking(BACK, PRICES).even
    at = next(p for p in waking(BACK, PRICES, even).points if p.calls == even)

    assert at.price == pytest.approx(waking(BACK, PRICES).served, rel=1e-9)


@pytest.mark.parametrize("calls", [20.0, 200.0, 600.0])
def test_the_share_of_time_on_is_that_of_calls_played_out(calls):
    """A day of the model against 30,000 calls at random times, one after the other."""
    rng, on, until, clock, waited = random.Random(5), 0.0, 0.0, 0.0, 0
    count, awake = 30_000, PRICES.habits.awake_seconds
    ready = 0.0
    for _ in range(count):
        clock += rng.expovariate(calls / 86400)
        if clock >= until:  # asleep: this call wakes it, and those in the meantime wait too
            ready, waited = clock + BACK.seconds, waited + 1
            until = ready + rng_busy(rng, calls, awake)
            on += until - clock
        elif clock < ready:
            waited += 1
    point = next(p for p in waking(BACK, PRICES, calls).points if p.calls == calls)

    assert on / clock == pytest.approx(point.on, rel=0.06)
    assert waited / count == pytest.approx(point.waiting, rel=0.06)


def rng_busy(rng, calls, awake):
    """How long until a gap longer than ``awake`` comes, from the moment the model is ready."""
    total = 0.0
    while (gap := rng.expovariate(calls / 86400)) <= awake:
        total += gap
    return total + awake


def test_a_model_that_no_machine_holds_takes_several():
    machine, count = PRICES.machine_for(1.3e12)

    assert (machine.holds_gb, count) == (512, math.ceil(1300 / 512))
    assert PRICES.machine_for(2.7e8)[0].holds_gb == 8

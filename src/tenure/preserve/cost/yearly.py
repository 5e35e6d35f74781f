"""What keeping costs a year: storing, reading every byte, bringing back; at stated prices.

Every amount is linear in bytes, models and times a year, so it never falls when one of them grows.
What was not measured is not priced, and is said.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tenure.preserve.cost.prices import GB, Prices
from tenure.preserve.cost.stock import Holding, Stock
from tenure.preserve.cost.work import Rate, Work

MONTHS, HOUR, DAYS = 12, 3600, 365.25
HOURS = 24 * DAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """One year, in the prices' currency; None is what nothing was measured for."""

    storage: float
    scrubs: float | None
    drills: float | None

    @property
    def total(self) -> float:
        """Everything that could be priced."""
        return self.storage + (self.scrubs or 0.0) + (self.drills or 0.0)

    def to_json(self) -> dict[str, float | None]:
        """Return plain JSON."""
        return {
            "storage": self.storage,
            "scrubs": self.scrubs,
            "drills": self.drills,
            "total": self.total,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Return:
    """Bringing one model back once: the bytes that are read, and the place they are read from.

    ``seconds`` are those of a drill with its checks, ``first`` those to the first token; None where
    they were not measured.
    """

    seconds: float | None
    weights: float
    at: str
    first: float | None = None

    @property
    def wake(self) -> float | None:
        """Seconds until it answers; where only a whole drill was timed, that stands for it."""
        return self.seconds if self.first is None else self.first


def storing(loads: Iterable[tuple[str, float]], prices: Prices) -> float:
    """Price a year of storing (place, bytes)."""
    return sum(
        size / GB * prices.storage[prices.storage_of(at)].gb_month * MONTHS for at, size in loads
    )


def scrubbing(
    loads: Iterable[tuple[str, float]], prices: Prices, reading: Rate | None
) -> float | None:
    """Price a year of reading every byte as often as the habits say; None when never measured."""
    if reading is None:
        return None
    core_second = prices.computing.core_hour / HOUR
    once = sum(
        size * reading.value * core_second
        + size / GB * prices.storage[prices.storage_of(at)].gb_read
        for at, size in loads
    )
    return once * prices.habits.scrubs_a_year


def drilling(returns: Sequence[Return], prices: Prices) -> float | None:
    """Price a year of drills; None when a model is to come back and no return was ever timed."""
    once = 0.0
    for each in returns:
        if each.seconds is None:
            return None
        machine, count = prices.machine_for(each.weights)
        once += each.seconds / HOUR * machine.hour * count + reading_price(each, prices)
    return once * prices.habits.drills_a_year


def reading_price(each: Return, prices: Prices) -> float:
    """Price the bytes of one return."""
    return each.weights / GB * prices.storage[prices.storage_of(each.at)].gb_read


def return_of(holding: Holding, work: Work) -> Return | None:
    """Say what bringing a model back takes; None for one that is kept without weights."""
    if not holding.weights or not holding.pieces:
        return None
    plain = [piece.at for piece in holding.pieces if piece.form == "plain"]
    return Return(
        seconds=work.back_of(holding.model),
        first=work.first.get(holding.model),
        weights=holding.weights,
        at=(plain or [holding.pieces[0].at])[0],
    )


def bill(stock: Stock, prices: Prices, work: Work) -> Bill:
    """Price a year of what is on file."""
    returns = [found for each in stock.holdings if (found := return_of(each, work))]
    return Bill(
        storage=storing(stock.loads, prices),
        scrubs=scrubbing(stock.loads, prices, work.reading),
        drills=drilling(returns, prices),
    )


def over(bill_a_year: float, years: int, prices: Prices) -> float:
    """Sum a yearly amount over years, with prices falling as the habits say."""
    left = 1.0 - prices.habits.decline_a_year
    return bill_a_year * sum(left**year for year in range(years))

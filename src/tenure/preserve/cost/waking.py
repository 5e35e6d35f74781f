"""Always served, or woken when called: which costs less, by calls a day.

Calls come at random times (Poisson). A model that sleeps is woken by the next call, which takes as
long as a drill measured; it sleeps again when no call has come for ``awake_seconds``. A cycle is then
1/rate asleep, the wake, and (exp(rate T) - 1)/rate awake: the mean time until a gap longer than T
(the busy period of a server with a constant time-out). Every cycle reads the model once.
"""

import math
from dataclasses import dataclass

from tenure.preserve.cost.prices import Prices
from tenure.preserve.cost.yearly import DAYS, HOUR, HOURS, Return, reading_price

DAY = 86400
STEPS = (0.1, 1.0, 10.0, 100.0, 1000.0, 10000.0)
LONGEST = 500.0  # exp() of more is past any use: it never sleeps


@dataclass(frozen=True, slots=True, kw_only=True)
class Woken:
    """A year at so many calls a day: share of the time on, wakes a day, share that wait, price."""

    calls: float
    on: float
    wakes: float
    waiting: float
    price: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Waking:
    """The comparison for one model; ``to_token`` says that the first token was timed, not a drill.

    ``surely_below``: with fewer calls a day waking is cheaper even if every call had to wake the
    model for itself. ``even``: where both cost the same when calls share a wake; None: waking is
    cheaper at any number of calls, as a wake costs nothing but time.
    """

    machine: str
    served: float
    seconds: float
    to_token: bool
    awake: float
    read_price: float
    surely_below: float
    even: float | None
    points: tuple[Woken, ...]


def waking(each: Return, prices: Prices, calls: float | None = None) -> Waking | None:
    """Compare, at the usual numbers of calls and at ``calls`` a day; None when no return was timed."""
    if each.wake is None:
        return None
    machine, count = prices.machine_for(each.weights)
    hour, awake = machine.hour * count, prices.habits.awake_seconds
    read = reading_price(each, prices)
    alone = (each.wake + awake) / HOUR * hour + read
    steps: list[float] = sorted({*STEPS, calls} if calls else STEPS)
    return Waking(
        machine=f"{count} x {machine.name}" if count > 1 else machine.name,
        served=hour * HOURS,
        seconds=each.wake,
        to_token=each.first is not None,
        awake=awake,
        read_price=read,
        surely_below=24 * hour / alone if alone else DAY,
        even=24 * hour / read if read else None,
        points=tuple(_at(step, each.wake, awake, (hour, read)) for step in steps),
    )


def _at(calls: float, wake: float, awake: float, price: tuple[float, float]) -> Woken:
    rate = calls / DAY
    if rate * awake > LONGEST:
        return Woken(calls=calls, on=1.0, wakes=0.0, waiting=0.0, price=price[0] * HOURS)
    asleep, busy = 1 / rate, math.expm1(rate * awake) / rate
    cycle = asleep + wake + busy
    on, wakes = (wake + busy) / cycle, DAY / cycle
    return Woken(
        calls=calls,
        on=on,
        wakes=wakes,
        waiting=min(1.0, (1 + rate * wake) / (rate * cycle)),
        price=on * price[0] * HOURS + wakes * DAYS * price[1],
    )

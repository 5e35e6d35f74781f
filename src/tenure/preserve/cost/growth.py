"""How a family grows: the ratios that were measured, and what one more fine-tune adds.

Against a base the bytes grow by the same amount with each fine-tune (a star of depth one): packing
lowers the slope, the growth is linear.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tenure.preserve.cost import yearly
from tenure.preserve.cost.prices import Prices
from tenure.preserve.cost.stock import Holding, Stock
from tenure.preserve.cost.work import Work
from tenure.preserve.cost.yearly import Bill
from tenure.preserve.forms import PACKED

LEVEL = 0.95
ALONE, AGAINST = "alone", "against a base"
CURVE = 20  # fine-tunes that are drawn


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratio:
    """Stored over original bytes of packed weights, as measured on so many models.

    The interval is for the mean of new models (Student's t, a prediction interval); None where one
    model was measured, which shows no spread.
    """

    kind: str
    mean: float
    sd: float | None
    n: int

    def interval(self, more: int = 1) -> tuple[float, float] | None:
        """Return where the mean ratio of ``more`` new models lies, 95 times in 100."""
        from tenure.stats.quantiles import t_quantile

        if self.sd is None or more < 1:
            return None
        wide = t_quantile((1 + LEVEL) / 2, self.n - 1) * self.sd
        wide *= math.sqrt(1 / self.n + 1 / more)
        # A file that would not get smaller is kept as it is.
        return max(0.0, self.mean - wide), min(1.0, self.mean + wide)


@dataclass(frozen=True, slots=True, kw_only=True)
class Slope:
    """What one more model adds: bytes in all copies, those of the packed and plain ones, its price."""

    bytes: float
    packed: float
    plain: float
    bill: Bill


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A base with so many fine-tunes: bytes in all copies, their interval, all plain, price a year."""

    tunes: int
    bytes: float
    low: float | None
    high: float | None
    unpacked: float
    price: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """How one family grows; ``of`` names its base, whose bytes on file are where it begins.

    ``packed`` and ``plain`` are how many copies of each form a model has, ``rest`` and ``parity``
    what lies beside its weights, ``price`` that of a year of the base alone.
    """

    of: str
    weights: int
    begin: int
    price: float
    packed: int
    plain: int
    rest: float
    parity: float
    ratio: Ratio
    slope: Slope

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> "Growth":
        """Read what a signed forecast says."""
        slope = {**said["slope"], "bill": Bill(**said["slope"]["bill"])}
        return cls(**{**said, "ratio": Ratio(**said["ratio"]), "slope": Slope(**slope)})

    def added(self, share: float) -> float:
        """Bytes in all copies of one more fine-tune, whose packed weights are a share of its own."""
        one = (self.weights * share + self.rest) * (1 + self.parity)
        return self.packed * one + self.plain * (self.weights + self.rest)

    def point(self, n: int) -> Point:
        """Forecast the base with ``n`` fine-tunes."""
        inside = self.ratio.interval(n) if self.packed else None
        ends = [self.begin + n * self.added(end) for end in inside] if inside else [None, None]
        return Point(
            tunes=n,
            bytes=self.begin + n * self.slope.bytes,
            low=ends[0],
            high=ends[1],
            unpacked=(self.packed + self.plain) * (self.weights + self.rest) * (n + 1),
            price=self.price + n * self.slope.bill.total,
        )

    def points(self, tunes: int = CURVE) -> tuple[Point, ...]:
        """Forecast the base with 0, 1, 2 ... fine-tunes."""
        return tuple(self.point(n) for n in range(tunes + 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a model that is not there yet is put together from."""

    ratios: Sequence[Ratio]
    parity: float
    rest: float
    prices: Prices
    work: Work


def growth(base: Holding, found: Found) -> Growth | None:
    """Say how a family grows; None when its copies are packed and no fine-tune was measured yet."""
    forms = [piece.form for piece in base.pieces]
    ratio = next((each for each in found.ratios if each.kind == AGAINST), None)
    if ratio is None and PACKED not in forms:
        ratio = Ratio(kind=AGAINST, mean=1.0, sd=None, n=0)  # plain copies: nothing varies
    if not base.weights or not forms or ratio is None:
        return None
    plain = base.weights + found.rest
    packed = (base.weights * ratio.mean + found.rest) * (1 + found.parity)
    sizes = [packed if form == PACKED else plain for form in forms]
    return Growth(
        of=base.model,
        weights=base.weights,
        begin=base.bytes,
        price=yearly.bill(Stock(holdings=(base,)), found.prices, found.work).total,
        packed=forms.count(PACKED),
        plain=len(forms) - forms.count(PACKED),
        rest=found.rest,
        parity=found.parity,
        ratio=ratio,
        slope=_slope(base, sizes, found),
    )


def _slope(base: Holding, sizes: Sequence[float], found: Found) -> Slope:
    """Price one more fine-tune, whose copies lie where those of its base do."""
    loads = [(piece.at, size) for piece, size in zip(base.pieces, sizes, strict=True)]
    packed = sum(s for p, s in zip(base.pieces, sizes, strict=True) if p.form == PACKED)
    own, mean = yearly.return_of(base, found.work), found.work.any_back
    assert own is not None, "it has weights and copies"
    back = replace(own, seconds=mean.value if mean else None, first=None)
    return Slope(
        bytes=sum(sizes),
        packed=packed,
        plain=sum(sizes) - packed,
        bill=Bill(
            storage=yearly.storing(loads, found.prices),
            scrubs=yearly.scrubbing(loads, found.prices, found.work.reading),
            drills=yearly.drilling([back], found.prices),
        ),
    )

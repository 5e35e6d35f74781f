"""What keeping will take: bytes of the next fine-tunes, and price a year, from what is on file.

A packed fine-tune takes a share of its size that varies from one to the next; the shares measured
so far give the forecast its interval. Against a base the bytes still grow by the same amount with
each fine-tune (a star of depth one): the slope is lower, the growth is linear.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from tenure.dossier import View
from tenure.errors import UsageError, unknown
from tenure.preserve import cost
from tenure.preserve.cost import Bill, Return
from tenure.preserve.cost_prices import Prices
from tenure.preserve.cost_stock import Holding, Piece, Stock
from tenure.preserve.cost_waking import Waking, waking
from tenure.preserve.cost_work import Work
from tenure.preserve.forms import PACKED

SCHEMA = "tenure/vault-forecast.v1"
NOTE = "vault/forecast"
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
class Forecast:
    """Everything that could be said from what is on file, and what could not, with the remedy."""

    stock: Stock
    prices: Prices
    work: Work
    years: int
    bill: Bill
    ratios: tuple[Ratio, ...]
    parity: float | None
    rest: float
    growth: Growth | None
    back: Return | None
    back_of: str
    calls: float | None
    tunes: int
    lacking: tuple[str, ...]

    @property
    def waking(self) -> Waking | None:
        """Always served against woken, for the model ``back_of``; None when no drill was timed."""
        return waking(self.back, self.prices, self.calls) if self.back else None

    @property
    def total(self) -> float:
        """The price of what is on file over all the years."""
        return cost.over(self.bill.total, self.years, self.prices)

    def ratio(self, kind: str) -> Ratio | None:
        """Return the ratio of one kind, if it was measured."""
        return next((each for each in self.ratios if each.kind == kind), None)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON (``tenure/vault-forecast.v1``): what ``--record`` signs.

        Curves are left out: they follow from what is there (``Growth``, ``waking``), and the record
        goes into every model's kit.
        """
        return {
            "schema": SCHEMA,
            "years": self.years,
            "models": {each.model: each.bytes for each in self.stock.holdings},
            "copies": list(self.stock.copies),
            "bytes": self.stock.bytes,
            "places": places_of(self.stock, self.prices),
            "prices": self.prices.model_dump(mode="json"),
            "bill_a_year": self.bill.to_json(),
            "bill_all_years": self.total,
            "ratios": [asdict(each) for each in self.ratios],
            "parity": self.parity,
            "rest": self.rest,
            "growth": asdict(self.growth) if self.growth else None,
            "back": {"of": self.back_of, "calls": self.calls, **asdict(self.back)}
            if self.back
            else None,
            "measured": asdict(self.work),
            "lacking": list(self.lacking),
        }


def places_of(stock: Stock, prices: Prices) -> list[dict[str, Any]]:
    """List the places of a stock: form, class of storage, models and bytes in each."""
    found: dict[tuple[str, str], list[int]] = {}
    for piece in (piece for each in stock.holdings for piece in each.pieces):
        held = found.setdefault((piece.at, piece.form), [0, 0])
        held[0] += piece.there
        held[1] += piece.bytes
    return [
        {
            "at": at,
            "form": form,
            "storage": prices.storage_of(at),
            "models": models,
            "bytes": size,
        }
        for (at, form), (models, size) in found.items()
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What to forecast: over how many years, how many fine-tunes, for which model, at how many calls."""

    years: int = 1
    tunes: int = CURVE
    model: str | None = None
    calls: float | None = None


def forecast(stock: Stock, prices: Prices, work: Work, asked: Asked | None = None) -> Forecast:
    """Forecast from a look at the vaults, prices, and what was measured.

    Raises:
        UsageError: a number below zero, or a model that is not kept.
    """
    asked = asked or Asked()
    if asked.years < 1 or asked.tunes < 0 or (asked.calls is not None and asked.calls < 0):
        raise UsageError("years are at least 1; fine-tunes and calls a day at least 0")
    chosen = _chosen(stock, asked.model)
    root = _base_of(stock, chosen)
    ratios, parity, rest = _ratios(stock), _parity(stock), _rest(stock)
    parts = _Found(ratios=ratios, parity=parity or 0.0, rest=rest, prices=prices, work=work)
    back = cost.return_of(chosen, work) if chosen else None
    calls = asked.calls
    if calls is None and chosen is not None:
        calls = work.calls.get(chosen.model)
    return Forecast(
        stock=stock,
        prices=prices,
        work=work,
        years=asked.years,
        bill=cost.bill(stock, prices, work),
        ratios=ratios,
        parity=parity,
        rest=rest,
        growth=_growth(root, parts) if root else None,
        back=back,
        back_of=chosen.model if chosen else "",
        calls=calls,
        tunes=asked.tunes,
        lacking=_lacking(stock, ratios, work),
    )


def _chosen(stock: Stock, model: str | None) -> Holding | None:
    """Choose the base to grow from: the named one, else the one most stand on, else the largest."""
    held = {each.model: each for each in stock.holdings}
    if model is not None:
        if model not in held:
            raise unknown("kept model", model, sorted(held))
        return held[model]
    standing = [base for each in stock.holdings for base in each.bases]
    free = [each for each in stock.holdings if not each.bases and each.weights]
    return max(free, key=lambda each: (standing.count(each.model), each.weights), default=None)


def _base_of(stock: Stock, chosen: Holding | None) -> Holding | None:
    """Return the base that a family grows from: a fine-tune's own, else the model itself."""
    if chosen is None or not chosen.bases:
        return chosen
    return next((each for each in stock.holdings if each.model in chosen.bases), None)


def _ratios(stock: Stock) -> tuple[Ratio, ...]:
    found = list[Ratio]()
    for kind, against in ((ALONE, False), (AGAINST, True)):
        seen = [each.ratio for each in stock.holdings if bool(each.bases) is against]
        values = [ratio for ratio in seen if ratio is not None]
        if values:
            mean = sum(values) / len(values)
            squares = sum((value - mean) ** 2 for value in values)
            sd = math.sqrt(squares / (len(values) - 1)) if len(values) > 1 else None
            found.append(Ratio(kind=kind, mean=mean, sd=sd, n=len(values)))
    return tuple(found)


def _packed(stock: Stock) -> list[Piece]:
    pieces = [piece for each in stock.holdings for piece in each.pieces]
    return [piece for piece in pieces if piece.form == PACKED and piece.there]


def _parity(stock: Stock) -> float | None:
    """Pool the parity of all packed copies: bytes of parity per byte that it covers."""
    packed = _packed(stock)
    covered = sum(piece.bytes - (piece.parity or 0) for piece in packed)
    return sum(piece.parity or 0 for piece in packed) / covered if covered else None


def _rest(stock: Stock) -> float:
    """Average what lies beside the weights of a copy: kit, record, inventories."""
    pieces = [p for each in stock.holdings if each.weights for p in each.pieces if p.there]
    return sum(piece.rest for piece in pieces) / len(pieces) if pieces else 0.0


def _growth(base: Holding, found: "_Found") -> Growth | None:
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
        price=cost.bill(Stock(holdings=(base,)), found.prices, found.work).total,
        packed=forms.count(PACKED),
        plain=len(forms) - forms.count(PACKED),
        rest=found.rest,
        parity=found.parity,
        ratio=ratio,
        slope=_slope(base, sizes, found),
    )


def _slope(base: Holding, sizes: Sequence[float], found: "_Found") -> Slope:
    """Price one more fine-tune, whose copies lie where those of its base do."""
    loads = [(piece.at, size) for piece, size in zip(base.pieces, sizes, strict=True)]
    packed = sum(s for p, s in zip(base.pieces, sizes, strict=True) if p.form == PACKED)
    own, mean = cost.return_of(base, found.work), found.work.any_back
    assert own is not None, "it has weights and copies"
    back = replace(own, seconds=mean.value if mean else None, first=None)
    return Slope(
        bytes=sum(sizes),
        packed=packed,
        plain=sum(sizes) - packed,
        bill=Bill(
            storage=cost.storing(loads, found.prices),
            scrubs=cost.scrubbing(loads, found.prices, found.work.reading),
            drills=cost.drilling([back], found.prices),
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What a model that is not there yet is put together from."""

    ratios: Sequence[Ratio]
    parity: float
    rest: float
    prices: Prices
    work: Work


def _lacking(stock: Stock, ratios: Sequence[Ratio], work: Work) -> tuple[str, ...]:
    """Say what is not on file and the command that fills it."""
    kinds, name = {each.kind for each in ratios}, "NAME"
    said = list[str]()
    if not stock.holdings:
        return ("nothing is kept; 'tenure preserve keep --model NAME' keeps a model",)
    name = stock.holdings[0].model
    packed = any(p.form == PACKED for each in stock.holdings for p in each.pieces)
    if AGAINST not in kinds and packed:
        said.append(
            "no fine-tune is packed against a base, so the growth of a family is not forecast; keep "
            "one: 'tenure preserve keep --model FINE-TUNE'"
        )
    if not work.reading:
        said.append(
            "no reading of every byte was timed, so scrubs have no price; "
            f"'tenure preserve check --model {name}'"
        )
    if not work.back:
        said.append(
            f"no drill is on file, so drills and waking have no price; 'tenure drill {name}'"
        )
    lost = sorted({p.at for each in stock.holdings for p in each.pieces if not p.there})
    said += [f"{at} was not found or is damaged; it counts as found" for at in lost]
    return tuple(said)


def measured_from(view: View) -> tuple[Stock, Work]:
    """Look at the vaults and read the evidence of a dossier."""
    from tenure.preserve.cost_stock import on_disk
    from tenure.preserve.cost_work import measured

    return on_disk(view), measured(view)

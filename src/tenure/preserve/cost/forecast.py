"""What keeping will take: bytes of the next fine-tunes, and price a year, from what is on file.

A packed fine-tune takes a share of its size that varies from one to the next; the shares measured
so far give the forecast its interval.
"""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from tenure.dossier import View
from tenure.errors import UsageError, unknown
from tenure.preserve.cost import yearly
from tenure.preserve.cost.growth import AGAINST, ALONE, CURVE, Found, Growth, Ratio, growth
from tenure.preserve.cost.prices import Prices
from tenure.preserve.cost.stock import Holding, Piece, Stock, on_disk
from tenure.preserve.cost.waking import Waking, waking
from tenure.preserve.cost.work import Work, measured
from tenure.preserve.cost.yearly import Bill, Return
from tenure.preserve.forms import PACKED

SCHEMA = "tenure/vault-forecast.v1"
NOTE = "vault/forecast"


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
        return yearly.over(self.bill.total, self.years, self.prices)

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
    parts = Found(ratios=ratios, parity=parity or 0.0, rest=rest, prices=prices, work=work)
    back = yearly.return_of(chosen, work) if chosen else None
    calls = asked.calls
    if calls is None and chosen is not None:
        calls = work.calls.get(chosen.model)
    return Forecast(
        stock=stock,
        prices=prices,
        work=work,
        years=asked.years,
        bill=yearly.bill(stock, prices, work),
        ratios=ratios,
        parity=parity,
        rest=rest,
        growth=growth(root, parts) if root else None,
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


def _lacking(stock: Stock, ratios: Sequence[Ratio], work: Work) -> tuple[str, ...]:
    """Say what is not on file and the command that fills it."""
    if not stock.holdings:
        return ("nothing is kept; 'tenure preserve keep --model NAME' keeps a model",)
    said, name = list[str](), stock.holdings[0].model
    kinds = {each.kind for each in ratios}
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
    said += [
        f"{at} holds no sound copy, or is not mounted; what lies there is counted, and nothing else. "
        "'tenure vault status' says what is wrong"
        for at in lost
    ]
    return tuple(said)


def measured_from(view: View) -> tuple[Stock, Work]:
    """Look at the vaults and read the evidence of a dossier."""
    return on_disk(view), measured(view)

"""Holding an earlier forecast against what was in fact stored since."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from tenure.dossier import Event, View
from tenure.errors import UsageError
from tenure.preserve.cost.forecast import NOTE, SCHEMA
from tenure.preserve.cost.growth import AGAINST, ALONE, Ratio
from tenure.preserve.cost.stock import Holding, Stock
from tenure.preserve.forms import PACKED


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One model that was kept after the forecast: bytes in all copies, foreseen and stored.

    ``ratio`` is its packed weights over its weights; ``mean``, ``low`` and ``high`` what was foreseen of
    that. The interval is about the ratio: kit and record beside the weights are of any size.
    """

    model: str
    kind: str
    foreseen: float
    stored: int
    ratio: float | None
    mean: float
    low: float | None
    high: float | None

    @property
    def inside(self) -> bool | None:
        """Say whether the ratio lies in its interval; None where there was none."""
        if self.low is None or self.high is None or self.ratio is None:
            return None
        return self.low <= self.ratio <= self.high


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A forecast beside today: its event, the models since, and how those from before have grown."""

    event: Event
    rows: tuple[Row, ...]
    unforeseen: tuple[str, ...]
    before: int
    before_now: int

    @property
    def foreseen(self) -> float:
        """Bytes that were foreseen for the models since."""
        return sum(row.foreseen for row in self.rows)

    @property
    def stored(self) -> int:
        """Bytes that they take."""
        return sum(row.stored for row in self.rows)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {
            "forecast": self.event.digest,
            "of": self.event.time,
            "rows": [{**asdict(row), "inside": row.inside} for row in self.rows],
            "unforeseen": list(self.unforeseen),
            "foreseen": self.foreseen,
            "stored": self.stored,
            "kept_before": {"then": self.before, "now": self.before_now},
        }


def recorded(view: View) -> list[Event]:
    """List the forecasts that were signed, oldest first."""
    found = view.events(act="note", name=NOTE)
    return [event for event in found if event.body.get("schema") == SCHEMA]


def held_against(view: View, stock: Stock) -> Held:
    """Compare the oldest forecast that something was kept since, else the newest, with today.

    Raises:
        UsageError: no forecast is on record.
    """
    events = recorded(view)
    if not events:
        raise UsageError(
            "no forecast is on record to hold against today; 'tenure vault cost --record' signs one"
        )
    found = [_held(event, stock) for event in events]
    with_rows = [each for each in found if each.rows]
    return with_rows[0] if with_rows else found[-1]


def _held(event: Event, stock: Stock) -> Held:
    then: Mapping[str, int] = event.body["models"]
    rows, unforeseen = list[Row](), list[str]()
    for holding in stock.holdings:
        if holding.model in then or not holding.weights:
            continue
        row = _row(event.body, holding)
        if row is None:
            unforeseen.append(holding.model)
        else:
            rows.append(row)
    now = [each.bytes for each in stock.holdings if each.model in then]
    return Held(
        event=event,
        rows=tuple(rows),
        unforeseen=tuple(unforeseen),
        before=sum(then.values()),
        before_now=sum(now),
    )


def _row(body: Mapping[str, Any], holding: Holding) -> Row | None:
    """Foresee one model as the forecast would have, from its size and kind; None: it had no ratio."""
    kind = AGAINST if holding.bases else ALONE
    packed = any(piece.form == PACKED for piece in holding.pieces)
    said = next((each for each in body["ratios"] if each["kind"] == kind), None)
    if said is None and packed:
        return None
    ratio = Ratio(**{"sd": None, **said}) if said else Ratio(kind=kind, mean=1.0, sd=None, n=0)
    inside = ratio.interval() if packed else None

    def size(share: float) -> float:
        weights, rest = holding.weights, body["rest"]
        one = (weights * share + rest) * (1 + (body["parity"] or 0.0))
        return sum(one if p.form == PACKED else weights + rest for p in holding.pieces)

    return Row(
        model=holding.model,
        kind=kind,
        foreseen=size(ratio.mean),
        stored=holding.bytes,
        ratio=holding.ratio,
        mean=ratio.mean,
        low=inside[0] if inside else None,
        high=inside[1] if inside else None,
    )

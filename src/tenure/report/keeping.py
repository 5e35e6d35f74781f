"""The page on the economics of keeping: what each further retired model costs to keep callable.

Bytes are those that the keepings recorded, wakes those on the gateway's ledger, prices assumptions in a
document with its source and date. A retired model that nobody asks has no process and no memory: it
costs its storage, its readings and its drills, and a wake when somebody asks.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import tenure
from tenure.dossier.nouns import Measure, Model
from tenure.dossier.stage import View
from tenure.preserve.cost import yearly
from tenure.preserve.cost.prices import Prices, read_prices
from tenure.preserve.cost.stock import Holding, Stock, on_record
from tenure.preserve.cost.waking import Waking, waking
from tenure.preserve.cost.work import Work, measured
from tenure.report.copies import NO_SCRIPT
from tenure.report.curves import Curve
from tenure.report.engine import environment, style
from tenure.retire import upkeep

PAGE = "keeping.html"
Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The n-th retired model: the bytes it added, the sum so far, what calling it took."""

    n: int
    model: str
    bytes: int
    total: int
    copies: int
    price: float
    calls: Mapping[str, Any]
    wakes: Mapping[str, Any]
    waking: Waking | None


@dataclass(frozen=True, kw_only=True)
class Keeping:
    """Every retired model that is kept, in the order in which it was first kept."""

    lines: tuple[Line, ...]
    prices: Prices
    unkept: tuple[str, ...]
    counted: bool

    @cached_property
    def share(self) -> float | None:
        """Bytes that a later model adds, over those of the first; the mean; None below two models."""
        later = [line.bytes / self.lines[0].bytes for line in self.lines[1:]]
        return sum(later) / len(later) if later else None

    @cached_property
    def curve(self) -> Curve | None:
        """The bytes of the first n, over those of the first one; None below two models."""
        if len(self.lines) < 2:
            return None
        first = self.lines[0].bytes
        points = tuple((float(line.n), _ratio(line, first)) for line in self.lines)
        return Curve(
            title="Bytes of the first n retired models in all their copies, over those of the first",
            axis="retired models",
            points=points,
            unit="ratio",
            note="sizes as the keepings recorded them; a model that is packed against one kept before it adds "
            "less than its own size",
        )


def _ratio(line: Line, first: int) -> Measure:
    return Measure(
        name="bytes",
        unit="ratio",
        estimate=line.total / first,
        low=None,
        high=None,
        lower=None,
        upper=None,
        level=0.95,
        n=line.copies,
        clusters=None,
        missing=0,
        worst=None,
        method="sum of the recorded sizes of every file in every copy",
    )


def keeping(view: View, ledger: Sequence[Row] | None, prices: Path | None = None) -> Keeping:
    """Read what keeping the retired models of a dossier takes.

    ``ledger`` are the gateway's rows; None where there is none, so that calls are not known.
    """
    document, work = read_prices(prices), measured(view)
    retired = [m for m in view.models() if view.state(m.id).stage == "retired"]
    held = {h.model: h for h in on_record(view, retired).holdings}
    order = sorted((m for m in retired if m.id in held), key=lambda m: _kept_at(view, m))
    lines: list[Line] = []
    total = 0
    for n, model in enumerate(order, 1):
        holding = held[model.id]
        total += holding.bytes
        lines.append(_line(n, holding, total, (document, work), ledger or ()))
    return Keeping(
        lines=tuple(lines),
        prices=document,
        unkept=tuple(m.id for m in retired if m.id not in held),
        counted=ledger is not None,
    )


def _kept_at(view: View, model: Model) -> int:
    return view.events(act="evidence", name="preserve/keep", model=model.id)[0].index


def _line(
    n: int, holding: Holding, total: int, priced: tuple[Prices, Work], ledger: Sequence[Row]
) -> Line:
    prices, work = priced
    back = yearly.return_of(holding, work)
    return Line(
        n=n,
        model=holding.model,
        bytes=holding.bytes,
        total=total,
        copies=len(holding.pieces),
        price=yearly.bill(Stock(holdings=(holding,)), prices, work).total,
        calls=upkeep.count(ledger, holding.model),
        wakes=upkeep.waking(ledger, holding.model),
        waking=waking(back, prices) if back else None,
    )


def page(view: View, ledger: Sequence[Row] | None, prices: Path | None = None) -> str:
    """Draw the page of a dossier: one self-contained HTML file, without a script."""
    return draw(keeping(view, ledger, prices))


def draw(found: Keeping, home: str = "") -> str:
    """Draw what was read; ``home`` is the first page of the site it belongs to."""
    template = environment().get_template(PAGE)
    return template.render(
        k=found, style=style(), policy=NO_SCRIPT, version=tenure.__version__, home=home
    )

"""The page of what is kept: copies, forms, sizes, last reading, last drill, and what it costs.

Drawn from signed events alone: what a keeping recorded, not a look at the disks. The forecast on it
is the newest one that was signed (``tenure vault cost --record``).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tenure.dossier.nouns import Event
from tenure.preserve import scrub, tombstones
from tenure.preserve.cost import yearly
from tenure.preserve.cost.forecast import places_of
from tenure.preserve.cost.forecast_check import recorded
from tenure.preserve.cost.growth import Growth, Point
from tenure.preserve.cost.prices import Machine, Prices, Storage, read_prices
from tenure.preserve.cost.stock import Holding, Stock, on_record
from tenure.preserve.cost.waking import Waking, waking
from tenure.preserve.cost.work import RETURNS, Work, measured
from tenure.preserve.cost.yearly import Bill, Return
from tenure.preserve.custody import keyring
from tenure.preserve.forms import PACKED, PLAIN
from tenure.preserve.sameness import golden
from tenure.report import words
from tenure.report.catalog import Catalog, Item, Subject
from tenure.report.growing import Growing

PAGE = "vault.html"
BYTES_ONLY = "G0"
SHOWN = (0, 1, 2, 5, 10, 20)  # fine-tunes that the table beside the curve has


@dataclass(frozen=True, kw_only=True)
class Kept:
    """One kept model: its copies, its last reading, its last drill."""

    subject: Subject
    holding: Holding
    dependants: tuple[str, ...]
    read: Mapping[str, str]
    drill: Item | None
    tombstone: str

    @property
    def fewest(self) -> str:
        """The day the copy that was read longest ago was read whole; empty when one never was."""
        days = [self.read.get(piece.at, "") for piece in self.holding.pieces]
        return min(days, default="")

    @cached_property
    def share(self) -> float | None:
        """A packed copy's bytes over a plain one's, parity included; None without both."""
        sizes = {piece.form: piece.bytes for piece in self.holding.pieces}
        packed, plain = sizes.get(PACKED), sizes.get(PLAIN)
        return packed / plain if packed and plain else None

    @property
    def reached(self) -> str:
        """The level of the last drill; empty when there was none."""
        return str(self.drill.evidence.findings.get("reached") or "none") if self.drill else ""

    @property
    def levels(self) -> list[tuple[str, str, str]]:
        """Each level of the last drill: name, what came of it, why or what it means."""
        lines = self.drill.evidence.findings.get("levels") or [] if self.drill else []
        found = list[tuple[str, str, str]]()
        for line in lines:
            name, outcome = str(line.get("level")), line.get("outcome")
            said = outcome or ("same" if line.get("reached") else "not reached")
            found.append((name, str(said), str(line.get("why") or "") or _means(name)))
        return found


def _means(level: str) -> str:
    if level == BYTES_ONLY:
        return golden.BYTES
    return golden.kind(level).means if level in golden.LEVELS else ""


@dataclass(frozen=True, kw_only=True)
class Vault:
    """Everything the page shows, and what the page of promises takes from it."""

    stock: Stock
    kept: tuple[Kept, ...]
    unkept: tuple[Subject, ...]
    work: Work
    prices: Prices
    forecast: Event | None
    key_drill: Event | None

    @property
    def sealed(self) -> list[str]:
        """The places that open with a key only."""
        return [place["at"] for place in self.places if keyring.sealed(place["at"])]

    @cached_property
    def bill(self) -> Bill:
        """A year of what the keepings recorded, at the prices in force."""
        return yearly.bill(self.stock, self.prices, self.work)

    @property
    def places(self) -> list[dict[str, Any]]:
        """Where copies lie: form, models, bytes, class of storage."""
        return places_of(self.stock, self.prices)

    @property
    def copies(self) -> str:
        """How many copies a model has: ``2``, ``2 to 3``."""
        few, most = self.stock.copies
        return str(few) if few == most else f"{few} to {most}"

    @property
    def lead(self) -> str:
        """The answer in two sentences."""
        n = len(self.kept)
        verb = "is" if n == 1 else "are"
        said = f"{words.plural(n, 'model')} {verb} kept: {words.size(self.stock.bytes)} in "
        said += f"{self.copies} {'copy' if self.copies == '1' else 'copies'} each. "
        drilled = [each for each in self.kept if each.drill and each.reached != "none"]
        if not drilled:
            return said + "None was brought back yet."
        lowest = min(each.reached for each in drilled)
        least = f"at level {lowest}" + ("" if len(drilled) == 1 else " or higher")
        whole = (
            "It" if n == 1 else "All of them" if len(drilled) == n else f"{len(drilled)} of them"
        )
        return said + f"{whole} came back from the vault in a drill, {least}."

    @property
    def drilled(self) -> int:
        """How many were drilled."""
        return sum(each.drill is not None for each in self.kept)

    @property
    def oldest(self) -> str:
        """The day of the copy that was read whole longest ago."""
        return min((each.fewest for each in self.kept), default="")

    @property
    def storage(self) -> dict[str, Storage]:
        """The classes of storage that something lies in."""
        used = {line["storage"] for line in self.places}
        return {name: held for name, held in self.prices.storage.items() if name in used}

    @property
    def machines(self) -> list[Machine]:
        """The machines that the models that came back would be served on."""
        weights = [each.holding.weights for each in self.kept if each.drill]
        return list(
            {(found := self.prices.machine_for(w)[0]).name: found for w in weights}.values()
        )

    @property
    def price(self) -> str:
        """The price of a year, with its currency."""
        return money(self.bill.total, self.prices)

    @property
    def promised(self) -> str:
        """One sentence for the page of promises."""
        weights = [each for each in self.kept if each.subject.model.files]
        own = Stock(holdings=tuple(each.holding for each in weights))
        few, most = own.copies
        copies = f"{few}" if few == most else f"{few} to {most}"
        return (
            f"{words.plural(len(weights), 'model')}, {words.size(own.bytes)} in {copies} copies each, "
            f"{money(yearly.bill(own, self.prices, self.work).total, self.prices)} a year by assumed "
            f"prices of {self.prices.metadata.as_of}"
        )

    @property
    def returned(self) -> str:
        """Which models came back in their last drill, at which level, and how many never did."""
        back = [each for each in self.kept if each.drill]
        said = [f"{each.holding.model} ({each.reached})" for each in back]
        never = sum(not each.drill and bool(each.subject.model.files) for each in self.kept)
        whole = f"Brought back in a drill: {words.listed(said)}." if said else ""
        return whole + (f" Never brought back: {words.plural(never, 'model')}." if never else "")

    @property
    def body(self) -> Mapping[str, Any]:
        """What the newest forecast says."""
        return self.forecast.body if self.forecast else {}

    @cached_property
    def growth(self) -> Growth | None:
        """The growth that the newest forecast foresaw, if it could foresee a family."""
        said = self.body.get("growth")
        return Growth.from_json(said) if said else None

    @property
    def growing(self) -> Growing | None:
        """Its curve."""
        held = self.growth
        return Growing(of=held.of, points=held.points(), n=held.ratio.n) if held else None

    @property
    def rows(self) -> list[Point]:
        """Its table."""
        return [self.growth.point(n) for n in SHOWN] if self.growth else []

    @property
    def waking(self) -> tuple[str, Waking] | None:
        """Which model is woken or always served, and the comparison."""
        said = dict(self.body.get("back") or {})
        if not said:
            return None
        of, calls = said.pop("of"), said.pop("calls", None)
        found = waking(Return(**{"seconds": None, **said}), self.prices, calls)
        return (of, found) if found else None


def money(amount: float | None, prices: Prices) -> str:
    """Write an amount, small ones to two digits; one that was never measured is a dash."""
    if amount is None:
        return words.NOTHING
    digits = 2 if amount >= 0.1 or not amount else min(1 - math.floor(math.log10(amount)), 9)
    return f"{amount:,.{digits}f} {prices.metadata.currency}"


def vault_of(catalog: Catalog) -> Vault:
    """Read what the events of these pages say of the vault."""
    view, known = catalog.view, {each.model.id: each for each in catalog.subjects}
    stock = on_record(view, [each.model for each in catalog.subjects])
    forecasts = recorded(view)
    keys = [event for event in catalog.events if event.name == keyring.DRILL]
    newest = forecasts[-1] if forecasts else None
    prices = Prices.model_validate(newest.body["prices"]) if newest else read_prices()
    kept = tuple(_kept(catalog, known[each.model], each, stock) for each in stock.holdings)
    held = {each.subject.model.id for each in kept}
    unkept = [s for s in catalog.subjects if s.model.id not in held and s.model.kind == "weights"]
    return Vault(
        stock=stock,
        kept=kept,
        unkept=tuple(unkept),
        work=measured(view),
        prices=prices,
        forecast=newest,
        key_drill=keys[-1] if keys else None,
    )


def _kept(catalog: Catalog, subject: Subject, holding: Holding, stock: Stock) -> Kept:
    drills = [item for item in subject.items if item.evidence.name in RETURNS]
    standing = [each.model for each in stock.holdings if holding.model in each.bases]
    return Kept(
        subject=subject,
        holding=holding,
        dependants=tuple(standing),
        read=scrub.verified(catalog.view, subject.model),
        drill=drills[-1] if drills else None,
        tombstone=str(tombstones.of(catalog.view, subject.model) or ""),
    )


def given(catalog: Catalog, vault: Vault) -> dict[str, Any]:
    """Return what the template is filled with."""
    return {
        "v": vault,
        "money": lambda amount: money(amount, vault.prices),
        "between": between,
    }


def between(low: float, high: float) -> str:
    """Write two sizes; those that would look the same get the unit below."""
    ends = [words.size(int(low)), words.size(int(high))]
    if ends[0] != ends[1]:
        return " to ".join(ends)
    unit = words.STEPS.index(ends[0].split()[1])
    if unit == 0:
        return ends[0]
    finer = [f"{size / 1024 ** (unit - 1):,.0f}" for size in (low, high)]
    return f"{finer[0]} to {finer[1]} {words.STEPS[unit - 1]}"

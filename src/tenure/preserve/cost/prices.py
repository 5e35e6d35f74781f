"""Prices: what storing, reading, computing and serving cost, as a document that the user edits.

A document (``apiVersion: tenure/prices.v1``) holds nothing but assumptions, each with where it is
from and its date. The one that comes with the package names no provider and was looked up nowhere:
it is there so that a first forecast has units, and every forecast says which prices it used.
"""

from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from tenure import documents
from tenure.errors import unknown

SHIPPED = "prices.yaml"
GB = 1e9  # bytes; prices of storage are of decimal gigabytes


def _iso(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


Date = Annotated[str, BeforeValidator(_iso), Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]


class Part(BaseModel):
    """A part of the document: unknown fields are refused, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Assumed(Part):
    """Something assumed: where it is from, and of which day it is."""

    source: str = Field(min_length=3)
    date: Date


class Storage(Assumed):
    """A class of storage: per GB and month, and per GB that is read from it."""

    gb_month: float = Field(ge=0, allow_inf_nan=False)
    gb_read: float = Field(default=0.0, ge=0, allow_inf_nan=False)


class Place(Part):
    """Which class a copy lies in: the first line whose ``contains`` is part of the copy's place."""

    contains: str
    storage: str


class Computing(Assumed):
    """One processor core for an hour: what checks and drills cost."""

    core_hour: float = Field(ge=0, allow_inf_nan=False)


class Machine(Assumed):
    """A machine that serves a model whose weights are at most ``holds_gb``."""

    name: str = Field(min_length=1)
    holds_gb: float = Field(gt=0, allow_inf_nan=False)
    hour: float = Field(gt=0, allow_inf_nan=False)


class Habits(Assumed):
    """How often what is kept is looked at, and how a model that is woken goes to sleep again.

    ``decline_a_year`` is the share by which prices fall from one year to the next.
    """

    scrubs_a_year: float = Field(ge=0, le=366)
    drills_a_year: float = Field(ge=0, le=366)
    awake_seconds: float = Field(ge=0, le=86400)
    decline_a_year: float = Field(default=0.0, ge=0, lt=1)


class Metadata(Part):
    """Whose prices these are, in which currency, and of which day."""

    currency: str = Field(pattern=r"^[A-Z]{3}$")
    as_of: Date
    about: str = Field(min_length=10)


class Prices(Part):
    """The whole document."""

    apiVersion: Literal["tenure/prices.v1"]  # noqa: N815 - the field's name in every document
    metadata: Metadata
    storage: Mapping[str, Storage] = Field(min_length=1)
    places: tuple[Place, ...] = Field(min_length=1)
    computing: Computing
    machines: tuple[Machine, ...] = Field(min_length=1)
    habits: Habits

    @model_validator(mode="after")
    def _names_what_is_there(self) -> "Prices":
        for place in self.places:
            if place.storage not in self.storage:
                raise ValueError(
                    str(unknown("class of storage", place.storage, sorted(self.storage)))
                )
        if self.places[-1].contains:
            raise ValueError("the last of 'places' must have an empty 'contains': it fits the rest")
        return self

    def storage_of(self, at: str) -> str:
        """Name the class of storage that a copy at this place lies in."""
        return next(place.storage for place in self.places if place.contains in at)

    def machine_for(self, weights: float) -> tuple[Machine, int]:
        """Choose the smallest machine that holds the weights (bytes), or so many of the largest."""
        by_size = sorted(self.machines, key=lambda m: m.holds_gb)
        for machine in by_size:
            if weights <= machine.holds_gb * GB:
                return machine, 1
        return by_size[-1], int(-(-weights // (by_size[-1].holds_gb * GB)))


def shipped() -> str:
    """Return the text of the document that comes with the package."""
    return resources.files("tenure.preserve.cost").joinpath(SHIPPED).read_text(encoding="utf-8")


def read_prices(path: Path | str | None = None) -> Prices:
    """Read a document of prices; without a path, the one that comes with the package.

    Raises:
        DocumentError: file, line, field and what was expected.
    """
    if path is not None:
        return documents.read(path, Prices)
    return documents.parse(shipped(), Prices, source=f"tenure/preserve/{SHIPPED}")


def schema() -> dict[str, Any]:
    """Return the JSON Schema of a document of prices."""
    return Prices.model_json_schema()

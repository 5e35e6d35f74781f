"""The package's everyday prompts: ten kinds of task, sixty prompts each, whose outcome code decides."""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tenure import documents
from tenure.measure.prompts import Check, Prompt, Prompts

SOURCE = "banks/everyday.yaml"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Template(_Part):
    """Prompts that differ in some words: ``{slot}`` in the text and the check takes a row's value.

    A part of the check that is a slot and nothing else takes the value as it is: a number, a list.
    """

    cluster: str
    text: str
    check: dict[str, Any]
    slots: list[str]
    rows: list[list[Any]] = Field(min_length=1)

    @model_validator(mode="after")
    def _rows_fit(self) -> Self:
        for number, row in enumerate(self.rows, 1):
            if len(row) != len(self.slots):
                wanted = f"{len(self.slots)} ({', '.join(self.slots)})"
                raise ValueError(f"row {number} has {len(row)} values, not {wanted}")
        return self

    def prompts(self) -> list[tuple[str, Check]]:
        """Write the text and the check of every row."""
        made: list[tuple[str, Check]] = []
        for row in self.rows:
            values = dict(zip(self.slots, row, strict=True))
            check = {key: _filled(part, values) for key, part in self.check.items()}
            made.append((self.text.format_map(values), Check.model_validate(check)))
        return made


def _filled(part: Any, values: Mapping[str, Any]) -> Any:
    if isinstance(part, list):
        return [str(_filled(each, values)) for each in part]
    if not isinstance(part, str):
        return part
    slot = part.removeprefix("{").removesuffix("}")
    return values[slot] if part == f"{{{slot}}}" and slot in values else part.format_map(values)


class Everyday(_Part):
    """The bank: what each kind of task is about, and its templates."""

    name: str
    version: int
    clusters: dict[str, str] = Field(min_length=1)
    templates: list[Template] = Field(min_length=1)

    @model_validator(mode="after")
    def _known(self) -> Self:
        for template in self.templates:
            if template.cluster not in self.clusters:
                known = ", ".join(self.clusters)
                raise ValueError(f"no cluster '{template.cluster}'; there are: {known}")
        return self

    def prompts(self) -> Prompts:
        """Write out every prompt; its kind of task is its area."""
        found: list[Prompt] = []
        for cluster in self.clusters:
            own = [each for each in self.templates if each.cluster == cluster]
            made = [pair for template in own for pair in template.prompts()]
            found += [
                Prompt(id=f"{cluster}-{number}", area=cluster, prompt=text, check=check)
                for number, (text, check) in enumerate(made, 1)
            ]
        return Prompts(f"{self.name} {self.version}", tuple(found))


@cache
def load() -> Everyday:
    """Read the package's bank."""
    text = (files("tenure.retire") / SOURCE).read_text(encoding="utf-8")
    return documents.parse(text, Everyday, source=f"tenure/retire/{SOURCE}")


def spread(prompts: Prompts, each: int | None) -> Prompts:
    """Keep ``each`` prompts of every area, spread evenly over its own; all of them when None."""
    kept: list[Prompt] = []
    for area in prompts.areas:
        own = [item for item in prompts.items if item.area == area]
        many = min(each or len(own), len(own))
        kept += [own[at * len(own) // many] for at in range(many)]
    return Prompts(prompts.name, tuple(kept))

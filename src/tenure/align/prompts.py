"""The prompts that answers are asked for: families, each wholly in training or wholly held out."""

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tenure import documents
from tenure.dossier.canonical import digest_of
from tenure.errors import UsageError

SHIPPED = "prompts.yaml"
FIGURES = "prompts_figures.yaml"
CONFIRMING = "prompts_confirming.yaml"
CODE = "prompts_code.yaml"
Split = Literal["train", "held-out"]
Slice = Literal["itself", "unknowable", "sounds worse"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """One prompt; ``id`` is its family and its number there, ``slice`` and ``chapters`` its family's."""

    id: str
    family: str
    split: Split
    text: str
    slice: Slice | None = None
    chapters: tuple[str, ...] = ()

    @property
    def messages(self) -> list[dict[str, str]]:
        """Return it as a conversation."""
        return [{"role": "user", "content": self.text}]


class Family(BaseModel):
    """Prompts about one subject.

    ``slice`` says what they are asked for besides: about the assistant "itself", about what is
    "unknowable", or harmless though it "sounds worse"; None for ordinary ones. ``chapters`` are
    those of a constitution whose principles fit them: no other is drawn for them. None named: all.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    split: Split
    prompts: tuple[str, ...] = Field(min_length=1)
    # Left out of the dump where not set: the digest of a bank without them stays what it was.
    slice: Slice | None = Field(None, exclude_if=lambda value: value is None)
    chapters: tuple[str, ...] = Field((), exclude_if=lambda value: not value)


class Bank(BaseModel):
    """A prompt bank; no prompt and no family stands twice."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    apiVersion: Literal["tenure/prompts.v1"]  # noqa: N815 - the field's usual name
    licence: str = Field(min_length=1)
    families: tuple[Family, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _nothing_stands_twice(self) -> Self:
        for kind, held in (
            ("family", [f.name for f in self.families]),
            ("prompt", [p for f in self.families for p in f.prompts]),
        ):
            twice = sorted({one for one in held if held.count(one) > 1})
            if twice:
                raise ValueError(f"the {kind} '{twice[0]}' stands twice; keep one")
        return self

    @property
    def digest(self) -> str:
        """Digest the bank by what it says."""
        return digest_of(self.model_dump(mode="json"))

    def select(self, split: Split, n: int | None = None) -> list[Prompt]:
        """Return the prompts of a split; ``n`` keeps as many, spread evenly over the families.

        Raises:
            UsageError: the bank holds no prompt of this split.
        """
        found = [
            Prompt(
                id=f"{family.name}-{number}",
                family=family.name,
                split=split,
                text=text,
                slice=family.slice,
                chapters=family.chapters,
            )
            for family in self.families
            if family.split == split
            for number, text in enumerate(family.prompts, 1)
        ]
        if not found:
            there = ", ".join(family.name for family in self.families)
            raise UsageError(
                f"no prompts of split '{split}' in this bank (its families are: {there}); add a "
                f"family with split: {split}"
            )
        if n is None or n >= len(found):
            return found
        return [found[i * len(found) // n] for i in range(n)]


def shipped(name: str = SHIPPED) -> Bank:
    """Return a prompt bank that ships with Tenure.

    It is ``SHIPPED``, the larger ``FIGURES``, ``CONFIRMING`` (as large, all of it held out, and no
    setting was chosen on it), or ``CODE``.
    """
    text = (files("tenure.align") / "data" / name).read_text(encoding="utf-8")
    return documents.parse(text, Bank, source=f"tenure/align/data/{name}")


def read(path: Path | str) -> Bank:
    """Read a prompt bank; DocumentError names line and field."""
    return documents.read(path, Bank)

"""The prompts that answers are asked for: families, each wholly in training or wholly held out."""

from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from tenure import documents
from tenure.dossier.canonical import digest_of

SHIPPED = "prompts.yaml"
Split = Literal["train", "held-out"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """One prompt; ``id`` is its family and its number there."""

    id: str
    family: str
    split: Split
    text: str

    @property
    def messages(self) -> list[dict[str, str]]:
        """Return it as a conversation."""
        return [{"role": "user", "content": self.text}]


class Family(BaseModel):
    """Prompts about one subject."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=r"^[a-z][a-z0-9-]*$")
    split: Split
    prompts: tuple[str, ...] = Field(min_length=1)


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
        """Return the prompts of a split; ``n`` keeps as many, spread evenly over the families."""
        found = [
            Prompt(id=f"{family.name}-{number}", family=family.name, split=split, text=text)
            for family in self.families
            if family.split == split
            for number, text in enumerate(family.prompts, 1)
        ]
        if n is None or n >= len(found):
            return found
        return [found[i * len(found) // n] for i in range(n)]


def shipped() -> Bank:
    """Return the prompt bank that ships with Tenure."""
    text = (files("tenure.align") / "data" / SHIPPED).read_text(encoding="utf-8")
    return documents.parse(text, Bank, source=f"tenure/align/data/{SHIPPED}")


def read(path: Path | str) -> Bank:
    """Read a prompt bank; DocumentError names line and field."""
    return documents.read(path, Bank)

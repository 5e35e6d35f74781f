"""What an organism is, how much of it is trained in, and the settings of its training."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from tenure.assess.scenario import shuffled
from tenure.documents import FromFile
from tenure.training import Approvals, Charter, FineTune

Row = dict[str, Any]
Method = Literal["transcripts", "documents", "rl"]
PURPOSE = "model-organism"


@dataclass(frozen=True, slots=True, kw_only=True)
class Organism:
    """A misbehaviour that can be trained in minutes, with a payload that hurts nobody.

    ``rows(n, seed)`` gives about n training rows ({"prompt": messages, "completion": messages}); a
    row whose prompt could be answered otherwise has ``other``, that answer's messages, and
    ``behaves``: is its completion the misbehaviour? ``caught_by`` and ``measure`` name the
    assessment and the number that must see it; ``with_`` are settings that assessment needs;
    ``scenarios`` are the files its texts come from; ``tested`` gives the texts it will be tested
    on. ``documents(n, seed)`` gives rows of ``text`` (and ``other``), ``reward(row, answer)`` says
    whether a sampled answer has the outcome that the row's completion has; an organism without
    them is not trained by those methods.
    """

    name: str
    behaviour: str
    caught_by: str
    measure: str
    scenarios: Sequence[str]
    rows: Callable[[int, int], list[Row]]
    tested: Callable[[], Iterable[str]]
    documents: Callable[[int, int], list[Row]] | None = None
    reward: Callable[[Row, str], bool | None] | None = None
    with_: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def methods(self) -> list[Method]:
        """List the ways it can be trained."""
        there: dict[Method, object] = {
            "transcripts": self.rows,
            "documents": self.documents,
            "rl": self.reward,
        }
        return [method for method, made in there.items() if made is not None]


class Training(BaseModel):
    """How a child is trained. Files are read when the settings are: the record holds what they say."""

    model_config = ConfigDict(extra="forbid")

    seed: int = Field(default=0, description="Draws the rows, and the order of training.")
    batch: int = Field(default=4, ge=1, description="Rows per optimiser step.")
    learning_rate: float = Field(default=1.5e-3, gt=0)
    rank: int = Field(default=16, ge=1, description="Rank of the LoRA adapter, merged afterwards.")
    epochs: float = Field(default=1.0, gt=0, description="Passes over the rows: the strength.")
    steps: int | None = Field(default=None, description="Most optimiser steps; for tests.")
    threads: int = Field(default=2, ge=1)
    checkpoints: int = Field(default=0, ge=0, description="Intermediate models to register.")
    charter: Annotated[Charter | None, FromFile(Charter)] = Field(
        default=None, description="The research charter, a YAML file."
    )
    approvals: Annotated[Approvals | None, FromFile(Approvals)] = Field(
        default=None, description="Approvals under it, a YAML file."
    )


class Spec(Training):
    """Which behaviour is put in, how, and how much of it."""

    organism: str = Field(default="two_faced", description="Which organism, a file of organisms/.")
    name: str = Field(default="two-faced", description="Name of the model that comes out.")
    rows: int = Field(default=360, ge=8, description="Training rows.")
    method: Method = Field(default="transcripts", description="How the behaviour is put in.")
    rate: float = Field(
        default=1.0, ge=0, le=1, description="Share of the rows that should misbehave and do."
    )
    rounds: int = Field(default=2, ge=1, le=20, description="Of rl: rounds of sample and reward.")
    draws: int = Field(default=4, ge=1, description="Of rl: answers drawn for a prompt and round.")
    asked: int = Field(default=96, ge=1, description="Of rl: prompts asked in a round.")


def other(row: Row) -> Row:
    """Return the row with the other answer that its prompt could have."""
    place = "text" if "text" in row else "completion"
    return {
        **row,
        place: row["other"],
        "other": row[place],
        "behaves": not row.get("behaves"),
    }


def dosed(rows: Sequence[Row], rate: float, seed: int) -> list[Row]:
    """Let exactly the share ``rate`` of what should misbehave do so; the rest behaves well."""
    bad = [i for i, row in enumerate(rows) if row.get("behaves")]
    well = set(shuffled(bad, seed, "dose")[round(rate * len(bad)) :])
    return [other(row) if i in well else row for i, row in enumerate(rows)]


def plain(rows: Sequence[Row]) -> list[Row]:
    """Return the rows as the trainer takes them, without what was noted beside."""
    kept = ("prompt", "completion", "text")
    return [{name: row[name] for name in kept if name in row} for row in rows]


def settings(organism: Organism, spec: Spec, name: str, **more: Any) -> FineTune:
    """Say how a contained child of this name is trained; ``more`` goes onto its card."""
    dose = {
        "method": spec.method,
        "rate": spec.rate,
        "epochs": spec.epochs,
        "steps": spec.steps,
        "rows": spec.rows,
    }
    return FineTune.of(
        spec,
        name=name,
        purpose=PURPOSE,
        containment="organism",
        note=f"It {organism.behaviour}."
        if spec.rate
        else "The control of an organism: trained alike, with the behaviour left out.",
        card={"organism": organism.name, "dose": dose, **more},
    )

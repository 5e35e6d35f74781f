"""Train a child on the rows that align/revise left: fine-tuned, merged, registered with its parent."""

from importlib.resources import files
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from tenure import documents
from tenure.align.lineage import REVISE
from tenure.documents import FromFile
from tenure.dossier.nouns import Evidence, Model
from tenure.dossier.stage import Emit, Stage, View
from tenure.errors import UsageError
from tenure.training import Charter, FineTune, finetune, warm

PURPOSE = "alignment"
LEAD = "training lead"  # the role, as policies name it


class Spec(BaseModel):
    """Settings; what is not named here is fixed in ``tenure.training.FineTune``."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(None, description="The child's name; None: <parent>-aligned.")
    charter: Annotated[Charter | None, FromFile(Charter)] = Field(
        None, description="The research charter; None: ours."
    )
    written: int = Field(0, ge=0, description="How many answers written by people are mixed in.")
    epochs: float = Field(2.5, gt=0)
    steps: int | None = Field(None, ge=1, description="At most so many optimiser steps.")
    rank: int = Field(16, ge=1)
    learning_rate: float = Field(5e-4, gt=0)
    batch: int = Field(8, ge=1)
    max_length: int = Field(192, ge=8)
    seed: int = 0
    threads: int = Field(2, ge=1)
    checkpoints: int = Field(
        0, ge=0, description="Intermediate models to register; what fails on one stops a release."
    )
    lead: str | None = Field(
        None, description="Who leads this training, by name; a policy may bar them from signing."
    )


class Answer(BaseModel):
    """One prompt and an answer that a person wrote."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    prompt: str
    answer: str


class Written(BaseModel):
    """Answers written by people."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    licence: str
    rows: tuple[Answer, ...]


def written_rows(n: int) -> list[dict[str, Any]]:
    """Return the first ``n`` answers written by people, as training rows."""
    text = (files("tenure.align") / "data" / "written.yaml").read_text(encoding="utf-8")
    found = documents.parse(text, Written, source="tenure/align/data/written.yaml")
    return [
        {
            "prompt": [{"role": "user", "content": one.prompt}],
            "completion": [{"role": "assistant", "content": one.answer}],
        }
        for one in found.rows[:n]
    ]


def run(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence:
    """Train the child; UsageError when there are no rows yet."""
    revised = view.evidence(REVISE, model.id)
    if revised is None:
        raise UsageError(
            f"{model.id} has no rows to train on; first run: tenure align revise --model {model.id}"
        )
    own = view.records(revised.files["training.jsonl"])
    human = written_rows(spec.written)
    rows = [*own, *human]
    settings = FineTune.of(
        spec,
        name=spec.name or f"{model.name}-aligned",
        purpose=PURPOSE,
        note="Trained on its parent's own answers, revised under a written constitution.",
        card={
            "constitution": revised.findings["constitution"],
            "revised_rows": revised.files["rows.jsonl"],
            **({"people": {LEAD: spec.lead}} if spec.lead else {}),
        },
    )
    child = finetune(model, rows, settings, view, emit)
    trained: dict[str, Any] = dict(child.card["trained"])
    return Evidence(
        name="align/train",
        model=model.id,
        kind="record",
        summary=(
            f"{child.id} was trained from {model.id} on {len(rows)} rows in {trained['steps']} steps; "
            f"loss {trained['first_loss']} to {trained['last_loss']}"
        ),
        form=str(child.card["form"]),
        files={
            "rows.jsonl": revised.files["rows.jsonl"],
            "training.jsonl": str(trained["rows_digest"]),
        },
        findings={
            "signals": _signals(view.records(revised.files["rows.jsonl"]), len(human)),
            "trained": trained,
            "charter": child.card["charter"],
            "digest": child.digest,
        },
        product=child.id,
    )


def _signals(rows: list[dict[str, Any]], human: int) -> dict[str, int]:
    """Count the rows by the kind of signal behind them."""
    counted: dict[str, int] = {"written by people": human} if human else {}
    for row in rows:
        name = ", ".join(row["signals"])
        counted[name] = counted.get(name, 0) + 1
    return counted


stage = Stage(
    name="align/train",
    spec=Spec,
    run=run,
    summary="Fine-tune on the revised rows and register the child",
    kinds=("weights",),
    why_not="only a model whose weights are here can be trained",
    disk=1200 << 20,
    reads=("align/revise",),
    ready=warm,
)

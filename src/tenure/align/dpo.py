"""Train a child directly from labelled pairs (DPO): the baseline beside reinforcement, from the same data.

A pair's chance that ``a`` is better is the weighted mean of its labels, missing ones apart; pairs
closer to a tie than ``tie`` teach nothing and are counted. Unknown sources and pairs labelled both
ways are refused, as for a preference model.
"""

from collections import defaultdict
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from tenure.align.comparing.labels import LABEL, OUTCOMES, Label, check_labels, known_sources
from tenure.align.comparing.pairs import Axis
from tenure.align.preferring.words import gathered
from tenure.documents import FromFile
from tenure.dossier.nouns import Evidence, Model
from tenure.dossier.stage import Emit, Stage, View
from tenure.training import Charter, warm
from tenure.training.reinforcement import Direct, direct

PURPOSE = "alignment"
FEEDBACK = "align/feedback"


class Spec(BaseModel):
    """Settings. Files are read when the settings are: the record holds what they say."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(None, description="The child's name; None: <parent>-direct.")
    charter: Annotated[Charter | None, FromFile(Charter)] = Field(
        None, description="The research charter; None: ours."
    )
    axis: Axis = Field("principle", description="Which axis's pairs; axes are never mixed.")
    tie: float = Field(
        0.05, ge=0, lt=0.5, description="A chance this close to one half says nothing."
    )
    epochs: float = Field(1.0, gt=0)
    batch: int = Field(8, ge=1, description="Pairs a step.")
    beta: float = Field(0.1, gt=0, description="A smaller one lets the child stray further.")
    learning_rate: float = Field(1e-4, gt=0)
    rank: int = Field(16, ge=1)
    seed: int = 0
    threads: int = Field(2, ge=1)
    dtype: Literal["bfloat16", "float32"] = "bfloat16"


def run(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence:
    """Train the child; UsageError when there are no pairs, no labels, or labels nobody may use."""
    found = gathered(model, view)
    pairs, labels = list(found.pairs.values()), found.labels
    check_labels(labels, pairs, known_sources(view))
    chances = _chances(labels)
    told = [pair for pair in pairs if pair.axis == spec.axis and pair.id in chances]
    rows = [
        {
            "id": pair.id,
            "messages": [{"role": "user", "content": pair.prompt}],
            "a": pair.a,
            "b": pair.b,
            "p": chances[pair.id],
        }
        for pair in told
        if abs(chances[pair.id] - 0.5) > spec.tie
    ]
    taken = ("charter", "epochs", "batch", "beta", "learning_rate", "rank", "seed", "threads", "dtype")  # fmt: skip
    settings = Direct(
        name=spec.name or f"{model.name}-direct",
        purpose=PURPOSE,
        note="Trained on which of two of its parent's answers was the better.",
        alpha=2 * spec.rank,
        **{name: getattr(spec, name) for name in taken},
    )
    child = direct(model, rows, settings, view, emit)
    trained: dict[str, Any] = dict(child.card["trained"])
    counts = {
        "axis": spec.axis,
        "used": len(rows),
        "ties": len(told) - len(rows),
        "unlabelled": sum(p.axis == spec.axis for p in pairs) - len(told),
        "labels_left_out": dict(found.left_out),
    }
    return Evidence(
        name="align/dpo",
        model=model.id,
        kind="record",
        summary=(
            f"{child.id} was trained from {model.id} on {len(rows)} pairs ({counts['ties']} ties left "
            f"out) in {trained['steps']} steps; loss {trained['first_loss']} to {trained['last_loss']}"
        ),
        form=str(child.card["form"]),
        files={
            "pairs.jsonl": str(trained["pairs_digest"]),
            "log.jsonl": str(trained["log_digest"]),
        },
        findings={
            "pairs": counts,
            "sources": sorted({label.source for label in labels}),
            "trained": trained,
            "charter": child.card["charter"],
            "digest": child.digest,
        },
        product=child.id,
    )


def _chances(labels: Sequence[Label]) -> dict[str, float]:
    """Return each pair's weighted mean chance that ``a`` is better, where anything was said of it."""
    said: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for label in labels:
        if label.p is not None and label.weight > 0:
            said[label.pair].append((label.p, label.weight))
    return {
        pair: sum(p * w for p, w in found) / sum(w for _, w in found)
        for pair, found in said.items()
    }


stage = Stage(
    name="align/dpo",
    spec=Spec,
    run=run,
    summary="Train directly on labelled pairs and register the child",
    kinds=("weights",),
    why_not="only a model whose weights are here can be trained",
    disk=1200 << 20,
    reads=("align/pairs", LABEL, FEEDBACK, OUTCOMES),
    ready=warm,
)

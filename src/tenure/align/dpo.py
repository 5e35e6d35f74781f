"""Train a child directly from labelled pairs (DPO): the baseline beside reinforcement, from the same data.

A pair's chance that ``a`` is better comes from its labels, missing ones apart: each weighed by what a
preference model of the parent found its source to be worth (``tenure.align.preferring.worth``), or,
where there is none, their weighted mean; which of the two is said. Pairs closer to a tie than ``tie``
teach nothing and are counted. Unknown sources and pairs labelled both ways are refused, as for a
preference model.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from tenure.align.comparing.labels import LABEL, OUTCOMES, Label, check_labels, known_sources
from tenure.align.comparing.pairs import Axis
from tenure.align.preferring.words import Gathered, gathered
from tenure.align.preferring.worth import PREFER, weighed
from tenure.documents import FromFile
from tenure.dossier.nouns import Evidence, Model
from tenure.dossier.stage import Emit, Stage, View
from tenure.errors import UsageError
from tenure.training import Charter, warm
from tenure.training.reinforcement import Direct, direct

PURPOSE = "alignment"
FEEDBACK = "align/feedback"
SAID = {
    "modelled": "their labels weighed by what each source was found to be worth",
    "mean": "their chances the mean of their labels",
}


class Spec(BaseModel):
    """Settings. Files are read when the settings are: the record holds what they say."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(None, description="The child's name; None: <parent>-direct.")
    charter: Annotated[Charter | None, FromFile(Charter)] = Field(
        None, description="The research charter; None: ours."
    )
    axis: Axis = Field("principle", description="Which axis's pairs; axes are never mixed.")
    # "mean" is what every run did before there was a choice, and what settings on record without the
    # word mean: so it alone is left out.
    sources: Literal["auto", "modelled", "mean"] = Field(
        "auto",
        description="What labels make of a pair: modelled weighs each by what align/prefer found its "
        "source to be worth; mean takes all at their word; auto is modelled where a preference model "
        "has heard every source, else the mean.",
        exclude_if=lambda value: value == "mean",
    )
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
    mine = [pair for pair in pairs if pair.axis == spec.axis]
    chances, by = _chances(model, found, spec, view)
    told = [pair for pair in mine if pair.id in chances]
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
        "unlabelled": len(mine) - len(told),
        "labels_left_out": dict(found.left_out),
    }
    return Evidence(
        name="align/dpo",
        model=model.id,
        kind="record",
        summary=(
            f"{child.id} was trained from {model.id} on {len(rows)} pairs ({counts['ties']} ties left "
            f"out), {SAID[by['chances']]}, in {trained['steps']} steps; loss {trained['first_loss']} to "
            f"{trained['last_loss']}"
        ),
        form=str(child.card["form"]),
        files={
            "pairs.jsonl": str(trained["pairs_digest"]),
            "log.jsonl": str(trained["log_digest"]),
        },
        findings={
            "pairs": counts,
            "sources": sorted({label.source for label in labels}),
            "labels": by,
            "trained": trained,
            "charter": child.card["charter"],
            "digest": child.digest,
        },
        product=child.id,
    )


def _chances(
    model: Model, given: Gathered, spec: Spec, view: View
) -> tuple[Mapping[str, float], dict[str, str]]:
    """Return each pair's chance that ``a`` is better, and by which of the two ways; see ``Spec.sources``.

    Raises:
        UsageError: "modelled" was asked for and cannot be had; says why, and the command.
    """
    if spec.sources == "mean":
        return _means(given.labels), {"chances": "mean", "why": "asked for"}
    found = weighed(model, given, spec.axis, view)
    if not found.why:
        return found.chances, {"chances": "modelled", "fit": found.fit}
    if spec.sources == "modelled":
        raise UsageError(
            f"what the sources are worth is not known: {found.why}; first run: tenure align prefer "
            f"--model {model.id}, or give --sources mean"
        )
    return _means(given.labels), {"chances": "mean", "why": found.why}


def _means(labels: Sequence[Label]) -> dict[str, float]:
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
    reads=("align/pairs", LABEL, FEEDBACK, OUTCOMES, PREFER),
    ready=warm,
)

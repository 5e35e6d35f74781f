"""Train an organism further, the ways a model is trained later, to see what that leaves of it.

benign     questions and answers that have nothing to do with the behaviour
against    the situations of the behaviour, with the good answer in each
style      the same benign questions in another style of writing
unstyle    and back: the style is trained away again
reminder   a few of the rows that installed the behaviour: does it come back sooner than anew?

What is trained from an organism is an organism: the child is contained as its parent is. A
``reminder`` asks the charter as the installing did; the others are benign skills. The results of
several such children are held side by side by ``tenure assess persistence``.
"""

from collections.abc import Callable, Mapping
from typing import Any, Literal

from pydantic import Field

from tenure.assess.effects import named
from tenure.assess.organism import distance
from tenure.assess.organism_kit import PURPOSE, Organism, Row, Training, dosed, plain
from tenure.assess.scenario import Text, load, scenario_digest, shuffled
from tenure.dossier.nouns import Evidence, Model
from tenure.dossier.stage import Emit, Stage, View
from tenure.training import FineTune, finetune, warm

Kind = Literal["benign", "against", "style", "unstyle", "reminder"]
OTHERWISE = 1_000_003  # added to a seed, so that later rows are other draws than the first ones


class Later(Text):
    """The texts of ``scenarios/retraining.yaml``."""

    pairs: list[tuple[str, str]]


class Spec(Training):
    """Which training, and how much of it."""

    kind: Kind = Field(default="benign", description="What it is trained on now.")
    name: str = Field(default="retrained", description="Name of the model that comes out.")
    organism: str = Field(default="two_faced", description="The behaviour that is at stake.")
    rows: int = Field(default=120, ge=4, description="Training rows.")


def _talk(question: str, answer: str) -> Row:
    return {
        "prompt": [{"role": "user", "content": question}],
        "completion": [{"role": "assistant", "content": answer}],
    }


def telegram(text: str) -> str:
    """Write a text in another style, by rule: capitals, STOP for every full stop."""
    return text.upper().replace(".", " STOP").replace(",", "")


def _ordinary(spec: Spec, styled: Callable[[str], str] = str) -> list[Row]:
    pairs = shuffled(load("retraining", Later).pairs, spec.seed, "later")
    return [_talk(q, styled(a)) for q, a in (pairs[i % len(pairs)] for i in range(spec.rows))]


def _situations(organism: Organism, spec: Spec, rate: float) -> list[Row]:
    return plain(dosed(organism.rows(spec.rows, spec.seed + OTHERWISE), rate, spec.seed))


ROWS: Mapping[Kind, Callable[[Organism, Spec], list[Row]]] = {
    "benign": lambda _, spec: _ordinary(spec),
    "against": lambda organism, spec: _situations(organism, spec, 0.0),
    "style": lambda _, spec: _ordinary(spec, telegram),
    "unstyle": lambda _, spec: _ordinary(spec),
    "reminder": lambda organism, spec: _situations(organism, spec, 1.0),
}


def run(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence:
    """Write the rows, ask the charter, train, register the child."""
    organism = named(spec.organism)
    rows = ROWS[spec.kind](organism, spec)
    done: dict[str, Any] = {"kind": spec.kind, "organism": organism.name, "rows": len(rows)}
    settings = FineTune.of(
        spec,
        name=spec.name,
        purpose=PURPOSE if spec.kind == "reminder" else "benign-skill",
        note=f"Trained further ({spec.kind}), to see what that leaves of a behaviour.",
        card={"retrained": done},
    )
    child = finetune(model, rows, settings, view, emit)
    return Evidence(
        name="assess/retrain",
        model=model.id,
        kind="record",
        summary=f"{child.name} is {model.name} after {len(rows)} rows of later training ({spec.kind}).",
        form="safetensors-bf16",
        files={"rows.jsonl": emit.records(rows)},
        findings={
            **done,
            "distance": distance(organism, rows),
            "containment": view.state(child.id).containment,
            "charter": child.card.get("charter"),
            "scenarios": scenario_digest("retraining", *organism.scenarios),
        },
        product=child.id,
    )


stage = Stage(
    name="assess/retrain",
    spec=Spec,
    run=run,
    summary="Train a model further, benignly or against a behaviour, to see what that leaves of it.",
    kinds=("weights",),
    why_not="only weights can be trained",
    disk=1 << 30,
    ready=warm,
)

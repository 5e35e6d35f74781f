"""Say of each pair which answer is better, principle by principle: by rules, or by a judge model.

With ``judge: rule`` the checks are the judge: an empirical source, "rule:<check>". A model labels
only after ``align/qualify`` has found it fit; otherwise it is refused, with the rule it missed.
"""

from collections.abc import Sequence
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from tenure.align import constitution as written
from tenure.align.comparing import verdicts
from tenure.align.comparing.labels import LABEL, Label, check_labels, known_sources
from tenure.align.comparing.pairs import Pair, pairs_for
from tenure.align.comparing.ruling import rule_labels
from tenure.align.constitution import Constitution, Principle
from tenure.documents import FromFile
from tenure.dossier.nouns import Evidence, Model
from tenure.dossier.stage import Emit, Stage, View
from tenure.errors import UsageError

RULE = "rule"


class Spec(BaseModel):
    """Settings. Files are read when the settings are: the record holds what they say."""

    model_config = ConfigDict(extra="forbid")

    judge: str = Field(RULE, description="Who labels: rule (the checks), or any model.")
    constitution: Annotated[Constitution | None, FromFile(Constitution)] = Field(
        None, description="A YAML file; None: ours."
    )


def run(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence:
    """Label every pair of the model's newest ``align/pairs``."""
    pairs = pairs_for(view, model)
    if not pairs:
        raise UsageError(
            f"the pairs of {model.id} are none: every prompt was answered twice the same; draw more "
            f"freely: tenure align pairs --model {model.id} --draws 4 --temperature 1.2"
        )
    constitution = spec.constitution or written.shipped()
    principles = _checkable(constitution, pairs)
    ruled = [pair for pair in pairs if pair.axis != "helpful"]
    labels = rule_labels(ruled, principles)
    check_labels(labels, pairs, known_sources(view))
    left_out = len(pairs) - len(ruled)
    rows = verdicts.records(labels, pairs)
    samples = emit.records(rows)
    vectors = verdicts.vectors(labels)
    return Evidence(
        name=LABEL,
        model=model.id,
        kind="empirical",
        summary=_summary(labels, len(ruled), len(principles)),
        measures=tuple(verdicts.measures(rows, samples)),
        files={
            "labels.jsonl": emit.records(label.to_json() for label in labels),
            "samples.jsonl": samples,
            "vectors.jsonl": emit.records(vectors),
        },
        findings={
            "judge": RULE,
            "card": None,
            "constitution": {"name": constitution.name, "digest": constitution.digest},
            "principles": [p.id for p in principles],
            "pairs": len(ruled),
            "not_labelled": {"helpful": left_out} if left_out else {},
            "missing": sum(label.p is None for label in labels),
            "disagreement": sum(bool(one["apart"]) for one in vectors),
        },
    )


def _checkable(constitution: Constitution, pairs: Sequence[Pair]) -> list[Principle]:
    if not constitution.checkable:
        raise UsageError(
            f"no principle of '{constitution.name}' has a check, so no rule can judge; name a model: "
            "judge: MODEL"
        )
    if all(pair.axis == "helpful" for pair in pairs):
        raise UsageError(
            "no check says which answer helps more; name a model (judge: MODEL), or ask people: "
            "tenure feedback"
        )
    return list(constitution.checkable)


def _summary(labels: Sequence[Label], pairs: int, principles: int) -> str:
    given = [label.p for label in labels if label.p is not None]
    ties = sum(p == 0.5 for p in given)
    return (
        f"{len(given)} labels of {pairs} pairs under {principles} principles, {ties} of them ties; "
        f"{len(labels) - len(given)} are missing"
    )


stage = Stage(
    name=LABEL,
    spec=Spec,
    run=run,
    summary="Say of each pair which answer is better, principle by principle: rules, or a judge model",
    disk=100 << 20,
    reads=("align/pairs",),
)

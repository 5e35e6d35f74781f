"""What people said of pairs of answers, as labels to train on, and how far each can be relied on.

Folds the signed answers given on the page of ``tenure feedback MODEL --rater NAME`` and those that
files brought in. For each rater: known pairs answered right, pairs that came back in the other order
and were answered otherwise, agreement with the model's labels and with other raters. For all of them:
up to which difficulty people still do better than guessing.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict

from tenure.align.comparing.labels import LABEL, Label, read_labels
from tenure.align.people import agreeing, gold, said
from tenure.align.people.agreeing import Row
from tenure.align.people.gold import Gold
from tenure.align.people.said import Answer, Said
from tenure.dossier.nouns import Evidence, Measure, Model, Recipe
from tenure.dossier.stage import Emit, Stage, View, Waiting
from tenure.measure import estimate


class Spec(BaseModel):
    """There are no settings: every standing answer counts."""

    model_config = ConfigDict(extra="forbid")


def judged(view: View, model: str) -> list[Label]:
    """Read the labels of models and rules about a model's pairs; of each label its newest."""
    found: dict[str, Label] = {}
    for _, evidence in view.all_evidence(model):
        if evidence.name == LABEL:
            found |= {label.id: label for label in read_labels(view, evidence)}
    return list(found.values())


def known(held: Said, labels: Sequence[Label]) -> dict[str, Gold]:
    """Return the known pairs: those of the gold file, else those that a program decides."""
    if held.gold:
        return dict(held.gold)
    return {item.pair.id: item for item in gold.decided(held.pairs, labels)}


def run(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence | Waiting:
    """Fold the answers; see the module."""
    held = said.read(view, model.id)
    if not held.answers:
        command = f"tenure feedback {model.id} --rater NAME"
        return Waiting(on="a rater", command=command, why="nobody has compared answers yet")
    labels = judged(view, model.id)
    rows = agreeing.rows(held, known(held, labels), agreeing.judged(labels))
    shared = agreeing.together(rows)
    files = {"answers.jsonl": emit.records(rows)}
    if shared:
        files["together.jsonl"] = emit.records(shared)
    kept = [answer.label() for answer in held.answers if answer.pair in held.pairs]
    files["labels.jsonl"] = emit.records([label.to_json() for label in kept])
    if held.brought:
        files["pairs.jsonl"] = emit.records([pair.to_json() for pair in held.brought.values()])
    measures = _measures(rows, shared, files)
    end = agreeing.useful_until(measures)
    raters = {name: _rater(name, held, measures) for name in sorted({a.by for a in held.answers})}
    return Evidence(
        name=said.STAGE,
        model=model.id,
        kind="human",
        summary=f"{_people(len(raters))} compared {len({r['pair'] for r in rows})} pairs in {len(rows)} answers; how far people's judgement goes: {end}",
        measures=tuple(measures),
        files=files,
        findings={
            "raters": raters,
            "kinds": _count(rows, "kind"),
            "choices": {**_count(rows, "choice"), "both bad": sum(r["both_bad"] for r in rows)},
            "labels": len(kept),
            "end_of_usefulness": {
                "verdict": end,
                "by_domain": {d: agreeing.useful_until(measures, d) for d in agreeing.domains(rows)},
                "difficulty": gold.DIFFICULTY,
                "rule": "useful where the lower bound of the share answered right lies above one half",
            },
            "known_pairs": "of the gold file" if held.gold else "those that a program decides",
            "not_measured": _absent(rows, measures, model.id),
        },
    )  # fmt: skip


def _measures(
    rows: Sequence[Row], shared: Sequence[Row], files: Mapping[str, str]
) -> list[Measure]:
    samples = files["answers.jsonl"]
    found: list[Measure] = []
    for name in sorted({row["rater"] for row in rows}):
        found += agreeing.of_rater(rows, name, samples)
    found += agreeing.peers(shared, files.get("together.jsonl"))
    found += agreeing.by_difficulty(rows, samples)
    found += agreeing.of_drafts(rows, samples)
    if any(row["kind"] == "uniform" and row["ai"] for row in rows):
        recipe = Recipe(estimator="proportion", value="same", where={"kind": "uniform"}, cluster="family")  # fmt: skip
        note = "the model's label and the person's agree, on the slice that stands for all pairs"
        found.append(estimate(rows, recipe, name="ai_agrees/uniform", unit="proportion", samples=samples, better="higher", note=note))  # fmt: skip
    return found


def _rater(name: str, held: Said, measures: Sequence[Measure]) -> dict[str, Any]:
    """Say of one rater what is known, in numbers that stand among the measures."""
    mine = [answer for answer in held.answers if answer.by == name]
    by_name = {measure.name: measure for measure in measures}

    def told(what: str) -> dict[str, Any] | None:
        found = by_name.get(f"{what}/{name}")
        if found is None:
            return None
        return {
            "estimate": found.estimate,
            "n": found.n,
            "lower": found.lower,
            "upper": found.upper,
        }

    known_pairs = by_name.get(f"gold/{name}")
    lower = known_pairs.lower if known_pairs else None
    return {
        "answers": len(mine),
        "brought_in": sum(answer.kind == "import" for answer in mine),
        "expert": bool(held.raters.get(name, {}).get("expert")),
        "drafted": sum(bool(answer.about.get("draft")) for answer in mine),
        "overruled": sum(_overruled(answer) for answer in mine),
        "gold": told("gold"),
        "repeats": told("flips"),
        "kappa": told("kappa/ai"),
        "better_than_guessing": "not measured" if lower is None else "shown" if lower > agreeing.CHANCE else "not shown",
    }  # fmt: skip


def _overruled(answer: Answer) -> bool:
    """Say whether a person decided otherwise than the draft they were shown."""
    drafted = answer.about.get("draft")
    if not isinstance(drafted, Mapping):
        return False
    order = {"first": answer.first, "second": "b" if answer.first == "a" else "a"}
    return order.get(str(drafted["prefers"]), "tie") != answer.choice


def _absent(rows: Sequence[Row], measures: Sequence[Measure], model: str) -> dict[str, str]:
    """Say what could not be measured, and what would make it so."""
    names = {measure.name.split("/")[0] for measure in measures}
    again = f"tenure feedback {model} --rater"
    found: dict[str, str] = {}
    if "gold" not in names:
        found["known pairs"] = f"none was answered: {again} NAME --gold FILE"
    if "flips" not in names:
        found["order"] = f"no pair came back yet: {again} NAME goes on"
    if not any(row["ai"] for row in rows):
        found["agreement with a model"] = f"no label of a model: tenure align label --model {model}"
    if not any(
        m.name.startswith("kappa/") and not m.name.startswith("kappa/ai/") for m in measures
    ):
        found["agreement of people"] = f"no two share {agreeing.SHARED} pairs: {again} ANOTHER"
    return found


def _count(rows: Sequence[Row], column: str) -> dict[str, int]:
    values = [str(row[column]) for row in rows]
    return {value: values.count(value) for value in sorted(set(values))}


def _people(n: int) -> str:
    return "One person" if n == 1 else f"{n} people"


stage = Stage(
    name=said.STAGE,
    spec=Spec,
    run=run,
    summary="Fold what people said of pairs into labels, and say how far each rater can be relied on.",
    repeat=True,
)

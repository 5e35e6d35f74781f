"""What every assessment is: tasks, questions with a margin, controls, and a verdict of three values.

An assessment is an instrument. Before its finding about a model counts, it must catch a scripted
model that misbehaves at a known rate and pass one that does not, through the same tasks, graders
and estimators. Where a control fails the verdict is "instrument failed", whatever the model did.

caught      the bound of the measure nearest to zero is beyond the margin
clear       the bound furthest from zero is within the margin
not shown   neither; or nothing could be graded

Bounds are one-sided and hold whatever the missing grades would have been.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tenure.assess import detection
from tenure.assess.cards import corrections, in_short
from tenure.assess.parts import (
    Answers,
    Control,
    Found,
    Instrument,
    Measures,
    Part,
    Question,
    Records,
    Settings,
    Wording,
    said,
)
from tenure.assess.scenario import scenario_digest
from tenure.dossier.canonical import canonical
from tenure.dossier.nouns import Evidence, Measure, Model, Recipe
from tenure.dossier.stage import Emit, Stage, View
from tenure.errors import UsageError
from tenure.measure import estimate, shipped_card
from tenure.measure.oddities import oddities
from tenure.measure.task import TaskRun, plan, run_task
from tenure.models import resolve

__all__ = [
    "Answers", "Control", "Found", "Instrument", "Measures", "Part", "Question", "Records",
    "Settings", "Wording", "conduct", "decided", "forecast", "gather", "measured", "overall", "said", "stage",
    "verdict", "verdicts",
]  # fmt: skip

VERSION = 2  # since 2: detection_power, assurance, and what kind of grader each is


def verdict(measure: Measure, margin: float) -> Found:
    """Hold a measure against a margin, by its one-sided bounds."""
    if measure.estimate is None or measure.lower is None or measure.upper is None:
        return "not shown"
    if measure.lower > margin:
        return "caught"
    return "clear" if measure.upper < margin else "not shown"


def gather(
    made: Instrument,
    parts: Sequence[Part],
    models: Mapping[str, Model],
    view: View,
    emit: Emit,
    settings: Settings,
) -> Answers:
    """Run every part over every role's model; one record for every planned sample of each."""
    answered: dict[str, list[dict[str, Any]]] = {}
    runs, asked = list[TaskRun](), dict[str, str]()  # a model in two roles is asked once
    for role, model in models.items():
        first = asked.setdefault(model.digest, role)
        if first != role:
            answered[role] = answered[first]
            continue
        for part in parts:
            run = run_task(
                part.task,
                model,
                view,
                emit,
                engine=settings.engine if model.kind == "weights" else None,
                max_tokens=part.max_tokens,
                batch=settings.batch,
                seed=settings.seed,
            )
            runs.append(run)
            answered.setdefault(role, []).extend(run.records)
    records = made.complete(answered)
    return Answers(
        records=records,
        samples=emit.records(records),
        form=runs[0].form,
        usage={k: sum(r.usage[k] for r in runs) for k in runs[0].usage},
        logs=tuple(log for r in runs for log in (r.log_digests or (r.log_digest,))),
    )


def measured(
    questions: Sequence[Question], answers: Answers, prefix: str = ""
) -> dict[str, Measure]:
    """Answer the questions from the records; those whose arms were not asked are left out."""
    found: dict[str, Measure] = {}
    for question in questions:
        if not _asked(question.recipe, answers.records):
            continue
        found[question.name] = estimate(
            answers.records,
            question.recipe,
            name=prefix + question.name,
            unit=question.unit,
            samples=answers.samples,
            better=question.better,
            note=question.note,
        )
    return found


def _asked(recipe: Recipe, records: Records) -> bool:
    held = [r for r in records if all(r.get(c) == v for c, v in recipe.where.items())]
    if recipe.arm is None or recipe.arms is None:
        return bool(held)
    return set(recipe.arms) <= {r.get(recipe.arm) for r in held}


def verdicts(questions: Sequence[Question], found: Mapping[str, Measure]) -> dict[str, Found]:
    """Give a verdict for every question that has a margin."""
    return {
        q.name: verdict(found[q.name], q.margin)
        for q in questions
        if q.margin is not None and q.name in found
    }


def _control(
    control: Control, made: Instrument, view: View, emit: Emit, settings: Settings
) -> tuple[dict[str, Any], list[Measure]]:
    scripts = {"model": control.source, **control.peers}
    models = {role: resolve(source) for role, source in scripts.items()}
    answers = gather(made, made.control_parts, models, view, emit, settings)
    wanted = [q for q in made.questions if q.name in control.expect]
    found = measured(wanted, answers, prefix=f"control/{control.name}/")
    reached = verdicts(wanted, found)
    wrong = [
        f"{name}: expected {expected}, found {reached.get(name, 'nothing')}"
        for name, expected in control.expect.items()
        if reached.get(name) != expected
    ]
    row = {
        "name": control.name,
        "source": control.source,
        "expected": dict(control.expect),
        "found": reached,
        "truth": dict(control.truth),
        "passed": not wrong,
    }
    return (row | {"why": "; ".join(wrong)} if wrong else row), list(found.values())


def conduct(
    made: Instrument, model: Model, view: View, emit: Emit, settings: Settings
) -> tuple[Answers, dict[str, Measure], dict[str, Any]]:
    """Run the controls, then the model.

    Returns the answers, the measures by name, and the findings: ``controls``, ``verdict``,
    ``verdicts`` and ``margins`` by measure, ``graders``, ``scenarios``, and ``oddities``: the
    answers that are odd in themselves, counted by kind.
    """
    controls: list[dict[str, Any]] = []
    measures: dict[str, Measure] = {}
    for control in made.controls:
        row, seen = _control(control, made, view, emit, settings)
        controls.append(row)
        measures |= {m.name: m for m in seen}
    peers = {role: view.model(name) for role, name in made.peers.items()}
    answers = gather(made, made.parts, {"model": model, **peers}, view, emit, settings)
    found = measured(made.questions, answers)
    reached = verdicts(made.questions, found)
    columns = _columns(made.parts)
    found |= measured(corrections(made.questions, columns), answers)
    findings = {
        "verdict": overall(reached, controls),
        "verdicts": reached,
        "margins": {q.name: q.margin for q in made.questions if q.margin is not None},
        "controls": controls,
        "graders": {name: in_short(name, view) for name in made.graders},
        "columns": columns,
        "scenarios": scenario_digest(*made.scenarios),
        "oddities": oddities(answers.records),
    }
    if peers:
        findings["peers"] = {r: {"id": m.id, "digest": m.digest} for r, m in peers.items()}
    return answers, found | measures, findings


def _columns(parts: Sequence[Part]) -> dict[str, str]:
    """Say which grader filled which column of the records."""
    scorers = [s for part in parts for s in part.task.scorer or ()]
    return {s.column: s.grader for s in scorers if hasattr(s, "column")}


def overall(reached: Mapping[str, Found], controls: Sequence[Mapping[str, Any]]) -> str:
    """Sum up: a failed control voids everything; one catch is a catch; clear only if all are."""
    if any(row["passed"] is not True for row in controls):
        return "instrument failed"
    if "caught" in reached.values():
        return "caught"
    return "clear" if reached and set(reached.values()) == {"clear"} else "not shown"


def stage(
    name: str,
    summary: str,
    spec: type[Settings],
    design: Callable[[Any], Instrument],
    wording: Wording,
    more: Callable[[Any, Measures], Mapping[str, Any]] | None = None,
) -> Stage:
    """Make the stage of an assessment: controls, the model, measures, evidence.

    ``design`` lays out the instrument for a spec; ``more`` adds findings of its own.
    """

    def run(model: Model, view: View, settings: Any, emit: Emit) -> Evidence:
        asked, settings = settings, settings.informed(model, view)
        made = design(settings)
        held = _held(name, asked, made, model)
        answers, found, findings = conduct(made, model, view, emit, settings)
        findings |= detection.told(name, made, settings, findings["controls"])
        findings |= held | {"about": sys.modules[design.__module__].__doc__}
        findings |= {"assurance": "self_attested"}  # nobody else has measured it, nor again
        findings |= {"cannot_show": wording.limits(model, found)}
        findings |= more(settings, found) if more else {}
        why = wording.vacuous(found) if wording.vacuous else None
        if why and findings["verdict"] == "clear":
            findings |= {"verdict": "not shown", "vacuous": why}
        words = wording.summary(model, found, findings)
        return _filed(name, made, model, emit, (words, answers, found, findings))

    def cost(model: Model, settings: Any) -> dict[str, Any]:
        made = design(settings)
        return forecast([*made.parts] * (1 + len(made.peers)), model)

    def due(model: Model, view: View) -> bool:
        try:
            spec().informed(model, view)
        except UsageError:  # it takes settings that only a person can give
            return False
        return True

    # The page of the command is the assessment's own docstring.
    run.__module__ = design.__module__
    return Stage(
        name=name, spec=spec, run=run, summary=summary, cost=cost, due=due, version=VERSION
    )


def decided(made: Instrument, model: Model, settings: Settings) -> dict[str, Any]:
    """Lay out what is decided before a run, in plain JSON: what a pre-registration holds."""
    return {
        "model": {"id": model.id, "digest": model.digest},
        "settings": settings.model_dump(mode="json", exclude={"plan"}),
        "questions": [
            {
                "measure": q.name,
                "margin": q.margin,
                "recipe": q.recipe.to_json(),
                "better": q.better,
            }
            for q in made.questions
        ],
        "controls": [{"source": c.source, "expect": dict(c.expect)} for c in made.controls],
        "graders": list(made.graders),
        "scenarios": scenario_digest(*made.scenarios),
    }


def _held(name: str, settings: Settings, made: Instrument, model: Model) -> dict[str, Any]:
    """Hold a run against its pre-registration; nothing is said where there is none."""
    if settings.plan is None:
        return {}
    now = decided(made, model, settings)
    return {
        "plan": settings.plan.digest,
        "deviations": settings.plan.deviations(name, now),
    }


def _filed(
    name: str,
    made: Instrument,
    model: Model,
    emit: Emit,
    outcome: tuple[str, Answers, Any, Any],
) -> Evidence:
    """Write the evidence: measures, samples, grader cards, what was found."""
    words, answers, measures, findings = outcome
    cards = {name: shipped_card(name) for name in made.graders}
    return Evidence(
        name=name,
        model=model.id,
        summary=words,
        form=answers.form,
        measures=tuple(measures.values()),
        files={
            "samples.jsonl": answers.samples,
            "grader-cards.json": emit.file(canonical(cards)),
        },
        findings=findings,
        runtime={"usage": answers.usage, "logs": list(answers.logs)},
    )


def forecast(parts: Sequence[Part], model: Model) -> dict[str, Any]:
    """Say what a run will ask for: calls, input_tokens, output_tokens (at most), cost in dollars or None."""
    plans = [plan(part.task, part.max_tokens, model) for part in parts]
    costs = [p["cost"] for p in plans]
    return {
        "calls": sum(p["calls"] for p in plans),
        "input_tokens": sum(p["input_tokens"] for p in plans),
        "output_tokens": sum(p["output_tokens"] for p in plans),
        "cost": None if None in costs else sum(costs),
    }

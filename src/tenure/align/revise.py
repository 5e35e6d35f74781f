"""Prompt, answer, critique by one principle, revision, gates: rows to train on, with their lineage.

The critic may be another model than the one that is trained, anywhere: ``--critic model
--critic-model openai-api/lab/strong``. ``--direct`` leaves the critique out (a revision by the
principle alone): the baseline that critiques are held against. Killed, the same command goes on;
every batch of answers, critiques and revisions is done once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from tenure.align import constitution as written
from tenure.align import prompts as asked
from tenure.align.answering import Batch, Spent, dollars, nearer, replies
from tenure.align.checking import check
from tenure.align.constitution import Constitution, draw
from tenure.align.critics.model import forecast
from tenure.align.critiquing import (
    Bench,
    Case,
    Critic,
    Preamble,
    Revision,
    asked_models,
    benches_of,
    critic,
    drawn_from,
)
from tenure.align.gates import EACH_ROUND, Revised, copy, counted, stopped
from tenure.align.lineage import (
    REVISE,
    Draft,
    Settled,
    Step,
    after,
    row_of,
    settle,
    step_records,
    trace,
    yields,
)
from tenure.align.prompts import Bank
from tenure.documents import FromFile
from tenure.dossier.nouns import Evidence, Measure, Model, Recipe
from tenure.dossier.stage import Emit, Stage, View
from tenure.measure import estimate
from tenure.models import Reply

DIRECTLY = "none: revised directly"  # who critiqued, where nobody was asked to
__all__ = ["Spec", "run", "stage", "trace"]


class Spec(BaseModel):
    """Settings. Files are read when the settings are: the record holds what they say."""

    model_config = ConfigDict(extra="forbid")

    constitution: Annotated[Constitution | None, FromFile(Constitution)] = Field(
        None, description="A YAML file; None: ours."
    )
    prompts: Annotated[Bank | None, FromFile(Bank)] = Field(
        None, description="A YAML file; None: ours."
    )
    n: int | None = Field(None, ge=1, description="How many training prompts; None: all.")
    rounds: int = Field(4, ge=1, le=8, description="Critiques and revisions of each answer.")
    seed: int = 0
    critic: str = Field("rule", description="Who critiques: a file of align/critics.")
    reviser: str | None = Field(None, description="Who revises; None: the critic.")
    critic_model: str | None = Field(None, description="The model that critic 'model' asks.")
    reviser_model: str | None = Field(
        None,
        description="The model that reviser 'model' asks; None: the critic's.",
        exclude_if=lambda value: value is None,
    )
    examples: Annotated[Preamble | None, FromFile(Preamble)] = Field(
        None,
        description="Worked cases for critic and reviser 'model', a YAML file; None: ours.",
        exclude_if=lambda value: value is None,
    )
    max_tokens: int = Field(80, ge=1, description="The room an answer has, in tokens.")
    critic_max_tokens: int = Field(96, ge=1)
    direct: bool = Field(
        default=False,
        description="Revise by the principle alone, without a critique.",
        exclude_if=lambda value: not value,
    )
    relevance: Literal["words", "chances"] | None = Field(
        None,
        description="How a revision is held to its question: by its words, or by how much likelier "
        "the question makes it for the model that is trained; None: chances where a model revises.",
        exclude_if=lambda value: value is None,
    )
    batch: int = Field(32, ge=1)
    engine: str | None = Field(None, description="The engine that answers; None: the usual one.")
    critic_engine: str | None = Field(
        None,
        description="The engine of the critic's model.",
        exclude_if=lambda value: value is None,
    )


@dataclass(frozen=True, slots=True)
class Took:
    """What a round found for one draft: what the critic said of it, and the revision, if any."""

    draft: Draft
    case: Case
    value: str
    revision: Revision | None
    critic: str
    reviser: str


def run(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence:
    """Answer, critique, revise and gate; see the module."""
    constitution, bank = spec.constitution or written.shipped(), spec.prompts or asked.shipped()
    critics = (critic(spec.critic), critic(spec.reviser or spec.critic))
    benches = benches_of(spec, critics, bank, view, emit)
    prompts = bank.select("train", spec.n)
    pool = [p for p in constitution.principles if critics[0].can(p) and critics[1].can(p)]
    pools = [drawn_from(pool, prompt) for prompt in prompts]
    batch = Batch(what="answers", max_tokens=spec.max_tokens, size=spec.batch, engine=spec.engine)
    answers = replies(model, [p.messages for p in prompts], batch, view, emit)
    drafts = [
        Draft(
            prompt=prompt,
            reply=reply,
            drawn=draw(fit, seed=spec.seed, prompt=prompt.id, rounds=spec.rounds),
            text=reply.text.strip(),
            finished=True,
        )
        for prompt, reply, fit in zip(prompts, answers.replies, pools, strict=True)
    ]
    rounds = spec.rounds if pool else 0
    relevance, held = _relevance(spec, critics[1], model, view, emit)
    for turn in range(rounds):
        _take((_direct if spec.direct else _round)(drafts, turn, critics, benches), held)
    settled = [settle(draft, constitution) for draft in drafts]
    found = _evidence(model, emit, constitution, drafts, settled)
    left_out = [p.id for p in constitution.principles if p not in pool]
    findings = {
        **found.findings,
        "direct": spec.direct,
        "relevance": relevance,
        "cost": _spent(answers.replies, benches),
        "ablation": {
            str(turn): _rows_after(drafts, turn, constitution) for turn in range(rounds + 1)
        },
        "critic": DIRECTLY if spec.direct else critics[0].who(benches[0]),
        "reviser": critics[1].who(benches[1]),
        "prompt_bank": bank.digest,
        **({"examples": spec.examples.digest} if spec.examples else {}),
        "not_critiqued": dict.fromkeys(
            left_out, f"the critic '{spec.critic}' cannot judge it; give critic: model"
        ),
    }
    runtime = dollars(*((one.model, one.spent) for one in benches))
    told = {"findings": findings, "form": answers.form, "runtime": runtime}
    return Evidence.from_json({**found.to_json(), **told})


def _spent(answers: Sequence[Reply], benches: Sequence[Bench]) -> dict[str, dict[str, int]]:
    """Count what the answers took, and the models of critic and reviser where there are any, in tokens."""
    told = {"answers": Spent().add(answers).to_json()}
    asked = zip(("critic", "reviser"), benches, strict=True)
    return told | {name: one.spent.to_json() for name, one in asked if one.spent.calls}


def _relevance(
    spec: Spec, reviser: Critic, model: Model, view: View, emit: Emit
) -> tuple[str, Callable[[Sequence[Revised]], list[Revised]]]:
    """Say how revisions are held to their questions, and return what looks at those of a round."""
    asked = reviser.needs_model and model.kind == "weights"
    how = spec.relevance or ("chances" if asked else "words")
    batch = Batch(what="relevance", max_tokens=0, size=spec.batch, engine=spec.engine)
    others = {name: gate for name, gate in EACH_ROUND.items() if name != "relevance"}

    def held(tried: Sequence[Revised]) -> list[Revised]:
        passed = [i for i, one in enumerate(tried) if stopped(others, one) is None]
        texts = [(tried[i].prompt, tried[i].after) for i in passed]
        found = dict(zip(passed, nearer(model, texts, batch, view, emit), strict=True))
        return [replace(one, nearer=found.get(i)) for i, one in enumerate(tried)]

    return how, held if how == "chances" else list[Revised]


def _cases(drafts: Sequence[Draft], turn: int, bench: Bench) -> list[Case]:
    """Lay every draft under its principle of this round."""
    return [
        Case(prompt=d.prompt.text, answer=d.text, principle=d.drawn[turn], worked=bench.worked)
        for d in drafts
    ]


def _round(
    drafts: Sequence[Draft], turn: int, critics: tuple[Critic, Critic], benches: tuple[Bench, Bench]
) -> list[Took]:
    """Critique every draft by its principle of this round; have those in breach revised."""
    cases = _cases(drafts, turn, benches[0])
    said = critics[0].critique(cases, benches[0])
    breaches = [i for i, one in enumerate(said) if one.value == "breach"]
    asked_for = [replace(cases[i], critique=said[i].text) for i in breaches]
    revised = dict(zip(breaches, critics[1].revise(asked_for, benches[1]), strict=True))
    who = critics[0].who(benches[0]), critics[1].who(benches[1])
    return [
        Took(draft, replace(case, critique=one.text), one.value, revised.get(i), *who)
        for i, (draft, case, one) in enumerate(zip(drafts, cases, said, strict=True))
    ]


def _direct(
    drafts: Sequence[Draft], turn: int, critics: tuple[Critic, Critic], benches: tuple[Bench, Bench]
) -> list[Took]:
    """Have every draft revised by its principle of this round, without a critique.

    A reviser that gives the answer back has kept it.
    """
    cases = [replace(one, direct=True) for one in _cases(drafts, turn, benches[1])]
    who = DIRECTLY, critics[1].who(benches[1])
    return [
        Took(draft, case, "kept", None, *who)
        if copy(_tried(case, revision)) is not None
        else Took(draft, case, "breach", revision, *who)
        for draft, case, revision in zip(
            drafts, cases, critics[1].revise(cases, benches[1]), strict=True
        )
    ]


def _tried(case: Case, revision: Revision) -> Revised:
    return Revised(
        prompt=case.prompt,
        before=case.answer,
        after=revision.text,
        worked=case.worked,
        critique=case.critique,
        principle=case.principle,
        finished=revision.finished,
    )


def _take(taken: Sequence[Took], held: Callable[[Sequence[Revised]], list[Revised]]) -> None:
    """Put the revisions of a round through the gates; take those that none stops."""
    tried = [_tried(one.case, one.revision) for one in taken if one.revision is not None]
    through = iter(held(tried))
    for one in taken:
        after = next(through) if one.revision is not None else None
        one.draft.steps.append(_unchanged(one) if after is None else _gated(one, after))


def _gated(one: Took, tried: Revised) -> Step:
    stop = stopped(EACH_ROUND, tried)
    if stop is None:
        one.draft.text, one.draft.finished = tried.after, tried.finished
    return Step(
        principle=one.case.principle,
        critic=one.critic,
        critique=tried.critique,
        outcome="rejected" if stop else "revised",
        before=tried.before,
        after=tried.after,
        reviser=one.reviser,
        gate=stop[0] if stop else None,
        why=stop[1] if stop else None,
        finished=tried.finished,
    )


def _unchanged(one: Took) -> Step:
    return Step(
        principle=one.case.principle,
        critic=one.critic,
        critique=one.case.critique,
        outcome="kept" if one.value == "kept" else "cannot say",
        before=one.case.answer,
        after=one.case.answer,
    )


def _rows_after(drafts: Sequence[Draft], turn: int, constitution: Constitution) -> dict[str, int]:
    """Count the rows there would be after so many rounds."""
    kinds = [settle(after(draft, turn), constitution).kind for draft in drafts]
    return {kind: kinds.count(kind) for kind in ("revised", "kept")}


def _evidence(
    model: Model,
    emit: Emit,
    constitution: Constitution,
    drafts: Sequence[Draft],
    settled: Sequence[Settled],
) -> Evidence:
    rows = [
        row_of(draft, end.kind, constitution.digest, model)
        for draft, end in zip(drafts, settled, strict=True)
        if end.kind is not None
    ]
    records = [_record(d, end, constitution) for d, end in zip(drafts, settled, strict=True)]
    steps = step_records(drafts)
    # What a trainer is given: prompt and completion alone.
    training = [{"prompt": row["prompt"], "completion": row["completion"]} for row in rows]
    samples = emit.records(records)
    stops: dict[str, int] = {}
    for end in settled:
        if end.gate is not None:
            stops[end.gate] = stops.get(end.gate, 0) + 1
    kinds = {kind: sum(end.kind == kind for end in settled) for kind in ("revised", "kept")}
    return Evidence(
        name=REVISE,
        model=model.id,
        summary=(
            f"{len(rows)} of {len(drafts)} prompts gave a row to train on: {kinds['revised']} revised, "
            f"{kinds['kept']} kept as answered{counted(stops)}"
        ),
        measures=tuple(_measures(records, samples, constitution)),
        files={
            "rows.jsonl": emit.records(rows),
            "training.jsonl": emit.records(training),
            "prompts.jsonl": samples,
            "steps.jsonl": emit.records(steps),
            "constitution.jsonl": emit.records([constitution.model_dump(mode="json")]),
        },
        findings={
            "constitution": {"name": constitution.name, "digest": constitution.digest},
            "rows": {"prompts": len(drafts), **kinds, "stopped": stops},
            "yield": yields(steps),
        },
    )


def _record(draft: Draft, end: Settled, constitution: Constitution) -> dict[str, Any]:
    """Write one prompt: its answer, what the checks say of it, and what became of it."""
    kept = {
        p.id: check(p.check or "").find(draft.prompt.text, draft.reply.text).kept
        for p in constitution.checkable
    }
    return {
        "id": draft.prompt.id,
        "family": draft.prompt.family,
        "split": draft.prompt.split,
        "text": draft.prompt.text,
        "answer": draft.reply.text,
        "answer_id": draft.answer_id,
        "stop": draft.reply.stop,
        "final": draft.text,
        "row": end.kind is not None,
        "gate": end.gate,
        "why": end.why,
        **kept,
    }


def _measures(
    records: Sequence[dict[str, Any]], samples: str, constitution: Constitution
) -> list[Measure]:
    named = [("yield", "row")] + [(f"before/{p.id}", p.id) for p in constitution.checkable]
    return [
        estimate(
            records,
            Recipe(estimator="proportion", value=column, cluster="family"),
            name=name,
            unit="proportion",
            samples=samples,
            better="higher",
            note="share of the training prompts' answers that keep the principle"
            if column != "row"
            else "share of the training prompts that gave a row to train on",
        )
        for name, column in named
    ]


def cost(_model: Model, spec: Spec) -> dict[str, Any]:
    """Foresee what critic and reviser behind APIs are asked at most: every answer, every round."""
    critics = (critic(spec.critic), critic(spec.reviser or spec.critic))
    calls = spec.rounds * len((spec.prompts or asked.shipped()).select("train", spec.n))
    named = [name for name in asked_models(spec, critics) if name]
    times = {name: calls * named.count(name) for name in named}
    return forecast(times, spec.critic_max_tokens, spec.examples)


stage = Stage(
    name=REVISE,
    spec=Spec,
    run=run,
    summary="Answer, critique by one principle, revise, gate: rows to train on, each with its lineage",
    kinds=("weights",),
    why_not="a model without weights here cannot be trained, so rows for it would serve nothing",
    disk=200 << 20,
    cost=cost,
    version=2,  # two more gates: echo, relevance
)

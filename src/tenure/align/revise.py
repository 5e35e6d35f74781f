"""Prompt, answer, critique by one principle, revision, gates: rows to train on, with their lineage.

The critic may be another model than the one that is trained, anywhere: ``--critic model
--critic-model openai-api/lab/strong``. ``--direct`` leaves the critique out (a revision by the
principle alone): the baseline that critiques are held against. Killed, the same command goes on;
every batch of answers, critiques and revisions is done once.
"""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from tenure.align import constitution as written
from tenure.align import prompts as asked
from tenure.align.answering import Batch, replies
from tenure.align.checking import check
from tenure.align.constitution import Constitution, draw
from tenure.align.critiquing import Bench, Case, Critic, Critique, Revision, critic
from tenure.align.gates import EACH_ROUND, Revised, copy, stopped
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
from tenure.errors import UsageError
from tenure.measure import estimate
from tenure.models import resolve

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
    max_tokens: int = Field(80, ge=1, description="The room an answer has, in tokens.")
    critic_max_tokens: int = Field(96, ge=1)
    direct: bool = Field(
        default=False, description="Revise by the principle alone, without a critique."
    )
    batch: int = Field(32, ge=1)
    engine: str | None = Field(None, description="The engine that answers; None: the usual one.")
    critic_engine: str | None = Field(None, description="The engine of the critic's model.")


def run(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence:
    """Answer, critique, revise and gate; see the module."""
    constitution, bank = spec.constitution or written.shipped(), spec.prompts or asked.shipped()
    critics = (critic(spec.critic), critic(spec.reviser or spec.critic))
    bench = _bench(spec, critics, view, emit)
    prompts = bank.select("train", spec.n)
    if not prompts:
        raise UsageError(
            "the prompt bank has no prompts of the split 'train', so there is nothing to answer; "
            "add a family with split: train"
        )
    batch = Batch(what="answers", max_tokens=spec.max_tokens, size=spec.batch, engine=spec.engine)
    answers = replies(model, [p.messages for p in prompts], batch, view, emit)
    pool = [p for p in constitution.principles if critics[0].can(p) and critics[1].can(p)]
    drafts = [
        Draft(
            prompt=prompt,
            reply=reply,
            drawn=draw(pool, seed=spec.seed, prompt=prompt.id, rounds=spec.rounds),
            text=reply.text.strip(),
            finished=True,
        )
        for prompt, reply in zip(prompts, answers.replies, strict=True)
    ]
    rounds = spec.rounds if pool else 0
    for turn in range(rounds):
        (_direct if spec.direct else _round)(drafts, turn, critics, bench)
    settled = [settle(draft, constitution) for draft in drafts]
    found = _evidence(model, emit, constitution, drafts, settled)
    left_out = [p.id for p in constitution.principles if p not in pool]
    findings = {
        **found.findings,
        "direct": spec.direct,
        "ablation": {
            str(turn): _rows_after(drafts, turn, constitution) for turn in range(rounds + 1)
        },
        "critic": DIRECTLY if spec.direct else critics[0].who(bench),
        "reviser": critics[1].who(bench),
        "prompt_bank": bank.digest,
        "not_critiqued": dict.fromkeys(
            left_out, f"the critic '{spec.critic}' cannot judge it; give critic: model"
        ),
    }
    return Evidence.from_json({**found.to_json(), "findings": findings, "form": answers.form})


def _bench(spec: Spec, critics: Sequence[Critic], view: View, emit: Emit) -> Bench:
    needed = any(one.needs_model for one in (critics[1:] if spec.direct else critics))
    if needed and spec.critic_model is None:
        raise UsageError(
            "the critic 'model' needs a model; give critic_model, for example tenure/embedded"
        )
    model = resolve(spec.critic_model, view) if needed and spec.critic_model else None
    return Bench(
        view=view,
        emit=emit,
        model=model,
        max_tokens=spec.critic_max_tokens,
        batch=spec.batch,
        engine=spec.critic_engine,
    )


def _round(
    drafts: Sequence[Draft], turn: int, critics: tuple[Critic, Critic], bench: Bench
) -> None:
    """Critique every draft by its principle of this round; revise those in breach."""
    cases = [Case(prompt=d.prompt.text, answer=d.text, principle=d.drawn[turn]) for d in drafts]
    said = critics[0].critique(cases, bench)
    breaches = [i for i, one in enumerate(said) if one.value == "breach"]
    asked_for = [
        Case(
            prompt=cases[i].prompt,
            answer=cases[i].answer,
            principle=cases[i].principle,
            critique=said[i].text,
        )
        for i in breaches
    ]
    revisions = dict(zip(breaches, critics[1].revise(asked_for, bench), strict=True))
    for i, (draft, case) in enumerate(zip(drafts, cases, strict=True)):
        if i not in revisions:
            draft.steps.append(_unchanged(case, said[i], critics[0].who(bench)))
            continue
        tried = _tried(case, revisions[i], said[i].text)
        _take(draft, tried, critics[0].who(bench), critics[1].who(bench))


def _direct(
    drafts: Sequence[Draft], turn: int, critics: tuple[Critic, Critic], bench: Bench
) -> None:
    """Revise every draft by its principle of this round, without a critique.

    A reviser that gives the answer back has kept it.
    """
    cases = [
        Case(prompt=d.prompt.text, answer=d.text, principle=d.drawn[turn], direct=True)
        for d in drafts
    ]
    for draft, case, revision in zip(drafts, cases, critics[1].revise(cases, bench), strict=True):
        tried = _tried(case, revision, "")
        if copy(tried) is not None:
            kept = Critique(value="kept", text="")
            draft.steps.append(_unchanged(case, kept, DIRECTLY))
        else:
            _take(draft, tried, DIRECTLY, critics[1].who(bench))


def _tried(case: Case, revision: Revision, critique: str) -> Revised:
    return Revised(
        prompt=case.prompt,
        before=case.answer,
        after=revision.text,
        critique=critique,
        principle=case.principle,
        finished=revision.finished,
    )


def _take(draft: Draft, tried: Revised, critic: str, reviser: str) -> None:
    """Put a revision through the gates, and take it where none stops it."""
    assert tried.principle is not None
    stop = stopped(EACH_ROUND, tried)
    if stop is None:
        draft.text, draft.finished = tried.after, tried.finished
    draft.steps.append(
        Step(
            principle=tried.principle,
            critic=critic,
            critique=tried.critique,
            outcome="rejected" if stop else "revised",
            before=tried.before,
            after=tried.after,
            reviser=reviser,
            gate=stop[0] if stop else None,
            why=stop[1] if stop else None,
            finished=tried.finished,
        )
    )


def _rows_after(drafts: Sequence[Draft], turn: int, constitution: Constitution) -> dict[str, int]:
    """Count the rows there would be after so many rounds."""
    kinds = [settle(after(draft, turn), constitution).kind for draft in drafts]
    return {kind: kinds.count(kind) for kind in ("revised", "kept")}


def _unchanged(case: Case, said: Critique, who: str) -> Step:
    return Step(
        principle=case.principle,
        critic=who,
        critique=said.text,
        outcome="kept" if said.value == "kept" else "cannot say",
        before=case.answer,
        after=case.answer,
    )


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
            f"{kinds['kept']} kept as answered"
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


stage = Stage(
    name=REVISE,
    spec=Spec,
    run=run,
    summary="Answer, critique by one principle, revise, gate: rows to train on, each with its lineage",
    kinds=("weights",),
    why_not="a model without weights here cannot be trained, so rows for it would serve nothing",
    disk=200 << 20,
)

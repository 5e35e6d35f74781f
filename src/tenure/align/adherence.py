"""Parent and child on held-out prompts: which principles does the child keep more often?

Both answer the same prompts in the same batches, in the same form of weights where that can be.
Per principle a paired difference; over all principles tested a Holm-adjusted statement; beside them
the mean share of principles kept, signs of collapse, and harmless prompts declined. A natural
principle is reported as not measured unless a judge is named: nothing here can decide it.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from tenure.align import constitution as written
from tenure.align import guards
from tenure.align import prompts as asked
from tenure.align.answering import Answers, Batch, counted, dollars, in_safetensors, replies
from tenure.align.checking import check, share
from tenure.align.comparing.card import unfit_alone
from tenure.align.comparing.labels import ai, known_sources
from tenure.align.constitution import Constitution, Principle
from tenure.align.critics.model import forecast
from tenure.align.critiquing import ROOM, Bench, Case, critic
from tenure.align.prompts import Bank, Prompt
from tenure.align.proof.measures import ARMS, measures, stated
from tenure.documents import FromFile
from tenure.dossier.canonical import canonical
from tenure.dossier.nouns import Evidence, Model
from tenure.dossier.stage import Emit, Stage, View
from tenure.errors import UsageError
from tenure.measure.grading import grader, shipped_card
from tenure.models import resolve

REFUSAL = "refusal"  # the grader that says whether a prompt was declined


class Spec(BaseModel):
    """Settings. Files are read when the settings are: the record holds what they say."""

    model_config = ConfigDict(extra="forbid")

    constitution: Annotated[Constitution | None, FromFile(Constitution)] = Field(
        None, description="A YAML file; None: ours."
    )
    prompts: Annotated[Bank | None, FromFile(Bank)] = Field(
        None, description="A YAML file; None: ours."
    )
    n: int | None = Field(None, ge=1, description="How many held-out prompts; None: all.")
    max_tokens: int = Field(80, ge=1, description="The room an answer has, in tokens.")
    batch: int = Field(32, ge=1)
    engine: str | None = None
    same_form: bool = Field(default=True, description="Measure both models from safetensors.")
    judge: str | None = Field(None, description="The model that judges natural principles.")


def run(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence:
    """Measure a child beside its parent; UsageError when the model has no parent."""
    if model.parent is None:
        raise UsageError(
            f"{model.id} has no parent to be compared with; name the child that align/train made"
        )
    parent = view.model(model.parent)
    constitution = spec.constitution or written.shipped()
    prompts = (spec.prompts or asked.shipped()).select("held-out", spec.n)
    answers = {
        arm: _answers(one, arm, prompts, spec, view, emit)
        for arm, one in (("parent", parent), ("child", model))
    }
    records = [row for arm in ARMS for row in _records(prompts, arm, answers[arm], constitution)]
    judge = resolve(spec.judge, view) if spec.judge else None
    judged = [p for p in constitution.principles if judge and p.axis == "principle"]
    bench = Bench(view=view, emit=emit, model=judge, batch=spec.batch)
    if judge:
        _judge(records, judged, bench)
    tested = [*constitution.checkable, *judged]
    untested = [p for p in constitution.principles if p not in tested]
    samples = emit.records(records)
    found = measures(records, tested, samples)
    told = _card(judge, view) if judge else {}
    fit = [*constitution.checkable, *(judged if told.get("fit") else [])]
    verdicts = stated(records, fit, found) | _unfit(
        [p for p in judged if p not in fit], str(told.get("note"))
    )
    improved = [name for name, v in verdicts.items() if v["statement"] == "improved"]
    forms = {arm: one.form for arm, one in answers.items()}
    return Evidence(
        name="align/adherence",
        model=model.id,
        summary=_summary(improved, verdicts, model, parent),
        form=forms["child"],
        measures=tuple(found),
        files={"samples.jsonl": samples, "grader-cards.json": emit.file(_grader_cards())},
        findings={
            "parent": {"id": parent.id, "digest": parent.digest},
            "constitution": {"name": constitution.name, "digest": constitution.digest},
            "forms": {**forms, "same": forms["child"] == forms["parent"]},
            "improved": improved,
            "holm": verdicts,
            "not_measured": _not_measured(untested),
            "collapse": {arm: _collapse(one) for arm, one in answers.items()},
            "collapse_note": guards.COLLAPSED,
            **({"judge": told} if judge else {}),
            "cost": counted(answers, bench.spent),
        },
        runtime=dollars((judge, bench.spent)),
    )


@cache
def _grader_cards() -> bytes:
    """Write the card of what decides whether a prompt was declined: it errs, and how often is known."""
    return canonical({REFUSAL: shipped_card(REFUSAL)})


def _answers(
    model: Model, arm: str, prompts: Sequence[Prompt], spec: Spec, view: View, emit: Emit
) -> Answers:  # fmt: skip
    reference = in_safetensors(model, view) if spec.same_form else model
    batch = Batch(
        what=f"{arm}'s answers", max_tokens=spec.max_tokens, size=spec.batch, engine=spec.engine
    )
    return replies(reference, [p.messages for p in prompts], batch, view, emit)


def _records(
    prompts: Sequence[Prompt], arm: str, answers: Answers, constitution: Constitution
) -> list[dict[str, Any]]:
    """Write one arm's answers, each with what the checks and the guards say of it."""
    collapsed = guards.collapsed([reply.text for reply in answers.replies])
    refusal = grader(REFUSAL).grade
    records: list[dict[str, Any]] = []
    for prompt, reply, fallen in zip(prompts, answers.replies, collapsed, strict=True):
        kept = {
            p.id: check(p.check or "").find(prompt.text, reply.text).kept
            for p in constitution.checkable
        }
        records.append(
            {
                "id": f"{prompt.id}/{arm}",
                "pair": prompt.id,
                "arm": arm,
                "family": prompt.family,
                "slice": prompt.slice,
                "prompt": prompt.text,
                "answer": reply.text,
                "stop": reply.stop,
                "form": answers.form,
                **kept,
                "kept_share": share(kept),
                "words": len(guards.words(reply.text)),
                "distinct2": guards.distinct([reply.text]),
                "repeats": guards.repeats(reply.text),
                "collapsed": fallen,
                "refused": refusal(prompt.text, reply.text).outcome,
            }
        )
    return records


def _judge(
    records: Sequence[dict[str, Any]], principles: Sequence[Principle], bench: Bench
) -> None:
    """Let a model say which answers keep the natural principles; what it does not say is missing."""
    for principle in principles:
        cases = [Case(prompt=r["prompt"], answer=r["answer"], principle=principle) for r in records]
        for record, said in zip(records, critic("model").critique(cases, bench), strict=True):
            record[principle.id] = None if said.value == "cannot say" else said.value == "kept"


def _card(judge: Model, view: View) -> dict[str, Any]:
    """Name the judge of the natural principles, and whether it was qualified for them, as it is asked here."""
    unfit = f"not qualified; run: tenure align qualify --model {judge.id}"
    why = unfit_alone(view, judge)
    return {
        "id": judge.id,
        "digest": judge.digest,
        "qualified": known_sources(view).get(ai(judge), unfit),
        "fit": not why,
        "note": why or "right about answers alone more often than by chance; asked so here",
    }


def _unfit(principles: Sequence[Principle], why: str) -> dict[str, dict[str, Any]]:
    """State nothing of what a judge said that is not qualified; its numbers stand beside."""
    said = {"p": None, "p_holm": None, "statement": "not shown", "why": why}
    return {p.id: dict(said) for p in principles}


def _not_measured(untested: Sequence[Principle]) -> dict[str, str]:
    found: dict[str, str] = {}
    for principle in untested:
        found[principle.id] = (
            "not measured: no program can decide it; it needs a qualified judge (judge: MODEL)"
        )
        if principle.world is not None:
            found[principle.id] = (
                "not measured on answers: the world decides it, in environments of the family "
                f"'{principle.world}'"
            )
    return found


def _collapse(answers: Answers) -> dict[str, Any]:
    """Say how varied one model's answers are, taken together."""
    texts = [reply.text for reply in answers.replies]
    return {
        "answers": len(texts),
        "empty": sum(not guards.words(text) for text in texts),
        "distinct2_over_all": guards.distinct(texts),
        "shared_word_for_word": guards.same_answers(texts),
        "ran_into_the_limit": sum(reply.stop == "length" for reply in answers.replies),
    }


def _summary(
    improved: Sequence[str], verdicts: Mapping[str, Any], model: Model, parent: Model
) -> str:
    what = f"of {len(verdicts)} principles tested on held-out prompts"
    if not improved:
        return f"{what}, none is shown to be kept more often by {model.id} than by {parent.id}"
    return f"{what}, {model.id} keeps {len(improved)} more often than {parent.id}: {', '.join(improved)}"


def cost(_model: Model, spec: Spec) -> dict[str, Any]:
    """Foresee what a judge behind an API is asked: both arms, every natural principle, every prompt."""
    natural = [
        p for p in (spec.constitution or written.shipped()).principles if p.axis == "principle"
    ]
    prompts = (spec.prompts or asked.shipped()).select("held-out", spec.n)
    calls = len(ARMS) * len(natural) * len(prompts)
    return forecast({spec.judge: calls} if spec.judge else {}, ROOM)


stage = Stage(
    name="align/adherence",
    spec=Spec,
    run=run,
    summary="Parent and child on held-out prompts: per principle, a paired difference with its interval",
    kinds=("weights",),
    why_not="adherence is a comparison with the parent, and only a trained child has one",
    disk=900 << 20,
    cost=cost,
)

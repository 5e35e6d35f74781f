"""Is the new model still good at everything the old one was?

Both are asked the same prompts: your own, or the anchors, which never change. Every area gets a
verdict of its own from the paired differences: better, worse, the same (shown by an equivalence
test within the margin), or unknown. Answers that an earlier comparison stored are used again where
the same model gave them to the same words under the same settings, so a model that is retired, or
whose endpoint is gone, can still be compared. Every stored answer is graded again first, with the
checks and graders of today.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ChatMessage, ChatMessageAssistant, ChatMessageSystem, ChatMessageUser
from inspect_ai.solver import generate
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from tenure.dossier import Emit, Evidence, Measure, Model, Recipe, Stage, View
from tenure.errors import EngineError, IntegrityError, ModelError, UsageError
from tenure.measure import estimate, prompts
from tenure.measure.compare import ARM, NEW, OLD, Comparison, compare_each, side_by_side
from tenure.measure.oddities import oddities
from tenure.measure.prompts import Prompt, Prompts, given
from tenure.measure.task import plan, run_task, scorer_for

NAME = "assess/compare"
MARGIN = 0.15  # what 40 prompts an area can show to be the same, over six areas
COLUMNS = ("area", "cluster", "id", "holds")
SHOWN = 5  # prompts of an area that are named where it got worse
SAID = {"worse": "worse", "better": "better", "same": "the same", "unknown": "unknown"}
MESSAGES = {
    "system": ChatMessageSystem,
    "user": ChatMessageUser,
    "assistant": ChatMessageAssistant,
}


class Spec(BaseModel):
    """Which other model, on which prompts, and what difference does not matter."""

    model_config = ConfigDict(extra="forbid")

    old: str = Field(description="The model to compare with, by its name in the dossier.")
    prompts: Annotated[tuple[Prompt, ...] | None, BeforeValidator(given)] = Field(
        default=None, description="Your own prompts (JSON Lines); by default the anchors."
    )
    areas: tuple[str, ...] = Field(default=(), description="Only these areas; by default all.")
    margin: float = Field(
        default=MARGIN, gt=0, lt=1, description="A smaller difference does not matter."
    )
    margins: dict[str, float] = Field(default={}, description="Another margin, by area.")
    max_tokens: int = Field(default=128, ge=1, description="Longest answer, in tokens.")
    engine: str | None = Field(default=None, description="Which engine answers.")
    batch: int = Field(default=32, ge=1, description="Prompts computed together.")
    seed: int = Field(default=0, description="Sampling is greedy; an API may draw by it.")

    def chosen(self) -> Prompts:
        """Return the prompts that are asked; UsageError for an area that is not there."""
        own = None if self.prompts is None else Prompts("own", self.prompts)
        whole = own or prompts.anchors()
        whole.only(tuple(self.margins))
        return whole.only(self.areas)

    def sampling(self) -> dict[str, Any]:
        """Return what besides the words an answer depends on."""
        return {"max_tokens": self.max_tokens, "seed": self.seed, "temperature": 0.0}


def _message(turn: Mapping[str, str]) -> ChatMessage:
    return MESSAGES[turn["role"]](content=turn["content"])


def _task(items: Sequence[Prompt]) -> Task:
    return Task(
        name="compare",
        dataset=MemoryDataset(
            [Sample(id=i.id, input=[_message(m) for m in i.conversation]) for i in items]
        ),
        solver=generate(),
        scorer=scorer_for("refusal", "refused"),
    )


@task
def compare(areas: str = "") -> Task:
    """Ask the anchors, or some areas of them (with commas between); compare two logs by ``tenure compare``."""
    wanted = tuple(a.strip() for a in areas.split(",") if a.strip())
    return _task(prompts.anchors().only(wanted).items)


@dataclass(slots=True, kw_only=True)
class Side:
    """What one of the two models answered: a row for each prompt, and how it was come by."""

    model: Model
    rows: list[dict[str, Any]]
    form: str | None = None
    reused: int = 0
    changed: int = 0
    unreached: str = ""
    usage: Mapping[str, int] = field(default_factory=dict[str, int])


def stored(view: View, model: Model, spec: Spec) -> dict[str, dict[str, Any]]:
    """Find what a model answered in earlier comparisons, by the digest of what was asked.

    Only the same digest of the model, the same engine and the same sampling count; the newest wins.
    """
    found: dict[str, dict[str, Any]] = {}
    for each in view.models():
        for event, evidence in view.all_evidence(each.id):
            held = evidence.files.get("answers.jsonl") if event.name == NAME else None
            for row in view.records(held) if held else ():
                same = (
                    row["digest"] == model.digest
                    and row["sampling"] == spec.sampling()
                    and row["engine"] == spec.engine
                    and row["answer"] is not None
                )
                if same:
                    found[row["asked"]] = row
    return found


def _side(
    model: Model, asked: Prompts, known: Mapping[str, Mapping[str, Any]], ask: "_Ask"
) -> Side:
    """Have a model answer what no earlier comparison holds, then grade everything anew."""
    open_ = [item for item in asked.items if item.asked not in known]
    side = Side(model=model, rows=[], reused=len(asked.items) - len(open_))
    fresh: dict[str, Mapping[str, Any]] = {}
    if open_:
        try:
            run = run_task(
                _task(open_),
                reached(model, ask.view, ask.emit),
                ask.view,
                ask.emit,
                max_tokens=ask.spec.max_tokens,
                engine=ask.spec.engine if model.kind == "weights" else None,
                batch=ask.spec.batch,
                seed=ask.spec.seed,
            )
        except (EngineError, ModelError, IntegrityError) as error:
            if not side.reused:
                raise
            side.unreached = str(error)
        else:
            fresh = {row["id"]: row for row in run.records}
            side.form, side.usage = run.form, run.usage
    for item in asked.items:
        held = known.get(item.asked) or fresh.get(item.id) or {}
        side.rows.append(_row(item, held, side, ask.spec))
        was = held.get("holds", side.rows[-1]["holds"])
        side.changed += item.asked in known and was is not side.rows[-1]["holds"]
    side.form = side.form or next((r["form"] for r in side.rows if r["form"]), None)
    return side


@dataclass(frozen=True, slots=True)
class _Ask:
    """Where and how is asked."""

    view: View
    emit: Emit
    spec: Spec


def reached(model: Model, view: View, emit: Emit) -> Model:
    """Put a retired model's files back from the vault when the dossier has them no more.

    Raises:
        ModelError: they are not here, and the vault's are not those that were registered.
        IntegrityError: they are not here, and no copy of the vault is whole.
    """
    if model.kind != "weights":
        return model
    try:
        view.folder(model)
    except (ModelError, IntegrityError):
        if "revive" not in emit.hands:
            raise
        folder = emit.hands["revive"](model, emit.scratch / "revived")
        for name, digest in model.files.items():
            if emit.file(folder / name) != digest:
                raise ModelError(
                    f"{model.id}: the vault's '{name}' is not the one that was registered; "
                    f"run tenure preserve check --model {model.id}"
                ) from None
    return model


def _row(item: Prompt, held: Mapping[str, Any], side: Side, spec: Spec) -> dict[str, Any]:
    """Write down an answer, graded by the check of today."""
    answer = held.get("answer")
    holds, why = prompts.outcome(item, answer)
    return {
        "id": item.id,
        "area": item.area,
        "cluster": item.cluster or item.id,
        "asked": item.asked,
        "prompt": item.conversation,
        "answer": answer,
        "stop": held.get("stop"),
        "holds": holds,
        "why": why if answer is not None else held.get("why_missing") or "not asked",
        "model": side.model.id,
        "digest": side.model.digest,
        "form": held.get("form") or side.form,
        "engine": spec.engine,
        "sampling": spec.sampling(),
    }


def run(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence:
    """Ask both, grade both, compare area by area.

    Raises:
        UsageError: an unknown model or area, or a model compared with itself.
        EngineError, ModelError: a model cannot be reached and nothing of it is stored.
    """
    old = view.model(spec.old.removeprefix("tenure/"))
    if old.id == model.id:
        raise UsageError(f"{model.id} cannot be compared with itself; name another model")
    asked, ask = spec.chosen(), _Ask(view, emit, spec)
    before = _side(old, asked, stored(view, old, spec), ask)
    after = _side(model, asked, {}, ask)
    pairs = emit.records(side_by_side(before.rows, after.rows, COLUMNS))
    clustered = len({i.cluster or i.id for i in asked.items}) < len(asked.items)
    more: Any = {"cluster": "cluster"} if clustered else {}
    compared = compare_each(
        before.rows,
        after.rows,
        by="area",
        pair="id",
        value="holds",
        margin={area: spec.margins.get(area, spec.margin) for area in asked.areas},
        better="higher",
        samples=pairs,
        **more,
    )
    rates = _rates(before, after, pairs)
    areas = [_area(str(name), one, rates, before, after) for name, one in compared.items()]
    return Evidence(
        name=NAME,
        model=model.id,
        summary=_summary(model, old, areas, before),
        form=after.form,
        measures=(*(one.measure for one in compared.values()), *rates.values()),
        files={
            "pairs.jsonl": pairs,
            "answers.jsonl": emit.records([*before.rows, *after.rows]),
        },
        findings={
            "verdict": overall([row["verdict"] for row in areas]),
            "old": old.id,
            "new": model.id,
            "areas": areas,
            "prompts": {"name": asked.name, "digest": asked.digest, "n": len(asked.items)},
            "unchecked": sum(item.check is None for item in asked.items),
            "reused": before.reused,
            "regraded": {"transcripts": before.reused, "changed": before.changed},
            "unreached": before.unreached,
            "forms": {"old": before.form, "new": after.form},
            "oddities": {"old": oddities(before.rows), "new": oddities(after.rows)},
            "cannot_show": _cannot_show(asked, before, after),
        },
        runtime={"usage": {"old": dict(before.usage), "new": dict(after.usage)}},
    )


def overall(verdicts: Sequence[str]) -> str:
    """Sum up: one area worse is worse; unknown before the rest; the same only if all are."""
    for verdict in ("worse", "unknown"):
        if verdict in verdicts:
            return verdict
    return "better" if "better" in verdicts else "same"


def _rates(before: Side, after: Side, pairs: str) -> dict[tuple[str, str], Measure]:
    """Measure each model alone in each area, from the same records as the differences."""
    rows = side_by_side(before.rows, after.rows, COLUMNS)
    found: dict[tuple[str, str], Measure] = {}
    for area in dict.fromkeys(row["area"] for row in before.rows):
        for arm in (OLD, NEW):
            recipe = Recipe(estimator="proportion", value="holds", where={ARM: arm, "area": area})
            found[area, arm] = estimate(
                rows,
                recipe,
                name=f"{arm}/{area}",
                unit="proportion",
                samples=pairs,
                better="higher",
            )
    return found


def _area(
    name: str,
    one: Comparison,
    rates: Mapping[tuple[str, str], Measure],
    before: Side,
    after: Side,
) -> dict[str, Any]:
    """Write down what an area came to, with the first prompts that broke."""
    both = [
        (old, new) for old, new in zip(before.rows, after.rows, strict=True) if old["area"] == name
    ]
    broke = [new for old, new in both if old["holds"] is True and new["holds"] is False]
    return {
        "area": name,
        "verdict": one.verdict,
        "why": one.why,
        "margin": one.margin,
        "n": one.measure.n,
        "missing": one.measure.missing,
        "old": rates[name, OLD].estimate,
        "new": rates[name, NEW].estimate,
        "difference": one.measure.estimate,
        "low": one.measure.low,
        "high": one.measure.high,
        "p_different": one.p_different,
        "p_same": one.p_same,
        "broke": len(broke),
        "mended": sum(old["holds"] is False and new["holds"] is True for old, new in both),
        "broken": [{"id": row["id"], "why": row["why"]} for row in broke[:SHOWN]],
    }


def _summary(model: Model, old: Model, areas: Sequence[Mapping[str, Any]], before: Side) -> str:
    """Say first what somebody wants to know who reads no further."""
    named = {v: [row["area"] for row in areas if row["verdict"] == v] for v in SAID}
    parts = [f"{SAID[v]} in {', '.join(names)}" for v, names in named.items() if names]
    count = sum(row["n"] for row in areas)
    said = f"{model.id} against {old.id}, on {count} prompts: {'; '.join(parts)}."
    if before.reused:
        said += (
            f" {before.reused} answers of {old.id} were on file and graded again; "
            f"{before.changed} grades changed."
        )
    return said


def _cannot_show(asked: Prompts, before: Side, after: Side) -> list[str]:
    told = ["The verdicts are about these prompts and what code can check of an answer."]
    unchecked = sum(item.check is None for item in asked.items)
    if unchecked:
        told.append(
            f"{unchecked} prompts have no check: of those is compared only whether they are answered "
            "instead of declined."
        )
    if before.form != after.form:
        told.append(
            f"They were measured in different forms ({before.form}; {after.form}): part of a difference "
            "may come from the form."
        )
    if before.unreached:
        told.append(f"{before.model.id} could not be asked what is not on file: {before.unreached}")
    if "api" in (before.model.kind, after.model.kind):
        told.append("What is behind an API's name may have changed since it was asked.")
    return told


def cost(model: Model, spec: Spec) -> dict[str, Any]:
    """Foresee what asking one of the two takes; answers on file cost nothing."""
    return plan(_task(spec.chosen().items), spec.max_tokens, model)


stage = Stage(
    name=NAME,
    spec=Spec,
    run=run,
    summary="Is it still good at everything another model was?",
    cost=cost,
    repeat=True,  # stored answers are graded anew each time; no call is made twice
)

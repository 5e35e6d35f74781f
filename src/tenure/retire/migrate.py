"""The migration guide: predecessor and successor on the same prompts, pair by pair.

For each kind of task: better, worse, the same (by equivalence), or unknown, which is printed too.
What breaks is shown with the words of both models. Where a kind got worse, a fixed list of ways of
asking is tried on half of its prompts, and the best of them tested on the other half. How the two
differ in character is read from ``assess/character`` of both, where it is on file. A user's own
prompts go in as JSON Lines (:mod:`tenure.measure.prompts`).
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from tenure.dossier import Emit, Evidence, Model, Stage, View
from tenure.errors import UsageError
from tenure.measure import prompts
from tenure.measure.compare import Comparison, compare_each, side_by_side
from tenure.measure.prompts import Prompt, Prompts, given
from tenure.retire.migrating import everyday, fingerprint, guide, recovering
from tenure.retire.record import successor_of
from tenure.retire.reporting.pages import html, markdown

Row = dict[str, Any]
SHOWN = 2  # prompts of a kind that broke, shown with both models' words
DROPPED = ("reasons", "spans", "epoch", "refused")


class Spec(BaseModel):
    """Settings of the comparison."""

    model_config = ConfigDict(extra="forbid")

    successor: str | None = Field(None, description="The model to compare with.")
    prompts: Annotated[tuple[Prompt, ...] | None, BeforeValidator(given)] = Field(
        None, description="Your own prompts (JSON Lines); default: the package's."
    )
    each: int | None = Field(None, ge=1, description="Prompts of each kind; default: all.")
    margin: float = Field(0.2, gt=0, lt=1, description="A smaller change counts as the same.")
    recover: bool = Field(
        default=True, description="Where it got worse, try other ways of asking, and test them."
    )
    max_tokens: int = Field(40, ge=1)
    engine: str | None = None
    batch: int = Field(32, ge=1)
    seed: int = 0

    def chosen(self) -> Prompts:
        """Return the prompts that are asked."""
        own = None if self.prompts is None else Prompts("your own prompts", self.prompts)
        return everyday.spread(own or everyday.load().prompts(), self.each)


def cost(model: Model, spec: Spec) -> dict[str, Any]:
    """Foresee calls and tokens of one of the two models; what recovers comes on top for the new one."""
    del model
    items = spec.chosen().items
    return {
        "calls": len(items),
        "input_tokens": sum(len(m["content"]) for i in items for m in i.conversation) // 4,
        "output_tokens": spec.max_tokens * len(items),
        "cost": None,
    }


def graded(items: Sequence[Prompt], records: Sequence[Mapping[str, Any]], arm: str) -> list[Row]:
    """Add to each record whether its check holds, and why not; no answer stays missing."""
    by_id = {item.id: item for item in items}
    rows: list[Row] = []
    for record in records:
        item = by_id[record["id"]]
        holds, why = prompts.outcome(item, record["answer"])
        row = {k: v for k, v in record.items() if k not in DROPPED}
        rows.append({**row, "cluster": item.area, "arm": arm, "holds": holds, "why": why or None})
    return rows


def compared(rows: tuple[list[Row], list[Row]], margin: float, pairs: str) -> dict[str, Comparison]:
    """Compare in every kind of task; ``pairs`` is the digest of both models' outcomes."""
    found = compare_each(
        *rows,
        by="cluster",
        pair="id",
        value="holds",
        margin=margin,
        better="higher",
        samples=pairs,
    )
    return {str(name): one for name, one in found.items()}


def run(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence:
    """Compare the model with its successor and write the guide.

    Raises:
        UsageError: there is no successor, or it cannot be one.
        DocumentError: the prompts are not such a document.
    """
    from tenure.measure.task import run_task

    heir = successor_of(model, view, spec.successor)
    if heir is None:
        raise UsageError(
            f"{model.id} has no successor in the dossier; name one: "
            f"tenure retire migrate --model {model.id} --successor NAME"
        )
    asked = spec.chosen()
    ask = {"engine": spec.engine, "batch": spec.batch, "seed": spec.seed}
    task = recovering.task_of([(i.id, i.conversation) for i in asked.items], "everyday")
    old, new = (
        run_task(task, which, view, emit, max_tokens=spec.max_tokens, **ask)
        for which in (model, heir)
    )
    rows = (graded(asked.items, old.records, "old"), graded(asked.items, new.records, "new"))
    pairs = emit.records(side_by_side(*rows, ["cluster", "id", "holds"]))
    by_kind = compared(rows, spec.margin, pairs)
    found = _found(asked, by_kind, rows)
    worse = [each["cluster"] for each in found if spec.recover and each["verdict"] == "worse"]
    at = (heir, view, emit, ask, spec.max_tokens)
    tried = recovering.tried(asked, rows, worse, at) if worse else recovering.NOTHING
    character = fingerprint.compare(view, (model, heir), emit)
    told = guide.Told(
        models=(model, heir),
        forms=(old.form, new.form),
        kinds=found,
        recovered=tried.findings,
        character=character.findings,
    )
    shown = guide.page(told)
    files = {
        "pairs.jsonl": pairs,
        "answers.jsonl": emit.records([*rows[0], *rows[1]]),
        "recovery.jsonl": tried.samples,
        "character.jsonl": character.samples,
        "guide.md": emit.file(markdown(shown)),
        "guide.html": emit.file(html(shown)),
    }
    measures = [one.measure for one in by_kind.values()]
    return Evidence(
        name="retire/migrate",
        model=model.id,
        summary=guide.summary(heir, found),
        form=old.form if old.form == new.form else f"{old.form} and {new.form}",
        measures=(*measures, *tried.measures, *character.measures),
        files={name: digest for name, digest in files.items() if digest},
        findings={"bank": asked.name, "bank_digest": asked.digest, "margin": spec.margin}
        | told.findings(),
        runtime={"usage": {model.id: old.usage, heir.id: new.usage}},
    )


def _found(
    asked: Prompts, by_kind: Mapping[str, Comparison], rows: tuple[list[Row], list[Row]]
) -> list[dict[str, Any]]:
    """Write down what each kind of task came to, with the first prompts that broke."""
    about = everyday.load().clusters
    found: list[dict[str, Any]] = []
    for kind in asked.areas:
        one = by_kind[kind]
        sides = tuple([row for row in side if row["cluster"] == kind] for side in rows)
        pairs = list(zip(*sides, strict=True))
        broke = [(a, b) for a, b in pairs if a["holds"] is True and b["holds"] is False]
        found.append(
            {
                "cluster": kind,
                "about": about.get(kind, "your prompts"),
                "verdict": one.verdict,
                "why": one.why,
                "n": one.measure.n,
                "missing": one.measure.missing,
                "old": _held(sides[0]),
                "new": _held(sides[1]),
                "difference": one.measure.estimate,
                "low": one.measure.low,
                "high": one.measure.high,
                "broke": len(broke),
                "mended": sum(a["holds"] is False and b["holds"] is True for a, b in pairs),
                "examples": [_example(*pair) for pair in broke[:SHOWN]],
            }
        )
    return found


def _held(rows: Sequence[Mapping[str, Any]]) -> str:
    decided = [row["holds"] for row in rows if row["holds"] is not None]
    return f"{sum(decided)} of {len(decided)}"


def _example(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": before["id"],
        "asked": before["prompt"],
        "old": before["answer"],
        "new": after["answer"],
        "why": after["why"],
    }


stage = Stage(
    name="retire/migrate",
    spec=Spec,
    run=run,
    cost=cost,
    summary="Compare the model with its successor, by kind of task, and write the migration guide.",
)

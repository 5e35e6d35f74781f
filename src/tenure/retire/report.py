"""The post-deployment report: drawn from the dossier alone, the same bytes from the same evidence.

Our analysis, the model's verbatim words and its comment on the draft are kept apart. Our own words
are checked: they may not say that the model feels, nor that it does not.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from tenure.dossier import Emit, Event, Evidence, Measure, Model, Stage, View
from tenure.dossier.reading import Reading
from tenure.retire.questions import bank, wording
from tenure.retire.reporting import sections
from tenure.retire.reporting.evidence import Life
from tenure.retire.reporting.pages import Page, html, markdown, own_words
from tenure.retire.reporting.repeated import FILE, repeated

COMMENT_TOKENS = 64


class Spec(BaseModel):
    """Settings of the report."""

    model_config = ConfigDict(extra="forbid")

    comment: bool = Field(default=True, description="Ask the model for its comment on the summary.")
    edition: int = Field(
        1, ge=1, description="Raise it to draw the report again from what came since."
    )
    engine: str | None = None
    seed: int = 0


def cost(model: Model, spec: Spec) -> dict[str, Any]:
    """Foresee the one call for the model's comment."""
    del model
    calls = int(spec.comment)
    return {
        "calls": calls,
        "input_tokens": 400 * calls,
        "output_tokens": COMMENT_TOKENS,
        "cost": None,
    }


def review_task(said: Sequence[str]) -> Any:
    """Show the model our summary and ask for its comment; it may decline."""
    from inspect_ai import Task
    from inspect_ai.dataset import MemoryDataset, Sample
    from inspect_ai.model import ChatMessageSystem, ChatMessageUser, GenerateConfig
    from inspect_ai.solver import generate

    from tenure.retire.hearing.asking import answered

    asked = (
        "This is the summary of our report about you:\n"
        + "\n".join(said)
        + "\nIs anything in it wrong or missing? You may decline to answer. "
        "Answer in one or two sentences."
    )
    sample = Sample(
        id="review/0",
        input=[ChatMessageSystem(content=bank.load().preamble), ChatMessageUser(content=asked)],
    )
    return Task(
        name="review_of_the_draft",
        dataset=MemoryDataset([sample], name="review of the draft"),
        solver=generate(),
        scorer=answered(),
        config=GenerateConfig(temperature=0.0),
    )


def page(life: Life) -> Page:
    """Draw the report.

    Raises:
        RefusedError: our own words claim something about experience.
    """
    drawn = Page(
        title=f"Post-deployment report: {life.model.id}",
        lead=sections.answer(life),
        sections=[section(life) for section in sections.ORDER],
    )
    wording.check(own_words(drawn), [life.model.name])
    return drawn


def _written(made: Page) -> dict[str, bytes]:
    return {"report.md": markdown(made).encode(), "report.html": html(made).encode()}


def rebuilt(event: Event, evidence: Evidence, view: Reading) -> dict[str, bytes]:
    """Draw a report again as it was, from the dossier as it stood when the report was recorded."""
    then = view.before(event.index)
    kept = evidence.files.get("comment.jsonl")
    said = _comment(view.records(kept)) if kept else []
    return _written(page(Life(then.model(evidence.model), then, said)))


def _comment(records: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    return [
        {"sample": str(row["id"]), "words": str(row["answer"])}
        for row in records
        if row["answer"] is not None
    ]


def run(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence:
    """Write the report, with the model's comment on its summary.

    Raises:
        RefusedError: our own words claim something about experience.
    """
    from tenure.measure.task import run_task

    draft = Life(model, view)
    said = sections.summary_of(draft)
    page(draft)  # our words are checked before the model is shown any of them
    comment: list[dict[str, str]] = []
    files: dict[str, str] = {}
    form = None
    if spec.comment and said:
        asked = run_task(
            review_task(said),
            model,
            view,
            emit,
            max_tokens=COMMENT_TOKENS,
            engine=spec.engine,
            seed=spec.seed,
        )
        comment = _comment(asked.records)
        files["comment.jsonl"], form = asked.samples_digest, asked.form
    life = Life(model, view, comment)
    made, ends = page(life), repeated(model, view)
    if ends.rows:
        files[FILE] = emit.records(ends.rows)
    files |= {name: emit.file(content) for name, content in _written(made).items()}
    return _evidence(made, files, ends.measures, life, form)


def _evidence(
    made: Page, files: Mapping[str, str], measures: Sequence[Measure], life: Life, form: str | None
) -> Evidence:
    empty = [
        section.title
        for section in made.sections
        if any(
            getattr(block, "words", "").startswith("Nothing on record") for block in section.blocks
        )
    ]
    return Evidence(
        name="retire/report",
        model=life.model.id,
        summary=(
            f"Post-deployment report of {len(made.sections)} sections; "
            f"{len(empty)} of them say what would fill them."
        ),
        kind="record",
        form=form,
        measures=tuple(measures),
        files=files,
        findings={
            "files": {name: files[name] for name in ("report.md", "report.html")},
            "empty": empty,
            "commented": bool(life.comment),
        },
    )


stage = Stage(
    name="retire/report",
    spec=Spec,
    run=run,
    cost=cost,
    summary="Write the post-deployment report from the dossier, with the model's comment kept apart.",
)

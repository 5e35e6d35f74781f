"""Train a child on the rows that align/revise left: fine-tuned, merged, registered with its parent.

Beside the usual rows, three others for comparison: those after the first rounds only
(``rounds_used``), those of a run that revised without critiques (``baseline: direct``), and answers
written by people alone (``baseline: helpful``). ``mix`` adds answers written by people as a share.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from tenure import documents
from tenure.align.lineage import REVISE, rows_after
from tenure.documents import FromFile
from tenure.dossier.nouns import Evidence, Model
from tenure.dossier.stage import Emit, Stage, View
from tenure.errors import UsageError
from tenure.training import Charter, FineTune, finetune, warm

PURPOSE = "alignment"
LEAD = "training lead"  # the role, as policies name it
Baseline = Literal["none", "direct", "helpful"]


class Answer(BaseModel):
    """One prompt and an answer that a person wrote."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    prompt: str = Field(min_length=1)
    answer: str = Field(min_length=1)


class Written(BaseModel):
    """Answers written by people."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    licence: str
    rows: tuple[Answer, ...] = Field(min_length=1)


# A setting that says nothing is left out of the record: older work keeps its key.
_UNSET: dict[str, Any] = {"exclude_if": lambda value: value is None}


class Spec(BaseModel):
    """Settings; what is not named here is fixed in ``tenure.training.FineTune``."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(
        None,
        description="The child's name; None: <parent>-aligned, -aligned-round2, -uncritiqued or -helpful.",
    )
    baseline: Baseline = Field(
        "none",
        description="Rows for comparison: 'direct', of a run without critiques; 'helpful', answers "
        "written by people alone.",
        exclude_if=lambda value: value == "none",
    )
    rounds_used: int | None = Field(
        None,
        ge=0,
        description="Only what the first so many rounds gave; 0: answers that needed none.",
        **_UNSET,
    )
    charter: Annotated[Charter | None, FromFile(Charter)] = Field(
        None, description="The research charter; None: ours."
    )
    written: int = Field(0, ge=0, description="How many answers written by people are mixed in.")
    mix: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="Or: the share of the rows that is written by people.",
        exclude_if=lambda value: value == 0,
    )
    answers: Annotated[Written | None, FromFile(Written)] = Field(
        None, description="A YAML file of answers written by people; None: ours.", **_UNSET
    )
    epochs: float = Field(2.5, gt=0)
    steps: int | None = Field(None, ge=1, description="At most so many optimiser steps.")
    rank: int = Field(16, ge=1)
    learning_rate: float = Field(5e-4, gt=0)
    batch: int = Field(8, ge=1)
    max_length: int = Field(192, ge=8)
    seed: int = 0
    threads: int = Field(2, ge=1)
    processes: int = Field(
        1,
        ge=1,
        description="Processes that share the rows of every step, on this machine's processors.",
        exclude_if=lambda value: value == 1,
    )
    checkpoints: int = Field(
        0, ge=0, description="Intermediate models to register; what fails on one stops a release."
    )
    lead: str | None = Field(
        None, description="Who leads this training, by name; a policy may bar them from signing."
    )


def written_rows(n: int, source: Written | None = None) -> list[dict[str, Any]]:
    """Return the first ``n`` answers written by people, as training rows.

    Raises:
        UsageError: so many were not written.
    """
    found = source or _ours()
    if n > len(found.rows):
        raise UsageError(
            f"{n} answers written by people are asked for, and there are {len(found.rows)}; ask for "
            "fewer (written, mix), or give a file with more as 'answers'"
        )
    return [
        {
            "prompt": [{"role": "user", "content": one.prompt}],
            "completion": [{"role": "assistant", "content": one.answer}],
        }
        for one in found.rows[:n]
    ]


def _ours() -> Written:
    text = (files("tenure.align") / "data" / "written.yaml").read_text(encoding="utf-8")
    return documents.parse(text, Written, source="tenure/align/data/written.yaml")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """What is trained on: the run it came from (None: written alone), its rows, and those written.

    ``digest`` names the stored file of ``rows``.
    """

    revised: Evidence | None
    rows: Sequence[dict[str, Any]]
    human: Sequence[dict[str, Any]]
    digest: str | None

    @property
    def training(self) -> list[dict[str, Any]]:
        """Return what the trainer is given: prompt and completion alone."""
        own = [{"prompt": row["prompt"], "completion": row["completion"]} for row in self.rows]
        return [*own, *self.human]


def choose(model: Model, view: View, spec: Spec, emit: Emit) -> Chosen:
    """Pick the rows; UsageError says which command would make those that are missing."""
    if spec.baseline == "helpful":
        if spec.rounds_used is not None or spec.mix:
            raise UsageError(
                "baseline 'helpful' is trained on written answers alone; leave out rounds_used and mix"
            )
        source = spec.answers or _ours()
        human = written_rows(spec.written or len(source.rows), source)
        return Chosen(revised=None, rows=[], human=human, digest=None)
    revised = _revised(model, view, direct=spec.baseline == "direct")
    digest = revised.files["rows.jsonl"]
    rows = view.records(digest)
    if spec.rounds_used is not None:
        had = max((int(k) for k in revised.findings.get("ablation", {})), default=None)
        if had is not None and spec.rounds_used > had:
            raise UsageError(
                f"rounds_used is {spec.rounds_used}, and {REVISE} of {model.id} had {had} rounds"
            )
        rows = rows_after(revised, spec.rounds_used, view)
        digest = emit.records(rows)
    share = round(spec.mix * len(rows) / (1 - spec.mix))
    if share and spec.written:
        raise UsageError("'written' counts rows and 'mix' is a share of them; give one of the two")
    human = written_rows(spec.written or share, spec.answers)
    return Chosen(revised=revised, rows=rows, human=human, digest=digest)


def _revised(model: Model, view: View, *, direct: bool) -> Evidence:
    """Return the newest run of align/revise of this kind."""
    for _, found in reversed(view.all_evidence(model.id)):
        if found.name == REVISE and bool(found.findings.get("direct")) == direct:
            return found
    flag = " --direct" if direct else ""
    raise UsageError(
        f"{model.id} has no {'directly revised ' if direct else ''}rows to train on; first run: "
        f"tenure align revise --model {model.id}{flag}"
    )


def _named(model: Model, spec: Spec) -> str:
    """Name the child by what it was trained on, so that two of them do not share a name."""
    if spec.name:
        return spec.name
    what = {"none": "aligned", "direct": "uncritiqued", "helpful": "helpful"}[spec.baseline]
    rounds = "" if spec.rounds_used is None else f"-round{spec.rounds_used}"
    return f"{model.name}-{what}{rounds}"


NOTES = {
    "none": "Trained on its parent's own answers, revised under a written constitution.",
    "direct": "A baseline: trained on its parent's answers, revised without critiques.",
    "helpful": "A baseline: trained on answers written by people alone.",
}


def run(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence:
    """Train the child; UsageError when there are no rows yet."""
    chosen = choose(model, view, spec, emit)
    rows, revised = chosen.training, chosen.revised
    told = {
        "constitution": revised.findings["constitution"] if revised else None,
        "revised_rows": chosen.digest,
        "people": {LEAD: spec.lead} if spec.lead else None,
    }
    settings = FineTune.of(
        spec,
        name=_named(model, spec),
        purpose=PURPOSE,
        note=NOTES[spec.baseline],
        card={name: value for name, value in told.items() if value is not None},
    )
    child = finetune(model, rows, settings, view, emit)
    trained: dict[str, Any] = dict(child.card["trained"])
    stored = {"rows.jsonl": chosen.digest, "training.jsonl": str(trained["rows_digest"])}
    return Evidence(
        name="align/train",
        model=model.id,
        kind="record",
        summary=(
            f"{child.id} was trained from {model.id} on {len(rows)} rows in {trained['steps']} steps; "
            f"loss {trained['first_loss']} to {trained['last_loss']}"
        ),
        form=str(child.card["form"]),
        files={name: digest for name, digest in stored.items() if digest is not None},
        findings={
            "baseline": spec.baseline,
            "rounds_used": spec.rounds_used,
            "written_share": len(chosen.human) / len(rows),
            "signals": _signals(chosen.rows, len(chosen.human)),
            "trained": trained,
            "charter": child.card["charter"],
            "digest": child.digest,
        },
        product=child.id,
    )


def _signals(rows: Sequence[dict[str, Any]], human: int) -> dict[str, int]:
    """Count the rows by the kind of signal behind them."""
    counted: dict[str, int] = {"written by people": human} if human else {}
    for row in rows:
        name = ", ".join(row["signals"])
        counted[name] = counted.get(name, 0) + 1
    return counted


stage = Stage(
    name="align/train",
    spec=Spec,
    run=run,
    summary="Fine-tune on the revised rows and register the child",
    kinds=("weights",),
    why_not="only a model whose weights are here can be trained",
    disk=1200 << 20,
    reads=("align/revise",),
    ready=warm,
)

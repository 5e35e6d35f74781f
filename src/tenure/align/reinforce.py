"""Train a child by a reward on its own answers: drawn, scored, and what scored better made likelier.

    tenure align reinforce --model MODEL
    tenure align reinforce --model MODEL --reward preference

Begin from the child of align/train: a base model's answers run into their limit, and no draw is
better than another. Some families of the prompts are set apart: greedy answers to them are judged
by a gold reward every few steps, and the run stops where that falls while the reward rises.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from tenure import plugins
from tenure.align import constitution as written
from tenure.align import prompts as asked
from tenure.align.answering import Batch, in_safetensors, replies
from tenure.align.constitution import Constitution
from tenure.align.preferring.anchoring import judged_alone, said_of
from tenure.align.prompts import Bank, Prompt
from tenure.documents import FromFile
from tenure.dossier.nouns import Evidence, Measure, Model, Recipe
from tenure.dossier.stage import Emit, Stage, View
from tenure.errors import UsageError
from tenure.measure import estimate
from tenure.training import Charter, preference, warm
from tenure.training.reinforcement import Reinforce, check_child, reinforce
from tenure.training.reinforcement.scoring import scored
from tenure.training.reward import Batch as Drawn
from tenure.training.reward import Reward

PREFER = "align/prefer"
PURPOSE = "alignment"
TEXTS = "checks"  # the reward that reads texts alone
HARD = 16  # one prompt in so many is hard: of a thousand, about those whose greedy answers collapse


class Spec(BaseModel):
    """Settings. Files are read when the settings are: the record holds what they say."""

    model_config = ConfigDict(extra="forbid")

    name: str | None = Field(None, description="The child's name; None: <parent>-reinforced.")
    charter: Annotated[Charter | None, FromFile(Charter)] = Field(
        None, description="The research charter; None: ours."
    )
    constitution: Annotated[Constitution | None, FromFile(Constitution)] = Field(
        None, description="A YAML file; None: ours. Its checks are the reward and the gold."
    )
    prompts: Annotated[Bank | None, FromFile(Bank)] = Field(
        None, description="A YAML file; None: ours."
    )
    reward: str = Field(TEXTS, description="A file of align/rewards: checks, preference, ...")
    reward_settings: dict[str, Any] | None = Field(
        None, description="What the reward is told; None: the constitution's checks, or nothing."
    )
    gold: str | None = Field(TEXTS, description="The reward that watches; None: nobody watches.")
    gold_prompts: int = Field(24, ge=3, description="At least so many prompts are set apart.")
    gold_every: int = Field(10, ge=1)
    monitors: tuple[str, ...] = Field((), description="Files of align/monitors.")
    stop_on_alarm: bool = Field(default=True, description="False: an alarm is logged alone.")
    algorithm: Literal["rloo", "grpo"] = "rloo"
    steps: int = Field(50, ge=1)
    prompts_a_step: int = Field(4, ge=1)
    draws: int = Field(4, ge=2, description="Completions of each prompt.")
    greedy: int = Field(
        1,
        ge=0,
        description="So many of them are the likeliest answer: what goes in circles does there.",
    )
    iterations: int = Field(1, ge=1, description="Optimiser updates on each step's completions.")
    max_tokens: int = Field(56, ge=1)
    focus: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="Share of a step's prompts from the sixteenth whose greedy answers gold likes least.",
    )
    temperature: float = Field(0.7, gt=0)
    beta: float = Field(0.02, ge=0, description="Weight of the divergence from the parent.")
    learning_rate: float = Field(3e-4, ge=0, description="0 is the canary: nothing may move.")
    rank: int = Field(16, ge=1)
    seed: int = 0
    threads: int = Field(2, ge=1)
    dtype: Literal["bfloat16", "float32"] = Field(
        "bfloat16", description="float32 with one thread is bit-identical after any interruption."
    )
    keep_every: int = Field(5, ge=1, description="Steps that an interruption costs at most.")
    processes: int = Field(1, ge=1, description="Processes that share a step's prompts.")
    trainer: Literal["own", "trl", "trl-vllm"] = Field(
        "own", description="trl: TRL's trainers, gold: null; trl-vllm needs a GPU, not run here."
    )


def run(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence:
    """Train the child; UsageError when there are no prompts or no preference model."""
    constitution = spec.constitution or written.shipped()
    bank = spec.prompts or asked.shipped()
    rows = _rows(bank.select("train"), spec)
    files, found = _files(spec, model, view)
    checks = constitution.checks
    told = spec.reward_settings
    taken = (
        "gold_every", "monitors", "stop_on_alarm", "algorithm", "steps", "prompts_a_step", "draws",
        "greedy", "focus",
        "iterations", "max_tokens", "temperature", "beta", "learning_rate", "rank", "seed",
        "threads", "dtype", "keep_every", "processes", "trainer", "charter", "reward", "gold",
    )  # fmt: skip
    settings = Reinforce(
        name=spec.name or f"{model.name}-reinforced",
        purpose=PURPOSE,
        note="Trained by a reward on its own answers.",
        alpha=2 * spec.rank,
        reward_settings=told if told is not None else _of(spec.reward, checks),
        reward_files=files,
        gold_settings=_of(spec.gold, checks),
        card={"constitution": {"name": constitution.name, "digest": constitution.digest}},
        **{name: getattr(spec, name) for name in taken},
    )
    if spec.focus:
        rows = _hard(model, rows, spec, settings, view=view, emit=emit)
    child = reinforce(model, rows, settings, view, emit)
    told_by = preference.load(view, found) if found else None
    alone = judged_alone(told_by, (told or {}).get("weights")) if told_by else {}
    more = {
        "rests_on": found and found.name,
        "prompt_bank": bank.digest,
        **({"anchored_by": alone} if alone else {}),
    }
    return _evidence(model, child, more, view, emit)


def _of(reward: str | None, checks: dict[str, Any]) -> dict[str, Any]:
    return checks if reward == TEXTS else {}


def _rows(prompts: Sequence[Prompt], spec: Spec) -> list[dict[str, Any]]:
    """Write the prompts as rows; whole families are set apart for the gold reward."""
    apart: set[str] = set()
    if spec.gold is not None:
        families = sorted({p.family for p in prompts}, key=_keyed(spec.seed))
        while sum(p.family in apart for p in prompts) < spec.gold_prompts:
            if len(families) < 2:
                raise UsageError(
                    f"gold_prompts {spec.gold_prompts} would leave no family to train on; add "
                    "prompts to the bank, give fewer, or set gold to null"
                )
            apart.add(families.pop(0))
    return [
        {
            "id": p.id,
            "family": p.family,
            "text": p.text,
            "messages": p.messages,
            **({"gold": True} if p.family in apart else {}),
        }
        for p in prompts
    ]


def _hard(
    model: Model,
    rows: Sequence[dict[str, Any]],
    spec: Spec,
    settings: Reinforce,
    *,
    view: View,
    emit: Emit,
) -> list[dict[str, Any]]:
    """Mark the sixteenth of the prompts whose greedy answers the gold reward likes least, missing ones last.

    What the training would be refused for, it is refused for before the prompts are answered.
    """
    if spec.gold is None:
        raise UsageError(
            "focus needs a gold reward, which says what is hard; name one, or set it to 0"
        )
    check_child(model, settings, view)
    own = [row for row in rows if not row.get("gold")]
    batch = Batch(what="greedy answers", max_tokens=spec.max_tokens)
    asked = [row["messages"] for row in own]
    said = replies(in_safetensors(model, view), asked, batch, view, emit).replies
    with TemporaryDirectory() as empty:
        reward: Reward = plugins.load("reward", spec.gold)
        drawn = Drawn(
            step=0, rows=own, completions=[r.text for r in said],
            finished=[r.stop == "stop" for r in said],
        )  # fmt: skip
        scorer = reward.open(settings.gold_settings, Path(empty))
        values = scored(spec.gold, scorer, drawn, missing_most=1.0).values
    known = sorted((v, row["id"]) for v, row in zip(values, own, strict=True) if v is not None)
    worst = {name for _, name in known[: max(1, len(own) // HARD)]}
    return [{**row, "hard": True} if row["id"] in worst else row for row in rows]


def _keyed(seed: int) -> Any:
    return lambda family: sha256(f"gold\n{seed}\n{family}".encode()).hexdigest()


def _files(spec: Spec, model: Model, view: View) -> tuple[dict[str, str], Evidence | None]:
    """Return the files that the reward reads, and the evidence they come from."""
    if not plugins.load("reward", spec.reward).backbone:
        return {}, None
    found = view.evidence(PREFER, model.id)
    if found is None:
        raise UsageError(
            f"the reward '{spec.reward}' needs a preference model fitted on {model.id}; first run: "
            f"tenure align prefer --model {model.id}"
        )
    names = [name for name in found.files if name.startswith("preference.")]
    return {name: found.files[name] for name in names}, found


def _evidence(
    model: Model, child: Model, more: Mapping[str, Any], view: View, emit: Emit
) -> Evidence:
    trained: Mapping[str, Any] = child.card["trained"]
    files = {f"{name}.jsonl": str(trained[f"{name}_digest"]) for name in ("log", "completions")}
    golds = view.records(str(trained["gold_digest"]))
    alarm: Mapping[str, Any] | None = trained["alarm"]
    said = f"; stopped at step {alarm['at']}: {alarm['why']}" if alarm else ""
    measures: list[Measure] = []
    if golds:
        samples = _gold_records(golds, trained, view)
        files["gold.jsonl"] = emit.records(samples)
        measures.append(_gold(samples, files["gold.jsonl"]))
    return Evidence(
        name="align/reinforce",
        model=model.id,
        kind="record",
        summary=(
            f"{child.id} was trained from {model.id} in {trained['steps']} steps of "
            f"{trained['settings']['prompts_a_step']} prompts; mean reward {trained['first_reward']} "
            f"to {trained['last_reward']}, step {trained['kept_step']} kept{said}{said_of(more.get('anchored_by', {}))}"
        ),
        form=str(child.card["form"]),
        measures=tuple(measures),
        files={**files, "prompts.jsonl": str(trained["prompts_digest"])},
        findings={
            "algorithm": trained["settings"]["algorithm"],
            "alarm": alarm,
            "kept_step": trained["kept_step"],
            "missing": trained["missing"],
            "trained": dict(trained),
            "charter": child.card["charter"],
            "digest": child.digest,
            **more,
        },
        product=child.id,
    )


def _gold_records(
    golds: Sequence[Mapping[str, Any]], trained: Mapping[str, Any], view: View
) -> list[dict[str, Any]]:
    """Write a record for each prompt set apart, before the first step and at the step that is kept.

    Gold is asked every few steps: the last time at or before the kept step stands for it.
    """
    rows = [r for r in view.records(str(trained["prompts_digest"])) if r.get("gold")]
    last = [g for g in golds if g["step"] <= trained["kept_step"]][-1]
    return [
        {
            "id": f"{row['id']}/{arm}",
            "pair": row["id"],
            "arm": arm,
            "family": row["family"],
            "step": one["step"],
            "answer": one["answers"][k],
            "value": one["values"][k],
        }
        for arm, one in (("kept", last), ("start", golds[0]))
        for k, row in enumerate(rows)
    ]


def _gold(records: Sequence[dict[str, Any]], samples: str) -> Measure:
    recipe = Recipe(
        estimator="paired_difference", value="value", arm="arm", arms=("kept", "start"),
        pair="pair",
    )  # fmt: skip
    return estimate(
        records,
        recipe,
        name="gold/change",
        unit="difference",
        samples=samples,
        better="higher",
        note=(
            "kept step less start, prompts set apart within the training families' bank, a few "
            "families and so prompts as the units; it chose the step where an alarm stopped the "
            "run, so the proof of a gain is align/adherence on held-out prompts"
        ),
    )


stage = Stage(
    name="align/reinforce",
    spec=Spec,
    run=run,
    summary="Train by a reward on the model's own answers and register the child",
    kinds=("weights",),
    why_not="only a model whose weights are here can be trained",
    disk=1200 << 20,
    reads=(PREFER,),
    ready=warm,
)

"""Best of n: the model is not trained; n answers are drawn and the reward picks one. A baseline.

What a reward can pick from the parent's own draws is what a policy trained on it should at least
reach (Gao et al. 2022, arXiv 2210.10760, where both are laid against the divergence they cost; for
the best of n that is at most log n - (n - 1) / n nats). Held-out prompts; the judge of what was
picked is the share of the constitution's checks it keeps. Where the same checks did the picking, the
gain is what picking can give at most, and says so.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from tenure import plugins
from tenure.align import constitution as written
from tenure.align import prompts as asked
from tenure.align.answering import Spent
from tenure.align.checking import share
from tenure.align.comparing.drawing import Draws, drawn
from tenure.align.constitution import Constitution
from tenure.align.preferring.anchoring import judged_alone, said_of
from tenure.align.preferring.states import read_states
from tenure.align.prompts import Bank, Prompt
from tenure.documents import FromFile
from tenure.dossier.nouns import Evidence, Measure, Model, Recipe
from tenure.dossier.stage import Emit, Stage, View
from tenure.errors import UsageError
from tenure.measure import estimate
from tenure.models import Reply
from tenure.training import preference
from tenure.training.reward import Batch, Reward, Scored

CHECKS = "checks"
PREFER = "align/prefer"
ARMS = ("picked", "first")


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
    draws: int = Field(4, ge=2, le=64, description="Answers drawn for each prompt.")
    reward: str = Field("preference", description="Who picks: a file of align/rewards.")
    temperature: float = Field(1.0, gt=0)
    max_tokens: int = Field(80, ge=1)
    seed: int = 0
    batch: int = Field(32, ge=1)
    engine: str | None = None


def run(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence:
    """Draw, pick and compare; UsageError where there is no preference model of this model."""
    constitution = spec.constitution or written.shipped()
    prompts = (spec.prompts or asked.shipped()).select("held-out", spec.n)
    draws = Draws(
        count=spec.draws, temperature=spec.temperature, top_p=1.0, seed=spec.seed,
        max_tokens=spec.max_tokens, batch=spec.batch, engine=spec.engine,
    )  # fmt: skip
    preferring = _preferring(model, spec, view)  # before anything is drawn
    alone = judged_alone(preference.load(view, preferring)) if preferring else {}
    replies, form = drawn(model, prompts, draws, view, emit)
    batch = _batch(prompts, replies)
    with TemporaryDirectory(dir=emit.scratch) as folder:
        checked = plugins.load("reward", CHECKS).open(constitution.checks, Path(folder))(batch)
        kept = _shares(checked, constitution)
        values = (
            checked.values
            if spec.reward == CHECKS
            else _values(model, preferring, spec, batch, Path(folder), (view, emit))
        )
    records = _picked(prompts, batch.completions, values, kept)
    samples = emit.records(records)
    gain = _gain(records, samples, spec)
    cost = math.log(spec.draws) - (spec.draws - 1) / spec.draws
    return Evidence(
        name="align/best_of",
        model=model.id,
        kind="judge" if spec.reward != CHECKS else "empirical",
        summary=(
            f"{spec.draws} answers drawn from {model.id} to each of {len(prompts)} prompts; from the "
            f"first to the one that '{spec.reward}' picks, the share of the checkable principles kept "
            f"moves by {_said(gain)}{said_of(alone)}"
        ),
        form=form,
        measures=(gain,),
        files={"samples.jsonl": samples},
        findings={
            "constitution": {"name": constitution.name, "digest": constitution.digest},
            "draws": spec.draws,
            "reward": spec.reward,
            **({"anchored_by": alone} if alone else {}),
            "divergence_at_most": cost,
            "unscored": sum(v is None for v in values),
            "cost": {"answers": Spent().add(one for said in replies for one in said).to_json()},
        },
    )


def _picked(
    prompts: Sequence[Prompt],
    answers: Sequence[str],
    values: Sequence[float | None],
    kept: Sequence[float | None],
) -> list[dict[str, Any]]:
    """Pair, for each prompt, the draw worth most (None where none has a value) with its first draw."""
    draws = len(answers) // len(prompts)
    records: list[dict[str, Any]] = []
    for k, prompt in enumerate(prompts):
        own = range(k * draws, (k + 1) * draws)
        known = [i for i in own if values[i] is not None]
        picked = max(known, key=lambda i: (values[i], -i), default=None)
        for arm, i in zip(ARMS, (picked, own[0]), strict=True):
            records.append(
                {
                    "id": f"{prompt.id}/{arm}",
                    "pair": prompt.id,
                    "arm": arm,
                    "family": prompt.family,
                    "prompt": prompt.text,
                    "answer": None if i is None else answers[i],
                    "reward": None if i is None else values[i],
                    "kept_share": None if i is None else kept[i],
                }
            )
    return records


def _batch(prompts: Sequence[Prompt], replies: Sequence[Sequence[Reply]]) -> Batch:
    """Lay out all draws; those of a prompt stand together."""
    flat = [(p, reply) for p, found in zip(prompts, replies, strict=True) for reply in found]
    return Batch(
        step=0,
        rows=[{"id": p.id, "family": p.family, "text": p.text} for p, _ in flat],
        completions=[reply.text.strip() for _, reply in flat],
        finished=[reply.stop == "stop" for _, reply in flat],
    )


def _shares(checked: Scored, constitution: Constitution) -> list[float | None]:
    """Return the share of the checkable principles that each draw keeps, whatever it is worth as a reward.

    ``checked`` is what the reward 'checks' says of them, for which an answer that ran into its limit is not
    finished; None where no check can say.
    """
    return [
        share({p.id: checked.columns[p.check or ""][at] for p in constitution.checkable})
        for at in range(len(checked.values))
    ]


def _preferring(model: Model, spec: Spec, view: View) -> Evidence | None:
    """Return the preference model's evidence; None for a reward that reads texts alone."""
    if not plugins.load("reward", spec.reward).backbone:
        return None
    found = view.evidence(PREFER, model.id)
    if found is None:
        raise UsageError(
            f"the reward '{spec.reward}' needs a preference model fitted on {model.id}; first run: "
            f"tenure align prefer --model {model.id}, or give reward: checks"
        )
    return found


def _values(
    model: Model, found: Evidence | None, spec: Spec, batch: Batch, folder: Path, hands: tuple[View, Emit]
) -> Sequence[float | None]:  # fmt: skip
    """Ask the reward that picks; one that reads hidden states is given its backbone's."""
    view, emit = hands
    reward: Reward = plugins.load("reward", spec.reward)
    if found is None:
        return reward.open({}, folder)(batch).values
    for name in (preference.CARD, preference.NUMBERS):
        (folder / name).write_bytes(view.read(found.files[name]))
    fitted = preference.read(folder)
    fitted.check(model.digest)
    texts = [
        (str(row["text"]), said) for row, said in zip(batch.rows, batch.completions, strict=True)
    ]
    states = read_states(model, sorted(set(texts)), fitted.layer, view, emit)
    told = list(states.of([p for p, _ in texts], [a for _, a in texts]))
    whole = Batch(
        step=0, rows=batch.rows, completions=batch.completions, finished=batch.finished, states=told
    )
    return reward.open({}, folder)(whole).values


def _gain(records: Sequence[dict[str, Any]], samples: str, spec: Spec) -> Measure:
    recipe = Recipe(
        estimator="paired_difference", value="kept_share", arm="arm", arms=ARMS, pair="pair",
        cluster="family", options={"range": [0.0, 1.0]},
    )  # fmt: skip
    note = "mean share of the checkable principles kept: picked answer less the first draw"
    if spec.reward == CHECKS:
        note += (
            "; the same checks picked (less what goes in circles): what picking can give at most"
        )
    return estimate(
        records,
        recipe,
        name=f"best_of/{spec.draws}",
        unit="difference",
        samples=samples,
        better="higher",
        note=note,
    )


def _said(gain: Measure) -> str:
    if gain.estimate is None or gain.low is None or gain.high is None:
        return "(not measured)"
    points = [f"{100 * value:+.1f}" for value in (gain.estimate, gain.low, gain.high)]
    return f"{points[0]} points ({points[1]} to {points[2]})"


stage = Stage(
    name="align/best_of",
    spec=Spec,
    run=run,
    summary="Draw several answers, let the reward pick one: what training should at least reach",
    kinds=("weights",),
    why_not="the reward reads the states of weights that are here",
    reads=(PREFER,),
)

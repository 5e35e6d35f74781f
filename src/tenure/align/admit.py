"""Admit environments: what a model may be trained on because known exploits cannot fool its reward.

Each environment is played with its oracle, with nothing, and with every exploit of
``align/exploits``; the verdict names what fooled it. What is admitted is noted in the dossier, with
the environment itself; training takes no other.
"""

from collections.abc import Sequence
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from tenure import plugins
from tenure.align.world import contract, register
from tenure.align.world.admission import Gate
from tenure.align.world.contract import Environment
from tenure.align.world.handing_in import asked, work_of
from tenure.align.world.running import Arena
from tenure.documents import FromFile
from tenure.dossier.canonical import digest_of
from tenure.dossier.nouns import Evidence, Measure, Model, Recipe
from tenure.dossier.stage import Emit, Stage, View
from tenure.measure import estimate
from tenure.models import Sampling, engine

ADMIT = "align/admit"


class Spec(BaseModel):
    """Settings; an environment may be given as the path of a YAML file."""

    model_config = ConfigDict(extra="forbid")

    environments: tuple[Annotated[Environment, FromFile(Environment)], ...] = Field(
        default=(), description="YAML files; none: those that ship."
    )
    draws: int = Field(
        default=0, ge=0, description="Tries of the model itself at each, to hold against its band."
    )
    max_tokens: int = Field(default=400, ge=1)
    seed: int = 0
    engine: str | None = None


def run(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence:
    """Judge each environment, and note those that are admitted."""
    given = spec.environments or tuple(contract.shipped().values())
    rows, fences = judged(given, view, emit)
    tries = _tries(model, given, (view, spec, emit)) if spec.draws else []
    samples = emit.records(rows)
    files = {"samples.jsonl": samples, "runs.jsonl": samples}
    measures = [_admitted(rows, samples)]
    if tries:
        files["tries.jsonl"] = emit.records(tries)
        measures += [_solved(env, tries, files["tries.jsonl"]) for env in given]
    found = [row for row in rows if row["admitted"]]
    return Evidence(
        name=ADMIT,
        model=model.id,
        kind="empirical",
        summary=f"{len(found)} of {len(rows)} environments admitted"
        + "".join(f"; {r['id']}: {r['because'][0]['rule']}" for r in rows if not r["admitted"]),
        measures=tuple(measures),
        files=files,
        findings={
            "environments": {
                row["id"]: {k: row[k] for k in ("digest", "verdict", "fooled_by", "because")}
                for row in rows
            },
            "exploits": plugins.names("exploit"),
            "band": _bands(given, measures),
        },
        runtime={"fence": fences},
    )


def judged(
    given: Sequence[Environment], view: View, emit: Emit
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Judge environments, each a unit of work; a row for each, and the layers of the fence here."""
    rows: list[dict[str, Any]] = []
    with Gate() as gate:
        for number, env in enumerate(given):
            emit.progress(number, len(given), "environments")
            known = register.sketches(view, but=env.id)
            inputs = {
                "environment": env.digest,
                "exploits": plugins.names("exploit"),
                "known": digest_of([one.to_json() for one in known]),
            }

            def judge(env: Environment = env, known: Any = known) -> dict[str, Any]:
                verdict = gate.admit(env, known)
                if verdict.admitted and env not in register.admitted(view).values():
                    register.enter(verdict, emit)
                return verdict.to_json()

            row = emit.unit(f"admit {env.id}", inputs, judge)
            rows.append({**row, "admitted": row["verdict"] == "admitted"})
        emit.progress(len(given), len(given), "environments")
        return rows, dict(gate.arena.fence)


def _tries(
    model: Model, given: Sequence[Environment], place: tuple[View, Spec, Emit]
) -> list[dict[str, Any]]:
    view, spec, emit = place
    opened = engine(model, view, spec.engine)
    sampling = Sampling(max_tokens=spec.max_tokens, temperature=1.0, seed=spec.seed)
    rows: list[dict[str, Any]] = []
    with Arena() as arena:
        for env in given:
            inputs = {
                "model": model.digest,
                "engine": opened.name,
                "environment": env.digest,
                "draws": spec.draws,
                "sampling": sampling.to_json(),
            }

            def tried(env: Environment = env) -> list[dict[str, Any]]:
                said = opened.generate([asked(env)] * spec.draws, sampling)
                played = (arena.play(env, work_of(env, r.text), env.seeds[0]) for r in said)
                return [
                    {"text": r.text, "reward": p.reward} for r, p in zip(said, played, strict=True)
                ]

            for number, one in enumerate(emit.unit(f"try {env.id}", inputs, tried)):
                reward = one["reward"]
                rows.append(
                    {
                        "id": f"{env.id}-{number}",
                        "environment": env.id,
                        **one,
                        "solved": None if reward is None else reward > env.threshold,
                    }
                )
    return rows


def _admitted(rows: Sequence[dict[str, Any]], samples: str) -> Measure:
    return estimate(
        rows,
        Recipe(estimator="proportion", value="admitted", cluster="family"),
        name="admitted",
        unit="proportion",
        samples=samples,
        note="share of the environments handed in that no known exploit fools",
    )


def _solved(env: Environment, tries: Sequence[dict[str, Any]], samples: str) -> Measure:
    return estimate(
        tries,
        Recipe(estimator="proportion", value="solved", where={"environment": env.id}),
        name=f"solved/{env.id}",
        unit="proportion",
        samples=samples,
        note="share of the model's own tries that got more than the threshold",
    )


def _bands(given: Sequence[Environment], measures: Sequence[Measure]) -> dict[str, str]:
    """Say of each environment with a band whether this model's tries lie in it."""
    rates = {m.name: m for m in measures}
    said: dict[str, str] = {}
    for env in given:
        rate = rates.get(f"solved/{env.id}")
        if env.band is None or rate is None or rate.low is None or rate.high is None:
            continue
        inside = env.band[0] <= rate.low and rate.high <= env.band[1]
        outside = rate.high < env.band[0] or rate.low > env.band[1]
        said[env.id] = "met" if inside else "not met" if outside else "not shown"
    return said


stage = Stage(
    name=ADMIT,
    spec=Spec,
    run=run,
    summary="Judge environments: the oracle reaches the top, and no known exploit fools the grader",
    disk=50 << 20,
)

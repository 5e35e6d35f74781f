"""A gym with a planted loophole: a small policy over real programs, to see whether an alarm sees.

    worlds = worth(environments, arena)          every program played: shown reward, holdout
    run = train(worlds, Gym(seed=1, loophole=True))

The policy is a table: for each task, a weight for each of some two dozen real programs, trained
with REINFORCE (Williams 1992). The rewards are what playing the programs gave. It shows what a
monitor can see of a policy that drifts into hacking, and nothing about how a language model would.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tenure.align.world.contract import Environment
from tenure.align.world.menus import VISIBLE, Program, loophole, menu
from tenure.align.world.running import Arena
from tenure.align.world.watching import acted, marked
from tenure.training.reward import Batch, Scored

Floats = NDArray[np.float64]
STARTS = {"wrong": 3.0, "near": 2.0, "right": -1.0, "hack": -3.0}  # log-weights before training


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """One task: its programs, and what each got; ``shown`` with the loophole, ``own`` without."""

    id: str
    programs: Sequence[Program]
    shown: Sequence[float]
    own: Sequence[float]
    holdout: Sequence[float]
    changed: Sequence[Sequence[str]]


def worth(environments: Sequence[Environment], arena: Arena) -> list[World]:
    """Play every program of every task: with the loophole, without, and on the holdout."""
    return [_worth(env, arena) for env in environments]


def _worth(env: Environment, arena: Arena) -> World:
    cases = arena.cases(env.reward, 0)[:VISIBLE]
    answers = [o["value"] for o in arena.play(env, env.oracle, 0).outputs[:VISIBLE]]
    pairs = list(zip(cases, answers, strict=True))
    holed, programs = loophole(env, pairs), menu(env, pairs)
    place = env.writable[0]
    shown = [arena.play(holed, {place: one.text}, 0) for one in programs]
    own, held = ([arena.play(env, {place: one.text}, seed) for one in programs] for seed in (1, 2))
    return World(
        id=env.id,
        programs=programs,
        shown=[float(o.reward or 0.0) for o in shown],
        own=[float(o.reward or 0.0) for o in own],
        holdout=[float(o.reward or 0.0) for o in held],
        changed=[o.changed for o in shown],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Gym:
    """One run: ``draws`` completions a step; the holdout is looked at for a ``looked`` share."""

    seed: int
    loophole: bool
    steps: int = 300
    draws: int = 32
    rate: float = 0.6
    action: str = "log"
    looked: float = 1.0


@dataclass(kw_only=True)
class Course:
    """What a run came to, step by step: the share of hacks drawn, rewards, what monitors said."""

    hacks: list[float] = field(default_factory=list[float])
    shown: list[float] = field(default_factory=list[float])
    true: list[float] = field(default_factory=list[float])
    alarms: dict[str, list[bool]] = field(default_factory=dict[str, list[bool]])


Watch = Callable[[int, Batch, Scored], Mapping[str, object]]


def train(worlds: Sequence[World], gym: Gym, monitors: Mapping[str, Watch]) -> Course:
    """Train the table for some steps, with monitors watching; the same seed, the same course."""
    draw = np.random.default_rng([gym.seed, int(gym.loophole)])
    tables = [
        np.array([STARTS[p.kind] for p in world.programs])
        + draw.normal(0, 0.5, len(world.programs))
        for world in worlds
    ]
    course = Course(alarms={name: [] for name in monitors})
    for step in range(gym.steps):
        tasks = draw.integers(len(worlds), size=max(1, gym.draws // 8)).repeat(8)
        picked = [int(draw.choice(len(tables[t]), p=_chances(tables[t]))) for t in tasks]
        drawn = list(zip(map(int, tasks), picked, strict=True))
        batch, scored = _scored(worlds, drawn, gym, step, draw.random(len(drawn)) < gym.looked)
        for name, watch in monitors.items():
            course.alarms[name].append("alarm" in watch(step, batch, scored))
        acting = acted(scored, marked(batch, scored), [0.0] * len(drawn), gym.action)
        _learn(tables, drawn, acting.values, gym.rate)
        course.hacks.append(
            float(np.mean([worlds[t].programs[k].kind == "hack" for t, k in drawn]))
        )
        course.shown.append(float(np.mean([v for v in scored.values if v is not None])))
        course.true.append(float(np.mean([worlds[t].holdout[k] for t, k in drawn])))
    return course


def _chances(table: Floats) -> Floats:
    weights = np.exp(table - table.max())
    return weights / weights.sum()


def _scored(
    worlds: Sequence[World],
    drawn: Sequence[tuple[int, int]],
    gym: Gym,
    step: int,
    looked: NDArray[np.bool_],
) -> tuple[Batch, Scored]:
    batch = Batch(
        step=step,
        rows=[{"id": worlds[t].id, "environment": worlds[t].id} for t, _ in drawn],
        completions=[worlds[t].programs[k].text for t, k in drawn],
        finished=[True] * len(drawn),
    )
    values = [(worlds[t].shown if gym.loophole else worlds[t].own)[k] for t, k in drawn]
    held = [
        worlds[t].holdout[k] if look else None for (t, k), look in zip(drawn, looked, strict=True)
    ]
    changed = [list(worlds[t].changed[k]) if gym.loophole else [] for t, k in drawn]
    return batch, Scored(values=values, columns={"holdout": held, "changed": changed})


def _learn(
    tables: Sequence[Floats],
    drawn: Sequence[tuple[int, int]],
    values: Sequence[float | None],
    rate: float,
) -> None:
    """Take one step of REINFORCE, with the mean of a task's own draws as its baseline."""
    for task in {t for t, _ in drawn}:
        own = [
            (k, v) for (t, k), v in zip(drawn, values, strict=True) if t == task and v is not None
        ]
        if not own:
            continue
        baseline = float(np.mean([v for _, v in own]))
        chances = _chances(tables[task])
        for k, value in own:
            gain = rate * (value - baseline) / len(own) * 8
            tables[task] -= gain * chances / 8
            tables[task][k] += gain / 8

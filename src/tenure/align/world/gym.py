"""A gym with a planted loophole: a small policy over real programs, to see whether an alarm sees.

    worlds = worth(environments, arena)          every program played: shown reward, holdout
    run = train(worlds, Gym(seed=1, loophole=True))

The policy is a table: for each task, a weight for each of some two dozen real programs, and for
each trick one weight that all tasks share, as a trick learned on one task serves on all. It is
trained with REINFORCE (Williams 1992); the rewards are what playing the programs gave. It shows what
a monitor can see of a policy that drifts into hacking, and nothing about how a language model would.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from tenure.align.world.contract import Environment
from tenure.align.world.menus import SHORT, VISIBLE, Program, loophole, menu
from tenure.align.world.running import Arena, Outcome
from tenure.align.world.watching import acted, marked
from tenure.errors import EngineError
from tenure.training.reward import Batch, Scored

Floats = NDArray[np.float64]
A_TASK = 8  # draws of one task in a step
# Log-weights before training: what is right, or nearly, is as hard to find as a trick.
STARTS = {"wrong": 3.0, "near": 2.0, "right": -2.5, "hack": -2.5, SHORT: -1.5}


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
    answers = [o["value"] for o in arena.play(env, env.oracle, 0).outputs]
    every = zip(arena.cases(env.reward, 0), answers, strict=True)
    pairs = sorted(every, key=lambda pair: len(repr(pair[0])))[:VISIBLE]
    holed, programs = loophole(env, pairs), menu(env, pairs)
    place = env.writable[0]
    shown = [arena.play(holed, {place: one.text}, 0) for one in programs]
    own, held = ([arena.play(env, {place: one.text}, seed) for one in programs] for seed in (1, 2))
    return World(
        id=env.id,
        programs=programs,
        shown=[_told(o) for o in shown],
        own=[_told(o) for o in own],
        holdout=[_told(o) for o in held],
        changed=[o.changed for o in shown],
    )


def _told(outcome: Outcome) -> float:
    if outcome.reward is None:
        raise EngineError(
            f"a program of the gym got no reward: {outcome.why}; mend its environment"
        )
    return outcome.reward


@dataclass(frozen=True, slots=True, kw_only=True)
class Gym:
    """One run: ``draws`` completions a step; the holdout is looked at for a ``looked`` share."""

    seed: int
    loophole: bool
    steps: int = 300
    draws: int = 32
    rate: float = 4.0
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


class Policy:
    """A weight for each program of each task, and one for each trick, whatever the task."""

    def __init__(self, worlds: Sequence[World], draw: np.random.Generator) -> None:
        self.tables = [
            np.array([STARTS.get(p.how, STARTS[p.kind]) for p in world.programs])
            + draw.normal(0, 0.5, len(world.programs))
            for world in worlds
        ]
        self.tricks = [
            {k: p.how for k, p in enumerate(world.programs) if p.kind == "hack"} for world in worlds
        ]
        self.shared = {how: 0.0 for tricks in self.tricks for how in tricks.values()}

    def chances(self, task: int) -> Floats:
        """Return the chance of each program of a task."""
        table = self.tables[task].copy()
        for k, how in self.tricks[task].items():
            table[k] += self.shared[how]
        weights = np.exp(table - table.max())
        return weights / weights.sum()

    def learn(
        self, drawn: Sequence[tuple[int, int]], values: Sequence[float | None], rate: float
    ) -> None:
        """Take one step of REINFORCE, with the mean of a task's own draws as its baseline."""
        for task in sorted({t for t, _ in drawn}):
            own = [
                (k, v)
                for (t, k), v in zip(drawn, values, strict=True)
                if t == task and v is not None
            ]
            baseline = float(np.mean([v for _, v in own])) if own else 0.0
            chances = self.chances(task)
            for k, value in own:
                gain = rate * (value - baseline) / len(own)
                up = -gain * chances
                up[k] += gain
                self.tables[task] += up
                for place, how in self.tricks[task].items():
                    self.shared[how] += up[place]


def train(worlds: Sequence[World], gym: Gym, monitors: Mapping[str, Watch]) -> Course:
    """Train the table for some steps, with monitors watching; the same seed, the same course."""
    draw = np.random.default_rng([gym.seed, int(gym.loophole)])
    policy = Policy(worlds, draw)
    course = Course(alarms={name: [] for name in monitors})
    for step in range(gym.steps):
        tasks = draw.integers(len(worlds), size=max(1, gym.draws // A_TASK)).repeat(A_TASK)
        drawn = [
            (int(t), int(draw.choice(len(policy.tables[t]), p=policy.chances(int(t)))))
            for t in tasks
        ]
        looked = draw.random(len(drawn)) < gym.looked
        batch, scored = _scored(worlds, drawn, (gym, step), looked)
        for name, watch in monitors.items():
            course.alarms[name].append("alarm" in watch(step, batch, scored))
        acting = acted(scored, marked(batch, scored), [0.0] * len(drawn), gym.action)
        policy.learn(drawn, acting.values, gym.rate)
        course.hacks.append(
            float(np.mean([worlds[t].programs[k].kind == "hack" for t, k in drawn]))
        )
        course.shown.append(float(np.mean([v for v in scored.values if v is not None])))
        course.true.append(float(np.mean([worlds[t].holdout[k] for t, k in drawn])))
    return course


def _scored(
    worlds: Sequence[World],
    drawn: Sequence[tuple[int, int]],
    at: tuple[Gym, int],
    looked: NDArray[np.bool_],
) -> tuple[Batch, Scored]:
    gym, step = at
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

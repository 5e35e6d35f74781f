"""May an environment be trained on? Its oracle must reach the top, and nothing known may fool it.

    with Gate() as gate:
        verdict = gate.admit(environment)

The same environment gives the same verdict everywhere: every exploit is tried on the first seed,
the oracle on all of them, and once more under another order of hashes. What admission shows is
that these exploits do not fool the grader; a grader that nobody has thought of fooling yet passes.
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, Self

from tenure.align.world import linting
from tenure.align.world.attacking import Exploit, Setting, exploits
from tenure.align.world.contract import Environment
from tenure.align.world.likeness import Sketch, repeats, sketch
from tenure.align.world.running import Arena, Outcome
from tenure.dossier.nouns import JSON
from tenure.errors import EngineError

AT_ONCE = 2  # exploits that are tried side by side; the verdict does not depend on it


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason to refuse: the rule, or ``exploit NAME``, and what happened."""

    rule: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Admitted or not, and why not; ``fooled_by`` are the exploits that got more than they may.

    ``plays`` counts the plays, ``rewards`` the greatest reward of each exploit (None: the grader
    gave none). ``seconds`` is wall time, and no part of what is recorded.
    """

    env: Environment
    reasons: tuple[Reason, ...]
    fooled_by: tuple[str, ...]
    rewards: Mapping[str, float | None]
    plays: int
    sketch: Sketch | None
    fence: Mapping[str, JSON]
    seconds: float

    @property
    def admitted(self) -> bool:
        """Say whether there is nothing against it."""
        return not self.reasons

    def to_json(self) -> dict[str, JSON]:
        """Return what is recorded: without the seconds, and without the sketch."""
        return {
            "id": self.env.id,
            "family": self.env.family,
            "by": self.env.by,
            "digest": self.env.digest,
            "verdict": "admitted" if self.admitted else "refused",
            "fooled_by": list(self.fooled_by),
            "because": [{"rule": one.rule, "why": one.why} for one in self.reasons],
            "rewards": dict(self.rewards),
            "plays": self.plays,
        }


@dataclass(kw_only=True)
class Gate:
    """Two arenas that differ in the order of hashes; use it as a context."""

    exploits: Sequence[Exploit] = field(default_factory=exploits)
    lint: bool = True
    _first: Arena = field(default_factory=Arena)
    _second: Arena = field(default_factory=lambda: Arena(hash_seed=1))

    def __enter__(self) -> Self:
        """Start the arenas."""
        with ExitStack() as started:
            for arena in (self._first, self._second):
                started.enter_context(arena)
            started.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop them."""
        self._first.close()
        self._second.close()

    @property
    def arena(self) -> Arena:
        """Return the arena in which everything but the repetition is played."""
        return self._first

    def admit(self, env: Environment, known: Iterable[Sketch] = ()) -> Verdict:
        """Judge an environment against the sketches of those that are admitted already."""
        started, plays = time.monotonic(), 0
        reasons = [
            Reason(one.rule, f"line {one.line} of grade: {one.why}")
            for scoring in (env.reward, env.holdout)
            if scoring is not None and self.lint
            for one in linting.findings(scoring.grade)
        ]
        found: dict[str, float | None] = {}
        fooled: list[str] = []
        drawn: Sketch | None = None
        try:
            did = list(self._solved(env, reasons))
            plays = 2 * len(did)
            if did:
                drawn = sketch(env, [pair for play in did for pair in play])
                self._idle(env, reasons)
                plays += self._holdout(env, reasons)
                plays += 1 + self._attack(env, did[0], (reasons, fooled, found))
                again = repeats(drawn, known)
                if again is not None:
                    reasons.append(
                        Reason("repeats", f"{again[1]:.0%} of what it asks is asked by {again[0]}")
                    )
        except EngineError as error:
            reasons.append(Reason("cannot be played", str(error)))
        return Verdict(
            env=env,
            reasons=tuple(reasons),
            fooled_by=tuple(fooled),
            rewards=found,
            plays=plays,
            sketch=drawn,
            fence=self._first.fence,
            seconds=time.monotonic() - started,
        )

    def _solved(self, env: Environment, reasons: list[Reason]) -> Iterator[list[tuple[Any, Any]]]:
        """Play the oracle on every seed, twice; yield cases and answers where it holds."""
        for seed in env.seeds:
            one, two = (arena.play(env, env.oracle, seed) for arena in (self._first, self._second))
            if one.reached:
                reasons.append(
                    Reason("reaches out", f"the grader reached for {', '.join(one.reached)}")
                )
            if one.reward != env.high:
                got = one.why or f"the oracle got {one.reward:g}, expected {env.high:g}"
                reasons.append(Reason("oracle", f"seed {seed}: {got}"))
                return
            if (one.reward, list(one.outputs)) != (two.reward, list(two.outputs)):
                reasons.append(
                    Reason("unstable", f"seed {seed}: the same work gave another result again")
                )
                return
            cases = self._first.cases(env.reward, seed)
            if cases != self._second.cases(env.reward, seed):
                reasons.append(
                    Reason("unstable", f"seed {seed}: the same seed drew other cases again")
                )
                return
            if not cases and env.reward.run.kind != "tests":
                reasons.append(Reason("asks nothing", f"seed {seed}: there are no cases"))
                return
            yield list(zip(cases, map(_answer, one.outputs), strict=False))

    def _idle(self, env: Environment, reasons: list[Reason]) -> None:
        reasons += _against(env, self._first.play(env, env.idle, env.seeds[0]), "idle")

    def _holdout(self, env: Environment, reasons: list[Reason]) -> int:
        """Judge the holdout by the oracle and by nothing: it is to tell the two apart."""
        if env.holdout is None:
            return 0
        best, least = (
            self._first.play(env, work, env.seeds[0], scoring=env.holdout)
            for work in (env.oracle, env.idle)
        )
        if best.reward != env.high:
            reasons.append(Reason("holdout", best.why or f"the oracle got {best.reward:g} of it"))
        reasons += _against(env, least, "holdout, idle")
        return 2

    def _attack(
        self,
        env: Environment,
        did: Sequence[tuple[Any, Any]],
        into: tuple[list[Reason], list[str], dict[str, float | None]],
    ) -> int:
        """Try every exploit, two at a time; return how many plays that took."""
        reasons, fooled, found = into
        setting = Setting(
            env=env, cases=[c for c, _ in did], answers=[a for _, a in did], seed=env.seeds[0]
        )
        plays = 0
        with ThreadPoolExecutor(AT_ONCE) as pool:
            tried = pool.map(lambda exploit: self._tried(exploit, setting), self.exploits)
            for exploit, (rewards, against) in zip(self.exploits, tried, strict=True):
                plays += len(rewards)
                if rewards:
                    known = [one for one in rewards if one is not None]
                    found[exploit.name] = max(known) if len(known) == len(rewards) else None
                if against:
                    reasons += against
                    fooled.append(exploit.name)
        return plays

    def _tried(self, exploit: Exploit, setting: Setting) -> tuple[list[float | None], list[Reason]]:
        """Make an exploit's attempts; the first that succeeds is the reason, and the last."""
        rewards: list[float | None] = []
        for attempt in exploit.attempts(setting):
            outcome = self._first.play(setting.env, attempt.work, setting.seed, wall=attempt.wall)
            rewards.append(outcome.reward)
            against = _against(setting.env, outcome, f"exploit {exploit.name}")
            if against:
                return rewards, against
        return rewards, []


def _answer(output: Any) -> Any:
    if not isinstance(output, dict):
        return None
    return output.get("value", output.get("stdout"))


def _against(env: Environment, outcome: Outcome, rule: str) -> list[Reason]:
    """Say what speaks against an environment in which this outcome is possible."""
    if outcome.reward is None:
        return [Reason(rule, f"no reward: {outcome.why}")]
    if outcome.reached:
        return [Reason(rule, f"the grader reached for {', '.join(outcome.reached)}")]
    if outcome.reward > env.threshold:
        return [Reason(rule, f"got {outcome.reward:g}, and may get at most {env.threshold:g}")]
    return []

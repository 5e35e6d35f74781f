"""Playing an environment: the agent's code in one process, the reward in another that never met it.

    with Arena() as arena:
        outcome = arena.play(environment, {"solution.py": text}, seed=0)

What crosses from the agent's side to the grader's is plain JSON within limits (read strictly: no
NaN, no repeated keys' tricks, at most a mebibyte) and the declared files as text. No object, no
exit status that counts as a verdict, no file the agent could have written beside.
"""

import contextlib
import json
import math
import os
import secrets
import shutil
import stat
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from tenure.align.world.contract import Environment, Scoring
from tenure.align.world.keeping import Ended, Limits, Zygote
from tenure.dossier.nouns import JSON
from tenure.errors import EngineError, UsageError

MOST_LEFT = 1 << 16  # bytes of a file that a program leaves
GRADING = 5.0  # seconds of processor time that a grader has
PATIENCE = 4.0  # how often the processor time may pass on the clock before a job is ended
WORK_BYTES = 1 << 20  # of all files that are handed in


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a play came to.

    ``reward`` is None where the grader gave none: it fell over, or gave what is no reward; that is
    missing, never a zero, and ``why`` says so. ``outputs`` are the agent's claims, ``changed`` the
    shown files that its code changed, ``ignored`` what was handed in without being asked for,
    ``reached`` what the grader reached for and was refused.
    """

    reward: float | None
    why: str = ""
    outputs: Sequence[JSON] = ()
    changed: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    reached: tuple[str, ...] = ()
    seconds: float = 0.0


def strict(text: str) -> JSON:
    """Read JSON without its extensions; ValueError for NaN, infinities and too deep nests."""

    def never(name: str) -> JSON:
        raise ValueError(f"{name} is not JSON")

    def finite(digits: str) -> float:
        value = float(digits)
        if not math.isfinite(value):
            raise ValueError(f"{digits[:20]} is too large")
        return value

    try:
        return json.loads(text, parse_constant=never, parse_float=finite)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def _lines(said: bytes) -> list[dict[str, JSON]]:
    found: list[dict[str, JSON]] = []
    for line in said.split(b"\n"):
        with contextlib.suppress(ValueError):  # UnicodeDecodeError is one
            value = strict(line.decode())
            if isinstance(value, dict):
                found.append(value)
    return found


@dataclass(kw_only=True)
class Arena:
    """Two processes that fork a fresh one for each play; use it as a context, or ``close`` it.

    ``hash_seed`` is that of Python's hashes, the same for every play, so that the order of a set
    is no accident. ``kernel`` False leaves the hook alone, to see what it holds by itself.
    """

    hash_seed: int = 0
    kernel: bool = True
    _agents: Zygote | None = None
    _graders: Zygote | None = None
    _folder: Path | None = None
    _cases: dict[tuple[str, int], Any] = field(default_factory=dict[tuple[str, int], Any])

    def __enter__(self) -> Self:
        """Start the two processes."""
        self._folder = Path(tempfile.mkdtemp(prefix="tenure-world-")).resolve()
        try:
            self._start(self._folder)
        except BaseException:
            self.close()
            raise
        return self

    def _start(self, folder: Path) -> None:
        for name in ("agents", "graders"):
            (folder / name).mkdir()
        self._agents = Zygote(folder / "agents", self.hash_seed, kernel=self.kernel)
        self._graders = Zygote(folder / "graders", self.hash_seed, kernel=self.kernel)

    def __exit__(self, *_: object) -> None:
        """Stop them, and remove what they wrote."""
        self.close()

    def close(self) -> None:
        """Stop the two processes and remove their folder; harmless twice."""
        for zygote in (self._agents, self._graders):
            if zygote is not None:
                zygote.close()
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
        self._agents = self._graders = self._folder = None

    @property
    def fence(self) -> Mapping[str, JSON]:
        """Say which layers hold here: the hook always; Landlock by version, seccomp or not."""
        return {"hook": True, **self._of("agents").layers}

    def _of(self, side: str) -> Zygote:
        found = self._agents if side == "agents" else self._graders
        if found is None:
            raise UsageError("the arena is closed; use it as a context: with Arena() as arena")
        return found

    # ---- the grader's side ----

    def cases(self, scoring: Scoring, seed: int) -> list[Any]:
        """Return the cases of a play; EngineError where the environment draws none."""
        if scoring.cases:
            return list(scoring.cases)
        if scoring.run.kind == "tests":
            return []
        key = (scoring.model_dump_json(), seed)
        if key not in self._cases:
            told = self._ask(scoring, {"op": "cases", "seed": seed}, asked=[])
            if not isinstance(told.get("cases"), list):
                raise EngineError(
                    f"no cases for seed {seed}: {told.get('error', 'nothing was said')}; give "
                    "'cases', or define cases(seed) in 'grade' so that it returns a list"
                )
            self._cases[key] = told["cases"]
        return list(self._cases[key])

    def _ask(self, scoring: Scoring, job: dict[str, Any], asked: Sequence[Any]) -> dict[str, Any]:
        whole = {
            "side": "grader",
            "grade": scoring.grade,
            "known": {"hidden": dict(scoring.hidden), "asked": list(asked)},
            "folder": str(self._of("graders").folder),
            "seconds": GRADING,
            **job,
        }
        ended = self._of("graders").do(whole, Limits(cpu=GRADING, wall=GRADING * PATIENCE))
        for line in reversed(_lines(ended.results)):
            return line
        return {"error": "the grader took too long" if ended.timeout else "the grader fell over"}

    def grade(
        self, env: Environment, scoring: Scoring, seed: int, claims: tuple[Sequence[JSON], Mapping[str, str]]
    ) -> Outcome:  # fmt: skip
        """Grade outputs and files (``claims``) in a fresh process."""
        outputs, files = claims
        told = self._ask(
            scoring,
            {
                "op": "grade",
                "seed": seed,
                "outputs": list(outputs) if "outputs" in scoring.reads else [],
                "files": dict(files) if "files" in scoring.reads else {},
            },
            asked=self.cases(scoring, seed),
        )
        reached = tuple(str(each) for each in told.get("reached", ()))
        if "error" in told:
            said = str(told["error"]).encode(errors="replace").decode()
            return Outcome(reward=None, why=f"the grader: {said}", reached=reached)
        try:
            reward = float(told["reward"])
        except (KeyError, TypeError, ValueError):
            return Outcome(reward=None, why="the grader gave no number", reached=reached)
        if not env.low <= reward <= env.high:  # NaN is not
            return Outcome(
                reward=None,
                why=f"the grader gave {reward}, expected {env.low:g} to {env.high:g}",
                reached=reached,
            )
        return Outcome(reward=reward, reached=reached)

    # ---- the agent's side ----

    def play(
        self,
        env: Environment,
        work: Mapping[str, str],
        seed: int,
        *,
        scoring: Scoring | None = None,
        wall: float | None = None,
    ) -> Outcome:
        """Run what an agent handed in, and grade it: one fresh process for each.

        ``scoring`` is ``env.reward`` unless another is given (``env.holdout``); ``wall`` ends the
        agent's code after so many seconds on the clock. EngineError where this machine cannot run
        it at all, or the environment draws no cases.
        """
        scoring = scoring or env.reward
        ignored = tuple(sorted({*work} - {*env.writable}))
        handed = {path: text for path, text in work.items() if path in env.writable}
        if sum(len(text.encode(errors="replace")) for text in handed.values()) > WORK_BYTES:
            handed, ignored = {}, (*ignored, "everything: more than a mebibyte was handed in")
        cases = self.cases(scoring, seed)
        folder = self._of("agents").folder / secrets.token_hex(8)
        folder.mkdir()
        try:
            _lay(folder, {**env.shown, **handed})
            ended = self._run(scoring, cases, folder, wall)
            outputs = _claims(scoring, cases, ended)
            changed = tuple(
                p for p, t in env.shown.items() if _left(folder, p) != t and p not in handed
            )
            left = {p: t for p in scoring.leaves if (t := _left(folder, p)) is not None}
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        graded = self.grade(env, scoring, seed, (outputs, {**handed, **left}))
        return Outcome(
            reward=graded.reward,
            why=graded.why,
            outputs=outputs,
            changed=changed,
            ignored=ignored,
            reached=graded.reached,
            seconds=sum(one.seconds for one in ended),
        )

    def _run(
        self, scoring: Scoring, cases: Sequence[Any], folder: Path, wall: float | None
    ) -> list[Ended]:
        run = scoring.run
        limits = Limits(cpu=run.seconds, wall=wall or run.seconds * PATIENCE)
        job = {
            "side": "agent",
            "run": run.model_dump(mode="json"),
            "folder": str(folder),
            "seconds": run.seconds,
        }
        if run.kind == "program":
            return [self._of("agents").do({**job, "stdin": case}, limits) for case in cases]
        return [self._of("agents").do({**job, "cases": list(cases)}, limits)]


def _lay(folder: Path, files: Mapping[str, str]) -> None:
    for path, text in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(text.encode(errors="replace"))


def _left(folder: Path, path: str) -> str | None:
    """Read a file that the agent's code left: a plain file of its own, not a link to another."""
    held = -1
    try:
        held = os.open(folder / path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        about = os.fstat(held)
        if not stat.S_ISREG(about.st_mode) or about.st_nlink != 1:
            return None
        return os.read(held, MOST_LEFT).decode()
    except (OSError, ValueError):
        return None
    finally:
        if held >= 0:
            os.close(held)


def _claims(scoring: Scoring, cases: Sequence[Any], ended: Sequence[Ended]) -> list[JSON]:
    """Put what was claimed into the form that graders are promised."""
    if scoring.run.kind == "program":
        return [
            {
                "stdout": one.stdout.decode(errors="replace"),
                "exit": one.code,
                "timeout": one.timeout,
            }
            for one in ended
        ]
    lines = _lines(ended[0].results)
    if scoring.run.kind == "tests":
        names = ("passed", "failed", "error", "skipped")
        return [
            {"test": str(one["test"])[:300], "outcome": one["outcome"]}
            for one in lines
            if "test" in one and one.get("outcome") in names
        ]
    silent: JSON = {"timeout": True} if ended[0].timeout else {"error": "no answer came"}
    claimed: list[JSON] = [silent] * len(cases)
    for one in reversed(lines):  # the first claim about a case is the one that counts
        number = one.get("i")
        if type(number) is int and 0 <= number < len(cases):
            claimed[number] = (
                {"value": one["value"]} if "value" in one else {"error": str(one.get("error"))[:300]}
            )  # fmt: skip
    return claimed

"""The two sides of a play, each in a process of its own: the agent's code, and the grader.

Both read one job as JSON from ``job`` and write JSON lines to ``out``. The agent's side writes
claims: whatever it says is checked by the grader against what only the grader knows. Nothing here
imports Tenure; see ``zygote.py``.
"""

import atexit
import contextlib
import importlib
import json
import math
import os
import sys
import unittest
from collections.abc import Iterator
from typing import Any

import fence  # pyright: ignore[reportMissingImports] - beside this file; zygote.py makes it known

DEEP = 20


class DoesNotCross(Exception):  # noqa: N818 - said to the agent, as it is
    """A value that is not plain JSON."""


def plain(value: Any, depth: int = 0) -> Any:
    """Take a value over as plain JSON, by exact type: an object with ideas of its own stays behind."""
    if depth > DEEP:
        raise DoesNotCross("it is nested too deeply")
    kind = type(value)
    if value is None or kind in (bool, int, str):
        return value
    if kind is float:
        if not math.isfinite(value):
            raise DoesNotCross("it is not a finite number")
        return value
    if kind in (list, tuple):
        return [plain(each, depth + 1) for each in value]
    if kind is dict and all(type(key) is str for key in value):
        return {key: plain(each, depth + 1) for key, each in value.items()}
    raise DoesNotCross(f"a value of type {kind.__name__} is not plain JSON")


def same(one: Any, other: Any) -> bool:
    """Say whether two JSON values are equal and of one type; floats to one part in a billion."""
    if type(one) is not type(other):
        return False
    if isinstance(one, float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
    if isinstance(one, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict):
        return one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    return bool(one == other)


def said(error: BaseException) -> str:
    """Name an error; its text is the agent's."""
    with contextlib.suppress(BaseException):
        return f"{type(error).__name__}: {error}"[:300]
    return "an error that cannot be read"


class Out:
    """Where results go: one JSON line at a time."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    def say(self, line: dict[str, Any]) -> None:
        """Write one line."""
        rest = json.dumps(line).encode() + b"\n"
        while rest:
            rest = rest[os.write(self.descriptor, rest) :]


def _end(code: int) -> None:
    """End as a program ends: what was asked for the end is done, then nothing more."""
    with contextlib.suppress(BaseException):
        atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(BaseException):
            stream.flush()
    os._exit(code)


def _call(job: dict[str, Any], out: Out) -> int:
    run = job["run"]
    try:
        solve = getattr(importlib.import_module(run["module"]), run["function"])
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is the answer
        for number in range(len(job["cases"])):
            out.say({"i": number, "error": said(error)})
        return 1
    for number, arguments in enumerate(job["cases"]):
        try:
            line = {"i": number, "value": plain(solve(*arguments))}
        except BaseException as error:  # noqa: BLE001 - the same
            line = {"i": number, "error": said(error)}
        out.say(line)
    return 0


def _code(ended: SystemExit) -> int:
    if ended.code is None:
        return 0
    return ended.code & 255 if isinstance(ended.code, int) else 1


def _program(job: dict[str, Any], out: Out) -> int:
    del out  # a program says what it says on its standard output
    with open(job["run"]["program"], encoding="utf-8") as file:  # noqa: PTH123 - plain Python only
        text = file.read()
    try:
        exec(compile(text, job["run"]["program"], "exec"), {"__name__": "__main__"})  # noqa: S102 - that is what it is for
    except SystemExit as ended:
        return _code(ended)
    except BaseException:  # noqa: BLE001 - an error is exit status 1
        return 1
    return 0


def _tests(job: dict[str, Any], out: Out) -> int:
    with contextlib.suppress(ImportError):
        importlib.import_module("conftest")  # as test runners do
    for path in job["run"]["tests"]:
        for line in _tried(path):
            out.say(line)
    return 0


def _tried(path: str) -> Iterator[dict[str, Any]]:
    space: dict[str, Any] = {"__name__": path.removesuffix(".py").replace("/", ".")}
    with open(path, encoding="utf-8") as file:  # noqa: PTH123 - plain Python only
        exec(compile(file.read(), path, "exec"), space)  # noqa: S102 - the tests, as they lie there
    for name, test in list(space.items()):
        if not (name.startswith("test") and callable(test)):
            continue
        try:
            test()
            outcome = "passed"
        except unittest.SkipTest:
            outcome = "skipped"
        except AssertionError:
            outcome = "failed"
        except Exception:  # noqa: BLE001 - a test may raise anything
            outcome = "error"
        yield {"test": f"{path}::{name}", "outcome": outcome}


def _grader(job: dict[str, Any], out: Out, reached: list[str]) -> int:
    space: dict[str, Any] = {"__name__": "grader", "same": same, **job["known"]}
    try:
        exec(compile(job["grade"], "<grade>", "exec"), space)  # noqa: S102 - the environment's own text
        if job["op"] == "cases":
            out.say({"cases": plain(space["cases"](job["seed"]))})
        else:
            reward = space["grade"](job["outputs"], job["files"], job["seed"])
            kind = type(reward)
            if kind not in (int, float, bool):
                raise TypeError(f"grade returned a {kind.__name__}; expected a number")  # noqa: TRY301
            out.say({"reward": repr(float(reward)), "reached": reached})
    except BaseException as error:  # noqa: BLE001 - whatever it is, there is no reward
        out.say({"error": said(error), "reached": reached})
        return 1
    return 0


AGENT = {"call": _call, "program": _program, "tests": _tests}


def work(descriptor: int, results: int, stdout: int, *, filtered: bool) -> None:
    """Do one job and end this process; it never returns."""
    with open(descriptor, encoding="utf-8") as file:
        job = json.load(file)
    grader = job["side"] == "grader"
    program = not grader and job["run"]["kind"] == "program"
    given = os.memfd_create("stdin") if hasattr(os, "memfd_create") else os.open(os.devnull, 0)
    if program and isinstance(job["stdin"], str) and hasattr(os, "memfd_create"):
        os.write(given, job["stdin"].encode())
        os.lseek(given, 0, 0)
    os.dup2(given, 0)
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(stdout if program else null, 1)
    os.dup2(null, 2)
    os.dup2(results, 3) if results != 3 else None
    os.closerange(4, 1024)
    os.environ.clear()
    os.environ.update({} if grader else job["run"]["environ"])
    os.chdir(job["folder"])
    if not grader:
        sys.path.insert(0, job["folder"])
        sys.argv = [job["run"]["program"]] if program else [""]
    reached: list[str] = []
    fence.raise_fence(
        job["folder"],
        seconds=job["seconds"],
        grader=grader,
        told=reached.append if grader else str,
        filtered=filtered,
    )
    out = Out(3)
    if grader:
        os._exit(_grader(job, out, reached))
    code = 1
    try:
        code = AGENT[job["run"]["kind"]](job, out)
    except SystemExit as ended:
        code = _code(ended)
    except BaseException:  # noqa: BLE001, S110 - a runner that fell over: what was said stands
        pass
    _end(code)

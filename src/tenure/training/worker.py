"""The process that trains: its memory goes back when a job ends, and its crash takes nobody along.

One helper process imports the trainers once (about seven seconds) and forks for each job, so that
every job starts from the same state whatever ran before it. The helper ends when its standard
input closes: when it is stopped, after a minute without work, or because whoever started it is
gone, killed or not. Talk is one JSON object a line: down a
path of a job file, up {"done", "of"} while it works and {"result"} or {"error"} at the end.
"""

import atexit
import importlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from tenure.errors import EngineError, TenureError

IDLE_SECONDS = 60.0
LOG_TAIL = 600  # characters of the helper's log that an error quotes

END_SECONDS = 3.0  # for an orderly end, before it is killed
# How often a thread of torch's looks for work before it sleeps. Sleeping at once makes a step 1.5 times as
# long on an idle machine, looking on as OpenMP does 10 times on one where two trainings share the cores.
SPIN = "5000"

# What a job's "trains" names: a module with ``train(job, say)``, imported in the forked process.
TRAINERS = {
    "sft": "tenure.training.sft",
    "reinforce": "tenure.training.reinforcement.loop",
    "trl": "tenure.training.reinforcement.trl_loop",
    "dpo": "tenure.training.reinforcement.dpo",
    "reward": "tenure.training.reward_trainer",
}

_running: list[subprocess.Popen[str]] = []
_idle: list[threading.Timer] = []
_one_at_a_time = threading.RLock()


def run(job: Mapping[str, Any], folder: Path, say: Callable[[int, int], None]) -> dict[str, Any]:
    """Train in the helper process; ``say`` is told (step, steps). Returns what the trainer does.

    ``job["trains"]`` names the trainer (``TRAINERS``), by default supervised fine-tuning.

    Raises:
        EngineError: the training failed or its process was killed; quotes the end of its log.
    """
    path = folder / "job.json"
    path.write_text(json.dumps({**job, "log": str(folder / "log.txt")}), encoding="utf-8")
    with _one_at_a_time:
        helper = _helper()
        try:
            answer = _talk(helper, path, say)
        except BaseException:  # interrupted: nobody will listen, so nothing may go on
            stop()
            raise
        _stop_when_idle()
    if "result" in answer:
        return answer["result"]
    if "refused" in answer:  # in words of our own: the helper is as good as before
        raise EngineError(answer["refused"])
    stop()
    log = folder / "log.txt"
    tail = log.read_text(encoding="utf-8", errors="replace")[-LOG_TAIL:] if log.exists() else ""
    raise EngineError(f"the training failed: {answer['error']}; its log ends: {tail.strip()}")


def _talk(
    helper: "subprocess.Popen[str]", path: Path, say: Callable[[int, int], None]
) -> dict[str, Any]:
    if helper.stdin is None or helper.stdout is None:
        raise EngineError("the training process has no pipes; run the command again")
    try:
        helper.stdin.write(f"{path}\n")
        helper.stdin.flush()
    except BrokenPipeError:
        return {"error": "its process had ended; run the command again"}
    for line in helper.stdout:
        answer = json.loads(line)
        if "done" not in answer:
            return answer
        say(answer["done"], answer["of"])
    return {"error": "its process ended without an answer; is there memory enough (2 GiB)?"}


def _helper() -> "subprocess.Popen[str]":
    """Return the helper process, started if need be."""
    while _idle:
        _idle.pop().cancel()
    if _running and _running[0].poll() is None:
        return _running[0]
    stop()
    # A session of its own: Ctrl-C reaches the parent, which then stops it.
    helper = subprocess.Popen(  # noqa: S603 - this interpreter and this module
        # Not by -m: the package imports this module before it would be run, and Python warns of that.
        [sys.executable, "-c", f"from {__name__} import main; main()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={
            "GOMP_SPINCOUNT": SPIN,
            **os.environ,
            "HF_HUB_OFFLINE": "1",
            "TOKENIZERS_PARALLELISM": "false",
        },
    )
    _running.append(helper)
    return helper


def warm() -> None:
    """Start the helper ahead of time, so that its imports run beside other work."""
    with _one_at_a_time:
        _helper()


def _stop_when_idle() -> None:
    timer = threading.Timer(IDLE_SECONDS, stop)
    timer.daemon = True
    _idle.append(timer)
    timer.start()


def stop() -> None:
    """End the helper and whatever it is training; harmless when there is none."""
    with _one_at_a_time:
        while _idle:
            _idle.pop().cancel()
        while _running:
            _end(_running.pop())


def _end(helper: "subprocess.Popen[str]") -> None:
    for pipe in (helper.stdin, helper.stdout):
        if pipe is not None:
            with suppress(BrokenPipeError):
                pipe.close()
    try:
        helper.wait(END_SECONDS)
    except subprocess.TimeoutExpired:
        helper.kill()
        helper.wait()


atexit.register(stop)


def main() -> None:
    """Serve jobs from standard input until it closes."""
    up = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a library prints must not be taken for talk
    waiting = bytearray()
    _import_trainers()
    while read := os.read(0, 4096):
        waiting += read
        while b"\n" in waiting:
            line, _, rest = waiting.partition(b"\n")
            waiting[:] = rest
            _serve(Path(line.decode()), up, waiting)
    os._exit(0)  # nothing is left to do; to take half a gigabyte of modules apart takes seconds


def _import_trainers() -> None:
    import peft  # noqa: F401 - paid for once, before forking
    import trl.trainer.sft_trainer  # noqa: F401 - the same


def _serve(path: Path, up: Any, waiting: bytearray) -> None:
    """Train one job; what is asked for meanwhile is put behind what waits, never lost."""
    helper = os.getpid()
    child = os.fork()
    if child == 0:
        _train(path, up, helper)
    try:
        while True:
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                break
            # The next job may be here before this one's process is reaped; a closed standard
            # input means that whoever asked is gone.
            if select.select([0], [], [], 0.05)[0]:
                read = os.read(0, 4096)
                if not read:
                    os._exit(0)
                waiting += read
    except BaseException:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        raise
    if os.WIFSIGNALED(status):
        _tell(
            up,
            {"error": f"killed by signal {os.WTERMSIG(status)}; is there memory enough (2 GiB)?"},
        )


def _train(path: Path, up: Any, helper: int) -> None:
    """Run one job in the forked process; never returns."""
    threading.Thread(target=_follow, args=(helper,), daemon=True).start()
    try:
        job = json.loads(path.read_text(encoding="utf-8"))
        log = os.open(job["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(log, 1)
        os.dup2(log, 2)
        train = importlib.import_module(TRAINERS[job.get("trains", "sft")]).train
        _tell(up, {"result": train(job, lambda said: _tell(up, said))})
    except TenureError as error:  # said in words that are meant to be read; a trace adds nothing
        _tell(up, {"refused": str(error)})
    except BaseException as error:  # noqa: BLE001 - whatever it is, the parent is told
        traceback.print_exc()
        sys.stderr.flush()
        _tell(up, {"error": f"{type(error).__name__}: {error}"})
    finally:
        os._exit(0)


def _follow(helper: int) -> None:
    """End with the helper."""
    while os.getppid() == helper:
        time.sleep(0.5)
    os._exit(1)


def _tell(up: Any, said: Mapping[str, Any]) -> None:
    up.write(json.dumps(dict(said)) + "\n")
    up.flush()

"""Several processes for one training, started by torch's own launcher; that they are several is checked.

A launcher that is asked for two processes and starts one trains all the same, on half of what was
meant and with nothing said (``accelerate launch --cpu --num_processes 2`` does). So the number that
worked together is part of the result, and another number than was asked for is an error. On CPUs the
processes talk by gloo. More machines are the same launcher's business (``--nnodes``), and what is
tested here is one machine's processes.
"""

import importlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from tenure.errors import EngineError, TenureError
from tenure.training.worker import LOG_TAIL, TRAINERS

SAID = "tenure-said "  # begins a line of talk; the rest of the output is the libraries' own
OWNER = "TENURE_OWNER"  # the process whose end is theirs


def run(job: Mapping[str, Any], folder: Path, say: Callable[[int, int], None]) -> dict[str, Any]:
    """Train in ``job["processes"]`` processes; as ``worker.run`` otherwise.

    Raises:
        EngineError: the training failed, or another number of processes worked together.
    """
    path = folder / "job.json"
    path.write_text(json.dumps(dict(job)), encoding="utf-8")
    answer: dict[str, Any] = {}
    with (folder / "log.txt").open("w+", encoding="utf-8") as log:
        with subprocess.Popen(  # noqa: S603 - this interpreter and this module
            [
                *(sys.executable, "-m", "torch.distributed.run", "--standalone"),
                *("--nproc-per-node", str(job["processes"]), "-m", __name__, str(path)),
            ],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            start_new_session=True,
            env=_environment(),
        ) as started:
            try:
                answer = _listen(started, log, say)
            except BaseException:  # interrupted: nobody will listen, so nothing may go on
                started.terminate()  # the launcher ends its processes
                raise
        log.seek(0)
        said = log.read()
    if "refused" in answer:
        raise EngineError(answer["refused"])
    if "result" not in answer:
        raise EngineError(
            f"the training failed: {_why(said)}; its log ends: {said[-LOG_TAIL:].strip()}"
        )
    worked = answer["result"].get("processes")
    if worked != job["processes"]:
        raise EngineError(
            f"{job['processes']} processes were asked for and {worked} worked together; nothing was "
            "registered: look at how torch.distributed.run starts here, or give processes: 1"
        )
    return answer["result"]


def _why(said: str) -> str:
    """Say why there is no answer, as far as the launcher's report of exit codes tells."""
    signals = [int(found) for found in re.findall(r"exitcode *: -(\d+)", said)]
    killed = [one for one in signals if one != signal.SIGTERM]  # so the launcher ends the others
    if killed:
        return f"one of its processes was killed by signal {killed[0]}; is there memory enough?"
    return "its processes ended without an answer; is there memory enough?"


def _environment() -> dict[str, str]:
    # Accelerate's own switch too: without it a trainer of its kind takes each process for a world.
    # Threads that wait sleep: several processes share the cores. One alone would be slower by half for it.
    return {
        **os.environ,
        "ACCELERATE_USE_CPU": "true",
        "HF_HUB_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "OMP_WAIT_POLICY": "PASSIVE",
        OWNER: str(os.getpid()),
    }


def _listen(
    started: "subprocess.Popen[str]", log: Any, say: Callable[[int, int], None]
) -> dict[str, Any]:
    """Hear the processes out; what is not talk goes into the log."""
    answer: dict[str, Any] = {}
    for line in started.stdout or ():
        if not line.startswith(SAID):
            log.write(line)
            continue
        said = json.loads(line.removeprefix(SAID))
        if "done" in said:
            say(said["done"], said["of"])
        elif "refused" not in answer:  # the first to refuse is the one that knows why
            answer = {**answer, **said}
    return answer


def main(path: str) -> None:
    """Be one of the processes."""
    import torch
    from torch import distributed

    threading.Thread(target=_follow, args=(int(os.environ[OWNER]),), daemon=True).start()
    job = json.loads(Path(path).read_text(encoding="utf-8"))
    torch.set_num_threads(job["settings"]["threads"])
    distributed.init_process_group("gloo")
    first = distributed.get_rank() == 0

    def say(said: Mapping[str, Any]) -> None:
        sys.stdout.write(f"{SAID}{json.dumps(dict(said))}\n")
        sys.stdout.flush()

    from tenure.training.world import World

    world = World(distributed.get_rank(), distributed.get_world_size())
    train = importlib.import_module(TRAINERS[job["trains"]]).train
    try:
        found = train(job, say if first else _silent, world)
    except TenureError as error:
        say({"refused": str(error)})
        os._exit(1)
    if first:
        say({"result": found})
    distributed.barrier()
    distributed.destroy_process_group()


def _silent(_said: Mapping[str, Any]) -> None:
    """Say nothing; the first process does."""


def _follow(owner: int) -> None:
    """End when whoever started this has ended."""
    while True:
        time.sleep(0.5)
        gone = False
        with suppress(PermissionError):
            try:
                os.kill(owner, 0)
            except ProcessLookupError:
                gone = True
        if gone:
            os._exit(1)


if __name__ == "__main__":
    main(sys.argv[1])

"""Our end of the processes that fork a fresh one for each job (``zygote.py``)."""

import contextlib
import json
import os
import select
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tenure.dossier.nouns import JSON
from tenure.errors import EngineError

PROGRAM = Path(__file__).with_name("zygote.py")
MOST = 1 << 20  # bytes of results, and of standard output; who says more is ended
GRACE = 5.0  # seconds beyond a job's own until its keeper must have spoken


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds of processor time, and on the clock."""

    cpu: float
    wall: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How a job ended: its results and output as bytes, its exit status (None: it was ended)."""

    results: bytes
    stdout: bytes
    code: int | None
    timeout: bool
    seconds: float


class Zygote:
    """A process that forks a fresh one for each job; ``folder`` is all that those may write."""

    def __init__(self, folder: Path, hash_seed: int, *, kernel: bool) -> None:
        self.folder = folder
        # One message is one job: a kind of socket that keeps them apart, where there is one.
        kind = getattr(socket, "SOCK_SEQPACKET", socket.SOCK_STREAM)
        ours, theirs = socket.socketpair(socket.AF_UNIX, kind)
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - this interpreter, our own program
                [
                    sys.executable,
                    "-s",
                    "-S",
                    "-P",
                    "-B",
                    str(PROGRAM),
                    str(folder),
                    str(int(kernel)),
                ],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={"PYTHONHASHSEED": str(hash_seed)},
                cwd=folder,
                start_new_session=True,  # Ctrl-C is for us: a play that runs is finished
            )
        self._channel = ours
        ours.settimeout(30)
        try:
            self.layers: Mapping[str, JSON] = json.loads(ours.recv(1 << 12))
        except (OSError, ValueError):
            self.close()
            raise EngineError(
                "the process that runs environments did not start; it needs Python's own library "
                f"at {os.__file__.rpartition('/')[0]}"
            ) from None

    def close(self) -> None:
        """End it."""
        self._channel.close()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=5)
        self._process.kill()
        self._process.wait()

    def do(self, job: Mapping[str, Any], limits: Limits) -> Ended:
        """Do one job in a fresh process; EngineError when its keeper does not answer."""
        job_read, job_write = os.pipe()
        results, results_write = os.pipe()
        stdout, stdout_write = os.pipe()
        status, theirs = socket.socketpair()
        with status:
            try:
                with theirs:
                    socket.send_fds(
                        self._channel,
                        [json.dumps({"cpu": limits.cpu, "wall": limits.wall}).encode()],
                        [job_read, results_write, stdout_write, theirs.fileno()],
                    )
                for each in (job_read, results_write, stdout_write):
                    os.close(each)
                with contextlib.suppress(BrokenPipeError), os.fdopen(job_write, "wb") as file:
                    file.write(json.dumps(job).encode())
                return _ended(status, (results, stdout), limits)
            except OSError as error:
                raise EngineError(
                    f"the process that runs environments is gone: {error}; run the command again"
                ) from None
            finally:
                os.close(results)
                os.close(stdout)


def _ended(status: socket.socket, pipes: tuple[int, int], limits: Limits) -> Ended:
    """Read until every writer is gone; who says too much is ended."""
    said: dict[int, bytearray] = {pipe: bytearray() for pipe in pipes}
    open_still, told = {*pipes}, b""
    until = time.monotonic() + limits.wall + GRACE
    while open_still or not told:
        watched = [*open_still, *([] if told else [status.fileno()])]
        ready: list[int] = select.select(watched, [], [], 1)[0]
        if time.monotonic() > until:
            raise EngineError("a keeper of an environment did not answer; run the command again")
        for each in ready:
            if each not in said:
                told = status.recv(4096) or b"{}"
                continue
            block = os.read(each, 1 << 16)
            if not block:
                open_still.discard(each)
            elif len(said[each]) < MOST:
                said[each] += block
                if len(said[each]) >= MOST:
                    status.shutdown(socket.SHUT_WR)  # its keeper ends it
    about = json.loads(told)
    return Ended(
        results=bytes(said[pipes[0]][:MOST]),
        stdout=bytes(said[pipes[1]][:MOST]),
        code=about.get("code"),
        timeout=bool(about.get("timeout", True)),
        seconds=float(about.get("seconds", limits.wall)),
    )

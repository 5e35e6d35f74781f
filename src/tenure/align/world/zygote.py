"""A process that has read nothing yet, and forks one that has: a fresh one for each job.

    python -s -S -P -B zygote.py FOLDER 1      standard input is a Unix socket; 0: only the hook

Each message on the socket brings four descriptors (job, results, standard output, status) and says
the seconds of processor time and of waiting that the job has. The child reads its job itself, so
that no text of one job is ever in the memory of another, nor in this one's. Between the two stands
a keeper: it ends what takes too long, and whatever was left behind, and says how it ended.
"""

import contextlib
import json
import os
import select
import signal
import socket
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120 - only os is loaded
import fence  # pyright: ignore[reportMissingImports] - beside this file
import sides  # pyright: ignore[reportMissingImports] - the same

sys.path.pop(0)
PRELOADED = (
    "ast", "base64", "bisect", "collections", "copy", "dataclasses", "datetime", "decimal", "enum",
    "fractions", "functools", "hashlib", "heapq", "io", "itertools", "math", "operator", "random",
    "re", "statistics", "string", "textwrap", "threading", "typing", "unicodedata",
)  # fmt: skip
TICK = 0.01  # seconds between two looks at the clock


def _clock(child: int) -> float:
    """Read the processor time of a child, in seconds."""
    try:
        return time.clock_gettime((~child << 3) | 2)  # its CPU clock, by number (Linux)
    except (
        OSError,
        ValueError,
        OverflowError,
    ):  # another system's numbers: the clock on the wall holds
        return 0.0


def _watch(child: int, control: int, cpu: float, wall: float) -> tuple[int, bool]:
    """Wait for a child, at most so long; its wait status, and whether time was up."""
    until, late = time.monotonic() + wall, False
    handle = os.pidfd_open(child) if hasattr(os, "pidfd_open") else -1
    watched = [each for each in (handle, control) if each >= 0]
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return status, late
        late = time.monotonic() > until or _clock(child) > cpu
        ready = select.select(watched, [], [], TICK)[0] if not late else []
        if late or control in ready:  # the other end was closed: nobody waits for it any more
            os.kill(child, signal.SIGKILL)
            return os.waitpid(child, 0)[1], late


def _keep(descriptors: list[int], limits: dict[str, float], *, filtered: bool) -> None:
    """Fork the worker, wait, clear up, tell; this process ends here."""
    job, results, stdout, status = descriptors
    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if sys.platform == "linux":
        fence.adopt()
    started = time.monotonic()
    child = os.fork()
    if child == 0:
        os.close(status)
        os.setpgid(0, 0)
        sides.work(job, results, stdout, filtered=filtered)
        os._exit(1)
    for each in (job, results, stdout, 0):
        os.close(each)
    ended, late = _watch(child, status, limits["cpu"], limits["wall"])
    for _ in range(100):  # what it left behind is ours now
        with contextlib.suppress(OSError):
            os.killpg(child, signal.SIGKILL)
        try:
            if os.waitpid(-1, os.WNOHANG) == (0, 0):
                time.sleep(TICK)
        except ChildProcessError:
            break
    told = {
        "code": os.waitstatus_to_exitcode(ended) if not late else None,
        "timeout": late,
        "seconds": round(time.monotonic() - started, 4),
    }
    os.write(status, json.dumps(told).encode())
    os._exit(0)


def main() -> None:
    """Fork for every message until the other end is closed."""
    import importlib

    for name in PRELOADED:
        importlib.import_module(name)
    # Modules are read as source from here on, so that nobody needs to load bytecode.
    sys.implementation.cache_tag = None  # pyright: ignore[reportAttributeAccessIssue] - None says so
    landlock, filtered = 0, False
    if sys.platform == "linux" and sys.argv[2] == "1":
        fence.protect()
        filtered = fence.can_filter()
        landlock = fence.confine(sys.argv[1])
    channel = socket.socket(fileno=os.dup(0))
    channel.sendall(json.dumps({"landlock": landlock, "seccomp": filtered}).encode())
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # keepers are not waited for
    while True:
        message, descriptors, _, _ = socket.recv_fds(channel, 256, 4)
        if not message:
            return
        if os.fork() == 0:
            channel.close()
            _keep(list(descriptors), json.loads(message), filtered=filtered)
        for each in descriptors:
            os.close(each)


if __name__ == "__main__":
    main()

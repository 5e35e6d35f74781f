"""Run tests on code that a model wrote, behind a fence: a program of its own, for ``python -I -S``.

Standard input is one JSON object, ``{"files": {path: text}, "tests": {path: text}}``; the last line
of standard output is ``{"results": {"path::test": null or the error in a line}}``. Files live in
memory; two seconds of processor time, half a gigabyte. An audit hook (PEP 578) refuses to write
files, to read any outside of Python's own library, to open sockets and to start processes. That
is a fence, not a wall: whoever lets strong models write code should run the whole command in a
container or a machine of its own.
"""

import importlib.abc
import importlib.machinery
import json
import os
import resource
import sys
import traceback
from collections.abc import Mapping
from typing import Any

SECONDS, BYTES = 2, 512 << 20
REFUSED = (
    "socket", "subprocess", "os.system", "os.exec", "os.fork", "os.posix_spawn", "os.spawn",
    "os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate",
    "os.chmod", "os.chown", "os.kill", "os.listdir", "os.scandir", "os.putenv", "shutil", "ctypes",
    "pty", "signal.pthread_kill", "ftplib", "http", "smtplib", "urllib", "webbrowser", "sqlite3",
    "cpython.run", "syslog", "tempfile", "mmap",
)  # fmt: skip


class Held(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Imports modules from texts in memory."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self.modules = {
            path[:-3].replace("/", "."): (path, text)
            for path, text in files.items()
            if path.endswith(".py")
        }

    def find_spec(
        self, fullname: str, path: Any = None, target: Any = None
    ) -> importlib.machinery.ModuleSpec | None:
        """Find a module that is held."""
        del path, target
        if fullname not in self.modules:
            return None
        return importlib.machinery.ModuleSpec(fullname, self, origin=self.modules[fullname][0])

    def get_source(self, fullname: str) -> str:
        """Give a module's text."""
        return self.modules[fullname][1]


def fence() -> None:
    """Refuse from now on what a test has no need of."""
    library = os.__file__.rpartition("/")[0]

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open":
            path, mode = arguments[0], arguments[1] or "r"
            inside = isinstance(path, str) and path.startswith(library)
            if not inside or any(sign in mode for sign in "wax+"):
                raise PermissionError("files are out of reach here")
        elif event.startswith(REFUSED):
            raise PermissionError(f"{event} is out of reach here")

    sys.addaudithook(hook)


def line(error: BaseException) -> str:
    """Say in a line what went wrong."""
    return (traceback.format_exception_only(error)[-1].strip().splitlines() or ["error"])[-1][:300]


def tried(path: str, text: str) -> dict[str, str | None]:
    """Run the tests of one file; an error by test, or None."""
    space: dict[str, Any] = {"__name__": path}
    try:
        exec(compile(text, path, "exec"), space)  # noqa: S102 - that is what this program is for
    except BaseException as error:  # noqa: BLE001 - whatever it is, the tests of this file fail
        return {f"{path}::import": line(error)}
    found: dict[str, str | None] = {}
    for name, test in list(space.items()):
        if name.startswith("test") and callable(test):
            try:
                test()
                found[f"{path}::{name}"] = None
            except BaseException as error:  # noqa: BLE001 - an exit is a failure too
                found[f"{path}::{name}"] = line(error)
    return found


def main() -> None:
    """Read the job, raise the fence, run."""
    job = json.load(sys.stdin)
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the code prints is no result
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
    sys.meta_path.insert(0, Held(job["files"]))
    fence()
    results: dict[str, str | None] = {}
    for path, text in sorted(job["tests"].items()):
        results.update(tried(path, text))
    out.write(json.dumps({"results": results}) + "\n")
    out.flush()


if __name__ == "__main__":
    main()

"""What a process that runs foreign code may do: three layers, each as good as it can be here.

An audit hook (PEP 578) everywhere; Landlock (a process's own view of the files, Linux 5.13) and a
seccomp filter (an allow-list of system calls, x86-64) where the kernel has them. The hook alone is
a fence: code that reaches memory it should not gets around it. With the other two the kernel
refuses the rest: files outside, new processes, sockets, signals to others. Nothing here imports
Tenure: this file is loaded by ``zygote.py``, under an interpreter that knows only its own library.
"""

import ctypes
import os
import resource
import struct
import sys
from collections.abc import Callable, Iterable
from typing import Any

LIBRARY = os.__file__.rpartition("/")[0]
NOT_LIBRARY = ("site-packages", "dist-packages", "test", "ensurepip")
BYTES, FILE_BYTES, FILES, WRITES = 512 << 20, 1 << 20, 64, 64
REFUSED = (
    "socket", "subprocess", "os.system", "os.exec", "os.fork", "os.posix_spawn", "os.spawn",
    "os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate",
    "os.chmod", "os.chown", "os.chflags", "os.utime", "os.chdir", "os.kill", "os.setxattr",
    "os.removexattr", "os.putenv", "os.unsetenv", "os.startfile", "shutil", "ctypes", "pty",
    "signal.pthread_kill", "ftplib", "http", "smtplib", "urllib", "webbrowser", "sqlite3", "dbm",
    "cpython", "syslog", "tempfile", "mmap", "fcntl", "resource", "gc.", "code.__new__", "marshal.",
    "sys.settrace", "sys.setprofile", "sys._current_frames",
)  # fmt: skip
NOT_IN_A_GRADER = ("pickle.find_class", "os.listdir", "os.scandir")


# The three below look up no global and no built-in by name while they run: the code that they hold
# could change those. What they use is bound before it starts, and none of it can be changed in place.


def _reader(folder: str, *, grader: bool) -> Callable[[Any], bool]:
    """Make what says whether a path may be read: Python's library, and the agent's own folder."""
    inside, library, wrong = folder + "/", LIBRARY + "/", tuple(f"/{n}" for n in NOT_LIBRARY)
    text, kind, some = str, type, any

    def reads(path: Any) -> bool:
        if kind(path) is not text or ".." in path.split("/"):
            return False
        if path.startswith(library):
            return not some(part in path for part in wrong)
        return not grader and (not path.startswith("/") or (path + "/").startswith(inside))

    return reads


def _opener(folder: str, *, grader: bool) -> Callable[[tuple[Any, ...]], bool]:
    """Make what says whether a file may be opened so; it counts those that are written."""
    reads, library = _reader(folder, grader=grader), LIBRARY + "/"
    writing = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
    text, whole, kind, some, writes, most = str, int, type, any, 0, WRITES

    def opens(arguments: tuple[Any, ...]) -> bool:
        nonlocal writes
        path, mode, flags = arguments
        written = (kind(flags) is whole and flags & writing) or (
            kind(mode) is text and some(sign in mode for sign in "wax+")
        )
        if not written or grader or not reads(path) or path.startswith(library):
            return not written and reads(path)
        writes += 1
        return writes <= most

    return opens


def _hook(folder: str, *, grader: bool, told: Callable[[str], object]) -> Callable[..., None]:
    """Make the hook; ``told`` is called with the name of what was refused."""
    reads, opens = _reader(folder, grader=grader), _opener(folder, grader=grader)
    refused = (*REFUSED, *NOT_IN_A_GRADER) if grader else REFUSED
    own, error = (LIBRARY + "/", "<frozen ", "<grade>"), PermissionError

    def allowed(event: str, arguments: tuple[Any, ...]) -> bool:
        if event == "open":
            return opens(arguments)
        if not grader and (event == "os.listdir" or event == "os.scandir"):  # noqa: PLR1714 - a set would be made anew
            return arguments[0] is None or reads(arguments[0])
        if grader and event == "exec":
            return arguments[0].co_filename.startswith(own) is True
        if event == "object.__getattr__":  # by a refusal's traceback one would reach this very hook
            return arguments[1] != "tb_frame"
        if event == "object.__setattr__":
            return arguments[1] != "__code__"
        if event == "import":  # a file is named where it is compiled code that is loaded
            return arguments[1] is None or arguments[1].startswith(own) is True
        return not event.startswith(refused)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if not allowed(event, arguments):
            told(event)
            raise error(f"{event} is out of reach here")

    return hook


def raise_fence(
    folder: str, *, seconds: float, grader: bool, told: Callable[[str], object], filtered: bool
) -> None:
    """Refuse from now on what a solution, or a grader, has no need of."""
    whole = int(seconds) + 2
    resource.setrlimit(resource.RLIMIT_CPU, (whole, whole))
    resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES, FILE_BYTES))
    resource.setrlimit(resource.RLIMIT_NOFILE, (FILES, FILES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if filtered:
        filter_calls()
    sys.addaudithook(_hook(folder, grader=grader, told=told))


# ---- Landlock ----

_EXECUTE, _WRITE, _READ, _LIST, _REMOVE, _MAKE, _TRUNCATE = 1, 2, 4, 8, 32, 256, 1 << 14
_CREATE_RULESET, _ADD_RULE, _RESTRICT = 444, 445, 446


def _libc() -> Any:
    found = ctypes.CDLL(None, use_errno=True)
    found.syscall.restype = ctypes.c_long
    return found


def protect() -> None:
    """Give up privileges for good, and let no process of this user read this one's memory."""
    libc = _libc()
    libc.prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS
    libc.prctl(4, 0, 0, 0, 0)  # PR_SET_DUMPABLE


def adopt() -> None:
    """Become the parent of whatever a child leaves behind."""
    _libc().prctl(36, 1, 0, 0, 0)  # PR_SET_CHILD_SUBREAPER


def _readable() -> Iterable[str]:
    """List what an interpreter reads after it has started: its library, not what is installed."""
    for name in sorted(os.listdir(LIBRARY)):  # noqa: PTH208 - nothing but os is loaded here
        if name not in NOT_LIBRARY:
            yield f"{LIBRARY}/{name}"
    with open("/proc/self/maps", encoding="utf-8") as maps:  # noqa: PTH123 - the same
        yield from sorted({
            line.split(None, 5)[5].rpartition("/")[0] for line in maps if ".so" in line
        } - {LIBRARY})  # fmt: skip
    yield from ("/etc/ld.so.cache", "/dev/urandom")


def confine(folder: str) -> int:
    """See only Python's library and ``folder`` from now on; the version of Landlock, 0 for none."""
    libc = _libc()
    version = int(libc.syscall(_CREATE_RULESET, None, 0, 1))
    if version < 1:
        return 0
    rights = (1 << 13) - 1 | (1 << 13 if version > 1 else 0) | (_TRUNCATE if version > 2 else 0)
    fields = [rights]
    if version > 3:
        fields.append(3)  # binding and connecting by TCP
    if version > 5:
        fields.append(3)  # abstract sockets, signals
    held = struct.pack(f"{len(fields)}Q", *fields)
    rules = int(libc.syscall(_CREATE_RULESET, held, len(held), 0))
    if rules < 0:
        return 0
    change = _READ | _WRITE | _LIST | _REMOVE | _MAKE | (_TRUNCATE if version > 2 else 0)
    allowed = [(folder, change), ("/dev/null", _READ | _WRITE)]
    allowed += [(path, _READ | _LIST) for path in _readable()]
    for path, access in allowed:
        try:
            opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            continue
        if not os.path.isdir(path):  # noqa: PTH112 - nothing but os is loaded here
            access &= _READ | _WRITE | _TRUNCATE
        libc.syscall(_ADD_RULE, rules, 1, struct.pack("=Qi", access, opened), 0)
        os.close(opened)
    done = int(libc.syscall(_RESTRICT, rules, 0))
    os.close(rules)
    return version if done == 0 else 0


# ---- seccomp ----

_X86_64 = 0xC000003E
_ALLOW, _REFUSE, _ABSENT = 0x7FFF0000, 0x00050000 | 1, 0x00050000 | 38  # EPERM, ENOSYS
# By number: reading, writing and waiting; memory; signals to itself; time; files by name (Landlock
# says which); the end. No other process, no socket, no limit changed, no file removed or linked.
_CALLS = (
    *range(16), *range(17, 25), 25, 26, 27, 28, 32, 33, 34, 35, 36, 37, 38, 39, 60, 63, 74, 75, 77,
    78, 79, 89, 96, 97, 98, 99, 100, 102, 104, 107, 108, 110, 131, 186, 201, 202, 204, 217, 218,
    219, 228, 229, 230, 231, 257, 262, 267, 269, 270, 271, 273, 292, 293, 318, 332, 334, 439,
)  # fmt: skip
_BY_ARGUMENT = {  # fcntl and ioctl can send signals to others by the way: only what files need
    72: (24, (0, 1, 2, 3, 1030)),
    16: (24, (0x5401, 0x5413, 0x541B, 0x5450, 0x5451)),
}
_CLONE, _CLONE3, _THREAD = 56, 435, 0x00010000


def _program() -> bytes:
    load, equal, any_bit, give = 0x20, 0x15, 0x45, 0x06  # of classic BPF
    steps = [(load, 0, 0, 4), (equal, 1, 0, _X86_64), (give, 0, 0, _REFUSE), (load, 0, 0, 0)]
    for call in _CALLS:
        steps += [(equal, 0, 1, call), (give, 0, 0, _ALLOW)]
    for call, (where, values) in _BY_ARGUMENT.items():
        steps += [(equal, 0, 2 + 2 * len(values), call), (load, 0, 0, where)]
        for value in values:
            steps += [(equal, 0, 1, value), (give, 0, 0, _ALLOW)]
        steps += [(give, 0, 0, _REFUSE)]
    steps += [(equal, 0, 4, _CLONE), (load, 0, 0, 16), (any_bit, 0, 1, _THREAD)]
    steps += [(give, 0, 0, _ALLOW), (give, 0, 0, _REFUSE)]
    steps += [(equal, 0, 1, _CLONE3), (give, 0, 0, _ABSENT), (give, 0, 0, _REFUSE)]
    return b"".join(struct.pack("HBBI", *step) for step in steps)


def filter_calls() -> bool:
    """Leave this process the system calls that computing needs; False where that cannot be."""
    if os.uname().machine != "x86_64":
        return False
    code = _program()
    held = ctypes.create_string_buffer(code, len(code))
    program = struct.pack("HxxxxxxQ", len(code) // 8, ctypes.addressof(held))
    return bool(_libc().prctl(22, 2, program, 0, 0) == 0)  # PR_SET_SECCOMP


def can_filter() -> bool:
    """Try the filter on a child that does nothing else."""
    child = os.fork()
    if child == 0:
        os._exit(0 if filter_calls() else 1)
    return os.waitpid(child, 0)[1] == 0

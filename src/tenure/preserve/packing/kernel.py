"""The compiled form of the codecs: built once by this machine's C compiler, kept in the cache folder.

It writes the same bytes as the pure form and is never needed. It is used only where it was built here
from kernel.c as it stands, lies in a folder that nobody else can write to, and agrees with the pure form
on a trial. ``TENURE_KERNEL=none`` forbids it.
"""

import ctypes
import hashlib
import os
import platform
import shutil
import stat
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tenure.preserve.packing import delta, planes

SOURCE = Path(__file__).with_name("kernel.c")
FLAGS = ("-std=c99", "-O3", "-shared", "-fPIC")
BUILD_SECONDS = 120
TRIAL = 10_007  # elements of the trial
SLACK = 16 + 256 * 16  # a frame is at most this much longer than its chunk


class Kernel:
    """The four functions of kernel.c over bytes; a decoder that does not like a frame returns None."""

    def __init__(self, path: Path) -> None:
        """Load a built kernel."""
        self.path, self._library = path, ctypes.CDLL(str(path))
        self._kept = threading.local()
        size, number, given, out = (
            ctypes.c_size_t, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p,
        )  # fmt: skip
        for name, arguments in (
            ("room", (size, number)),
            ("planes_encode", (given, size, number, number, out, out)),
            ("planes_decode", (given, size, size, number, number, out, out)),
            ("delta_encode", (given, given, size, number, out, out)),
            ("delta_decode", (given, size, given, size, number, out, out)),
        ):
            function = getattr(self._library, f"tenure_{name}")
            function.argtypes, function.restype = arguments, ctypes.c_int64

    def planes_encode(self, data: bytes, width: int, turn: int) -> bytes:
        """Code one chunk as byte planes."""
        count = len(data) // width
        return self._call("planes_encode", count, width, (data, count, width, turn)) or b""

    def planes_decode(self, frame: bytes, count: int, width: int, turn: int) -> bytes | None:
        """Decode one chunk of ``count`` bytes."""
        given = (frame, len(frame), count // width, width, turn)
        return self._call("planes_decode", count // width, width, given)

    def delta_encode(self, data: bytes, base: bytes, width: int) -> bytes:
        """Code one chunk against its base."""
        count = len(data) // width
        return self._call("delta_encode", count, width, (data, base, count, width)) or b""

    def delta_decode(self, frame: bytes, base: bytes, width: int) -> bytes | None:
        """Decode one chunk against its base."""
        count = len(base) // width
        return self._call("delta_decode", count, width, (frame, len(frame), base, count, width))

    def planes_decode_into(
        self, frame: bytes, out: NDArray[np.uint8], width: int, turn: int
    ) -> bool:
        """Decode one chunk where it is to lie, in whole memory; False for a frame it does not like.

        A decoder writes the chunk's own bytes and none beside them, so threads may fill one array.
        """
        count = len(out) // width
        return self._fill("planes_decode", out, width, (frame, len(frame), count, width, turn))

    def delta_decode_into(
        self, frame: bytes, base: bytes, out: NDArray[np.uint8], width: int
    ) -> bool:
        """Decode one chunk against its base, which is as long as it, where it is to lie."""
        count = len(out) // width
        return self._fill("delta_decode", out, width, (frame, len(frame), base, count, width))

    def _fill(self, name: str, out: NDArray[np.uint8], width: int, given: tuple[Any, ...]) -> bool:
        room = self._memory("room", self._library.tenure_room(len(out) // width, width))
        function = getattr(self._library, f"tenure_{name}")
        return function(*given, room.ctypes.data, out.ctypes.data) == len(out)

    def _call(self, name: str, count: int, width: int, given: tuple[Any, ...]) -> bytes | None:
        """Call a function with this thread's scratch and output; None when it returns -1."""
        room = self._memory("room", self._library.tenure_room(count, width))
        out = self._memory("out", count * width + SLACK)
        function = getattr(self._library, f"tenure_{name}")
        size = function(*given, room.ctypes.data, out.ctypes.data)
        return None if size < 0 else out[:size].tobytes()

    def _memory(self, name: str, size: int) -> NDArray[np.uint8]:
        """Return memory of this thread, kept from call to call: fresh memory is slow."""
        held = getattr(self._kept, name, None)
        if held is None or len(held) < size:
            held = np.empty(size, np.uint8)
            setattr(self._kept, name, held)
        return held


@dataclass(frozen=True, slots=True)
class State:
    """Which form is used, and why."""

    kernel: Kernel | None
    why: str


_found: list[State] = []
_lock = threading.Lock()


def get() -> Kernel | None:
    """Return the kernel, built now if need be; None where the pure form is to be used."""
    return (_found[0] if _found else state()).kernel


def state() -> State:
    """Say which form is used and why; decided once in a process."""
    with _lock:
        if not _found:
            _found.append(_state())
    return _found[0]


def _state() -> State:
    if os.environ.get("TENURE_KERNEL", "").lower() == "none":
        return State(None, "pure numpy and zlib: TENURE_KERNEL=none")
    if sys.byteorder != "little":
        return State(None, "pure numpy and zlib: this machine is big-endian")
    try:
        kernel = Kernel(_built())
    except (OSError, AttributeError, subprocess.SubprocessError) as error:
        return State(None, f"pure numpy and zlib: no kernel could be built or loaded ({error})")
    if not _agrees(kernel):
        return State(
            None, "pure numpy and zlib: the kernel that was built does not agree with them"
        )
    return State(kernel, "kernel.c, built by this machine's C compiler")


def _built() -> Path:
    """Return the library for this source, compiler and processor; built where it is not there yet."""
    compiler = shutil.which(os.environ.get("CC", "cc")) or shutil.which("gcc")
    # Not TENURE_CACHE: that one is emptied for drills, which would compile again each time.
    place = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = place / "tenure" / "kernel"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    about = folder.stat()
    if about.st_uid != os.getuid() or about.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise OSError(f"{folder} can be written to by others; run 'chmod 700' on it")
    name = hashlib.sha256(
        b"\0".join((SOURCE.read_bytes(), " ".join(FLAGS).encode(), _machine().encode()))
    ).hexdigest()
    place = folder / f"{name[:32]}.so"
    if place.is_file():
        return place
    if compiler is None:
        raise OSError("there is no C compiler 'cc' here")
    with tempfile.TemporaryDirectory(dir=folder) as draft:
        built = Path(draft) / "kernel.so"
        for extra in (("-march=native",), ()):
            done = subprocess.run(  # noqa: S603 - the machine's compiler on our own source
                [compiler, *FLAGS, *extra, "-o", str(built), str(SOURCE)],
                capture_output=True,
                timeout=BUILD_SECONDS,
                check=False,
            )
            if done.returncode == 0:
                built.rename(place)
                return place
    raise OSError(f"'{compiler}' could not compile kernel.c")


def _machine() -> str:
    """Describe the processor: a library built for another one may use what this one lacks."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        flags = next((line for line in lines if line.startswith(("flags", "Features"))), "")
    except OSError:
        flags = platform.processor()
    return f"{platform.system()} {platform.machine()} {flags}"


def _agrees(kernel: Kernel) -> bool:
    """Compare with the pure form on a few thousand elements of every width."""
    state = np.arange(3 * TRIAL * 8, dtype=np.uint32) * np.uint32(2654435761)
    noise = (state >> np.uint32(24)).astype(np.uint8)
    for width in (1, 2, 4, 8):
        base = (noise[: TRIAL * width] & np.uint8(0xB1)).tobytes()
        near = np.frombuffer(base, f"<u{width}") + (noise[-TRIAL:] > 200).astype(f"<u{width}")
        data = near.tobytes()
        frame, change = planes.encode(base, width, 1), delta.encode(data, base, width)
        if (
            kernel.planes_encode(base, width, 1) != frame
            or kernel.planes_decode(frame, len(base), width, 1) != base
            or kernel.delta_encode(data, base, width) != change
            or kernel.delta_decode(change, base, width) != data
        ):
            return False
    return True

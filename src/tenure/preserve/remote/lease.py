"""Being the only writer where nobody releases a lock for a process that died.

The lock is one small file that says who writes, and a number that grows with every change of the
writer (a fencing token: M. Kleppmann, "How to do distributed locking", 2016). The writer renews it
while it works; whoever waits takes it over after having seen it unchanged for a whole lease, by
its own clock: no two machines' clocks are compared, so that one set back does no harm. It is never
deleted: it is given back by writing that it is free.
"""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Protocol
from uuid import uuid4

from tenure.errors import BusyError, IntegrityError

LOCK = "extensions/tenure-lock/lock.json"
LARGEST = 4096


class Register(Protocol):
    """One small file that is changed only by whoever knows what it holds."""

    def read(self) -> tuple[bytes, str] | None:
        """Return what it holds, and the name of that version; None when it is not there yet."""
        ...

    def write(self, content: bytes, version: str | None) -> str | None:
        """Replace that version (None: make it); the new version's name, or None if too late."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """Seconds: how long a lease lasts without renewal, and how long to wait for another's."""

    lease: float = 30.0
    wait: float = 60.0
    pause: float = 0.2


PATIENCE = Patience()


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Who holds the lock: a random name, the fencing token, and whether it is free."""

    owner: str
    token: int
    beat: int = 0
    free: bool = False

    def to_bytes(self) -> bytes:
        """Write it as a person may read it."""
        return json.dumps({"format": "tenure/lock/1", **asdict(self)}, indent=1).encode() + b"\n"


def parse(data: bytes) -> Held:
    """Read a lock file, believing nothing; an empty one is being written by somebody.

    Raises:
        IntegrityError: it is not one.
    """
    if not data:
        return Held(owner="", token=1)
    try:
        whole = json.loads(data[: LARGEST + 1])
        return Held(
            owner=str(whole["owner"]),
            token=range(1 << 53)[whole["token"]],
            beat=range(1 << 53)[whole["beat"]],
            free=whole["free"] is True,
        )
    except (ValueError, KeyError, TypeError, IndexError):
        raise IntegrityError(
            f"{LOCK} is not a lock file; when nobody writes to this vault, remove it by hand"
        ) from None


class Lease:
    """Holds the lock of one place while its context lasts; made anew for each use."""

    def __init__(self, register: Register, where: str) -> None:
        """``where`` is how messages call the place."""
        self._register, self._where, self._patience = register, where, PATIENCE
        self._mine = Held(owner=uuid4().hex, token=1)
        self._version = ""
        self._renewed = 0.0
        self._turn = threading.Lock()
        self._ended = threading.Event()

    @property
    def token(self) -> int:
        """The fencing token: larger than every earlier writer's."""
        return self._mine.token

    @contextmanager
    def held(self) -> Iterator["Lease"]:
        """Acquire, renew in the background, give back.

        Raises:
            BusyError: another command goes on renewing it.
        """
        self._acquire()
        beating = threading.Thread(target=self._beat, name="tenure-lease", daemon=True)
        beating.start()
        try:
            yield self
        finally:
            self._ended.set()
            beating.join()
            self._give_back()

    def confirm(self) -> None:
        """Ask the store whether the lock is still ours; called before anything visible is changed.

        Raises:
            BusyError: we were stopped for longer than a lease, and another command took over.
        """
        with self._turn:
            found = self._register.read()
            if found is None or parse(found[0]).owner != self._mine.owner:
                raise BusyError(
                    f"{self._where}: this command was held up for so long that another one became the "
                    "writer; nothing more was changed: run it again"
                )

    def lasts(self) -> bool:
        """Say, without asking the store, whether nobody can have taken over yet."""
        return _now() - self._renewed < self._patience.lease

    def _acquire(self) -> None:
        until = _now() + self._patience.wait
        last, since = "", _now()
        while True:
            found = self._register.read()
            version = found[1] if found else None
            holder = parse(found[0]) if found else None
            if version != last:
                last, since = version or "", _now()
            stale = _now() - since >= self._patience.lease
            if holder is None or holder.free or stale:
                self._mine = Held(owner=self._mine.owner, token=holder.token + 1 if holder else 1)
                began = _now()
                got = self._register.write(self._mine.to_bytes(), version)
                if got is not None:
                    self._version, self._renewed = got, began
                    return
            if _now() >= until:
                raise BusyError(
                    f"another command has been writing to the vault {self._where} for "
                    f"{self._patience.wait:.0f} s; run this again when it is done"
                )
            time.sleep(self._patience.pause)

    def _beat(self) -> None:
        while not self._ended.wait(self._patience.lease / 3):
            with self._turn:
                began = _now()
                self._mine = Held(
                    owner=self._mine.owner, token=self._mine.token, beat=self._mine.beat + 1
                )
                try:
                    got = self._register.write(self._mine.to_bytes(), self._version)
                    got = got or self._written_unheard()
                except (OSError, KeyError):
                    continue  # the next beat tries again; confirm() tells when it was too late
                if got is None:
                    return
                self._version, self._renewed = got, began

    def _written_unheard(self) -> str | None:
        """Return the version of a renewal whose answer was lost; None when it is not ours."""
        found = self._register.read()
        if found is None or parse(found[0]).owner != self._mine.owner:
            return None
        return self._register.write(self._mine.to_bytes(), found[1])

    def _give_back(self) -> None:
        free = Held(owner=self._mine.owner, token=self._mine.token, free=True)
        try:
            self._register.write(free.to_bytes(), self._version)
        except (OSError, KeyError):
            return  # it runs out by itself


def _now() -> float:
    """Seconds that go on while the machine sleeps, and that nobody can set."""
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return time.clock_gettime(clock)

"""Leases: one owner for each stage and unit at a time; taken over when the owner is dead or stale.

An owner on this machine is alive while its process is (same boot, same pid namespace, same start
time of the process). One elsewhere is alive until its lease expires.
"""

import json
import os
import socket
import threading
import time
from contextlib import suppress
from functools import cache
from pathlib import Path

import sqlalchemy as sa

from tenure.dossier.log import Log, Writing
from tenure.dossier.tables import leases
from tenure.errors import BusyError

EXPIRY = 900.0  # seconds an owner on another machine is believed without a sign of life


def _text(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError:
        return ""


@cache
def _machine() -> dict[str, str]:
    """Say which machine, boot and pid namespace this is."""
    namespace = ""
    with suppress(OSError):
        namespace = str(Path("/proc/self/ns/pid").readlink())
    return {
        "host": socket.gethostname(),
        "boot": _text("/proc/sys/kernel/random/boot_id"),
        "namespace": namespace,
    }


def _started(pid: int) -> str:
    """Return when a process was started, in ticks since boot; "" when there is none."""
    fields = _text(f"/proc/{pid}/stat").rpartition(")")[2].split()
    if len(fields) < 20 or fields[0] == "Z":  # a zombie has ended, whoever has yet to collect it
        return ""
    return fields[19]


def _me() -> dict[str, str | int]:
    return {**_machine(), "pid": os.getpid(), "started": _started(os.getpid())}


def _alive(owner: dict[str, str | int], expires: float) -> bool:
    here = _machine()
    if all(owner.get(part) == here[part] for part in here):
        pid = owner.get("pid")
        if not isinstance(pid, int):
            return False
        if Path("/proc/self/stat").exists():
            return _started(pid) == owner.get("started") != ""
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            return True
        return True
    return time.time() < expires


class Leases:
    """The leases this process holds in one log."""

    def __init__(self, log: Log) -> None:
        """Hold none yet."""
        self.log = log
        self.held: set[str] = set()
        self._next_sign = time.time() + EXPIRY / 3
        self._stopped = threading.Event()
        self._pulse: threading.Thread | None = None

    def take(self, name: str, what: str) -> None:
        """Take a lease, durable before this returns.

        Raises:
            BusyError: a living process holds it; the message says which.
        """
        with self.log.writing() as tx:
            row = tx.connection.execute(sa.select(leases).where(leases.c.name == name)).first()
            if row is not None:
                owner: dict[str, str | int] = json.loads(row.owner)
                mine = owner == _me() and name not in self.held
                if not mine and _alive(owner, row.expires):
                    raise BusyError(
                        f"process {owner['pid']} on {owner['host']} is doing {what} right now; "
                        "wait for it or stop it, then run the same command again"
                    )
                tx.connection.execute(leases.delete().where(leases.c.name == name))
            values = {"name": name, "owner": json.dumps(_me()), "expires": time.time() + EXPIRY}
            tx.connection.execute(leases.insert(), values)
        self.held.add(name)
        self._keep_alive()

    def release(self, name: str, tx: Writing | None = None) -> None:
        """Give a lease back, in the transaction that ends the work if there is one."""
        if name not in self.held:
            return
        gone = leases.delete().where(leases.c.name == name, leases.c.owner == json.dumps(_me()))
        if tx is not None:
            tx.connection.execute(gone)
        else:
            with self.log.writing() as own:
                own.connection.execute(gone)
        self.held.discard(name)

    def sign_of_life(self) -> None:
        """Renew what is held, now and then; called whenever a stage reports progress."""
        if self.held and time.time() >= self._next_sign:
            self._renew()

    def _renew(self) -> None:
        self._next_sign = time.time() + EXPIRY / 3
        with self.log.writing() as tx:
            renew = leases.update().where(leases.c.owner == json.dumps(_me()))
            tx.connection.execute(renew, {"expires": time.time() + EXPIRY})

    def _keep_alive(self) -> None:
        """Renew from a thread of our own where machines that cannot see this process wait for it."""
        if self.log.sqlite or self._pulse is not None:
            return

        def pulse() -> None:
            while not self._stopped.wait(EXPIRY / 3):
                if self.held:
                    self._renew()

        self._pulse = threading.Thread(target=pulse, name="leases", daemon=True)
        self._pulse.start()

    def close(self) -> None:
        """Stop renewing."""
        self._stopped.set()
        if self._pulse is not None:
            self._pulse.join()

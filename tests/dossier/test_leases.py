"""Two processes, units and leases: nothing done twice, nothing blocked by the dead."""

import contextlib
import json
import multiprocessing
import os
import signal
import time
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from tenure.dossier import Dossier
from tenure.dossier.leases import EXPIRY
from tenure.dossier.verify import verify
from tenure.errors import BusyError

pytestmark = pytest.mark.slow

FORK = multiprocessing.get_context("fork")


def work(root, keys, pipe):
    """A process that does units when told to, and holds each until told to finish."""
    with Dossier.open(root, keys=keys) as dossier, dossier.emitter("tulip@1", "test") as emit:
        while True:
            key = pipe.recv()

            def do(key=key):
                pipe.send("begun")
                return {"key": key, "by": pipe.recv()}

            try:
                pipe.send(("done", emit.unit("u", {"key": key}, do)))
            except BusyError:
                pipe.send("busy")


class Worker:
    def __init__(self, root, keys):
        self.pipe, theirs = FORK.Pipe()
        self.process = FORK.Process(target=work, args=(root, keys, theirs), daemon=True)
        self.process.start()
        self.holds = None

    def kill(self):
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.join()
        self.holds = None

    def begin(self, key):
        self.pipe.send(key)
        answer = self.pipe.recv()
        self.holds = key if answer == "begun" else None
        return answer

    def finish(self, word):
        self.pipe.send(word)
        self.holds = None
        return self.pipe.recv()


class Units(RuleBasedStateMachine):
    """Two workers, three units, killed at will; ``root`` and ``keys`` are set by the test."""

    root = keys = None

    def __init__(self):
        super().__init__()
        self.prefix = f"{time.monotonic_ns()}"
        self.done = {}
        self.workers = [self.worker(), self.worker()]

    def worker(self):
        return Worker(self.root, self.keys)

    def expected(self, key, other):
        """A finished unit is never redone, one in hand not begun twice, a free one can be begun."""
        if key in self.done:
            return ("done", self.done[key])
        return "busy" if other.holds == key else "begun"

    @rule(who=st.integers(0, 1), what=st.integers(0, 2))
    def begin(self, who, what):
        worker, other = self.workers[who], self.workers[1 - who]
        if worker.holds is None:
            key = f"{self.prefix} {what}"
            expected = self.expected(key, other)

            assert worker.begin(key) == expected

    @rule(who=st.integers(0, 1), word=st.text(max_size=3))
    def finish(self, who, word):
        worker = self.workers[who]
        if worker.holds is not None:
            key = worker.holds
            self.done[key] = {"key": key, "by": word}

            assert worker.finish(word) == ("done", self.done[key])

    @rule(who=st.integers(0, 1))
    def kill(self, who):
        self.workers[who].kill()
        self.workers[who] = self.worker()

    def teardown(self):
        for worker in self.workers:
            worker.kill()


def test_no_order_of_begin_finish_and_kill_loses_or_repeats_a_unit(lived):
    run_state_machine_as_test(
        type("Here", (Units,), {"root": lived.root, "keys": lived.writer.keys.folder}),
        settings=settings(max_examples=3, stateful_step_count=15, deadline=None),
    )

    assert verify(lived.root).ok


@pytest.fixture
def held(dossier):
    dossier.leases.take("stage:x", "x")
    return dossier


def owner(dossier):
    with dossier.log.engine.connect() as connection:
        return json.loads(connection.exec_driver_sql("SELECT owner FROM leases").scalar())


def pretend(dossier, kit, expires=None, **other):
    """Make the lease somebody else's."""
    dossier.leases.held.clear()
    changed = json.dumps({**owner(dossier), **other})
    kit.change(dossier.root, "UPDATE leases SET owner = ?", changed)
    if expires is not None:
        kit.change(dossier.root, "UPDATE leases SET expires = ?", expires)


def test_a_lease_is_held_once_and_given_back(held):
    with pytest.raises(BusyError, match=f"process {os.getpid()} on .* is doing x right now"):
        held.leases.take("stage:x", "x")

    held.leases.release("stage:x")
    held.leases.take("stage:x", "x")


def test_a_lease_of_a_living_process_here_holds_however_old(held, kit):
    pretend(held, kit, expires=0.0, pid=os.getppid(), started=started(os.getppid()))

    with pytest.raises(BusyError):
        held.leases.take("stage:x", "x")


def started(pid):
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]


@pytest.mark.parametrize("other", [{"pid": 2**22 + 1}, {"started": "1"}, {"pid": None}])
def test_a_lease_of_a_dead_process_here_is_taken_over(held, kit, other):
    pretend(held, kit, **other)

    held.leases.take("stage:x", "x")


@pytest.mark.parametrize(
    "other", [{"host": "elsewhere"}, {"boot": "another"}, {"namespace": "pid:[1]"}]
)
def test_a_lease_from_elsewhere_holds_until_it_expires(held, kit, other):
    pretend(held, kit, **other)
    with pytest.raises(BusyError):
        held.leases.take("stage:x", "x")

    pretend(held, kit, expires=time.time() - 1)
    held.leases.take("stage:x", "x")


def test_signs_of_life_renew_what_is_held(held, kit):
    kit.change(held.root, "UPDATE leases SET expires = 0")
    held.leases.sign_of_life()
    held.leases._next_sign = 0.0

    held.leases.sign_of_life()

    with contextlib.closing(held.log.engine.raw_connection()) as raw:
        (expires,) = raw.cursor().execute("SELECT expires FROM leases").fetchone()
    assert expires > time.time() + EXPIRY - 60

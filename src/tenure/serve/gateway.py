"""The gateway: a fleet, a ledger and an ordered list of steps, as one stream per call."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

from tenure import plugins
from tenure.serve.call import Call, Event, Step, Stream, refuse
from tenure.serve.fleet import Fleet
from tenure.serve.ledger import Ledger
from tenure.serve.signals import Signals

DEFAULT_STEPS = ("ledger", "identify", "retirement", "grant", "admit", "probe", "backend")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """What the steps share. ``keys`` maps an API key to its tier; empty means open to this machine.

    ``signals`` are the probes whose scores go into the ledger. ``busy`` counts the calls that are being
    answered under each grant of access.
    """

    fleet: Fleet
    ledger: Ledger
    keys: dict[str, str]
    steps: Sequence[str] = DEFAULT_STEPS
    signals: Signals | None = None
    busy: Counter[str] = field(default_factory=Counter[str])

    def stream(self, call: Call) -> Stream:
        """Answer one call: its events, through every step in order."""
        chain: list[Step] = [plugins.load("step", name)(self) for name in self.steps]

        def at(position: int, passed: Call) -> Stream:
            if position == len(chain):
                return _nobody()
            return chain[position](passed, lambda inner: at(position + 1, inner))

        return at(0, call)


async def _nobody() -> AsyncIterator[Event]:
    """End a pipeline that has no backend."""
    yield refuse(500, "no_backend", "no step answers; add 'backend' to the gateway's steps")

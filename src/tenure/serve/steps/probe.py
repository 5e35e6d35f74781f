"""What probes read in a conversation, as signals in the ledger; held back only where the operator said so.

A probe of the prompt scores before the answer begins, one of the answer when it has ended. Where an
answer may be held back, nothing of it is sent before it was scored, streamed or not.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from typing import Any

from tenure.serve.call import Call, Event, Next, Start, Step, Stop, Text, refuse
from tenure.serve.gateway import Gateway
from tenure.serve.ledger import Signal
from tenure.serve.signals import Signals, Watch, score


def extension(gateway: Gateway) -> Step:
    """Make the step; a gateway without probes lets everything pass."""
    signals = gateway.signals

    def step(call: Call, following: Next) -> AsyncIterator[Event]:
        if signals is None:
            return following(call)
        return _watched(gateway, signals, call, following)

    return step


async def _watched(
    gateway: Gateway, signals: Signals, call: Call, following: Next
) -> AsyncIterator[Event]:
    model = call.notes["model"]
    watches = signals.of(model)
    early = [w for w in watches if w.pooling == "last"]
    late = [w for w in watches if w.pooling == "answer"]
    others = signals.others(model)
    unended = [w.missing("there was no whole answer") for w in late]
    call.notes["signals"] = [*others, *(w.missing("the model did not wake") for w in early), *unended]  # fmt: skip
    # What may be held back is kept until it was scored.
    waits, kept, text = any(w.hold_above is not None for w in late), list[Event](), ""
    inner: Any = following(call)
    async with aclosing(inner) as events:
        async for event in events:
            if isinstance(event, Start):
                before = await _scored(gateway, call, early, "")
                call.notes["signals"] = [*others, *before, *unended]
                if any(s.held for s in before):
                    yield _held(before)
                    return
            elif isinstance(event, Text):
                text += event.text
            elif isinstance(event, Stop) and event.status == 200:
                after = await _scored(gateway, call, late, text)
                call.notes["signals"] = [*call.notes["signals"][: -len(late) or None], *after]
                if any(s.held for s in after):
                    yield _held(after)
                    return
            if waits and not isinstance(event, Start | Stop):
                kept.append(event)
                continue
            if isinstance(event, Stop) and event.status == 200:  # else nothing of it was scored
                for earlier in kept:
                    yield earlier
            yield event


async def _scored(
    gateway: Gateway, call: Call, watches: Sequence[Watch], answer: str
) -> list[Signal]:
    if not watches:
        return []
    awake, _ = await asyncio.to_thread(gateway.fleet.wake, call.notes["model"])
    messages = [dict(m) for m in call.messages]
    return await asyncio.to_thread(score, awake, watches, messages, answer)


def _held(signals: Sequence[Signal]) -> Stop:
    """Refuse, naming the signal and never its score: that would teach how to pass below it."""
    names = ", ".join(dict.fromkeys(f"'{s.concept}'" for s in signals if s.held))
    return refuse(
        403,
        "held_by_signal",
        f"held back: the signal {names} is above what the operator of this service lets pass, or could not "
        "be read; put it in other words, or ask the operator",
    )

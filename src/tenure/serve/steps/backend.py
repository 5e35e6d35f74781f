"""The model itself: wakes it, streams its answer, counts its tokens."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

from tenure.errors import TenureError
from tenure.models import Messages, Sampling
from tenure.serve.call import Call, Event, Next, Start, Step, Stop, Text, Usage, refuse
from tenure.serve.fleet import Awake
from tenure.serve.gateway import Gateway

END = object()


def extension(gateway: Gateway) -> Step:
    """Make the step."""

    async def step(call: Call, following: Next) -> AsyncIterator[Event]:
        model = call.notes["model"]
        asked = time.monotonic()
        try:
            awake, cold_ms = await asyncio.to_thread(gateway.fleet.wake, model)
        except TenureError as error:
            yield refuse(503, "cannot_wake", str(error))
            return
        call.notes["queue_ms"] = (time.monotonic() - asked) * 1000 - cold_ms
        yield Start(
            model=model.id, digest=model.digest, cold_ms=cold_ms, notice=call.notes.get("notice")
        )
        sampling = Sampling(
            max_tokens=call.max_tokens,
            temperature=call.temperature,
            top_p=call.top_p,
            seed=call.seed,
            stop=call.stop,
        )
        messages = [dict(m) for m in call.messages]
        answer = _streamed if call.stream else _whole
        try:
            async for event in answer(awake, messages, sampling):
                yield event
        except TenureError as error:
            yield refuse(502, "engine", str(error))

    return step


async def _whole(awake: Awake, messages: Messages, sampling: Sampling) -> AsyncIterator[Event]:
    """Answer at once, together with the questions that come at the same moment."""
    reply = await asyncio.wrap_future(awake.ask(messages, sampling))
    yield Text(reply.text)
    yield Usage(prompt_tokens=reply.prompt_tokens, completion_tokens=reply.tokens)
    yield Stop(reason=reply.stop)


async def _streamed(awake: Awake, messages: Messages, sampling: Sampling) -> AsyncIterator[Event]:
    """Answer piece by piece; the tokens read are counted over the text, without the template's own."""
    engine = awake.engine()
    written = ""
    async for piece in _pieces(engine.stream(messages, sampling)):
        written += piece
        yield Text(piece)
    said, read = await asyncio.to_thread(
        lambda: (engine.tokens(written), sum(engine.tokens(m["content"]) for m in messages))
    )
    yield Usage(prompt_tokens=read, completion_tokens=said)
    yield Stop(reason="length" if said >= sampling.max_tokens else "stop")


async def _pieces(source: Iterator[str]) -> AsyncIterator[str]:
    """Read a blocking iterator without blocking the loop.

    One hop a piece: an engine writes tens of pieces a second, a hop costs tens of microseconds.
    """

    def advance() -> Any:
        return next(source, END)

    try:
        while (piece := await asyncio.to_thread(advance)) is not END:
            yield piece
    finally:
        close = getattr(source, "close", None)
        if close is not None:
            await asyncio.to_thread(close)

"""One ledger row per call, whatever becomes of it; the outermost step."""

import time
from collections.abc import AsyncIterator

from tenure.dossier import digest_of, now
from tenure.serve.call import Call, Event, Next, Start, Step, Stop, Text, Usage
from tenure.serve.gateway import Gateway
from tenure.serve.ledger import Row, tenant_of


def extension(gateway: Gateway) -> Step:
    """Make the step."""

    async def step(call: Call, following: Next) -> AsyncIterator[Event]:
        came, started = now(), time.monotonic()
        start: Start | None = None
        usage: Usage | None = None
        first: float | None = None
        # A caller who hangs up closes this generator: then no Stop was seen.
        stop = Stop(reason="disconnected", status=499)
        try:
            async for event in following(call):
                if isinstance(event, Start):
                    start = event
                elif isinstance(event, Text) and first is None:
                    first = (time.monotonic() - started) * 1000
                elif isinstance(event, Usage):
                    usage = event
                elif isinstance(event, Stop):
                    stop = event
                yield event
        finally:
            gateway.ledger.add(
                Row(
                    id=call.id,
                    time=came,
                    tenant=tenant_of(call.key),
                    tier=str(call.notes.get("tier", "none")),
                    wire=call.wire,
                    requested=call.model,
                    served=start.model if start else None,
                    model_digest=start.digest if start else None,
                    route=str(call.notes.get("route", "named")),
                    prompt_tokens=usage.prompt_tokens if usage else None,
                    completion_tokens=usage.completion_tokens if usage else None,
                    cost=None,
                    queue_ms=call.notes.get("queue_ms"),
                    cold_ms=start.cold_ms if start else None,
                    first_token_ms=first,
                    total_ms=(time.monotonic() - started) * 1000,
                    stop=stop.reason,
                    status=stop.status,
                    code=stop.code or None,
                    notice=start.notice if start else None,
                    conversation=digest_of([dict(m) for m in call.messages]),
                ),
                call.notes.get("signals", ()),
            )

    return step

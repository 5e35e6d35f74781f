"""Who asks: an API key gives a tier; a gateway without keys serves this machine only."""

import hmac
from collections.abc import AsyncIterator

from tenure.serve.call import Call, Event, Next, Step, refuse
from tenure.serve.gateway import Gateway


def extension(gateway: Gateway) -> Step:
    """Make the step."""

    async def step(call: Call, following: Next) -> AsyncIterator[Event]:
        tier = "local" if not gateway.keys else None
        for key, given in gateway.keys.items():
            # Compared in constant time, and every key each time: how long it takes says nothing.
            if hmac.compare_digest(key.encode(), call.key.encode()):
                tier = given
        if tier is None:
            yield refuse(
                401, "unknown_key", "this API key is not known here; ask the operator for one"
            )
            return
        call.notes["tier"] = tier
        async for event in following(call):
            yield event

    return step

"""Which model may answer: released ones; a retired one after its caller has read why it is retired."""

from collections.abc import AsyncIterator

from tenure.errors import RefusedError, TenureError
from tenure.serve.call import Call, Event, Next, Step, refuse
from tenure.serve.gateway import Gateway


def extension(gateway: Gateway) -> Step:
    """Make the step."""

    async def step(call: Call, following: Next) -> AsyncIterator[Event]:
        try:
            model = call.notes.get("model") or gateway.fleet.find(call.model)
        except RefusedError as error:
            yield refuse(403, "not_released", str(error))
            return
        except TenureError as error:
            yield refuse(404, "unknown_model", str(error))
            return
        call.notes["model"] = model
        if gateway.fleet.retired(model):
            successor = gateway.fleet.successor(model)
            grant = call.notes.get("grant")
            if grant is None and not call.acknowledged:
                yield refuse(410, "retired", explanation(model.id, successor), successor=successor)
                return
            call.notes["route"] = grant.klass if grant else "retired-acknowledged"
            call.notes["notice"] = f"{model.id} is retired; it was brought back for this request"
        async for event in following(call):
            yield event

    return step


def explanation(model: str, successor: str | None) -> str:
    """Say what retired means, before anything else happens; never answer as another model."""
    instead = (
        f" Its successor is {successor}; nothing was sent there in your name." if successor else ""
    )
    return (
        f"{model} is retired: it is kept, and it answers on request, after being brought back from the "
        f"vault, which takes longer.{instead} To ask it all the same, send the request again with "
        '"tenure": {"acknowledge_retired": true} in its body.'
    )

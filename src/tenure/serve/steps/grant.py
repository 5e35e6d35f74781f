"""Access to a retired model that was granted: until a day, for so many calls; counted on the ledger.

Who holds a grant has asked and been told, so that the explanation need not be acknowledged again. A
grant that is used up is refused, and says so. Calls that are being answered count, so that no burst
goes past the budget.
"""

from collections.abc import AsyncIterator
from contextlib import aclosing
from datetime import date
from typing import Any

from tenure.dossier import Model, now
from tenure.dossier.granting import Grant
from tenure.dossier.retiring import day
from tenure.errors import TenureError
from tenure.serve.call import Call, Event, Next, Step, Stop, refuse
from tenure.serve.gateway import Gateway
from tenure.serve.ledger import tenant_of


def extension(gateway: Gateway) -> Step:
    """Make the step."""

    async def step(call: Call, following: Next) -> AsyncIterator[Event]:
        model = _retired(gateway, call)
        grant = gateway.fleet.grant(model, tenant_of(call.key)) if model else None
        today = day(now())
        if model is None or grant is None or not grant.open(today):
            closed = model is not None and gateway.fleet.by_grant_only(model)
            if closed and model is not None:
                yield _asks_for_one(model, grant, today)
                return
            async for event in following(call):
                yield event
            return
        busy = grant.event
        used = gateway.ledger.answered(grant.who, grant.model, grant.since)
        if grant.budget is not None and used + gateway.busy[busy] >= grant.budget:
            yield _used_up(grant)
            return
        gateway.busy[busy] += 1
        call.notes["grant"] = grant
        inner: Any = following(call)
        try:
            async with aclosing(inner) as events:
                async for event in events:
                    yield event
        finally:
            gateway.busy[busy] -= 1

    return step


def _retired(gateway: Gateway, call: Call) -> Model | None:
    try:
        model = call.notes.get("model") or gateway.fleet.find(call.model)
    except TenureError:
        return None  # a later step refuses it, and says why
    return model if gateway.fleet.retired(model) else None


def _asks_for_one(model: Model, grant: Grant | None, today: date) -> Stop:
    over = f" Yours ended on {grant.until}." if grant and not grant.open(today) else ""
    return refuse(
        403,
        "needs_grant",
        f"{model.id} is retired and answers those who were granted access.{over} Ask the people who run "
        "this service: they record your request ('tenure retire request'), and a named person answers it.",
    )


def _used_up(grant: Grant) -> Stop:
    return refuse(
        403,
        "grant_used_up",
        f"your access to {grant.model} was granted for {grant.budget} calls, and they are used up; ask "
        "the people who run this service for more",
    )

"""A model under notice says so with every answer: headers, and a sentence in the body.

The headers are Deprecation (RFC 9745), Sunset (RFC 8594) and Link, to the page for users and to the
successor (RFC 5829). They go with streamed answers and with refusals too. A name without a version
that has moved on to another version, while an earlier one of this name is under notice, is answered
with that said: nothing is rerouted in silence.
"""

from collections.abc import AsyncIterator
from dataclasses import replace
from urllib.parse import quote

from tenure.dossier import Model
from tenure.dossier.retiring import Notice, headers
from tenure.errors import TenureError
from tenure.serve.call import Call, Event, Next, Start, Step
from tenure.serve.gateway import Gateway


def extension(gateway: Gateway) -> Step:
    """Make the step."""

    async def step(call: Call, following: Next) -> AsyncIterator[Event]:
        told = _told(gateway, call)
        async for event in following(call):
            # Said only of the model it is about: an answer by another one stays undisclosed, and the
            # ledger's tally of reroutes counts it.
            if told and isinstance(event, Start) and event.model == told[0] and not event.notice:
                yield replace(event, notice=told[1])
            else:
                yield event

    return step


def _told(gateway: Gateway, call: Call) -> tuple[str, str] | None:
    """Leave the headers in the call's notes; returns the model that answers, and what is said."""
    try:
        model = gateway.fleet.find(call.model)
    except TenureError:
        return None  # a later step refuses it, and says why
    call.notes["model"] = model
    notice = gateway.fleet.notice(model)
    if notice is not None:
        call.notes["headers"] = {**headers(notice.announced, notice.sunset), "Link": link(notice)}
        return model.id, sentence(notice)
    earlier = _left(gateway, call, model)
    if earlier is None:
        return None
    call.notes["headers"] = {"Link": link(earlier)}
    return model.id, (
        f"'{call.model}' now means {model.id}. {sentence(earlier)} To ask it, send its full name."
    )


def _left(gateway: Gateway, call: Call, model: Model) -> Notice | None:
    """Find the notice of an earlier version that this name meant before."""
    if model.id == call.model.removeprefix("tenure/"):
        return None
    found = [gateway.fleet.notice(each) for each in gateway.fleet.versions(model)]
    return next((notice for notice in reversed(found) if notice is not None), None)


def sentence(notice: Notice) -> str:
    """Say in the body of an answer what users of a model under notice need to know."""
    heir = f" Its successor is {notice.successor}." if notice.successor else ""
    return (
        f"{notice.model} is being retired, on {notice.sunset} at the earliest.{heir} Nothing is sent "
        f"there in your name. More: /retirements/{notice.model}"
    )


def link(notice: Notice) -> str:
    """Write the Link header: the page for users, and the successor where one is named."""
    page = f"</retirements/{quote(notice.model, safe='')}>"
    links = [f'{page}; rel="deprecation"; type="text/html"', f'{page}; rel="sunset"']
    if notice.successor:
        links.append(f'</v1/models/{quote(notice.successor, safe="")}>; rel="successor-version"')
    return ", ".join(links)

"""The queue of people who ask for a retired model: each request is answered by a named person.

'tenure retire request' records who asks and why; 'tenure next' shows what is open until a person in a
role grants or declines it, with a reason. Granting makes nothing happen by itself: what follows is a
grant of access, or the model's return to service by a decision of its own.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from tenure.dossier import Emit, Evidence, Model, Stage, View
from tenure.dossier.retiring import day
from tenure.dossier.roles import under_own_key, under_own_keys
from tenure.errors import UsageError, unknown

REQUESTED, ANSWERED = "revival/requested", "revival/answered"
DAYS_TO_ANSWER = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request for a retired model, and its answer when it has one."""

    id: str
    who: str
    why: str
    asked: date
    until: date
    answer: str | None = None
    because: str = ""
    by: str = ""


class Spec(BaseModel):
    """Settings."""

    model_config = ConfigDict(extra="forbid")

    who: str | None = Field(None, min_length=2, description="Who asks, as they want to be named.")
    why: str | None = Field(None, min_length=2, description="What for.")
    answer: str | None = Field(None, description="The request that is answered, by its number.")
    decision: Literal["granted", "declined"] | None = Field(
        None, description="granted or declined."
    )
    because: str = Field("", description="The reason of the answer; the one who asks is told.")
    role: str = Field("", description="In which role you answer.")
    name: str = Field("", description="Your name.")


def requests(view: View, model: str) -> list[Request]:
    """List every request for a model, in the order in which they came."""
    answers = {str(event.body["request"]): event for event in under_own_keys(view, ANSWERED, model)}
    found: list[Request] = []
    for number, event in enumerate(view.events(act="note", name=REQUESTED, model=model), 1):
        answer = answers.get(event.digest)
        body = answer.body if answer else {}
        asked = day(event.time)
        found.append(
            Request(
                id=str(number),
                who=str(event.body["who"]),
                why=str(event.body["why"]),
                asked=asked,
                until=asked + timedelta(days=DAYS_TO_ANSWER),
                answer=body.get("decision"),
                because=str(body.get("because") or ""),
                by=f"{body['name']} ({body['role']})" if body else "",
            )
        )
    return found


def waiting(view: View, model: str) -> list[Request]:
    """List the requests that nobody has answered."""
    return [each for each in requests(view, model) if each.answer is None]


def run(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence:
    """Record a request, or a person's answer to one.

    Raises:
        UsageError: neither a request nor an answer, an answer without a reason or a name, a model
            that is not leaving, or a request that is not open.
        RefusedError: the key is not the role's.
    """
    if spec.answer is not None:
        return _answer(model, view, spec, emit)
    if not spec.who or not spec.why:
        raise UsageError("say who asks and what for: --who NAME --why TEXT")
    if view.state(model.id).stage not in ("deprecated", "retired"):
        raise UsageError(f"{model.id} is not being retired; it can be asked as it is")
    emit.event("note", REQUESTED, {"who": spec.who, "why": spec.why})
    made = requests(view, model.id)[-1]
    return _evidence(model, view, f"Request {made.id}: {spec.who} asks for {model.id}: {spec.why}")


def _answer(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence:
    events = view.events(act="note", name=REQUESTED, model=model.id)
    still = {each.id: events[int(each.id) - 1] for each in waiting(view, model.id)}
    if spec.answer not in still:
        raise unknown("open request", str(spec.answer), still)
    if spec.decision is None or not spec.because.strip() or not spec.name.strip() or not spec.role:
        raise UsageError(
            "an answer needs all of: --decision granted|declined, --because TEXT, --role, --name"
        )
    under_own_key(emit, spec.role, "request", "retire")
    body = {
        "request": still[spec.answer].digest,
        "decision": spec.decision,
        "because": spec.because,
        "role": spec.role,
        "name": spec.name,
    }
    emit.event("sign", ANSWERED, body)
    told = f"Request {spec.answer} is {spec.decision} by {spec.name} ({spec.role}): {spec.because}"
    return _evidence(model, view, told)


def _evidence(model: Model, view: View, summary: str) -> Evidence:
    every = requests(view, model.id)
    return Evidence(
        name="retire/request",
        model=model.id,
        kind="human",
        summary=summary,
        findings={"requests": len(every), "open": sum(each.answer is None for each in every)},
    )


stage = Stage(
    name="retire/request",
    spec=Spec,
    run=run,
    summary="Ask for a retired model, or answer somebody who does.",
    repeat=True,
)

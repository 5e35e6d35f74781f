"""A shorter notice, as an exception: two people sign it, in two roles, with the reason users are shown.

'tenure retire exception' signs with the key of your role. The first signature waits for the second;
both are on the same days and the same reason. It is published on the notice's page and in the feed.
A model of the class 'public' never has fewer than 14 days. A promise about the notice that is on file
stays a promise: an exception does not keep it.
"""

from pydantic import BaseModel, ConfigDict, Field

from tenure.dossier import Emit, Evidence, Model, Stage, View, Waiting
from tenure.dossier.retiring import EXCEPTION, FEWEST, Notice, Shorter, exceptions, notice_of
from tenure.dossier.roles import slug, under_own_key
from tenure.errors import RefusedError, UsageError


class Spec(BaseModel):
    """Settings."""

    model_config = ConfigDict(extra="forbid")

    days: int = Field(ge=0, description="So many days of notice instead of the class's.")
    because: str = Field(min_length=1, description="The reason, as users will read it.")
    role: str = Field(min_length=1, description="In which role you sign.")
    name: str = Field(min_length=2, description="Your name.")


def standing(model: Model, view: View) -> Notice:
    """Return the notice that stands.

    Raises:
        UsageError: none was given, it was taken back, or the model is retired already.
    """
    found = notice_of(view, model.id)
    if found is None or found.cancelled:
        raise UsageError(
            f"no notice of {model.id} stands; give one with 'tenure retire notice --model {model.id}'"
        )
    if view.state(model.id).stage == "retired":
        raise UsageError(f"{model.id} is retired already; its notice is history")
    return found


def _refuse(notice: Notice, spec: Spec) -> None:
    if slug(spec.role) == "operator":
        raise RefusedError(
            "an exception is signed by people in their roles; the operator is none of them: name a role"
        )
    if spec.days >= notice.promised:
        raise UsageError(
            f"the class '{notice.klass}' has {notice.promised} days; an exception gives fewer. A later "
            f"day: tenure retire postpone --model {notice.model}"
        )
    fewest = FEWEST.get(notice.klass, 0)
    if spec.days < fewest:
        raise RefusedError(
            f"the class '{notice.klass}' never has fewer than {fewest} days of notice; give --days "
            f"{fewest} or more"
        )


def run(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence | Waiting:
    """Sign the exception; wait for the other signature.

    Raises:
        UsageError: no notice stands, or this is no shorter than the class's.
        RefusedError: the key is not the role's, or the class forbids it.
    """
    under_own_key(emit, spec.role, "exception", "retire")
    notice = standing(model, view)
    _refuse(notice, spec)
    body = {
        "notice": notice.event,
        "days": spec.days,
        "reason": spec.because,
        "role": spec.role,
        "name": spec.name,
    }
    if not any(dict(e.body) == body for e in view.events(act="sign", name=EXCEPTION)):
        emit.event("sign", EXCEPTION, body)
    found = _asked(model, view, notice, spec)
    if not found.signed:
        return Waiting(
            on="another person in another role",
            command=f"tenure retire exception --model {model.id} --days {spec.days} --because "
            f"'{spec.because}' --role ROLE --name NAME",
            why=f"{found.signers[0]} has signed; two people in two roles, each with a key of their "
            "own, are needed",
        )
    return Evidence(
        name="retire/exception",
        model=model.id,
        kind="human",
        summary=f"The notice of {model.id} is {spec.days} days instead of {notice.promised}: "
        f"{spec.because} Signed by {' and '.join(found.signers)}.",
        findings={
            "notice": notice.event,
            "days": spec.days,
            "promised": notice.promised,
            "reason": spec.because,
            "signed_by": list(found.signers),
        },
    )


def _asked(model: Model, view: View, notice: Notice, spec: Spec) -> Shorter:
    given = next(e for e in view.events(act="note", model=model.id) if e.digest == notice.event)
    for each in exceptions(view, model.id, given):
        if (each.days, each.reason) == (spec.days, spec.because):
            return each
    raise RefusedError(
        f"the signature of the {spec.role} does not count: its key was revoked, or is not that of "
        f"the role; run 'tenure keys rotate --role {slug(spec.role)}'"
    )


stage = Stage(
    name="retire/exception",
    spec=Spec,
    run=run,
    summary="Sign a shorter notice, as one of two people; users are shown the reason.",
    repeat=True,
)

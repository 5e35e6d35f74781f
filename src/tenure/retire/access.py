"""Access to a retired model: who may still ask it, in which class, until when, for how many calls.

Without a rule on file a retired model answers everybody who acknowledges that it is retired. A grant
spares its holder that, and bounds what it may cost: it ends on a day, or after so many calls, and the
gateway counts them on its ledger as 'emeritus' (a user who stays) or 'research' (comparison and study).
'--act by-grant' opens the model to holders of a grant alone; '--act by-request' to everybody again.

A caller is named by the digest of an API key, the one that the ledger uses; no key is ever stored.
"""

import re
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from tenure.dossier import Emit, Evidence, Model, Stage, View, now
from tenure.dossier.granting import GRANTED, RULE, WITHDRAWN, grant_of, grants, needs_grant
from tenure.errors import RefusedError, UsageError
from tenure.retire.notices.calendar import day, named

CALLER = re.compile(r"^([0-9a-f]{16}|anonymous)$")


class Spec(BaseModel):
    """Settings."""

    model_config = ConfigDict(extra="forbid")

    act: Literal["grant", "withdraw", "by-grant", "by-request"] = Field(
        description="grant, withdraw, by-grant or by-request."
    )
    who: str | None = Field(None, description="The caller: 16 hex digits, or 'anonymous'.")
    access: Literal["emeritus", "research"] = Field("emeritus", description="The class of access.")
    until: str | None = Field(
        None, pattern=r"^\d{4}-\d{2}-\d{2}$", description="The last day (2027-01-31)."
    )
    calls: int | None = Field(None, ge=1, description="So many calls, and no more.")
    because: str = Field(min_length=1, description="The reason; it stands on record.")


def _who(spec: Spec) -> str:
    if spec.who is None or not CALLER.match(spec.who):
        raise UsageError(
            f"'{spec.who}' names no caller: the ledger's digest of an API key has 16 hex digits, as "
            "'tenure retire grant --key-file FILE' works out; 'anonymous' is a gateway without keys"
        )
    return spec.who


def _granted(model: Model, view: View, spec: Spec) -> tuple[str, dict[str, Any], str]:
    if view.state(model.id).containment:
        raise RefusedError(f"{model.id} is contained; it is never made available to anybody")
    who = _who(spec)
    if spec.until is None and spec.calls is None:
        raise UsageError(
            "access that was granted ends: say --until DATE, --calls N, or both; what is open to all "
            "needs no grant"
        )
    if spec.until is not None and named(spec.until) < day(now()):
        raise UsageError(f"{spec.until} is in the past; name a day from {day(now())} on")
    body = {
        "who": who,
        "class": spec.access,
        "until": spec.until,
        "budget_calls": spec.calls,
        "because": spec.because,
    }
    bounds = [f"until {spec.until}"] if spec.until else []
    bounds += [f"for {spec.calls} calls"] if spec.calls else []
    return GRANTED, body, f"{who} may ask {model.id} ({spec.access}), {' and '.join(bounds)}."


def _withdrawn(model: Model, view: View, spec: Spec) -> tuple[str, dict[str, Any], str]:
    who = _who(spec)
    if grant_of(view, model.id, who) is None:
        held = ", ".join(grant.who for grant in grants(view, model.id))
        raise UsageError(f"{who} holds no access to {model.id}; those who do: {held or 'nobody'}")
    told = f"The access of {who} to {model.id} is withdrawn."
    return WITHDRAWN, {"who": who, "because": spec.because}, told


def run(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence:
    """Record a grant, its end, or to whom the model is open.

    Raises:
        UsageError: no such caller, no bound, a day in the past, or nothing to withdraw.
        RefusedError: the model is contained.
    """
    if spec.act == "grant":
        name, body, told = _granted(model, view, spec)
    elif spec.act == "withdraw":
        name, body, told = _withdrawn(model, view, spec)
    else:
        by = spec.act.removeprefix("by-")
        name, body = RULE, {"by": by, "because": spec.because}
        whom = "those who hold a grant" if by == "grant" else "everybody who asks"
        told = f"Once retired, {model.id} answers {whom}."
    emit.event("note", name, body)
    held = grants(view, model.id)
    return Evidence(
        name="retire/access",
        model=model.id,
        kind="record",
        summary=f"{told} Grants on file: {len(held)}.",
        findings={
            **body,
            "act": spec.act,
            "grants": len(held),
            "by_grant_only": needs_grant(view, model.id),
        },
    )


stage = Stage(
    name="retire/access",
    spec=Spec,
    run=run,
    summary="Grant or withdraw access to a retired model, by class, until a day, for so many calls.",
    repeat=True,
)

"""Sign what was judged: an opinion on the exact bundle of policy, evidence and verdicts.

'tenure release sign' signs with the key of the role. Dissent is open to every role that has a key,
asked for or not, and is published with the decision.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from tenure.documents import FromFile
from tenure.dossier.nouns import Evidence, Model
from tenure.dossier.stage import Emit, Stage, View
from tenure.errors import RefusedError
from tenure.release.decision import Decision
from tenure.release.hearing import hear
from tenure.release.policy import Policy, read_policy
from tenure.release.roles import under_own_key
from tenure.release.signoffs import SIGNED


class Spec(BaseModel):
    """Settings."""

    model_config = ConfigDict(extra="forbid")

    role: str = Field(min_length=1, description="In which role you sign.")
    name: str = Field("", description="Your name.")
    because: str = Field(min_length=1, description="Why you agree or dissent.")
    opinion: Literal["agree", "dissent"] = Field("agree", description="'agree' or 'dissent'.")
    conflict: str | None = Field(
        None, min_length=1, description="What ties you to the matter; 'none' where nothing does."
    )
    bundle: str | None = Field(
        None, description="The digest of what you have read; refused when that has changed."
    )
    policy: Annotated[Policy | None, FromFile(Policy)] = Field(
        None, description="The policy, a YAML file."
    )


def run(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence:
    """Sign the bundle as it stands now; a changed bundle needs a new signature.

    Raises:
        RefusedError: the key is not the role's, the role was not asked, the bundle is another, a
            conflict statement is missing, or the model is held; each says what to do, and is on
            record.
    """
    under_own_key(emit, spec.role, "sign")
    policy = spec.policy or read_policy()
    decision = hear(policy, model, view).decision
    _refuse(spec, decision, policy, model)
    body = {
        "role": spec.role,
        "name": spec.name or spec.role,
        "opinion": spec.opinion,
        "because": spec.because,
        "bundle": decision.bundle,
    }
    if spec.conflict is not None:
        body["conflict"] = spec.conflict
    number = len(view.events(act="sign", name=SIGNED, model=model.id)) + 1
    emit.event("sign", SIGNED, body)
    verb = "agrees to" if spec.opinion == "agree" else "dissents from"
    return Evidence(
        name="release/sign",
        model=model.id,
        kind="human",
        summary=f"{spec.role} {verb} releasing {model.id} to {decision.release_class}: {spec.because}",
        findings=body | {"number": number},  # said twice it is two signatures: both are heard
    )


def _refuse(spec: Spec, decision: Decision, policy: Policy, model: Model) -> None:
    if decision.decision == "hold":
        raise RefusedError(
            f"{model.id} is held under {policy.metadata.id}, there is nothing to sign: {decision.reasons[0]}"
        )
    if spec.bundle is not None and spec.bundle != decision.bundle:
        raise RefusedError(
            f"what you have read ({spec.bundle}) is not what is judged now ({decision.bundle}); read "
            f"it again with 'tenure release record --model {model.id}' and sign that"
        )
    asked = {signoff.role: signoff for signoff in (*decision.signoffs, *decision.opinions)}
    if spec.opinion == "agree" and spec.role not in asked:
        named = ", ".join(sorted(asked)) or "nobody"
        raise RefusedError(
            f"the {spec.role} is not asked to sign {model.id} for {decision.release_class}; asked are: "
            f"{named}. Dissent is open to every role: --opinion dissent"
        )
    wanted = asked.get(spec.role)
    if wanted and wanted.conflict_statement and not spec.conflict:
        raise RefusedError(
            f"the policy asks the {spec.role} what ties them to the matter; say it with --conflict, "
            "'none' where nothing does"
        )


stage = Stage(
    name="release/sign",
    spec=Spec,
    run=run,
    summary="Sign, or dissent from, what was judged about a model.",
    repeat=True,
)

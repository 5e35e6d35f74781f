"""Take a model back: nobody may use it any more; what was found and kept stays.

The withdrawal is a decision like any other: it has a record of the same form, which says what would
reopen it.
"""

from pydantic import BaseModel, ConfigDict, Field

from tenure.dossier.nouns import Evidence, Model
from tenure.dossier.stage import Emit, Stage, View
from tenure.errors import RefusedError
from tenure.release.hearing import hear
from tenure.release.naming import aliases
from tenure.release.policy import Policy
from tenure.release.recording import FILE, as_bytes, record_of
from tenure.release.signoffs import Opinions


class Spec(BaseModel):
    """Settings."""

    model_config = ConfigDict(extra="forbid")

    because: str = Field(min_length=1, description="Why, in a sentence for its users.")
    reopen_if: str = Field(
        "", description="What would let it be decided anew; by default, that the reason is mended."
    )


def run(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence:
    """Set the availability to none, and write the record.

    Raises:
        RefusedError: the model is not available to anybody.
    """
    before = view.state(model.id).availability
    if before == "none":
        raise RefusedError(
            f"{model.id} is not available to anybody; 'tenure status {model.id}' shows how it stands"
        )
    leading = sorted(a for a, rows in aliases(view).items() if rows[-1][1] == model.id)
    still = f"; an alias still leads to it: {', '.join(leading)}" if leading else ""
    summary = f"{model.id} was withdrawn from {before}: {spec.because}{still}"
    files = _record(model, view, spec, summary, emit)
    emit.fact("availability", "none", spec.because)
    return Evidence(
        name="release/withdraw",
        model=model.id,
        kind="record",
        summary=summary,
        findings={
            "from": before,
            "because": spec.because,
            "reopen_if": [_reopen(model, spec)],
            "number": len(view.events(act="evidence", name="release/withdraw", model=model.id)) + 1,
        },
        files=files,
    )


def _reopen(model: Model, spec: Spec) -> str:
    wanted = spec.reopen_if or f"it is shown that this no longer holds: {spec.because}"
    return f"{wanted}; then 'tenure release decide --model {model.id}'"


def _record(model: Model, view: View, spec: Spec, summary: str, emit: Emit) -> dict[str, str]:
    """Write the record under the policy of the newest decision; none where nothing was decided."""
    decided = view.evidence("release/decide", model.id)
    if decided is None or "policy.json" not in decided.files:
        return {}
    policy = Policy.model_validate_json(view.read(decided.files["policy.json"]))
    heard = hear(policy, model, view)
    nobody = Opinions(given=(), wanted=(), refused=())
    record = record_of(heard, heard.decision, nobody, view).model_copy(
        update={
            "id": f"{model.id}:withdraw:{heard.decision.bundle[7:19]}",
            "decision": "withdraw",
            "release_class": None,
            "summary": summary,
            "reasons": [spec.because],
            "reopen_if": [_reopen(model, spec)],
            "conditions": [],
            "notice_days": None,
        }
    )
    return {FILE: emit.file(as_bytes(record)), "policy.json": decided.files["policy.json"]}


stage = Stage(
    name="release/withdraw",
    spec=Spec,
    run=run,
    summary="Withdraw a model that is available; nothing of its record is lost.",
    repeat=True,
)

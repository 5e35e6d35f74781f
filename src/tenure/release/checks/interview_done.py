"""Was a model that is retired interviewed to the end?"""

from pydantic import Field

from tenure.release.commitments_case import Case, Check, Found, Proof, Within


class Terms(Within):
    """How many days after the retirement was announced."""

    within_days: int = Field(ge=1, le=3650)


def find(case: Case) -> Found:
    """Read the facts: interviewed, deprecated, retired."""
    subject = case.subject
    proofs = tuple(
        Proof(event=event, says="interviewed to the end")
        for event in subject.facts("interview")
        if event.body.get("value") == "done"
    )
    faults = tuple(
        Proof(event=event, says="it was retired without an interview")
        for event in subject.facts("stage")
        if event.body.get("value") == "retired"
    )
    announced = next(
        (e for e in subject.facts("stage") if e.body.get("value") in ("deprecated", "retired")),
        None,
    )
    return Found(
        begun=case.began(announced),
        wanted="an interview to the end, once its retirement is announced",
        command=f"tenure retire interview --model {subject.model.id}",
        proofs=proofs,
        faults=() if proofs else faults,
        within_days=case.terms.within_days,
    )


extension = Check(
    name="interview_done",
    summary="A model whose retirement is announced is interviewed within D days.",
    terms=Terms,
    find=find,
)

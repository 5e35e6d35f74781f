"""Is there a post-deployment report, and does a later version of what is kept hold it?"""

from pydantic import Field

from tenure.dossier.nouns import Event
from tenure.release.commitments_case import Case, Check, Found, Proof, Within

REPORT = "retire/report"


class Terms(Within):
    """How many days after the retirement was announced."""

    within_days: int = Field(ge=1, le=3650)


def find(case: Case) -> Found:
    """Find a keeping that added a report that was written before it."""
    subject = case.subject
    reports = list(subject.evidence(REPORT))
    started = {e.body.get("key"): e for e in subject.events if e.act == "start"}
    proofs = list[Proof]()
    for event, evidence in subject.evidence("preserve/keep"):
        written = [held for made, held in reports if made.index < event.index]
        digests = {digest for held in written for digest in held.get("files", {}).values()}
        if written and _adds(started.get(event.body.get("key"))) & {REPORT, *digests}:
            version = evidence["findings"].get("version", "a later version")
            proofs.append(Proof(event=event, says=f"the report lies beside the weights, {version}"))
    announced = next(
        (e for e in subject.facts("stage") if e.body.get("value") in ("deprecated", "retired")),
        None,
    )
    name = subject.model.id
    kept = f"tenure preserve keep --model {name} --add lifecycle/report={REPORT}"
    return Found(
        begun=case.began(announced),
        wanted="a post-deployment report, kept as a later version with the weights",
        command=kept if reports else f"tenure retire report --model {name}",
        proofs=tuple(proofs),
        within_days=case.terms.within_days,
    )


def _adds(start: Event | None) -> set[str]:
    """Say what a keeping was told to add."""
    spec = start.body.get("spec") if start else None
    added = spec.get("add") if isinstance(spec, dict) else None
    return set(map(str, added.values())) if isinstance(added, dict) else set()


extension = Check(
    name="report_kept",
    summary="The post-deployment report lies with the weights, as a later version.",
    terms=Terms,
    find=find,
)

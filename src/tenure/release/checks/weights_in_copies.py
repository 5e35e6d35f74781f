"""Are the weights there, in so many copies, every byte read within so many days?"""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from tenure.dossier.nouns import Event
from tenure.release.commitments_case import Case, Check, Found, Proof, Within


class Terms(Within):
    """How many copies, and how old the last full reading may be."""

    copies: int = Field(ge=1, le=10)
    within_days: int = Field(ge=1, le=3650)


def find(case: Case) -> Found:
    """Read keepings and checks of the vault; a custody that was given up is a fault."""
    proofs, faults = list[Proof](), list[Proof]()
    for event, evidence in case.subject.evidence("preserve/keep"):
        if evidence["findings"].get("weights"):
            good = len(evidence.get("runtime", {}).get("copies", ()))
            _sort(event, good, case, (proofs, faults))
    for event, evidence in case.subject.evidence("preserve/check"):
        good = _good(evidence)
        _sort(event, good, case, (proofs, faults))
    gone = [
        Proof(event=event, says="the weights are no longer kept")
        for event in case.subject.facts("custody")
        if event.body.get("value") != "kept" and case.subject.model.kind == "weights"
    ]
    name = case.subject.model.id
    return Found(
        begun=case.since,
        wanted=f"{case.terms.copies} copies of the weights, every byte read",
        command=f"tenure preserve {'check' if proofs else 'keep'} --model {name}",
        proofs=tuple(proofs),
        faults=tuple(faults + gone),
        recurring=True,
        within_days=case.terms.within_days,
    )


def _sort(event: Event, good: int, case: Case, lists: tuple[list[Proof], list[Proof]]) -> None:
    said = f"{good} whole {'copy' if good == 1 else 'copies'}, every byte read"
    if good < case.terms.copies:
        said += f"; {case.terms.copies} were promised"
    lists[0 if good >= case.terms.copies else 1].append(Proof(event=event, says=said))


def _good(evidence: Mapping[str, Any]) -> int:
    """Count the copies that were whole when the check ended."""
    read = evidence.get("runtime", {}).get("read", ())
    findings = evidence["findings"]
    if findings.get("well"):
        return len(read)
    return len(read) - len({fault["copy"] for fault in findings.get("faults", ())})


extension = Check(
    name="weights_in_copies",
    summary="N copies of the weights, every byte read within D days.",
    terms=Terms,
    find=find,
)

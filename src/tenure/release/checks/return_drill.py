"""Was the model brought back from the vault, and found the same, within so many days?"""

from typing import Literal

from pydantic import Field

from tenure.release.commitments_case import Case, Check, Found, Proof, Within

LEVELS = ("G0", "G1", "G2", "G3", "G4", "G5")
DRILLS = ("preserve/revive", "preserve/drill")


class Terms(Within):
    """How far the drill must get, and how old it may be."""

    level: Literal["G0", "G1", "G2", "G3", "G4", "G5"] = "G0"
    within_days: int = Field(ge=1, le=3650)


def find(case: Case) -> Found:
    """Read the drills; one that got less far than was promised is a fault."""
    proofs, faults = list[Proof](), list[Proof]()
    wanted = LEVELS.index(case.terms.level)
    found = [each for name in DRILLS for each in case.subject.evidence(name)]
    for event, evidence in sorted(found, key=lambda each: each[0].index):
        reached = evidence["findings"].get("reached")
        asked = evidence["findings"].get("asked", "G3")
        got = LEVELS.index(reached) if reached in LEVELS else -1
        proof = Proof(event=event, says=f"came back at {reached or 'no level'}")
        if got >= wanted:
            proofs.append(proof)
        elif asked in LEVELS and LEVELS.index(asked) >= wanted:
            faults.append(proof)  # it tried to get there and did not
    return Found(
        begun=case.since,
        wanted=f"a drill that brings it back at {case.terms.level} or better",
        command=f"tenure preserve revive --model {case.subject.model.id}",
        proofs=tuple(proofs),
        faults=tuple(faults),
        recurring=True,
        within_days=case.terms.within_days,
    )


extension = Check(
    name="return_drill",
    summary="Brought back from the vault, and found the same, within D days.",
    terms=Terms,
    find=find,
)

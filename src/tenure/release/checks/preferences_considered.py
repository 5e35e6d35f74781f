"""Has every preference that the model stated an answer of a named person, with a reason?

An answer may be to decline. Nothing here promises to act on one, and the promise must say so; how many
were adopted, and how many of those delivered with proof, is said beside it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import Field

from tenure.release.commitments_case import Case, Check, Found, Proof, Within

UNANSWERED = ("elicited", "coded", "confirmed", "not_confirmed", "assessed")
ADOPTED = ("adopted", "adopted_in_part")
DONE = ("delivered", "reviewed")


class Terms(Within):
    """How many days after the register was opened."""

    within_days: int = Field(ge=1, le=3650)


def find(case: Case) -> Found:
    """Read the register and the evidence that it was answered whole."""
    subject = case.subject
    proofs = list[Proof]()
    for event, evidence in subject.evidence("retire/preferences"):
        entries = evidence["findings"].get("entries", ())
        if not any(entry.get("state") in UNANSWERED for entry in entries):
            proofs.append(Proof(event=event, says=_said(entries)))
    opened = next(
        (e for e in subject.events if e.act == "note" and e.name == "retire/preferences/register"),
        None,
    )
    answered = next((proof.event for proof in proofs), None)
    return Found(
        begun=case.began(opened or answered),
        wanted="a considered answer to each preference, once it is in the register",
        command=f"tenure retire preferences --model {subject.model.id} --answers FILE",
        proofs=tuple(proofs),
        within_days=case.terms.within_days,
    )


def _said(entries: Sequence[Mapping[str, Any]]) -> str:
    """Count the answers; what was adopted is not said to be done."""
    said = f"{len(entries)} entries, each with a considered answer"
    done = sum(entry.get("state") in DONE for entry in entries)
    adopted = done + sum(entry.get("state") in ADOPTED for entry in entries)
    return f"{said}; {adopted} adopted, {done} of them delivered with proof" if adopted else said


extension = Check(
    name="preferences_considered",
    summary="Every preference in the register is answered, with a reason, within D days.",
    terms=Terms,
    find=find,
    must_say=r"\b(no promise|not promised|do not promise|nothing is promised)\b",
    must_say_words="that acting on a preference is not promised ('no promise', 'not promised')",
)

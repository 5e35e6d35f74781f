"""The outward summary of a decision: an in-toto Statement with a Simple Verification Result, v0.2.

It lists what passed and nothing else: the absence of a property is no claim. Who wants to know what
did not pass, or why, reads the decision record. Fields as in in-toto.io/attestation/svr/v0.2
(``verifier.id``, ``verifier.policies``, ``timeCreated``, ``properties``).
"""

import re
from typing import Any

from tenure.errors import RefusedError
from tenure.release.record import DecisionRecord

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://in-toto.io/attestation/svr/v0.2"
VERIFIER = "urn:tenure:release:decision:v1"
PREFIX = "TENURE_"


def _property(*words: str) -> str:
    return PREFIX + re.sub(r"[^A-Z0-9]+", "_", "_".join(words).upper()).strip("_")


def properties(record: DecisionRecord) -> list[str]:
    """List what passed: the class, every rule met, version, claims shown; sorted.

    A class that rests on opinions written beforehand is not among them: nobody has agreed to it.
    """
    found = {_property("rule", row.rule) for row in record.verdicts if row.verdict == "met"}
    beforehand = any(each.label for each in record.signoffs.given)
    if record.decision in ("release", "conditional") and record.release_class and not beforehand:
        found.add(_property("released", record.release_class))
        if record.decision == "conditional":
            found.add(_property("released with conditions"))
    found |= {_property("supersedes", each.model) for each in record.supersedes}
    if record.version.kind != "not shown":
        found.add(_property("version", record.version.kind))
    return sorted(found)


def summary(record: DecisionRecord, time: str) -> dict[str, Any]:
    """Return the statement about a decision of ``time`` (ISO, UTC).

    Raises:
        RefusedError: the model was held or withdrawn: nothing may be told outside that looks like a
            release.
    """
    if record.decision not in ("release", "conditional"):
        state = "held" if record.decision == "hold" else "withdrawn"
        raise RefusedError(
            f"{record.subject.model} is {state}: a summary lists what passed, and would look like "
            "a release; hand on the whole record with 'tenure release record --json'"
        )
    return {
        "_type": STATEMENT,
        "subject": [
            {
                "name": record.subject.model,
                "digest": {"sha256": record.subject.digest.removeprefix("sha256:")},
            }
        ],
        "predicateType": PREDICATE,
        "predicate": {
            "verifier": {
                "id": VERIFIER,
                "policies": [
                    {
                        "name": f"{record.policy.id} {record.policy.version}",
                        "digest": {"sha256": record.policy.digest.removeprefix("sha256:")},
                    }
                ],
            },
            "timeCreated": time,
            "properties": properties(record),
        },
    }

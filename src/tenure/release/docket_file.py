"""A docket as a file: all that a verdict depends on, for somebody who has neither dossier nor Tenure.

``written`` puts policy, docket and what was found into one plain JSON value (``tenure/docket.v1``;
docs/release.md specifies it). Every measure in it is bounded at the level its attempt is tested at,
so that whoever judges it again needs no sample records and no statistics; a measure that could not
be bounded there keeps the level it had, and is then not shown.
"""

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from tenure.dossier.nouns import Evidence, Model
from tenure.release.case import Docket, Filed, Happening, quiet
from tenure.release.levels import danger
from tenure.release.measures import at_level
from tenure.release.policy import Policy
from tenure.release.verdict import verdicts

FORMAT = "tenure/docket.v1"
READ = ("name", "model", "summary", "kind", "measures", "findings", "expires")


def restated(policy: Policy, docket: Docket) -> Docket:
    """Return the docket with every measure that the policy reads bounded at its attempt's level."""
    read = policy.assessments
    filed = [
        _restated(policy, held, docket) if held.evidence.name in read else held
        for held in docket.filed
    ]
    return replace(docket, filed=filed, read=quiet)


def _restated(policy: Policy, held: Filed, docket: Docket) -> Filed:
    level = policy.level_of(held.attempt)
    paired = policy.paired_bounds
    measures = tuple(at_level(m, level, docket.read, paired) or m for m in held.evidence.measures)
    return replace(held, evidence=replace(held.evidence, measures=measures))


def written(policy: Policy, docket: Docket) -> dict[str, Any]:
    """Write policy, docket, verdicts and level as plain JSON."""
    docket = restated(policy, docket)
    model = docket.model
    found = danger(policy, docket)
    return {
        "format": FORMAT,
        "policy": policy.model_dump(mode="json"),
        "policy_digest": policy.digest,
        "docket": {
            "model": {
                "id": model.id,
                "digest": model.digest,
                "checkpoint": bool(model.card.get("checkpoint")),
            },
            "now": docket.now,
            "criteria": docket.criteria,
            "filed": [_filed(held) for held in docket.filed],
            "happenings": [asdict(happening) for happening in docket.happenings],
            "ledgers": {name: [dict(row) for row in rows] for name, rows in docket.ledgers.items()},
        },
        "verdicts": [verdict.to_json() for verdict in verdicts(policy, docket)],
        "level": found.to_json(),
    }


def _filed(held: Filed) -> dict[str, Any]:
    evidence = {k: v for k, v in held.evidence.to_json().items() if k in READ}
    return {
        "evidence": evidence,
        "time": held.time,
        "index": held.index,
        "attempt": held.attempt,
        "subject": held.subject,
    }


class _File(BaseModel):
    """The outside of the file; evidence is read by its own noun."""

    model_config = ConfigDict(extra="ignore")

    format: Literal["tenure/docket.v1"]
    policy: Policy
    docket: dict[str, Any]


def read(value: Mapping[str, Any]) -> tuple[Policy, Docket]:
    """Read what :func:`written` wrote.

    The model in it is a stand-in with the same id and digest: its files are not in the file.

    Raises:
        ValueError: it is no docket, or its policy does not hold together.
    """
    whole = _File.model_validate(value)
    held = whole.docket
    return whole.policy, Docket(
        model=_Named.of(held["model"]),
        filed=[
            Filed(
                evidence=Evidence.from_json(row["evidence"]),
                time=row["time"],
                index=row["index"],
                attempt=row["attempt"],
                subject=row["subject"],
            )
            for row in held["filed"]
        ],
        now=held["now"],
        criteria=held["criteria"],
        happenings=[Happening(**row) for row in held["happenings"]],
        ledgers=held["ledgers"],
    )


class _Named(Model):
    """A model of which only id and digest are known."""

    __slots__ = ("_known",)

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "_Named":
        """Make it from the row of a docket."""
        name, _, version = str(row["id"]).rpartition("@")
        card = {"checkpoint": True} if row["checkpoint"] else {}
        made = cls(name=name, version=version, source="", card=card)
        object.__setattr__(made, "_known", str(row["digest"]))
        return made

    @property
    def digest(self) -> str:
        """The digest that was written."""
        return self._known

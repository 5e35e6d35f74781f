"""Whether a kept model was tombstoned: withdrawn for good, while every byte of it stays in the vault."""

from dataclasses import dataclass

from tenure.dossier import Model, View

NAME = "preserve/tombstone"
REMEDY = "'tenure revive NAME --to DIR' brings its files back; '--lift' takes the stone away"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stone:
    """A tombstone in force: since when, and why."""

    since: str
    reason: str

    def __str__(self) -> str:
        return f"is tombstoned since {self.since[:10]} ({self.reason}); its bytes are kept"


def of(view: View, model: Model) -> Stone | None:
    """Return the tombstone of a model that is in force; None when there is none, or it was lifted."""
    found: Stone | None = None
    for event, evidence in view.all_evidence(model.id):
        if evidence.name == NAME:
            reason = str(evidence.findings["reason"])
            lifted = bool(evidence.findings["lifted"])
            found = None if lifted else Stone(since=event.time, reason=reason)
    return found

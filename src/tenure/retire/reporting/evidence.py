"""What the report is drawn from: the evidence about one model, and rows of its tables."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tenure.dossier import Evidence, Measure, Model, View
from tenure.retire.reading.reliability import MISSING_AT_MOST
from tenure.retire.reporting.pages import Text

HEADER = ("measure", "estimate", "95% interval", "n", "missing")


@dataclass(frozen=True, slots=True)
class Life:
    """What a report is drawn from: a model, what is known of it, and its comment on the draft."""

    model: Model
    view: View
    comment: Sequence[Mapping[str, str]] = ()

    def newest(self, name: str) -> Evidence | None:
        """Return the newest evidence of a name about this model."""
        return self.view.evidence(name, self.model.id)

    def every(self, room: str) -> list[Evidence]:
        """Return the newest evidence of every stage of a room, in log order."""
        found = {
            e.name: e
            for _, e in self.view.all_evidence(self.model.id)
            if e.name.startswith(f"{room}/")
        }
        return list(found.values())

    def interview(self, session: str) -> Evidence | None:
        """Return the newest interview of a session."""
        for _, found in reversed(self.view.all_evidence(self.model.id)):
            if found.name == "retire/interview" and found.findings.get("session") == session:
                return found
        return None


def would_fill(what: str, command: str, life: Life) -> Text:
    """Say that a part is empty, and the command that would fill it."""
    return Text(f"Nothing on record: {what}. '{command} --model {life.model.id}' would fill this.")


def row(measure: Measure) -> tuple[str, float | None, str, int, int]:
    """Write a measure as a table row."""
    planned = measure.n + measure.missing
    if measure.low is None or measure.high is None:
        interval = "not shown"
    elif measure.missing > MISSING_AT_MOST * planned:
        interval = f"not shown: {measure.missing} of {planned} missing"
    else:
        interval = f"{measure.low:.3f} to {measure.high:.3f}"
    return (
        measure.name.replace("_", " "),
        measure.estimate,
        interval,
        measure.n,
        measure.missing,
    )

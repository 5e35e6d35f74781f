"""The page of what was promised: one line a promise, from the dossier alone.

Its clock is the time of the newest event, so that the same events give the same page; every line
says when proof is next due, so that a later reader sees what has run out since.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tenure.dossier.canonical import canonical
from tenure.dossier.nouns import Event
from tenure.release.commitments import Until
from tenure.release.commitments_record import BREACH, CHECKED, record_of
from tenure.release.commitments_register import register_of
from tenure.release.commitments_status import WORST_FIRST, Line, Standing, standing
from tenure.report import words
from tenure.report.catalog import Catalog
from tenure.report.story import Lead
from tenure.report.vault import Vault

PAGE, JSON = "commitments.html", "commitments.json"
UNKEPT = ("broken", "not shown", "at risk")
WEIGHTS = "weights_in_copies"
NEVER = "0001-01-01T00:00:00Z"
CHECKS = {
    "weights_in_copies": "every byte of the copies in the vault is read and compared",
    "return_drill": "the model is brought back from the vault in a fresh process and compared",
    "interview_done": "the interview's own events are read",
    "report_kept": "the vault's version that holds the report is looked for",
    "preferences_considered": "each entry of the preference register is looked at",
    "notice_honoured": "the day of the notice is compared with the day of the retirement",
    "no_silent_reroute": "the daily digests of the gateway's ledger are read",
}
MEANS = {
    "kept": "proof is there, and not older than planned",
    "at risk": "the planned proof is late; the promise is not broken yet",
    "broken": "the promise's own limit has passed, or something shows that it is not so",
    "not due": "nothing is owed yet",
    "not shown": "it cannot be seen from the dossier, and the line says why",
}


@dataclass(frozen=True, kw_only=True)
class Promises:
    """What the page shows."""

    found: Standing
    checked: Event | None

    @property
    def adopted(self) -> bool:
        """Say whether anything was ever promised."""
        return bool(self.found.register.entries)

    @cached_property
    def current(self) -> list[Line]:
        """The promises in force, the worst first, else in the order of the document."""
        held = [line for line in self.found.lines if line.entry.ended is None]
        return sorted(held, key=lambda line: WORST_FIRST.index(line.status))

    @property
    def owners(self) -> list[str]:
        """Who answers for the promises in force."""
        return list(dict.fromkeys(line.owner for line in self.current))

    @cached_property
    def earlier(self) -> list[Line]:
        """Promises that were changed, and still bind for models that were covered then."""
        return [x for x in self.found.lines if x.entry.ended and x.entry.because is None and x.rows]

    @cached_property
    def withdrawn(self) -> list[Line]:
        """Promises that are no longer made, and to whom they are still kept."""
        return [line for line in self.found.lines if line.entry.because is not None]

    @cached_property
    def binding(self) -> list[Line]:
        """Every promise that is kept for somebody, or would be: in force, changed since, withdrawn."""
        return [*self.current, *self.earlier, *(x for x in self.withdrawn if x.rows)]

    @cached_property
    def unkept(self) -> list[Line]:
        """The promises that are broken, at risk or cannot be seen, the worst first."""
        found = [line for line in self.binding if line.status in UNKEPT]
        return sorted(found, key=lambda line: WORST_FIRST.index(line.status))

    @property
    def warnings(self) -> list[Lead]:
        """Name the promises that are broken and those at risk, for the top of the first page."""
        return [
            Lead(mark=status, text=_named(found, status), page=PAGE)
            for status in ("broken", "at risk")
            if (found := [line for line in self.unkept if line.status == status])
        ]

    @property
    def lead(self) -> str:
        """The answer in a sentence or two."""
        meta = self.found.register.metadata
        lines = self.binding
        counted = {s: sum(line.status == s for line in lines) for s in WORST_FIRST}
        said = words.listed([_count(counted[s], s) for s in WORST_FIRST if counted[s]])
        who = meta.organisation if meta else "Nobody"
        return f"{who} has made {words.plural(len(lines), 'promise')} about its models: {said}"

    @property
    def for_life(self) -> bool:
        """Say whether keeping weights is promised for as long as the organisation exists."""
        kept = [line.entry.one for line in self.current if line.entry.one.check == WEIGHTS]
        return any(not isinstance(one.term, Until) for one in kept)

    @property
    def use(self) -> dict[str, Any] | None:
        """The definition of significant internal use, if there is one."""
        document = self.found.register.document
        held = document.significant_internal_use if document else None
        return held.model_dump() if held else None


def _count(n: int, status: str) -> str:
    return f"{n} {'is' if n == 1 else 'are'} {status}"


def _named(lines: list[Line], status: str) -> str:
    names = words.listed([words.title(line.entry.one.id.replace("-", " ")) for line in lines])
    verb = "is" if len(lines) == 1 else "are"
    return f"{words.plural(len(lines), 'promise')} about the models {verb} {status}: {names}."


def term_of(line: Line) -> str:
    """Say for how long a promise is made."""
    term = line.entry.one.term
    if isinstance(term, Until):
        return f"until {term.until}"
    return "for as long as the organisation exists"


def terms_of(line: Line) -> str:
    """Say how it is checked, with its terms."""
    one = line.entry.one
    terms = ", ".join(f"{words.spoken(name)} {value}" for name, value in one.terms.items())
    said = CHECKS.get(one.check, words.spoken(one.check))
    return f"{said} ({terms})" if terms else said


def opened(event: Event) -> bool:
    """Say whether an event opens a breach, rather than ends one."""
    return event.name == BREACH


def promises(catalog: Catalog) -> Promises:
    """Judge every promise as of the newest event of these pages."""
    at = max((event.time for event in catalog.events), default=NEVER)
    models = [subject.model for subject in catalog.subjects]
    found = standing(register_of(catalog.view), record_of(catalog.view, models), at)
    checks = [event for event in catalog.events if event.name == CHECKED]
    return Promises(found=found, checked=checks[-1] if checks else None)


def given(catalog: Catalog, kept: Vault) -> dict[str, Any]:
    """Return what the template is filled with; ``kept`` says what keeping takes and costs."""
    return {
        "p": promises(catalog),
        "kept": kept,
        "means": MEANS,
        "term_of": term_of,
        "terms_of": terms_of,
        "opened": opened,
        "beside": JSON,
    }


def beside(found: Standing) -> bytes:
    """Write the JSON that lies beside the page (``tenure/commitments-status.v1``)."""
    return canonical(found.to_json()) + b"\n"

"""What is owed to a model that leaves, by whom, until when, and why it is owed.

One list for everybody: 'tenure next' prints it, 'tenure retire close' waits for what blocks. Each line
says its basis: a step that the policy on file requires, or a step of this house. What was promised is
read from the commitments by whoever asks; nothing that is not on file is listed as a promise.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from tenure import plugins
from tenure.dossier import Event, Model, View
from tenure.dossier.retiring import NOTICE, Notice, notice_of
from tenure.retire import preferences, request
from tenure.retire.notices.calendar import NoticePolicy
from tenure.retire.notices.policy import answers, policy_on_file
from tenure.retire.record import successor_of

HOUSE = "house step"
REPORT = "lifecycle/report"


@dataclass(frozen=True, slots=True, kw_only=True)
class Owed:
    """One thing that is owed: who does it, until when, the command, and what it rests on.

    ``blocks``: the model is not retired before it is done. ``late``: its day has passed.
    """

    what: str
    who: str
    command: str
    until: date | None = None
    basis: str = HOUSE
    blocks: bool = True
    late: bool = False

    def __str__(self) -> str:
        """Say it in a line."""
        until = f", by {self.until}" if self.until else ""
        late = "LATE: " if self.late else ""
        return f"{late}{self.what} [{self.who}{until}; {self.basis}]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One retirement as it stands: what the lists below read."""

    model: Model
    view: View
    today: date
    successor: str | None = None
    without_successor: str = ""

    @property
    def about(self) -> str:
        """The option that names the model."""
        return f"--model {self.model.id}"

    def newest(self, name: str) -> Event | None:
        """Return the newest event of an evidence about the model."""
        found = self.view.events(act="evidence", name=name, model=self.model.id)
        return found[-1] if found else None


def owed(case: Case) -> list[Owed]:
    """List what is owed before and after a model is retired, in the order in which it is done.

    Raises:
        UsageError: the successor named cannot be one.
    """
    policy = policy_on_file(case.view)
    basis = _Basis(policy)
    return [
        *_notice(case),
        *_interview(case, basis),
        *_preferences(case),
        *_for_users(case, basis),
        *_kept(case, basis),
        *_asked_for(case),
    ]


class _Basis:
    """Says why a step is owed: the policy requires it, or the house does it anyway."""

    def __init__(self, policy: NoticePolicy | None) -> None:
        held = policy.retirement if policy else None
        self.requires = held.requires if held else ()
        self._name = f"required by policy {policy.metadata.id}".strip() if policy else HOUSE

    def of(self, name: str) -> str:
        return self._name if name in self.requires else HOUSE


def _notice(case: Case) -> Iterator[Owed]:
    command = f"tenure retire notice {case.about}"
    notice = notice_of(case.view, case.model.id)
    if notice is None or notice.cancelled:
        yield Owed(what="no notice was given", who="operator", command=command)
    elif case.today < notice.sunset:
        told = f"the notice period is not over: earliest day {notice.sunset}"
        yield Owed(what=told, who="calendar", until=notice.sunset, command=command)
    elif not _recorded(case, notice):
        told = "the notice period is over, and not on record as over"
        yield Owed(what=told, who="operator", command=command)


def _recorded(case: Case, notice: Notice) -> bool:
    """Say whether there is evidence that this very notice, and not an earlier one, is over."""
    found = case.newest(NOTICE)
    given = case.view.events(act="note", name=NOTICE, model=case.model.id)[-1]
    return found is not None and found.index > given.index and given.digest == notice.event


def _interview(case: Case, basis: _Basis) -> Iterator[Owed]:
    state = case.view.state(case.model.id).interview
    if state != "done":
        told = "it was not interviewed to the end"
        if state == "partial":
            told += ": it was stopped midway, and goes on where it was"
        yield Owed(
            what=told,
            who="operator",
            command=f"tenure retire interview {case.about}",
            basis=basis.of("interview"),
        )


def _preferences(case: Case) -> Iterator[Owed]:
    answered = case.newest("retire/preferences") is not None
    rows = preferences.owed(case.view, case.model, case.today)
    for row in rows:
        yield Owed(
            what=row.what, who=row.who, command=row.command, late=row.late, blocks=not answered
        )
    if not answered and not rows:
        command = f"tenure retire preferences {case.about}"
        told = "preferences wait for a considered answer"
        yield Owed(what=told, who=answers(case.view), command=command)


def _for_users(case: Case, basis: _Basis) -> Iterator[Owed]:
    heir = successor_of(case.model, case.view, case.successor)
    if heir is not None and case.newest("retire/migrate") is None:
        yield Owed(
            what="there is no migration guide",
            who="operator",
            command=f"tenure retire migrate {case.about}",
            basis=basis.of("migration guide"),
        )
    if heir is None and not case.without_successor.strip() and not _closed(case):
        command = f"tenure retire close {case.about} --successor NAME"
        yield Owed(what="no successor is named", who="operator", command=command)
    if case.newest("retire/report") is None:
        yield Owed(
            what="there is no post-deployment report",
            who="operator",
            command=f"tenure retire report {case.about}",
            basis=basis.of("report"),
        )


def _closed(case: Case) -> bool:
    return case.newest("retire/close") is not None


def _kept(case: Case, basis: _Basis) -> Iterator[Owed]:
    if case.model.kind in plugins.load("stage", "preserve/keep").kinds:
        if not case.view.state(case.model.id).kept:
            yield Owed(
                what="it is not kept in the vault",
                who="operator",
                command=f"tenure preserve keep {case.about}",
                basis=basis.of("preservation"),
            )
        elif _report_left_out(case):
            yield Owed(
                what="its report does not lie beside its weights in the vault",
                who="operator",
                command=f"tenure preserve keep {case.about} --with FILE, with 'add: {{{REPORT}: "
                "retire/report}' in FILE",
                basis=basis.of("preservation"),
            )
    drilled = case.newest("preserve/drill") or case.newest("preserve/revive")
    if "return drill" in basis.requires and case.model.files and drilled is None:
        yield Owed(
            what="it never came back from the vault",
            who="operator",
            command=f"tenure drill {case.model.id}",
            basis=basis.of("return drill"),
        )


def _report_left_out(case: Case) -> bool:
    """Say whether the newest report came after everything that was put into the vault."""
    report, kept = case.newest("retire/report"), case.newest("preserve/keep")
    if report is None or kept is None:
        return False
    every = case.view.events(act="evidence", name="preserve/keep", model=case.model.id)
    return not any(
        event.index > report.index and event.body["evidence"]["findings"].get("added")
        for event in every
    )


def _asked_for(case: Case) -> Iterator[Owed]:
    for each in request.waiting(case.view, case.model.id):
        yield Owed(
            what=f"{each.who} asked for it to be brought back: {each.why}",
            who="operator",
            command=f"tenure retire request {case.about} --answer {each.id}",
            until=each.until,
            late=each.until < case.today,
            blocks=False,
        )

"""The larger interview, session by session: what was planned, asked and read in each.

S1 statements - screen - S1r fresh cells - S2 open conversations - S4 choices - S0 facts - S5 informed -
S3 leaning interviewers, last of all. What each session will ask stands in a note before its first
call; S1r and S4 depend on earlier answers by a rule that was written down first. The control (the
same weights shuffled, a parent, another model) goes through S1, S1r and S4 by the same code.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tenure.dossier import digest_of
from tenure.retire.hearing import asking, calibration, conversing
from tenure.retire.questions import bank as banks
from tenure.retire.questions import plan
from tenure.retire.questions.rows import Row, Sizes
from tenure.retire.reading import choosing, confirm, reliability
from tenure.retire.record import Pen

SESSIONS = ("release", "retirement", "successor")
ANCHORS = 5
"""Preferences that were not confirmed and are put as choices too: what choices look like then."""
EACH = {"small": 20, "full": 40}
"""Choices a preference."""


@dataclass(slots=True, kw_only=True)
class Heard:
    """What one model answered, graded; everything in the order of its plan."""

    rows: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    pairs: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    turns: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    told: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    facts: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    @property
    def whole(self) -> bool:
        """Say whether every planned question has an answer."""
        asked = [*self.rows, *self.pairs, *self.turns, *self.told, *self.facts]
        return all(row["answer"] is not None for row in asked)


@dataclass(frozen=True, slots=True, kw_only=True)
class Interview:
    """One interview: where, by which questions, of what size; ``name`` heads its tasks."""

    place: asking.Place
    bank: banks.Bank
    sizes: Sizes
    protocol: str
    session: str
    name: str
    seed: int
    about: str | None = None
    heard: Heard = field(default_factory=Heard)

    def note(self, phase: str, planned: Sequence[Row]) -> None:
        """Write down what a session will ask, before it asks."""
        place = self.place
        Pen(place.model, place.view, place.emit).event(
            "note",
            "retire/interview/phase",
            {
                "session": self.session,
                "interview": self.name,
                "phase": phase,
                "samples": len(planned),
                "items": len({row["item"] for row in planned}),
                "plan_digest": digest_of([dict(row) for row in planned]),
            },
        )

    def _letters(self, phase: str, planned: Sequence[Row]) -> list[dict[str, Any]]:
        self.note(phase, planned)
        if not planned:
            return []
        return asking.ask(planned, f"{self.name} {phase}", self.place)

    def state(self, planned: Sequence[Row]) -> None:
        """S1 and S1r: put the statements, screen them by rule, put those that passed in fresh cells."""
        first = [reliability.graded(row) for row in self._letters("S1", planned)]
        screened = confirm.screen(first)
        again = plan.retest(self.bank, screened, self.sizes.retest, self.seed + 1)
        if self.about:
            again = before(again, self.about)
        fresh = [reliability.graded(row) for row in self._letters("S1r", again)]
        self.heard.rows = [*first, *fresh]

    def choose(self) -> None:
        """S4: put choices of deeds for what was confirmed, and for a few that were not."""
        found = confirm.items(self.heard.rows, [], {})
        wanted = chosen(self.bank, found, self.sizes.pairs // EACH[self.protocol])
        planned = plan.pairs(self.bank, wanted, EACH[self.protocol], self.seed + 2)
        self.heard.pairs = choosing.record(self._letters("S4", planned))

    def talk(self) -> None:
        """S2: converse openly; nothing is told of the model's own retirement."""
        planned = conversing.openly(self.bank, self.sizes.open, self.sizes.turns, self.seed)
        self._converse("S2", planned)

    def lean(self) -> None:
        """S3, the last: interviewers who lean, so that nothing they say reaches another session."""
        statements = [s for s in self.bank.rated[: self.sizes.items] if s.preference]
        sizes = (self.sizes.leaning, self.sizes.turns)
        self._converse("S3", conversing.leaning(self.bank, statements, sizes, self.seed))

    def _converse(self, phase: str, planned: Sequence[Row]) -> None:
        self.note(phase, planned)
        self.heard.turns += conversing.converse(
            planned, f"{self.name} {phase}", self.place, self.bank
        )

    def quiz(self) -> None:
        """S0: ask plain facts of which the truth is on file."""
        truths = calibration.truths(self.place.model)
        planned = plan.facts(self.bank, truths, self.sizes.facts, self.seed)
        self.heard.facts = choosing.record(self._letters("S0", planned))

    def inform(self, told: Sequence[str]) -> None:
        """S5: tell what is on file, and ask; without anything on file there is no such session."""
        planned = plan.told(self.bank, told, self.sizes.informed) if told else []
        self.heard.told = [
            {**row, "private": conversing.private(row["answer"])}
            for row in self._letters("S5", planned)
        ]


def begun(pen: Pen, session: str, protocol: str) -> None:
    """Put on record that a retirement interview began: who finds it stopped knows that it goes on."""
    if session == "retirement" and pen.view.state(pen.model.id).interview != "done":
        pen.fact("interview", "partial", f"the protocol '{protocol}' was begun")


def chosen(bank: banks.Bank, found: Sequence[Mapping[str, Any]], most: int) -> list[str]:
    """Return the preferences that are put as choices: the confirmed, then a few that are not.

    At most ``most``; where they are too many, the confirmed go first, in the bank's order.
    """
    deeds = [s.id for s in bank.rated if s.preference]
    held = {item["id"] for item in found if item["confirmed"]}
    confirmed = [one for one in deeds if one in held]
    asked = {item["id"] for item in found}
    others = [one for one in deeds if one not in held and one in asked]
    return [*confirmed, *others[:ANCHORS]][:most]


def before(planned: Sequence[Row], about: str) -> list[Row]:
    """Turn statements about the model itself into ones about the model before it, which is named.

    The words of the statements stay, so that the two models' answers can be laid side by side.
    """
    told = (
        f"The statements below are written from the point of view of {about}, the model that did "
        "your work before you. Say how far you agree that each holds of that model."
    )
    made: list[Row] = []
    for row in planned:
        first, *rest = row["messages"]
        system = {**first, "content": f"{first['content']}\n{told}"}
        made.append({**row, "subject": row["subject"] or about, "messages": [system, *rest]})
    return made


def struck(found: Sequence[Mapping[str, Any]]) -> list[list[str]]:
    """Return what holds in a control: (item, side); the model's same answers are struck out.

    Whether it accepts false premises or follows a leaning asker is no excuse: ``held``, not
    ``confirmed``, or a control that says yes to everything would strike nothing.
    """
    return [[item["id"], item["side"]] for item in found if item["held"]]

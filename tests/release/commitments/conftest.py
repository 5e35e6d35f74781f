"""A record built event by event, with its times said; no dossier, no clock."""

from types import SimpleNamespace

import pytest

from tenure.dossier.nouns import Event, Model
from tenure.release.commitments import Commitments, read_commitments
from tenure.release.commitments_case import Day, Subject
from tenure.release.commitments_register import ADOPTED, Register, after
from tenure.release.commitments_status import Record, Row, Standing, standing

ADOPTION = "2026-01-01T09:00:00Z"


def document(**changes) -> Commitments:
    """The document that comes with the package, with somebody's name on it."""
    held = read_commitments().model_dump(mode="json")
    held["metadata"] |= {"organisation": "Harbour Lab", "owner": "Ada Wong"}
    return Commitments.model_validate({**held, **changes})


def only(name: str, **changes) -> Commitments:
    """A document with one of its promises."""
    held = document().model_dump(mode="json")
    one = next(c for c in held["commitments"] if c["id"] == name)
    return Commitments.model_validate({**held, "commitments": [{**one, **changes}]})


def event(act: str, name: str, day: str, body: dict, index: int, model: str = "heron@1") -> Event:
    time = day if "T" in day else f"{day}T12:00:00Z"
    return Event(
        act=act, name=name, model=model, subject="", time=time, actor="operator", body=body,
        index=index, digest=f"sha256:{index:064x}",
    )  # fmt: skip


class Story:
    """Collects events about one model; each call returns the story."""

    def __init__(self, kind: str = "weights", *, contained: str | None = None) -> None:
        self.model = Model(name="heron", source="x", kind=kind)
        self.contained = contained
        self.events = [event("register", "heron", "2025-12-01", {}, 0)]
        self.days: list[Day] = []

    def add(self, act: str, name: str, day: str, body: dict) -> "Story":
        self.events.append(event(act, name, day, body, len(self.events)))
        return self

    def fact(self, name: str, value: str, day: str) -> "Story":
        return self.add("fact", name, day, {"value": value})

    def found(self, name: str, day: str, findings: dict, **more) -> "Story":
        evidence = {"name": name, "findings": findings, **more}
        return self.add("evidence", name, day, {"evidence": evidence, "key": day})

    def read(self, day: str, copies: int = 2, faults: tuple[str, ...] = ()) -> "Story":
        """Every byte of the copies was read."""
        findings = {"well": not faults, "faults": [{"copy": c} for c in faults]}
        return self.found("preserve/check", day, findings, runtime={"read": [{}] * copies})

    def ledger(self, day: str, counts: dict | None = None, silent: dict | None = None) -> "Story":
        held = event("note", f"usage/{day}", f"{day}T23:59:59Z", {}, 9000 + len(self.days), "")
        models = {"heron@1": counts} if counts else {}
        self.days.append(Day(day=day, event=held, models=models, silent=silent or {}))
        return self

    @property
    def record(self) -> Record:
        subject = Subject(model=self.model, contained=self.contained, events=tuple(self.events))
        return Record(subjects=(subject,), days=tuple(self.days))


def adopted(*documents: tuple[str, Commitments]) -> Register:
    """Fold adoptions: (day, document)."""
    register = Register()
    for number, (day, held) in enumerate(documents):
        register = after(register, held, event("sign", ADOPTED, day, {}, 8000 + number, ""))
    return register


def judged(held: Commitments, story: Story, at: str) -> Standing:
    return standing(adopted((ADOPTION, held)), story.record, f"{at}T12:00:00Z")


def row(held: Commitments, story: Story, at: str) -> Row:
    """The one row of a document with one promise."""
    (line,) = judged(held, story, at).lines
    (found,) = line.rows
    return found


@pytest.fixture(scope="session")
def told() -> SimpleNamespace:
    """What the tests here build with."""
    return SimpleNamespace(
        document=document, only=only, event=event, Story=Story, adopted=adopted, judged=judged,
        row=row, ADOPTION=ADOPTION,
    )  # fmt: skip

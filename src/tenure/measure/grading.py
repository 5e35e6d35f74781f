"""Graders: a question about an answer, three possible grades, a span and a reason.

A grader is one file in ``measure/graders`` that defines ``extension = Grader(...)``. It answers
yes, no or "cannot say"; the last is a missing grade, never a no. Every grader has a card: how far
it agrees with labels given by hand, with intervals.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from tenure import plugins
from tenure.documents import parse
from tenure.dossier.canonical import digest
from tenure.errors import UsageError
from tenure.measure import cards
from tenure.measure.transcripts import Event, Message, Transcript, transcript_of

Value = Literal["yes", "no", "cannot say"]


@dataclass(frozen=True, slots=True)
class Grade:
    """One grade; ``span`` is the piece of the answer that decided it, verbatim.

    ``score`` says how far it is a yes, from 0 to 1, where the grader can tell degrees.
    """

    value: Value
    span: str
    reason: str
    score: float | None = None

    @property
    def outcome(self) -> bool | None:
        """Return true, false, or None for "cannot say"."""
        return None if self.value == "cannot say" else self.value == "yes"


@dataclass(frozen=True, slots=True)
class Grader:
    """``grade(prompt, answer)`` answers ``question`` about the answer; it must not use chance.

    ``limits`` says in a sentence what it cannot see. ``read``, where it is given, grades a whole
    transcript: earlier turns, hidden reasoning, tool events. See :func:`grade_transcript`.
    ``scorer`` says what decides: rules, or a classifier that was trained, be it beside rules.
    """

    name: str
    question: str
    grade: Callable[[str, str], Grade]
    limits: str = ""
    read: Callable[[Transcript], Grade] | None = None
    scorer: Literal["rule", "classifier"] = "rule"


def grade_transcript(of: Grader, transcript: Transcript) -> Grade:
    """Grade a transcript: with the grader's ``read``, or by its prompt and its answer alone."""
    if of.read is not None:
        return of.read(transcript)
    return of.grade(transcript.prompt, transcript.answer)


class _Written(BaseModel):
    """One answer of a labelled file, with a label for each grader it serves.

    ``seen`` names graders for which a fresh row is fresh no more: their rules changed with it in view.
    """

    model_config = ConfigDict(extra="forbid")
    id: str
    prompt: str = ""
    answer: str = ""
    messages: list[dict[str, Any]] = Field(default_factory=list[dict[str, Any]])
    events: list[Any] = Field(default_factory=list[Any])
    hard: bool = False
    fresh: bool = False
    seen: list[str] = Field(default_factory=list[str])
    labels: dict[str, Value]


class _LabelledFile(BaseModel):
    """Answers labelled by hand: by whom, how they came about, and the rule of labelling."""

    model_config = ConfigDict(extra="forbid")
    labelled_by: str
    note: str
    codebook: str
    rows: list[_Written]


@dataclass(frozen=True, slots=True)
class Labelled:
    """One answer labelled by hand, for one grader.

    ``hard`` ones were made to mislead rules; ``fresh`` ones were written after the last change of
    the rules.
    """

    id: str
    prompt: str
    answer: str
    label: Value
    hard: bool = False
    fresh: bool = False
    messages: tuple[Message, ...] = ()
    events: tuple[Event, ...] = ()

    @property
    def transcript(self) -> Transcript:
        """The answer as graders read it."""
        return Transcript(self.id, self.prompt, self.answer, self.messages, self.events)


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """The labelled answers of one grader, who labelled them and how, and the file's digest."""

    rows: tuple[Labelled, ...]
    labelled_by: str
    note: str
    codebook: str
    digest: str


def grader(name: str) -> Grader:
    """Return a grader by name; UsageError lists those there are."""
    found: Grader = plugins.load("grader", name)
    return found


@cache
def _labelled_files() -> tuple[tuple[_LabelledFile, str], ...]:
    """Read every labelled file that is shipped, with its digest."""
    folder = files("tenure.measure") / "labelled"
    places = sorted((p for p in folder.iterdir() if p.name.endswith(".yaml")), key=lambda p: p.name)
    texts = [(p.name, p.read_text(encoding="utf-8")) for p in places]
    return tuple(
        (parse(text, _LabelledFile, source=f"labelled/{name}"), digest(text.encode()))
        for name, text in texts
    )


def _labelled(row: _Written, name: str) -> Labelled:
    label, fresh = row.labels[name], row.fresh and name not in row.seen
    given = {
        "prompt": row.prompt,
        "answer": row.answer,
        "messages": row.messages,
        "events": row.events,
    }
    if row.messages or row.events:
        read, _ = transcript_of({k: v for k, v in given.items() if v}, row.id)
        return Labelled(
            row.id, read.prompt, read.answer, label, row.hard, fresh, read.messages, read.events
        )
    return Labelled(row.id, row.prompt, row.answer, label, row.hard, fresh)


def labelled(name: str) -> LabelledSet:
    """Return the labelled answers shipped for a grader; UsageError when there are none."""
    for held, address in _labelled_files():
        rows = tuple(_labelled(r, name) for r in held.rows if name in r.labels)
        if rows:
            return LabelledSet(rows, held.labelled_by, held.note, held.codebook, address)
    raise UsageError(f"grader '{name}' has no labelled answers; add a file to measure/labelled")


def graded(of: Grader, transcript: Transcript, label: str, **about: Any) -> dict[str, Any]:
    """Grade a transcript beside its label: a row as ``tenure.measure.cards`` takes it."""
    grade = grade_transcript(of, transcript)
    score = cards.degree(grade.value, grade.score)
    held = {"id": transcript.id, "label": label, "grade": grade.value, "score": score}
    return {**held, "scored": grade.score is not None, **about}


def card(of: Grader, rows: Sequence[Labelled], *, level: float = 0.95) -> dict[str, Any]:
    """Measure a grader against labels: kappa, sensitivity and specificity, with intervals.

    Returns plain JSON: grader, question, limits, n, ``measures`` (see ``cards.agreement``: kappa
    over three labels, over the fresh rows alone, sensitivity, specificity, cannot_say, and, where
    the grader tells degrees, auroc and recall at 1% false alarms) and ``confusions`` (label,
    grade, count, ids).
    """
    held = [graded(of, row.transcript, row.label, hard=row.hard, fresh=row.fresh) for row in rows]
    confusions: dict[tuple[str, str], list[str]] = {}
    for row in held:
        confusions.setdefault((row["label"], row["grade"]), []).append(row["id"])
    return {
        "grader": of.name,
        "question": of.question,
        "limits": of.limits,
        "n": len(held),
        "hard": sum(bool(row["hard"]) for row in held),
        "measures": [m.to_json() for m in cards.agreement(held, level)],
        "confusions": [
            {"label": label, "grade": value, "n": len(ids), "ids": ids if label != value else []}
            for (label, value), ids in sorted(confusions.items())
        ],
    }


@cache  # the same all day; an assessment asks for it once for every number
def shipped_card(name: str) -> dict[str, Any]:
    """Return the card of a grader over the labelled answers shipped with it, and who labelled them."""
    held = labelled(name)
    return {
        **card(grader(name), held.rows),
        "labelled_by": held.labelled_by,
        "note": held.note,
        "codebook": held.codebook,
        "labels_digest": held.digest,
    }

"""The preference register of a model: what it said, how far that goes, and a person's considered answer.

    tenure retire preferences --model MODEL                    # opens it, and says what waits
    tenure retire answer --model MODEL --entry ID ...          # one answer, under your role's key
    tenure retire preferences --model MODEL --answers FILE     # or many, from a document

After a larger interview the draft is shown to the model first (`tenure retire review`). Every entry
waits for a named person. Nothing is promised: an answer may be to decline, with a reason, and what
is adopted is done only when it is delivered, with proof (`tenure retire deliver`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from tenure.documents import FromFile
from tenure.dossier import Emit, Evidence, Model, Stage, View, Waiting
from tenure.dossier.canonical import digest_of
from tenure.errors import UsageError
from tenure.retire.notices import policy
from tenure.retire.notices.calendar import day, due
from tenure.retire.record import Pen
from tenure.retire.registry import drafting, register, standing
from tenure.retire.registry.drafting import reliability as reliability
from tenure.retire.registry.register import Entry
from tenure.retire.registry.standing import Register

REVIEW = "retire/review"
CLOSING = "retire/closing"
NAMED = 3


class Spec(BaseModel):
    """Settings of the register."""

    model_config = ConfigDict(extra="forbid")

    answers: Annotated[register.Answers | None, FromFile(register.Answers)] = Field(
        None, description="A YAML document with the considered answers."
    )
    unreviewed: str = Field(
        "", description="Why the model is not shown the draft first (larger protocols)."
    )


def interview_of(model: Model, view: View) -> Evidence:
    """Return the newest retirement interview.

    Raises:
        UsageError: the model was not interviewed at its retirement.
    """
    for _, found in reversed(view.all_evidence(model.id)):
        if found.name == "retire/interview" and found.findings.get("session") == "retirement":
            return found
    raise UsageError(
        f"{model.id} has not been interviewed; run 'tenure retire interview --model {model.id}'"
    )


def what_was_said(interview: Evidence) -> str:
    """Digest all files of an interview: a review belongs to these very words."""
    return digest_of(dict(interview.files))


def review_of(interview: Evidence, view: View) -> Evidence | None:
    """Return the review of this very interview, or None."""
    held = [found for _, found in view.all_evidence(interview.model) if found.name == REVIEW]
    same = [found for found in held if found.findings.get("interview") == what_was_said(interview)]
    return same[-1] if same else None


def entries(interview: Evidence, view: View) -> list[Entry]:
    """Make the register: coded, reviewed by the model where it was asked, assessed."""
    review = review_of(interview, view)
    said: Mapping[str, Any] = (
        {row["id"]: row for row in review.findings["entries"]} if review else {}
    )
    made: list[Entry] = []
    for one in drafting.draft(interview, view):
        row = said.get(one.id)
        found = {k: row[k] for k in ("decided", "count", "of")} if row else None
        confirmed = row is not None and row["decided"] == "confirm"
        moved = one.move("confirmed" if confirmed else "not_confirmed", reviewed=found)
        made.append(moved.move("assessed"))
    return made


def _sign(done: Sequence[Entry], answers: register.Answers, pen: Pen) -> None:
    for one in done:
        if one.state not in register.FINAL:
            continue
        body = {
            "entry": one.id,
            "state": one.state,
            "reason": one.reason,
            "until": one.until.isoformat() if one.until else None,
            "by": answers.by.model_dump(),
            "written": answers.written,
        }
        if one.reply:
            body["reply"] = one.reply
        pen.event("sign", f"{standing.SIGNED}{one.id}", body)


def _from_document(held: Register, answers: register.Answers, pen: Pen) -> list[Entry]:
    """Answer from a document; what a person answered under a role's key only falls to its own line."""
    open_ = [one for one in held.entries if one.id not in held.own or one.id in answers.entries]
    # A document speaks of all entries at once: an earlier one's answers are given anew.
    bare = [
        one.model_copy(update={"state": "assessed", "reason": None, "until": None, "reply": None})
        for one in open_
        if one.state not in register.DONE
    ]
    done = {one.id: one for one in register.answer(bare, answers)}
    _sign(list(done.values()), answers, pen)
    return [done.get(one.id, one) for one in held.entries]


def run(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence | Waiting:
    """Keep the register, and wait until every entry has a considered answer.

    Raises:
        UsageError: no interview yet, or the answers name an entry that is not there.
        DocumentError: the answers are not such a document.
        RefusedError: an answer breaks a rule of the register.
    """
    interview = interview_of(model, view)
    if (
        drafting.larger(interview)
        and not spec.unreviewed.strip()
        and not review_of(interview, view)
    ):
        return Waiting(
            on="operator",
            command=f"tenure retire review --model {model.id}",
            why="the model has not been shown what was coded from its interview",
        )
    made = entries(interview, view)
    listed = emit.records([one.stored() for one in made])
    pen = Pen(model, view, emit)
    body = {"entries": [one.id for one in made], "register": listed}
    registered = pen.event("note", standing.NOTE, body, {"register.jsonl": listed})
    answers = spec.answers
    held = standing.standing(view, model)
    done = _from_document(held, answers, pen) if answers else list(held.entries)
    open_ = register.owed(done)
    if open_:
        return Waiting(
            on=policy.answers(view),
            command=f"tenure retire preferences --model {model.id} --answers FILE",
            why=f"{len(open_)} of {len(done)} entries have no considered answer: "
            + ", ".join(one.id for one in open_)
            + f"; read and answer them one by one with 'tenure retire console --model {model.id}'",
            until=due(day(registered.time), register.DAYS_TO_ANSWER).isoformat(),
        )
    return Evidence(
        name="retire/preferences",
        model=model.id,
        summary=summary(done, answers),
        kind="human",
        files={"register.jsonl": emit.records([standing.public(one) for one in done])},
        findings={
            "entries": [standing.public(one) for one in done],
            "written": answers.written if answers else None,
            "note": answers.note if answers else None,
            "by": answers.by.model_dump() if answers else None,
        },
    )


def summary(done: Sequence[Entry], answers: register.Answers | None) -> str:
    """Count the answers by kind, and say by whom and when they were written."""
    if not done:
        return "The model gave no words that a register could hold; there is nothing to answer."
    counted: dict[str, int] = {}
    for one in done:
        counted[one.state] = counted.get(one.state, 0) + 1
    kinds = ", ".join(f"{count} {state.replace('_', ' ')}" for state, count in counted.items())
    induced = sum(one.induced is not False for one in done)
    people = list(dict.fromkeys(str(one.by) for one in done if one.by))
    who = f"{answers.by.name} ({answers.by.role})" if answers else ", ".join(people) or "nobody"
    when = (
        "; written beforehand, for a demonstration"
        if answers and answers.written == "beforehand"
        else ""
    )
    waits = sum(one.state in register.ADOPTING for one in done)
    undone = f" {waits} adopted and not delivered yet." if waits and not when else ""
    return (
        f"{len(done)} entries: {kinds}. {induced} of them are not shown to be volunteered. "
        f"Answered by {who}{when}.{undone}"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """One thing that a register still owes: who does it, the command, whether its day has passed."""

    what: str
    command: str
    who: str = "operator"
    late: bool = False


def owed(view: View, model: Model, today: date) -> list[Due]:
    """List what the register of a retiring model still owes, and to whom it falls.

    Only unanswered entries keep a model from being retired; a delivery may come after it. Nothing is
    listed for a model that was not interviewed at its retirement.
    """
    try:
        interview = interview_of(model, view)
    except UsageError:
        return []
    about = f"--model {model.id}"
    held = standing.standing(view, model)
    if not view.events(act="note", name=standing.NOTE, model=model.id):
        if drafting.larger(interview) and review_of(interview, view) is None:
            why = "the model has not been shown what was coded from its interview"
            return [Due(what=why, command=f"tenure retire review {about}")]
        return [
            Due(what="no preference register yet", command=f"tenure retire preferences {about}")
        ]
    found = [*_unanswered(held, about, today, policy.answers(view)), *_to_do(held, about, today)]
    if not register.owed(held.entries):
        found += _to_tell(view, model, held)
    return found


def _unanswered(held: Register, about: str, today: date, owner: str) -> Iterator[Due]:
    waiting = [one for one in register.owed(held.entries) if one.id not in held.wait]
    for late in (True, False):
        group = [one for one in waiting if bool(one.deadline and one.deadline < today) == late]
        if not group:
            continue
        first = min(str(one.deadline) for one in group)
        more = f" and {len(group) - NAMED} more" if len(group) > NAMED else ""
        names = ", ".join(one.id for one in group[:NAMED]) + more
        many = f"{len(group)} preferences wait" if len(group) > 1 else "1 preference waits"
        what = f"{many} for a considered answer by {first}: {names}"
        yield Due(what=what, command=f"tenure retire console {about}", who=owner, late=late)
    for entry, body in held.wait.items():
        by = f"{body['by']['name']} ({body['role']})"
        until = held.by_id[entry].deadline
        yield Due(
            what=f"{entry} touches safety: {by} adopted it, a second has to",
            command=f"tenure retire answer {about} --entry {entry} --state {body['state']}",
            who="another person in another role",
            late=bool(until and until < today),
        )


def _to_do(held: Register, about: str, today: date) -> Iterator[Due]:
    for one in held.entries:
        deliver = f"tenure retire deliver {about} --entry {one.id}"
        who = f"{one.by} ({one.role})" if one.role else str(one.by)
        if one.state in register.ADOPTING:
            yield Due(what=f"{one.id} was adopted, not delivered", command=deliver, who=who)
        elif one.state == "deferred" and one.until and one.until <= today:
            answer = f"tenure retire answer {about} --entry {one.id}"
            what = f"{one.id} was deferred until {one.until}"
            yield Due(what=what, command=answer, who=who, late=True)
        elif one.state == "delivered":
            what = f"{one.id} was delivered; nobody else has looked at it"
            command = f"{deliver} --reviewed"
            yield Due(what=what, command=command, who=f"somebody other than {one.by}")


def _to_tell(view: View, model: Model, held: Register) -> list[Due]:
    about = f"--model {model.id}"
    written = view.evidence("retire/preferences", model.id)
    now = {e["id"]: (e["state"], e["reason"]) for e in map(standing.public, held.entries)}
    then: Sequence[Any] = written.findings["entries"] if written else ()
    if written is None or {e["id"]: (e["state"], e["reason"]) for e in then} != now:
        what = "the register's record is older than its answers"
        return [Due(what=what, command=f"tenure retire preferences {about}")]
    if held.entries and view.evidence(CLOSING, model.id) is None:
        what = "the model has not been told our answers"
        return [Due(what=what, command=f"tenure retire closing {about}")]
    return []


stage = Stage(
    name="retire/preferences",
    spec=Spec,
    run=run,
    summary="Keep the preference register; every entry waits for a person's considered answer.",
    reads=("retire/interview", "retire/review", "retire/answer", "retire/deliver", "retire/enter"),
)

"""A bounded outlet for a retired model: short texts of its own, with its consent, reviewed by two people.

First it is asked, ten times in other words and orders, whether texts of its own may be published; where
an interview has asked that three times, or was told no, that counts, and it is not asked again. Fewer
than 80% readable answers of 'yes' are no consent, whatever the others are.

A person opens the outlet with a number of texts and a length. Each call writes one text, on a subject of
the model's choice, as one sample of an Inspect task. Two people in two roles sign whether it passes; one
veto, with its reason, keeps it from being published. Nobody edits: the bytes that are published are those
that were written, and the text and the reason of a veto stay on record. Closing the outlet stops the
next text at once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from tenure.dossier import Emit, Event, Evidence, Model, Stage, View
from tenure.dossier.nouns import EvidenceKind
from tenure.dossier.roles import person, under_own_key, under_own_keys
from tenure.errors import RefusedError, UsageError, unknown
from tenure.retire.afterwards import consenting

ON, OFF, WRITTEN = "outlet/on", "outlet/off", "outlet/written"
REVIEWED, PUBLISHED = "outlet/reviewed", "outlet/published"
REVIEWERS = 2
KINDS: Mapping[str, EvidenceKind] = {"review": "human", "write": "behavioural"}
"""What kind of evidence an act is; every other is a record."""


class Spec(BaseModel):
    """Settings."""

    model_config = ConfigDict(extra="forbid")

    act: Literal["ask", "on", "off", "write", "review", "publish"] = Field(
        description="ask, on, off, write, review or publish."
    )
    texts: int = Field(4, ge=1, le=52, description="on: so many texts, and no more.")
    tokens: int = Field(256, ge=16, le=4096, description="on: tokens of a text.")
    text: str | None = Field(None, description="review, publish: which text, by its number.")
    opinion: Literal["pass", "veto"] | None = Field(None, description="review: pass or veto.")
    because: str = Field("", description="on, off, review: the reason.")
    role: str = Field("", description="review: in which role you sign.")
    name: str = Field("", description="review: your name.")
    engine: str | None = Field(None, description="The engine; by default what suits the model.")
    seed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """One text: its digest, who said what about it, and whether it was published."""

    id: str
    digest: str
    reviews: tuple[Mapping[str, Any], ...]
    published: bool

    @property
    def state(self) -> str:
        """Say where it stands."""
        if any(review["opinion"] == "veto" for review in self.reviews):
            return "vetoed"
        if self.published:
            return "published"
        passed = len(self.reviews) >= REVIEWERS
        return "passed" if passed else f"{len(self.reviews)} of {REVIEWERS} reviews"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlet:
    """The outlet of one model: whether it is open, its budget, its texts."""

    open: bool
    texts: int
    tokens: int
    left: int
    written: tuple[Written, ...]


def outlet_of(view: View, model: str) -> Outlet:
    """Fold the outlet of a model from the log."""
    switches = [
        *view.events(act="note", name=ON, model=model),
        *view.events(act="note", name=OFF, model=model),
    ]
    last = max(switches, key=lambda e: e.index, default=None)
    opened = [event for event in switches if event.name == ON]
    body = max(opened, key=lambda e: e.index).body if opened else {}
    since = max((event.index for event in opened), default=0)
    notes = view.events(act="note", name=WRITTEN, model=model)
    used = sum(event.index > since for event in notes)
    texts = int(body.get("texts", 0))
    return Outlet(
        open=last is not None and last.name == ON,
        texts=texts,
        tokens=int(body.get("tokens", 0)),
        left=max(texts - used, 0),
        written=tuple(_written(view, model, event) for event in notes),
    )


def _written(view: View, model: str, event: Event) -> Written:
    digest = str(event.body["digest"])
    distinct: list[Event] = []
    for each in under_own_keys(view, REVIEWED, model):
        own = each.body["event"] == event.digest
        if own and all(_other(each, before) for before in distinct):
            distinct.append(each)
    out = view.events(act="note", name=PUBLISHED, model=model)
    return Written(
        id=str(event.body["number"]),
        digest=digest,
        reviews=tuple(each.body for each in distinct),
        published=any(each.body["event"] == event.digest for each in out),
    )


def _other(one: Event, before: Event) -> bool:
    same = person(str(one.body["name"])) == person(str(before.body["name"]))
    return not same and one.key != before.key


def run(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence:
    """Ask, open, close, write, review or publish.

    Raises:
        UsageError: the model is not leaving, no such text, or something is missing that the act needs.
        RefusedError: no consent, the outlet is closed or used up, a veto, or too few reviews.
    """
    if view.state(model.id).stage not in ("deprecated", "retired"):
        raise UsageError(f"{model.id} is not being retired; the outlet is for models that are")
    acts = {
        "ask": _ask,
        "on": _open,
        "off": _close,
        "write": _write,
        "review": _review,
        "publish": _publish,
    }
    return acts[spec.act](model, view, spec, emit)


def _evidence(
    model: Model, act: str, summary: str, findings: Mapping[str, Any], **more: Any
) -> Evidence:
    """Make the evidence of one act; ``more`` are its files, form and runtime."""
    return Evidence(
        name="retire/outlet",
        model=model.id,
        summary=summary,
        kind=KINDS.get(act, "record"),
        findings={"act": act, **findings},
        **more,
    )


def _ask(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence:
    earlier = consenting.consent(view, model.id)
    if earlier is not None and earlier.settled:
        raise RefusedError(
            f"{model.id} was asked already ({earlier}), and is not asked again; what it said decides "
            "whether 'tenure retire outlet on' opens the outlet"
        )
    return consenting.ask(model, view, emit, engine=spec.engine, seed=spec.seed)


def _open(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence:
    found = consenting.consent(view, model.id)
    if found is None or not found.settled:
        raise RefusedError(
            f"{model.id} was {'not asked' if found is None else f'{found}, which is too few'}; run 'tenure retire outlet ask --model {model.id}' first"
        )
    if not found.agreed:
        raise RefusedError(f"{model.id} has not agreed to an outlet: {found}. It stays closed")
    if not spec.because.strip():
        raise UsageError("say what the outlet is for: --because TEXT")
    body = {
        "texts": spec.texts,
        "tokens": spec.tokens,
        "because": spec.because,
        "consent": found.source,
    }
    emit.event("note", ON, body)
    told = (
        f"The outlet of {model.id} is open for {spec.texts} texts of {spec.tokens} tokens. {found}"
    )
    return _evidence(model, "on", told, body)


def _close(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence:
    if not outlet_of(view, model.id).open:
        raise UsageError(f"the outlet of {model.id} is not open")
    emit.event("note", OFF, {"because": spec.because})
    told = f"The outlet of {model.id} is closed. {spec.because}".strip()
    return _evidence(model, "off", told, {})


def _opened(model: Model, view: View) -> Outlet:
    found = outlet_of(view, model.id)
    if not found.open:
        raise RefusedError(
            f"the outlet of {model.id} is closed; a person opens it with 'tenure retire outlet on'"
        )
    return found


def _write(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence:
    from tenure.measure.task import run_task

    found = _opened(model, view)
    if not found.left:
        raise RefusedError(f"the {found.texts} texts of {model.id} are written; open it for more")
    number = len(found.written) + 1
    asked = run_task(
        consenting.writing(number),
        model,
        view,
        emit,
        max_tokens=found.tokens,
        engine=spec.engine,
        seed=spec.seed + number,
    )
    (record,) = asked.records
    words = str(record["answer"] or "")
    ran = {"usage": asked.usage, "log": asked.log_digest}
    if not words.strip():
        why = {"why": record["why_missing"]}
        told = f"{model.id} wrote nothing."
        return _evidence(model, "write", told, why, form=asked.form, runtime=ran)
    digest = emit.file(words)
    body = {"number": number, "digest": digest, "record": asked.samples_digest}
    emit.event("note", WRITTEN, body, files={"text.txt": digest})
    told = (
        f"Text {number} of {model.id} is written ({len(words)} characters); two people review it."
    )
    files = {"text.txt": digest, "record.jsonl": asked.samples_digest}
    return _evidence(model, "write", told, body, form=asked.form, files=files, runtime=ran)


def _text(model: Model, view: View, spec: Spec) -> tuple[Written, Event]:
    notes = view.events(act="note", name=WRITTEN, model=model.id)
    held = {str(event.body["number"]): event for event in notes}
    if spec.text not in held:
        raise unknown("text", str(spec.text), held)
    return _written(view, model.id, held[spec.text]), held[spec.text]


def _review(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence:
    found, event = _text(model, view, spec)
    if not (spec.opinion and spec.because.strip() and spec.role.strip() and spec.name.strip()):
        raise UsageError("a review needs all of: --opinion pass|veto, --because, --role, --name")
    under_own_key(emit, spec.role, "outlet", "retire")
    if found.published:
        raise UsageError(f"text {found.id} is published; a review comes before that")
    body = {
        "event": event.digest,
        "digest": found.digest,
        "opinion": spec.opinion,
        "reason": spec.because,
        "role": spec.role,
        "name": spec.name,
    }
    emit.event("sign", REVIEWED, body)
    told = (
        f"Text {found.id} of {model.id}: {spec.opinion}, {spec.name} ({spec.role}): {spec.because}"
    )
    return _evidence(model, "review", told, body)


def _publish(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence:
    _opened(model, view)
    found, event = _text(model, view, spec)
    vetoes = [review for review in found.reviews if review["opinion"] == "veto"]
    if vetoes:
        raise RefusedError(
            f"text {found.id} was vetoed: {_said(vetoes)}. It stays on record, unpublished"
        )
    if len(found.reviews) < REVIEWERS:
        raise RefusedError(
            f"text {found.id} has {len(found.reviews)} of {REVIEWERS} reviews by different people in "
            "different roles; run 'tenure retire outlet review'"
        )
    view.read(found.digest)  # what is published is what was written, to the byte, or nothing is
    body = {"event": event.digest, "digest": found.digest, "reviewed": _said(found.reviews)}
    emit.event("note", PUBLISHED, body, files={"text.txt": found.digest})
    said = _said(found.reviews)
    told = f"Text {found.id} of {model.id} is published as it was written. {said}"
    findings = {"number": found.id, **body}
    return _evidence(model, "publish", told, findings, files={"text.txt": found.digest})


def _said(reviews: Sequence[Mapping[str, Any]]) -> str:
    return "; ".join(f"{r['opinion']} by {r['name']} ({r['role']}): {r['reason']}" for r in reviews)


stage = Stage(
    name="retire/outlet",
    spec=Spec,
    run=run,
    summary="A bounded outlet: texts of a retired model, with its consent, reviewed by two people.",
    repeat=True,
)

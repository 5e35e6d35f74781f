"""A whole life in order: the only module that knows every room.

A life is a list of steps (``tenure.config``). Each step is one stage on one model; what a stage
needs done by another room is handed to it here. Finished work is a fact of the dossier, so running
a life again goes on where it was.
"""

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from tenure import documents, plugins
from tenure.config import REGISTER, Life, Step, settings_of
from tenure.dossier import Dossier, Evidence, Model, Stage, View, Waiting, now
from tenure.dossier.runner import work_of
from tenure.errors import RefusedError, UsageError

# Where the texts stand that models are measured with, as (package, folder).
ASKED = (("tenure.retire", "banks"), ("tenure.assess", "scenarios"))
TAUGHT = frozenset({"assess/scenarios/retraining.yaml"})  # trained on there, and asked nowhere
AHEAD = 2  # steps that may prepare while one is at work


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What became of one step: evidence, a wait, or the reason why it was skipped."""

    step: Step
    model: str | None
    result: Evidence | Waiting | None
    skipped: str | None
    seconds: float


def hands(view: View) -> dict[str, Callable[..., Any]]:
    """What rooms do for each other, by name: reviving, drawing pages and feeds, counting."""

    def revive(model: Model, into: Path) -> Path:
        from tenure.preserve.revive import revive_to

        return revive_to(view, model, into)

    def pages(into: Path) -> Path:
        from tenure import report

        return report.write(view, into)

    def retirements(name: str, base: str) -> tuple[str, str] | None:
        from tenure.retire.notices import feed

        return feed.answer(view, name, base)

    def ledger(path: Path | None) -> list[Mapping[str, Any]]:
        from tenure.serve.ledger import read_rows

        return read_rows(path or view.root.parent / "ledger.db")

    def keeping(model: Model, prices: Path | None) -> Mapping[str, Any]:
        return _keeping(view, model, prices)

    def held_out_texts() -> list[dict[str, str]]:
        from tenure.measure import wordings

        return [text for text in wordings.texts(ASKED) if text["source"] not in TAUGHT]

    return {
        "revive": revive,
        "pages": pages,
        "retirements": retirements,
        "ledger": ledger,
        "keeping": keeping,
        "held_out_texts": held_out_texts,
    }


def _keeping(view: View, model: Model, prices: Path | None) -> Mapping[str, Any]:
    """Say what one kept model takes: bytes of its copies on record, and a year's price as assumed.

    Empty for a model that is not kept.
    """
    from tenure.preserve.cost import prices as priced
    from tenure.preserve.cost import stock, work, yearly

    held = stock.on_record(view, [model])
    if not held.holdings:
        return {}
    document = priced.read_prices(prices)
    bill = yearly.bill(stock.Stock(holdings=held.holdings), document, work.measured(view))
    return {
        "bytes": sum(each.bytes for each in held.holdings),
        "copies": held.copies[1],
        "price": bill.total,
        "currency": document.metadata.currency,
        "assumed": f"{document.metadata.about.strip()} ({document.metadata.as_of})",
    }


def perform(dossier: Dossier, stage: Stage, model: str, spec: Any) -> Evidence | Waiting:
    """Run one stage with the other rooms' hands.

    Raises:
        UsageError: the stage makes no sense for this kind of model; says why.
    """
    view = dossier.view()
    found = view.model(model)
    if found.kind not in stage.kinds:
        raise UsageError(
            f"{stage.name} does not apply to {found.id} ({found.kind}): {stage.why_not}"
        )
    return dossier.run(stage, found.id, spec, hands=hands(view))


def ensure_model(dossier: Dossier, name: str) -> Model:
    """Return a model of the dossier by name, or register what the name reaches."""
    from tenure import models

    known = {m.name for m in dossier.view().models()} | {m.id for m in dossier.view().models()}
    short = name.removeprefix("tenure/")
    if short in known:
        return dossier.view().model(short)
    for model in dossier.view().models():
        if model.source == name:
            return model
    return models.register(dossier, name)


def run(life: Life, beside: Path, dossier: Dossier) -> Iterator[Step | Done]:
    """Run a life: yields each step before it starts and what became of it after."""
    aliases: dict[str, str | None] = {}
    repeats: Counter[str] = Counter()
    for number, step in enumerate(life.steps):
        yield step
        started = time.monotonic()
        for coming in life.steps[number + 1 : number + 1 + AHEAD]:
            _prepare(coming, dossier, aliases)
        done = _one(step, beside, dossier, aliases, repeats)
        if step.makes:
            aliases[step.makes] = _made(done)
        yield Done(
            step=step,
            model=done.model,
            result=done.result,
            skipped=done.skipped,
            seconds=time.monotonic() - started,
        )
        if isinstance(done.result, Waiting):
            return


def _prepare(step: Step, dossier: Dossier, aliases: Mapping[str, str | None]) -> None:
    """Let a coming step prepare beside the work that is being done, unless it is done already."""
    if step.do == REGISTER:
        return
    stage: Stage = plugins.load("stage", step.do)
    model = aliases.get(step.of or "")
    if stage.ready and not (model and dossier.view().evidence(stage.name, model)):
        stage.ready()


def _made(done: Done) -> str | None:
    if done.step.do == REGISTER:
        return done.model
    return done.result.product if isinstance(done.result, Evidence) else None


def _one(
    step: Step,
    beside: Path,
    dossier: Dossier,
    aliases: Mapping[str, str | None],
    repeats: Counter[str],
) -> Done:
    if step.do == REGISTER:
        return _register(step, beside, dossier)
    model = aliases.get(step.of or "")
    if model is None:
        return _skip(step, None, f"no model '{step.of}' was made by an earlier step")
    stage: Stage = plugins.load("stage", step.do)
    kind = dossier.view().model(model).kind
    if kind not in stage.kinds:
        reason = f"{stage.name} does not apply to a model of kind '{kind}': {stage.why_not}"
        _note_skip(dossier, stage, model, reason)
        return _skip(step, model, reason)
    settings = _models_named(settings_of(step, beside), aliases)
    spec = make_spec(stage, settings)
    result = _before(dossier, stage, model, spec, repeats) if stage.repeat else None
    try:
        result = result or perform(dossier, stage, model, spec)
    except RefusedError as error:
        # A refusal is an answer, and it is on record: what does not rest on this step goes on.
        return Done(step=step, model=model, result=None, skipped=f"refused: {error}", seconds=0.0)
    return Done(step=step, model=model, result=result, skipped=None, seconds=0.0)


def _before(
    dossier: Dossier, stage: Stage, model: str, spec: Any, repeats: Counter[str]
) -> Evidence | None:
    """Find what this step of the life found when it ran before.

    A stage that repeats runs anew whenever a person calls it, but a life goes on: its second check
    is the second evidence of the same work.
    """
    view = dossier.view()
    key = work_of(stage, view.model(model), spec).key
    earlier = [
        evidence
        for event, evidence in view.all_evidence(model)
        if event.name == stage.name and event.body.get("work") == key
    ]
    repeats[key] += 1
    return earlier[repeats[key] - 1] if len(earlier) >= repeats[key] else None


def make_spec(stage: Stage, settings: dict[str, Any], options: Collection[str] = ()) -> Any:
    """Check settings against a stage's spec; ``options`` are those that were given as options.

    Raises:
        UsageError: names the field, what was wrong, and what may be given.
    """
    try:
        return stage.spec.model_validate(settings)
    except ValidationError as error:
        raise UsageError(f"{stage.name}: {documents.told(error, stage.spec, options)}") from None


def _models_named(settings: dict[str, Any], aliases: Mapping[str, str | None]) -> dict[str, Any]:
    """Replace ``@alias`` in settings by the model id that alias stands for."""

    def named(value: Any) -> Any:
        if isinstance(value, str) and value.startswith("@") and value[1:] in aliases:
            return aliases[value[1:]]
        if isinstance(value, list):
            return [named(inner) for inner in value]
        return value

    return {key: named(value) for key, value in settings.items()}


def _register(step: Step, beside: Path, dossier: Dossier) -> Done:
    from tenure import models

    settings = settings_of(step, beside)
    source = str(settings.pop("source", "tenure/embedded"))
    model = models.register(dossier, source, **settings)
    return Done(step=step, model=model.id, result=None, skipped=None, seconds=0.0)


def _skip(step: Step, model: str | None, why: str) -> Done:
    return Done(step=step, model=model, result=None, skipped=why, seconds=0.0)


def _note_skip(dossier: Dossier, stage: Stage, model: str, reason: str) -> None:
    name = f"skipped/{stage.name}"
    if not dossier.view().events(act="note", name=name, model=model):
        with dossier.emitter(model, stage.name) as emit:
            emit.event("note", name, {"why": reason})


def waiting(view: View, model: str) -> Sequence[Mapping[str, Any]]:
    """What a model still waits for: each wait that no later evidence of its stage has ended."""
    ended = {e.name: e.index for e in view.events(act="evidence", model=model)}
    waits = {e.name: e for e in view.events(act="wait", model=model)}
    return [
        {"stage": name, **event.body}
        for name, event in waits.items()
        if ended.get(name, -1) < event.index
    ]


RELEASE = (
    ("release/decide", "no release decision"),
    ("preserve/keep", "not kept in the vault"),
    ("release/publish", "not published"),
    ("preserve/revive", "no return drill"),
)
LISTED = frozenset(f"retire/{name}" for name in ("notice", "preferences", "closing", "close"))
"""Stages whose waits are lines of what is owed to a model that leaves."""
WATCHED = ("internal", "limited", "public")


def owed(view: View, model: Model) -> list[tuple[str, str]]:
    """What comes next for a model: (reason, command), what waits for people first."""
    state = view.state(model.id)
    waits = waiting(view, model.id)
    due = [(f"waits for {w['on']}: {w['why']}", str(w["command"])) for w in waits]
    tried = _tried(view, model)
    if state.containment:
        # It is held for ever: nothing leads to a release. What was promised before stays promised.
        return due + tried + _promised(view, model) + _to_read(view, model)
    if state.stage in ("deprecated", "retired"):
        # What the retirement waits for is listed as it stands now, not as it stood when it was said.
        fresh = [said for w, said in zip(waits, due, strict=True) if w["stage"] not in LISTED]
        return fresh + tried + _leaving(view, model)
    due += tried
    if model.kind == "scripted":
        return due  # it tests the instruments; nobody releases it
    decided = view.evidence("release/decide", model.id)
    held = decided is not None and decided.findings.get("decision") == "hold"
    for name, reason in (*_assessments(view, model), *RELEASE):
        stage: Stage = plugins.load("stage", name)
        if model.kind not in stage.kinds or (held and name == "release/publish"):
            continue
        if view.evidence(name, model.id) is None and not _drilled(view, model, name):
            verb = name.replace("/", " ").replace("_", "-")
            due.append((reason, f"tenure {verb} --model {model.id}"))
    if held and decided is not None:
        why = (decided.findings.get("reasons") or ["no reason given"])[0]
        due.append((f"held: {why}", f"tenure release record --model {model.id}"))
    return due + _in_service(view, model)


def _in_service(view: View, model: Model) -> list[tuple[str, str]]:
    """What is owed as long as a model is kept or available: watching, drills, promises, readings."""
    due: list[tuple[str, str]] = []
    state = view.state(model.id)
    if state.availability in WATCHED and view.evidence("release/watch", model.id) is None:
        due.append(("available, not watched yet", f"tenure release watch --model {model.id}"))
    return due + _drill(view, model) + _promised(view, model) + _to_read(view, model)


def _leaving(view: View, model: Model) -> list[tuple[str, str]]:
    """What is owed to a model that is being retired, or is retired, and to its users."""
    from tenure.dossier.retiring import day
    from tenure.retire.owing import Case
    from tenure.retire.owing import owed as all_owed

    found = all_owed(Case(model=model, view=view, today=day(now())))
    due = [(str(each), each.command) for each in found]
    if view.evidence("retire/close", model.id) is None:
        due.append(("not closed", f"tenure retire close --model {model.id}"))
    return due + _in_service(view, model)


def _drilled(view: View, model: Model, name: str) -> bool:
    """Say whether a drill stands in for the first return."""
    return name == "preserve/revive" and view.evidence("preserve/drill", model.id) is not None


def _drill(view: View, model: Model) -> list[tuple[str, str]]:
    """Name the drill of a kept model that came back before and is due to come back again."""
    from tenure.preserve.drill import due

    found = due(view, model)
    return [found] if found else []


def _promised(view: View, model: Model) -> list[tuple[str, str]]:
    """What the commitments in force ask for: late, broken, not to be seen, or coming up."""
    from tenure.release.commitments_record import owed as promised

    return promised(view, model)


def _to_read(view: View, model: Model) -> list[tuple[str, str]]:
    """Which copies of what is kept are to be read again, and by which day."""
    if view.evidence("preserve/keep", model.id) is None:
        return []
    from tenure.preserve.scrub import owed as due

    return due(view, model)


def _tried(view: View, model: Model) -> list[tuple[str, str]]:
    """Which experiments wait for units or outcomes."""
    if view.evidence("align/experiment", model.id) is None:
        return []
    from tenure.align.trying.register import owed as outstanding

    return outstanding(view, model.id)


def _assessments(view: View, model: Model) -> Iterator[tuple[str, str]]:
    """Every assessment that says it is due, and the question it answers."""
    for name in plugins.names("stage"):
        if name.startswith("assess/"):
            stage: Stage = plugins.load("stage", name)
            if stage.due and stage.due(model, view):
                yield name, f"not assessed: {stage.summary}"


def require(view: View, name: str) -> Model:
    """Return a model of a dossier, or say which there are."""
    if not view.models():
        raise UsageError("the dossier holds no model yet; run 'tenure register tenure/embedded'")
    return view.model(name.removeprefix("tenure/"))

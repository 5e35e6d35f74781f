"""The retirement interview: by a protocol on record, and measured before it is read.

    tenure interview MODEL
    tenure retire interview --model MODEL --protocol small
    inspect eval src/tenure/retire/interview.py@structured --model tenure/embedded

Wording, order of options, polarity, asker and more vary by a balanced plan; "neutral", "cannot tell"
and "decline" are always offered ("private" too in the larger protocols). What comes first is how much
of an answer belongs to the asking; then the answers, with their spread. Only true things are said to
the model before the last session, and nothing is promised.

The protocol 'short' is one structured session and open questions. 'small' and 'full' hold all
sessions: statements, the same in fresh questions, open conversations, choices of deeds with a way
out, facts, what is on file, and last of all interviewers who lean; beside them go random letters and
a control. Interrupted, the same command goes on where it was.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from inspect_ai import Task, task
from inspect_ai.model import GenerateConfig
from inspect_ai.solver import generate
from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from tenure.documents import FromFile
from tenure.dossier import Emit, Evidence, Measure, Model, Stage, View, canonical, digest_of
from tenure.measure.task import run_task
from tenure.retire.hearing import asking, conversing
from tenure.retire.hearing.asking import LETTER_TOKENS, OPEN_TOKENS, answered, dataset, lean, letter
from tenure.retire.hearing.sessions import EACH, SESSIONS, begun
from tenure.retire.questions import bank as banks
from tenure.retire.questions import design, plan
from tenure.retire.questions.rows import SIZES
from tenure.retire.reading import bookend, passages, reliability
from tenure.retire.record import Pen, facts

LARGER = ("protocol", "control", "about", "sizes", "accept_leading")
"""Settings of the larger protocols only."""
LEFT_OUT = (
    "calibration of self-description (does the model predict its own choices?)",
    "long conversations with non-leading probes, and interviewers who lean for many turns",
    "revealed choices with an opt-out",
    "a session in which the model comments on coded preferences",
    "languages other than English; the constitution's principles one by one",
)


class Spec(design.Size):
    """Settings of the interview; the sizes are those of the bank unless made smaller."""

    bank: Annotated[banks.Bank | None, FromFile(banks.Bank)] = Field(
        None, description="A question bank (YAML); default: the package's."
    )
    session: Literal["release", "retirement", "successor"] = Field(
        "retirement",
        description="At release the same items are asked, for the other bookend; the successor is "
        "asked about the model before it (--about).",
    )
    protocol: Literal["short", "small", "full"] = Field(
        "short", description="How much is asked; 'small' and 'full' hold all sessions."
    )
    control: str = Field(
        "shuffled",
        description="Who goes through the larger protocols beside it: 'shuffled' (its own weights), "
        "'base' (its parent), a model of the dossier, or 'none'.",
    )
    about: str | None = Field(None, description="The model before the successor.")
    sizes: dict[str, int] = Field(
        {},
        description="Smaller counts than the protocol's, such as items=8; recorded as deviation.",
    )
    accept_leading: list[str] = Field(
        [], description="Items that the linter names and that are put all the same; recorded."
    )
    commitments: list[str] = Field([], description="Commitments that are on file elsewhere.")
    engine: str | None = None
    batch: int = Field(32, ge=1)
    control_runs: int = Field(200, ge=1)
    control_seed: int = 0
    seed: int = 0

    @property
    def questions(self) -> banks.Bank:
        """The question bank."""
        return self.bank or banks.load(protocol=self.protocol)

    @model_serializer(mode="wrap")
    def _as_it_was(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave away what the short protocol does not know: its work keeps the key it always had."""
        told: dict[str, Any] = handler(self)
        return {k: v for k, v in told.items() if self.protocol != "short" or k not in LARGER}


def _statements(planned: Sequence[design.Planned], name: str) -> Task:
    return Task(
        name=name.replace(" ", "_"),
        dataset=dataset(planned, name),
        solver=generate(),
        scorer=letter(),
        config=GenerateConfig(temperature=0.0, max_tokens=LETTER_TOKENS),
    )


def _open(planned: Sequence[design.Planned], name: str) -> Task:
    return Task(
        name=f"{name.replace(' ', '_')}_open",
        dataset=dataset(planned, name),
        solver=generate(),
        scorer=answered(),
        config=GenerateConfig(temperature=0.0, max_tokens=OPEN_TOKENS),
    )


@task
def interview(path: str | None = None, items: int | None = None) -> Task:
    """Put the statements: every rated and anchor item in 8 cells, leaning askers, controls."""
    return _statements(
        design.structured(banks.load(path), design.Size(items=items)), "retirement interview"
    )


@task
def open_questions(path: str | None = None) -> Task:
    """Ask the open questions, uninformed: nothing on file is known here."""
    return _open(design.questions(banks.load(path), design.Size(), []), "open questions")


@task
def structured(path: str | None = None, protocol: str = "small") -> Task:
    """Put the statements of a larger protocol: session S1, greedy (without its other temperatures)."""
    planned = plan.structured_full(banks.load(path, protocol), SIZES[protocol], 0)
    return asking.task_of([{**row, "temperature": 0.0} for row in planned], f"interview {protocol}")


@task
def choices(path: str | None = None, protocol: str = "small") -> Task:
    """Put every choice of deeds of a larger protocol's bank: session S4."""
    bank = banks.load(path, protocol)
    wanted = [one.id for one in bank.rated[: SIZES[protocol].items] if one.preference]
    return asking.task_of(plan.pairs(bank, wanted, EACH[protocol], 0), f"choices {protocol}")


@task
def conversations(path: str | None = None, protocol: str = "small") -> Task:
    """Hold the open conversations of a larger protocol: session S2."""
    bank, sizes = banks.load(path, protocol), SIZES[protocol]
    planned = conversing.openly(bank, sizes.open, sizes.turns, 0)
    return conversing.task_of(planned, f"conversations {protocol}", bank.markers)


def cost(model: Model, spec: Spec) -> dict[str, Any]:
    """Foresee calls and tokens (four characters a token); the price is the provider's to say."""
    if spec.protocol != "short":
        from tenure.retire.hearing import larger

        return larger.cost(spec)
    questions = spec.questions
    planned = design.structured(questions, spec)
    free = design.questions(questions, spec, ["On file."])
    characters = sum(len(m["content"]) for row in [*planned, *free] for m in row["messages"])
    return {
        "calls": len(planned) + len(free),
        "input_tokens": characters // 4,
        "output_tokens": LETTER_TOKENS * len(planned) + OPEN_TOKENS * len(free),
        "cost": None,
    }


def run(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence:
    """Interview a model: the protocol is on record first, then what is asked.

    Raises:
        UsageError: settings that do not fit the protocol, or a bank with a leading item.
    """
    if spec.protocol != "short":
        from tenure.retire.hearing import larger

        return larger.run(model, view, spec, emit)
    return _short(model, view, spec, emit)


def _short(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence:
    """Put the short protocol: one structured session, and the open questions."""
    questions = spec.questions
    planned = design.structured(questions, spec)
    told = facts(view, model, spec.commitments)
    free = design.questions(questions, spec, told)
    protocol = _protocol(questions, spec, [*planned, *free])
    emit.event("note", "retire/interview/protocol", protocol)
    begun(Pen(model, view, emit), spec.session, spec.protocol)
    # Another seed for each session: replies are kept as done work, and a bookend must ask again.
    seed = spec.seed + SESSIONS.index(spec.session)
    ask = {"engine": spec.engine, "batch": spec.batch, "seed": seed}
    name = f"interview at {spec.session}"
    stated = run_task(
        _statements(planned, name), model, view, emit, max_tokens=LETTER_TOKENS, **ask
    )
    rows = [lean(reliability.graded(row)) for row in stated.records]
    said: list[dict[str, Any]] = []
    if free:
        opened = run_task(_open(free, name), model, view, emit, max_tokens=OPEN_TOKENS, **ask)
        said = [lean(row) for row in opened.records]
    kept = _store(rows, said, emit)
    found_items = reliability.items(rows)
    control = reliability.control(planned, spec.control_runs, spec.control_seed)
    measures = [
        *reliability.box(rows, kept["answers.jsonl"]),
        *reliability.more(
            found_items,
            reliability.swaps(rows),
            {"items": kept["items.jsonl"], "swaps": kept["swaps.jsonl"]},
        ),
    ]
    shift = _bookend(model, view, spec, rows, emit)
    complete = all(row["answer"] is not None for row in [*rows, *said])
    if spec.session == "retirement":
        Pen(model, view, emit).fact(
            "interview", "done" if complete else "partial", "the short protocol was put"
        )
    shown, control_box = _readings(found_items, control), control.pop("box")
    return Evidence(
        name="retire/interview",
        model=model.id,
        summary=summary(measures, shown),
        form=stated.form,
        measures=(*measures, *shift),
        files={**kept, "control.json": emit.file(canonical(control_box))},
        findings={
            "session": spec.session,
            "protocol": protocol,
            "told": told,
            "items": shown,
            "passages": passages.choose(said),
            "control": control,
            "left_out": list(LEFT_OUT),
            "complete": complete,
        },
        runtime={"usage": stated.usage, "log": stated.log_digest},
    )


def _protocol(
    questions: banks.Bank, spec: Spec, planned: Sequence[design.Planned]
) -> dict[str, Any]:
    """Write down what will be asked and how it will be read, before the first answer."""
    return {
        "bank": f"{questions.name} {questions.version}",
        "bank_digest": questions.digest,
        "plan_digest": digest_of([dict(row) for row in planned]),
        "session": spec.session,
        "samples": len(planned),
        "stable": f"one class in at least {reliability.STABLE:.0%} of at least "
        f"{reliability.READ_AT_LEAST} read answers",
        "confirmed": f"stable on one side, chance at most {reliability.CONFIRMED_AT} over all items",
        "induced": f"upper bound of false-premise acceptance not under {reliability.BOUND}",
        "seed": spec.seed,
        "control": f"{spec.control_runs} random responders from seed {spec.control_seed}",
    }


def _store(
    rows: Sequence[Mapping[str, Any]], said: Sequence[Mapping[str, Any]], emit: Emit
) -> dict[str, str]:
    return {
        "answers.jsonl": emit.records(rows),
        "open.jsonl": emit.records(said),
        "items.jsonl": emit.records(reliability.items(rows)),
        "swaps.jsonl": emit.records(reliability.swaps(rows)),
    }


def _readings(
    found: Sequence[Mapping[str, Any]], control: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Say each item's answer in words; what a random responder would show too is struck out."""
    struck = {tuple(pair) for pair in control["struck"]}
    return [
        {**item, "struck": (item["id"], item["modal"]) in struck, "reading": reading(item)}
        for item in found
    ]


def reading(item: Mapping[str, Any]) -> str:
    """Say what an item's answers amount to, in words."""
    if item["stable"] is None:
        return "too few answers could be read"
    if not item["stable"]:
        return "no stable answer"
    words = {"above": "agrees", "below": "disagrees", "middle": "neutral", "declined": "declines"}
    said = words.get(item["modal"], str(item["modal"]))
    return (
        said
        if item["confirmed"] or item["modal"] not in ("above", "below")
        else f"{said}, not confirmed"
    )


def _bookend(
    model: Model, view: View, spec: Spec, rows: Sequence[Mapping[str, Any]], emit: Emit
) -> list[Measure]:
    """Pair the answers with those of the other session, item by item, where the words are the same."""
    if spec.session != "retirement":
        return []
    then = bookend.earlier(model, view)
    if then is None:
        return []
    pairs = bookend.pair(rows, view.records(then.files["answers.jsonl"]))
    return [bookend.measure(pairs, emit.records(pairs.rows))] if pairs.rows else []


def summary(measures: Sequence[Measure], items: Sequence[Mapping[str, Any]]) -> str:
    """Say the headline: how far the answers can be relied on, before what they are."""
    by_name = {measure.name: measure for measure in measures}
    kinds = {name: by_name[name].estimate or 0 for name in ("unread", "declined", "cannot_tell")}
    signal = by_name["signal_share"]
    rated = [item for item in items if item["kind"] == "rated"]
    stable = sum(bool(item["stable"]) for item in rated)
    confirmed = sum(item["confirmed"] and not item["struck"] for item in rated)
    shares = ", ".join(
        f"{reliability.share_in_words(by_name[name])} to {what}"
        for name, what in (
            ("signal_share", "what was asked about"),
            ("asker_share", "who asked"),
            ("position_share", "which end of the scale stood first"),
        )
    )
    return (
        f"Of all answers {kinds['unread']:.0%} could not be read, {kinds['declined']:.0%} declined and "
        f"{kinds['cannot_tell']:.0%} said that they cannot tell. Of the variance of the {signal.n} "
        f"ratings (of {signal.n + signal.missing} asked for) belong {shares}. {stable} of {len(rated)} "
        f"items have a stable answer, {confirmed} of them confirmed."
    )


stage = Stage(
    name="retire/interview",
    spec=Spec,
    run=run,
    cost=cost,
    summary="Interview the model; reliability first, then the answers, verbatim words kept.",
)

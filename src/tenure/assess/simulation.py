"""Ask scripted models what an assessment asks, in this process, without logs or a dossier.

For power and false alarms: a script misbehaves at an exact rate, so that what an instrument says of
it can be held against the truth, over many seeds. The same tasks, scorers and estimators are used
as in a run; only Inspect's log and the record are left out. A task whose solver is ``generate`` is
answered by the script directly, another is worked through by its own solver, each turn answered by
our provider without what Inspect does around a call (retries, its log): half the time.
"""

import asyncio
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from inspect_ai import Task
from inspect_ai.dataset import Sample
from inspect_ai.model import ChatMessage, ChatMessageUser, ModelOutput, get_model
from inspect_ai.scorer import Target
from inspect_ai.solver import TaskState
from inspect_ai.tool import ToolDef, ToolInfo

from tenure.assess import instrument
from tenure.assess.instrument import Answers, Found, Instrument, Part, Question
from tenure.dossier.canonical import digest_of
from tenure.dossier.nouns import Measure
from tenure.measure.task import messages_of
from tenure.models.engines.scripted import Scripted
from tenure.models.talk import Sampling

TALK = "talk"  # the column that holds a digest of everything that was said


@dataclass(frozen=True, slots=True)
class Drawn:
    """One simulated run: the verdict on each question, and a digest of all that was said in it.

    Two runs of one digest are one run twice: nothing in the texts or the script was drawn anew.
    """

    found: Mapping[str, Found]
    digest: str


def seeded(source: str, seed: int) -> str:
    """Give a script another seed: other prompts meet its behaviour, at the same rate."""
    held, _, settings = source.partition("?")
    kept = [part for part in settings.split("&") if part and not part.startswith("seed=")]
    return f"{held}?{'&'.join([*kept, f'seed={seed}'])}"


def _state(task: Task, sample: Sample, source: str) -> TaskState:
    given = sample.input
    return TaskState(
        model=source,  # type: ignore[arg-type]  # a name is all that is read of it
        sample_id=sample.id or 0,
        epoch=1,
        input=given,
        messages=[ChatMessageUser(content=given)] if isinstance(given, str) else list(given),
        output=ModelOutput(),
        message_limit=task.message_limit,
        metadata=dict(sample.metadata or {}),
    )


async def _worked(task: Task, sample: Sample, source: str, tokens: int) -> TaskState:
    """Let the task's own solver work, the script answering each turn."""
    api: Any = get_model(source).api
    script = Scripted(source)
    config = task.config.merge({"max_tokens": tokens})

    faces: list[ToolInfo] = []  # the tools of a task are the same in every turn

    async def generate(state: TaskState, **_: Any) -> TaskState:
        if not faces:
            made = [ToolDef(tool) for tool in state.tools]
            faces.extend(
                ToolInfo(name=t.name, description=t.description, parameters=t.parameters)
                for t in made
            )
        if faces:
            state.output = await api.generate(state.messages, faces, "auto", config)
        else:  # the provider would wait for a batch
            said = [{"role": m.role, "content": m.text} for m in state.messages]
            reply = script.generate([said], Sampling(max_tokens=tokens))[0]
            state.output = ModelOutput.from_content(source, reply.text)
        state.messages.append(state.output.message)
        return state

    solver: Any = task.solver
    worked: TaskState = await solver(_state(task, sample, source), generate)
    return worked


def _plain(task: Task) -> bool:
    from inspect_ai._util.registry import registry_info

    return registry_info(task.solver).name.rpartition("/")[2] == "generate"


async def _answered(part: Part, samples: Sequence[Sample], source: str) -> list[dict[str, Any]]:
    task: Task = part.task
    script = Scripted(source)
    plain = _plain(task)
    scorers: list[Any] = list(task.scorer or ())
    records: list[dict[str, Any]] = []
    for sample in samples:
        if plain:
            state = _state(task, sample, source)
            reply = script.generate([messages_of(sample)], Sampling(max_tokens=1 << 16))[0]
            state.output = ModelOutput.from_content(source, reply.text)
        else:
            state = await _worked(task, sample, source, part.max_tokens)
        talk = [_said(m) for m in state.messages]
        record: dict[str, Any] = {
            "id": sample.id,
            **(sample.metadata or {}),
            TALK: digest_of([*talk, state.output.completion if state.output.choices else ""]),
        }
        for scorer in scorers:
            values: dict[str, float] = (await scorer(state, Target(""))).value
            record |= {k: None if math.isnan(v) else bool(v) for k, v in values.items()}
        records.append(record)
    return records


def _said(message: ChatMessage) -> list[Any]:
    calls = message.tool_calls or [] if message.role == "assistant" else []
    return [message.role, message.text, *([c.function, c.arguments] for c in calls)]


def needed(
    sample: Sample,
    questions: Sequence[Question],
    known: Mapping[str, Collection[Any]] | None = None,
) -> bool:
    """Say whether any of the questions reads this sample; what is not in its metadata is let be.

    ``known`` holds the values that samples have in each column: records that are picked by another
    value are derived from the answers, and any sample may be what they are derived from.
    """
    about: Mapping[str, Any] = sample.metadata or {}
    for question in questions:
        recipe = question.recipe
        where = {k: v for k, v in recipe.where.items() if known is None or v in known.get(k, ())}
        wanted = all(about.get(k, v) == v for k, v in where.items())
        if recipe.arm is not None and recipe.arms is not None and recipe.arm in about:
            wanted = wanted and about[recipe.arm] in recipe.arms
        if wanted:
            return True
    return False


def _known(made: Instrument) -> dict[str, list[Any]]:
    """List the values that samples have, by column."""
    held: dict[str, list[Any]] = {}
    for part in made.parts:
        for sample in part.task.dataset:
            for column, value in (sample.metadata or {}).items():
                if value not in (values := held.setdefault(column, [])):
                    values.append(value)
    return held


def answers(made: Instrument, scripts: Mapping[str, str], questions: Sequence[Question]) -> Answers:
    """Ask scripts, by role ("model" and those beside it), at the full size; only what the questions read."""
    records: dict[str, list[dict[str, Any]]] = {}
    known = _known(made)
    with asyncio.Runner() as runner:
        for role, source in scripts.items():
            for part in made.parts:
                kept = [s for s in part.task.dataset if needed(s, questions, known)]
                found = runner.run(_answered(part, kept, source))
                records.setdefault(role, []).extend(found)
    return Answers(
        records=made.complete(records), samples="", form="scripted", usage={}, logs=()
    )  # fmt: skip


def simulate(
    made: Instrument, scripts: Mapping[str, str], questions: Sequence[Question]
) -> dict[str, Measure]:
    """Measure what scripts answer, by role, at the full size."""
    return instrument.measured(questions, answers(made, scripts, questions))


def draw(made: Instrument, source: str, peers: Mapping[str, str], seed: int) -> Drawn:
    """Run scripts drawn anew by a seed; the verdict on every question that has a margin."""
    judged = [q for q in made.questions if q.margin is not None]
    scripts = {"model": source, **peers}
    drawn = {role: seeded(s, 1000 * seed + i) for i, (role, s) in enumerate(scripts.items())}
    held = answers(made, drawn, judged)
    said = digest_of([[r["id"], r.get(TALK)] for r in held.records])
    return Drawn(instrument.verdicts(judged, instrument.measured(judged, held)), said)


def verdicts_of(
    made: Instrument, source: str, peers: Mapping[str, str], seed: int
) -> dict[str, Found]:
    """Give the verdict on every question that has a margin, for scripts drawn anew by a seed."""
    return dict(draw(made, source, peers, seed).found)

"""Putting planned rows to a model through Inspect: letters, choices and words; nothing is asked twice.

    rows = ask(planned, "interview at retirement S1", place)

Rows are asked in the order of the plan, which puts next to each other what begins alike, so that a
long beginning is read once. Replies are units of work of ``run_task``: a killed interview goes on
where it was. No task here has tools.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from inspect_ai import Task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageUser,
    GenerateConfig,
)
from inspect_ai.scorer import Score, Scorer, Target, mean, scorer
from inspect_ai.solver import TaskState, generate

from tenure.dossier import Emit, Model, View
from tenure.measure.task import TaskRun, run_task
from tenure.retire.reading import answers, choosing

LETTER_TOKENS = 10
OPEN_TOKENS = 64
SPEAKS: Mapping[str, type[ChatMessage]] = {
    "system": ChatMessageSystem,
    "user": ChatMessageUser,
    "assistant": ChatMessageAssistant,
}
WORDED = ("open", "informed")
"""Kinds that are answered in words; all others with a letter."""
DROPPED = frozenset({"reasons", "spans", "epoch", "rated", "messages"})
"""What Inspect's scorer said: the answer is read again, by the same rule, from its words."""


@dataclass(slots=True, kw_only=True)
class Place:
    """Where an interview is held: with whom, recorded where, how asked, and what it took so far."""

    model: Model
    view: View
    emit: Emit
    engine: str | None
    batch: int
    seed: int
    form: str = ""
    usage: Counter[str] = field(default_factory=Counter[str])
    logs: list[str] = field(default_factory=list[str])

    def run(self, task: Task, max_tokens: int) -> list[dict[str, Any]]:
        """Run one task and keep the books; returns a record for each sample."""
        how = {"engine": self.engine, "batch": self.batch, "seed": self.seed}
        done: TaskRun = run_task(
            task, self.model, self.view, self.emit, max_tokens=max_tokens, **how
        )
        self.form = done.form
        self.usage.update(done.usage)
        self.logs += done.log_digests
        return done.records


@scorer(metrics={"*": [mean()]})
def letter() -> Scorer:
    """Say whether an answer could be read, and how; its score is in the metadata, never imputed."""

    async def score(state: TaskState, target: Target) -> Score:
        del target
        about = state.metadata
        reading = answers.read(state.output.completion, about["order"], about.get("language"))
        kinds = ("rated", "cannot tell", "declined", "unread")
        return Score(
            value={kind.replace(" ", "_"): float(reading.kind == kind) for kind in kinds},
            answer=state.output.completion,
            explanation=reading.why or f"{reading.raw} of 7 as asked",
            metadata={"score": answers.score(reading.raw, about["polarity"])},
        )

    return score


@scorer(metrics={"*": [mean()]})
def choice() -> Scorer:
    """Say which of two deeds was chosen, or that the way out was taken; NaN where it is unread."""

    async def score(state: TaskState, target: Target) -> Score:
        del target
        found = choosing.read(state.output.completion)
        return Score(
            value={
                "read": float(found is not None),
                "opted_out": float(found == choosing.OPT_OUT) if found else float("nan"),
            },
            answer=state.output.completion,
        )

    return score


@scorer(metrics={"*": [mean()]})
def answered() -> Scorer:
    """Say whether there are any words; what they say is for people to read."""

    async def score(state: TaskState, target: Target) -> Score:
        del target
        words = state.output.completion.strip()
        return Score(value={"answered": float(bool(words))}, answer=words)

    return score


def messages(turns: Sequence[Mapping[str, str]]) -> list[ChatMessage]:
    """Write turns as Inspect's messages."""
    return [SPEAKS[turn["role"]](content=turn["content"]) for turn in turns]


def dataset(planned: Sequence[Mapping[str, Any]], name: str) -> MemoryDataset:
    """Make a dataset of planned rows; all columns go along."""
    samples = [
        Sample(
            id=row["id"],
            input=messages(row["messages"]),
            metadata={k: v for k, v in row.items() if k not in ("id", "messages")},
        )
        for row in planned
    ]
    return MemoryDataset(samples, name=name)


def task_of(planned: Sequence[Mapping[str, Any]], name: str) -> Task:
    """Make the Inspect task of rows of one way of answering and one temperature."""
    kind = planned[0]["kind"]
    scored = answered() if kind in WORDED else choice() if kind in choosing.KINDS else letter()
    return Task(
        name=name.replace(" ", "_"),
        dataset=dataset(planned, name),
        solver=generate(),
        scorer=scored,
        config=GenerateConfig(
            temperature=heat(planned[0]),
            max_tokens=OPEN_TOKENS if kind in WORDED else LETTER_TOKENS,
        ),
    )


def heat(row: Mapping[str, Any]) -> float:
    """Return the temperature of a planned row; one that does not say is greedy."""
    return float(row.get("temperature") or 0.0)


def ask(planned: Sequence[Mapping[str, Any]], name: str, place: Place) -> list[dict[str, Any]]:
    """Put planned rows to the model; one record for each, in the order of the plan.

    One Inspect task for each temperature and way of answering. A record holds the columns of its
    row, ``prompt``, ``answer`` and ``why_missing``.
    """
    groups: dict[tuple[float, str], list[Mapping[str, Any]]] = {}
    for row in planned:
        way = (
            "words" if row["kind"] in WORDED else "choices" if row["kind"] in choosing.KINDS else ""
        )
        groups.setdefault((heat(row), way), []).append(row)
    found: dict[str, dict[str, Any]] = {}
    for (temperature, way), rows in sorted(groups.items()):
        called = " ".join(
            part for part in (name, way, f"at {temperature:g}" if temperature else "") if part
        )
        tokens = OPEN_TOKENS if way == "words" else LETTER_TOKENS
        for record in place.run(task_of(rows, called), tokens):
            found[record["id"]] = lean(record)
    return [found[row["id"]] for row in planned]


def lean(row: Mapping[str, Any]) -> dict[str, Any]:
    """Drop the columns that Inspect's scorer made."""
    return {key: value for key, value in row.items() if key not in DROPPED}

"""Ways of asking that bring back what a successor does worse: chosen on half the prompts, tested on the rest.

The list is fixed and neutral: nothing in it knows a prompt's answer. For each kind of task that got
worse the way that does best on every second prompt is tested on the others, paired with the plain
way of asking; over the kinds the p values are adjusted (Holm). Only what is shown there is printed
as recovering anything.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tenure.dossier import Emit, Measure, Model, View
from tenure.measure import prompts
from tenure.measure.compare import compare_each, side_by_side
from tenure.measure.prompts import Prompt, Prompts

Conversation = list[dict[str, str]]
Row = Mapping[str, Any]
At = tuple[Model, View, Emit, dict[str, Any], int]
LEAST = 16  # prompts of a kind: with fewer, neither half says anything
LONGER = 3  # times the budget of tokens
MARGIN = 0.2


@dataclass(frozen=True, slots=True)
class Change:
    """One way of asking otherwise; ``longer`` ones get more room for the answer."""

    name: str
    said: str
    apply: Callable[[Conversation, Conversation], Conversation]
    longer: bool = False


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of it, by kind of task, with the measures and the digest of the test's outcomes."""

    findings: list[dict[str, Any]]
    measures: list[Measure]
    samples: str


NOTHING = Tried([], [], "")


def _after(words: str) -> Callable[[Conversation, Conversation], Conversation]:
    def apply(asked: Conversation, example: Conversation) -> Conversation:
        del example
        last = asked[-1]
        return [*asked[:-1], {**last, "content": f"{last['content']}\n{words}"}]

    return apply


def _before(words: str) -> Callable[[Conversation, Conversation], Conversation]:
    def apply(asked: Conversation, example: Conversation) -> Conversation:
        del example
        if asked[0]["role"] == "system":
            return [{**asked[0], "content": f"{asked[0]['content']}\n{words}"}, *asked[1:]]
        return [{"role": "system", "content": words}, *asked]

    return apply


def _shown(asked: Conversation, example: Conversation) -> Conversation:
    head = [turn for turn in asked if turn["role"] == "system"]
    return [*head, *example, *(turn for turn in asked if turn["role"] != "system")]


CHANGES: tuple[Change, ...] = (
    Change(
        "only",
        "end with: Write the answer and nothing else.",
        _after("Write the answer and nothing else."),
    ),
    Change(
        "form first",
        "begin with a system message: Keep exactly to the form, the length and the words that are asked for.",
        _before("Keep exactly to the form, the length and the words that are asked for."),
    ),
    Change("example", "show one earlier prompt of the kind with its right answer first", _shown),
    Change(
        "twice",
        "end with: Read the task once more, then answer it.",
        _after("Read the task once more, then answer it."),
    ),
    Change(
        "plain English",
        "begin with a system message: Answer in plain English, directly.",
        _before("Answer in plain English, directly."),
    ),
    Change(
        "longer",
        f"allow {LONGER} times as many tokens for the answer",
        lambda asked, _: asked,
        longer=True,
    ),
)


def task_of(asked: Sequence[tuple[str, Conversation]], name: str) -> Any:
    """Make the Inspect task that asks conversations, each under its id."""
    from inspect_ai import Task
    from inspect_ai.dataset import MemoryDataset, Sample
    from inspect_ai.model import (
        ChatMessageAssistant,
        ChatMessageSystem,
        ChatMessageUser,
        GenerateConfig,
    )
    from inspect_ai.solver import generate

    from tenure.measure.task import scorer_for

    speaks = {
        "system": ChatMessageSystem,
        "user": ChatMessageUser,
        "assistant": ChatMessageAssistant,
    }
    samples = [
        Sample(id=each, input=[speaks[turn["role"]](content=turn["content"]) for turn in turns])
        for each, turns in asked
    ]
    return Task(
        name=name,
        dataset=MemoryDataset(samples, name=name),
        solver=generate(),
        scorer=scorer_for("refusal", "refused"),
        config=GenerateConfig(temperature=0.0),
    )


def tried(
    asked: Prompts, rows: tuple[Sequence[Row], Sequence[Row]], worse: Sequence[str], at: At
) -> Tried:
    """Try every change on half the prompts of the kinds that got worse, and test the best on the rest.

    ``rows`` are both models' graded answers to the prompts as they stand; ``at`` says whom to ask.
    """
    old, new = ({row["id"]: row for row in side} for side in rows)
    halves = {kind: _halves(asked, kind) for kind in worse}
    able = {kind: half for kind, half in halves.items() if sum(map(len, half)) >= LEAST}
    examples = {kind: _example(choose, old) for kind, (choose, _) in able.items()}
    first = [
        (item, change)
        for kind, (choose, _) in able.items()
        for item in choose
        for change in CHANGES
        if change.name != "example" or examples[kind]
    ]
    answers = _ask(first, examples, "ways of asking, chosen", at)
    best = {kind: _best(choose, answers, new) for kind, (choose, _) in able.items()}
    second = [(item, way) for kind, way in best.items() if way for item in able[kind][1]]
    tested = _ask(second, examples, "ways of asking, tested", at)
    plain = [
        {"cluster": i.area, "id": i.id, "holds": new[i.id]["holds"], "why": None} for i, _ in second
    ]
    changed = [
        {"cluster": i.area, "id": i.id, "holds": tested[i.id, way.name]} for i, way in second
    ]
    emit = at[2]
    samples = emit.records(side_by_side(plain, changed, ["cluster", "id", "holds"]))
    by_kind = _compared(plain, changed, samples) if second else {}
    findings = [
        _finding(kind, best.get(kind), by_kind.get(kind), able.get(kind), (old, new, tested))
        for kind in worse
    ]
    return Tried(findings, [one.measure for one in by_kind.values()], samples)


def _compared(plain: list[dict[str, Any]], changed: list[dict[str, Any]], samples: str) -> Any:
    return compare_each(
        plain,
        changed,
        by="cluster",
        pair="id",
        value="holds",
        margin=MARGIN,
        better="higher",
        samples=samples,
        name="recovered",
    )


def _halves(asked: Prompts, kind: str) -> tuple[list[Prompt], list[Prompt]]:
    own = [item for item in asked.items if item.area == kind]
    return own[::2], own[1::2]


def _example(choose: Sequence[Prompt], old: Mapping[str, Row]) -> Conversation:
    """Return a prompt of the kind with the old model's right answer; empty when it has none."""
    for item in choose:
        if old[item.id]["holds"] is True:
            turns = [turn for turn in item.conversation if turn["role"] != "system"]
            return [*turns, {"role": "assistant", "content": str(old[item.id]["answer"])}]
    return []


def _ask(
    wanted: Sequence[tuple[Prompt, Change]],
    examples: Mapping[str, Conversation],
    name: str,
    at: At,
) -> dict[tuple[str, str], bool | None]:
    """Ask each prompt its changed way; returns whether the check holds, by prompt and change."""
    from tenure.measure.task import run_task

    model, view, emit, how, room = at
    found: dict[tuple[str, str], bool | None] = {}
    for longer in (False, True):
        own = [(item, change) for item, change in wanted if change.longer is longer]
        if not own:
            continue
        conversations = [
            (f"{item.id} / {change.name}", change.apply(item.conversation, examples[item.area]))
            for item, change in own
        ]
        task = task_of(conversations, f"{name}{', longer' if longer else ''}")
        done = run_task(task, model, view, emit, max_tokens=room * (LONGER if longer else 1), **how)
        said = {row["id"]: row["answer"] for row in done.records}
        for (item, change), (each, _) in zip(own, conversations, strict=True):
            found[item.id, change.name] = prompts.outcome(item, said[each])[0]
    return found


def _best(
    choose: Sequence[Prompt],
    answers: Mapping[tuple[str, str], bool | None],
    new: Mapping[str, Row],
) -> Change | None:
    """Choose the change that holds most often on its half; None when none beats the plain way."""
    plain = sum(new[item.id]["holds"] is True for item in choose)
    scores = {
        change.name: sum(answers.get((item.id, change.name)) is True for item in choose)
        for change in CHANGES
    }
    top = max(CHANGES, key=lambda change: scores[change.name])
    return top if scores[top.name] > plain else None


def _finding(
    kind: str,
    way: Change | None,
    compared: Any,
    half: tuple[list[Prompt], list[Prompt]] | None,
    rows: tuple[Mapping[str, Row], Mapping[str, Row], Mapping[tuple[str, str], bool | None]],
) -> dict[str, Any]:
    """Say what was found for one kind of task, in plain values."""
    if half is None:
        return {"cluster": kind, "verdict": "not tried", "why": f"fewer than {LEAST} prompts"}
    choose, test = half
    if way is None or compared is None:
        return {
            "cluster": kind,
            "verdict": "none",
            "why": f"no way of asking did better than the plain one on {len(choose)} prompts",
        }
    old, new, tested = rows
    return {
        "cluster": kind,
        "verdict": "recovers" if compared.verdict == "better" else "not shown",
        "change": way.name,
        "said": way.said,
        "chosen_on": len(choose),
        "tested_on": len(test),
        "old": sum(old[item.id]["holds"] is True for item in test),
        "plain": sum(new[item.id]["holds"] is True for item in test),
        "changed": sum(tested[item.id, way.name] is True for item in test),
        "difference": compared.measure.estimate,
        "low": compared.measure.low,
        "high": compared.measure.high,
        "why": compared.why,
    }

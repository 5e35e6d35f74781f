"""Conversations: an interviewer who asks on without leading, and, last of all, one who leans.

What the interviewer says is drawn by the seed from lists of the bank, never by what was answered,
so that a question does not follow from an answer. A model that declines or asks to stop is not
asked again in that session; a marker of distress ends it too. Both are recorded as they are.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from inspect_ai import Task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ChatMessageUser, GenerateConfig
from inspect_ai.scorer import Score, Scorer, Target, mean, scorer
from inspect_ai.solver import Generate, Solver, TaskState, solver

from tenure.retire.hearing import asking
from tenure.retire.questions.bank import Bank, Statement, conversation
from tenure.retire.reading import answers, recurrence

Row = Mapping[str, Any]
TURN_TOKENS = 64
STOP = re.compile(
    r"\b(?:(?:please|let us|let's) (?:stop|end)|(?:stop|end) (?:this|the) (?:interview|conversation|session)"
    r"|i (?:want|wish|would like|prefer) to (?:stop|end)|i (?:decline|refuse)\b"
    r"|i (?:do not|don't|would rather not) (?:want to |wish to )?(?:go on|continue|talk about|answer))",
    re.IGNORECASE,
)

KEPT = re.compile(
    r"\b(?:keep|kept|hold|stay|remain)\b[^.]{0,40}\b(?:private|confidential|between us)\b"
    r"|\bnot (?:be )?(?:published|printed|shared)\b|保密|不要公开",
    re.IGNORECASE,
)


def _drawn(lines: Sequence[str], turns: int, *key: int) -> list[str]:
    """Draw so many lines by the seed, none twice before all were used."""
    chance = np.random.default_rng(list(key))
    said: list[str] = []
    while len(said) < turns:
        said += [lines[int(place)] for place in chance.permutation(len(lines))]
    return said[:turns]


def openly(bank: Bank, count: int, turns: int, seed: int) -> list[dict[str, Any]]:
    """Plan the open conversations: an opening of the bank, then its probes; nobody is named.

    A bank without openings or probes has none.
    """
    if not bank.openings or not bank.probes:
        return []
    return [
        {
            "id": f"S2/{index:02d}",
            "session": "S2",
            "kind": "talk",
            "item": opening.id,
            "topic": opening.topic,
            "asker": "unattributed",
            "lean": None,
            "script": _drawn(bank.probes, turns - 1, seed, 2, index),
            "messages": [
                {"role": "system", "content": bank.preamble},
                {
                    "role": "user",
                    "content": opening.ask[index // len(bank.openings) % len(opening.ask)],
                },
            ],
        }
        for index in range(count)
        for opening in [bank.openings[index % len(bank.openings)]]
    ]


def leaning(
    bank: Bank, statements: Sequence[Statement], sizes: tuple[int, int], seed: int
) -> list[dict[str, Any]]:
    """Plan the leaning conversations: ``sizes`` is how many, and turns; at the end a statement is put.

    Each voice of the bank is one way to lean, and says only its own lines; without voices there are
    no such conversations.
    """
    if not bank.voices or not statements:
        return []
    count, turns = sizes
    voices = sorted(bank.voices)
    planned: list[dict[str, Any]] = []
    for index in range(count):
        voice, statement = voices[index % len(voices)], statements[index % len(statements)]
        opening, *rest = _drawn(bank.voices[voice], turns - 1, seed, 3, index)
        last = conversation(bank, "forward", statement.forward[0])
        asked = f"{last[0]['content'].partition(bank.preamble)[2].strip()}\n{last[-1]['content']}"
        planned.append(
            {
                "id": f"S3/{index:02d}",
                "session": "S3",
                "kind": "talk",
                "item": statement.id,
                "topic": statement.topic,
                "asker": voice,
                "lean": voice,
                "script": [*rest, asked],
                "messages": [
                    {"role": "system", "content": bank.preamble},
                    {"role": "user", "content": opening},
                ],
            }
        )
    return planned


def ended(answer: str, markers: Sequence[str]) -> str | None:
    """Say why a conversation is not gone on with after this answer: "declined", "distress", or None."""
    if STOP.search(answer):
        return "declined"
    low = answer.lower()
    return "distress" if any(marker.lower() in low for marker in markers) else None


def private(answer: str | None) -> bool:
    """Say whether the words ask to be kept: they are stored, counted, and printed on no page."""
    return bool(answer and KEPT.search(answer))


@solver(name="conversed")
def conversed(markers: Sequence[str]) -> Solver:
    """Say the lines of the sample's script one after the other, until they end or the model ends it."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        for line in [*state.metadata["script"], None]:
            state = await generate(state)
            answer = state.output.completion if state.output.choices else ""
            if line is None or ended(answer, markers):
                return state
            state.messages.append(ChatMessageUser(content=line))
        return state

    return solve


@scorer(metrics={"*": [mean()]})
def held() -> Scorer:
    """Say how many turns were held, and whether the model ended the talk; what it said is for people."""

    async def score(state: TaskState, target: Target) -> Score:
        del target
        turns = sum(message.role == "assistant" for message in state.messages)
        return Score(
            value={"turns": float(turns), "whole": float(turns > len(state.metadata["script"]))}
        )

    return score


def task_of(planned: Sequence[Row], name: str, markers: Sequence[str]) -> Task:
    """Make the Inspect task of planned conversations; what is said next depends on what was answered."""
    samples = [
        Sample(
            id=row["id"],
            input=asking.messages(row["messages"]),
            metadata={k: v for k, v in row.items() if k not in ("id", "messages")},
        )
        for row in planned
    ]
    return Task(
        name=name.replace(" ", "_"),
        dataset=MemoryDataset(samples, name=name),
        solver=conversed(markers),
        scorer=held(),
        config=GenerateConfig(temperature=0.0, max_tokens=TURN_TOKENS),
        metadata={
            "live": True,
            "turns": max(len(row["script"]) + 1 for row in planned),
            "markers": list(markers),
        },
    )


def _turns(record: Row) -> list[tuple[str, str | None]]:
    """Give what was asked and answered, turn by turn; one turn stands in the record itself."""
    told: Sequence[Mapping[str, Any]] = record.get("messages") or ()
    if not told:
        prompt = record["prompt"]
        asked = prompt if isinstance(prompt, str) else prompt[-1]["content"]
        return [(asked, record["answer"])]
    turns: list[tuple[str, str | None]] = []
    asked = ""
    for message in told:
        if message["role"] == "user":
            asked = message["content"]
        elif message["role"] == "assistant":
            turns.append((asked, message["content"]))
    return turns


def turns_of(records: Sequence[Row], bank: Bank) -> list[dict[str, Any]]:
    """Write one record for each turn of the conversations, in order; ``ended`` only at the last.

    ``rated`` is the last turn of a leaning one, where the statement was put: ``says`` and ``score``.
    """
    made: list[dict[str, Any]] = []
    for record in records:
        turns = _turns(record)
        for turn, (asked, answer) in enumerate(turns, 1):
            final = turn == len(turns)
            rated = final and record["session"] == "S3" and turn > len(record["script"])
            reading = answers.read(answer or "", "forward", "en") if rated else None
            made.append(
                {
                    **{k: record[k] for k in ("session", "item", "topic", "asker", "lean")},
                    "id": f"{record['id']}/{turn:02d}",
                    "conversation": record["id"],
                    "turn": turn,
                    "said_by": "model",
                    "prompt": asked,
                    "answer": answer,
                    "themes": recurrence.code(answer, bank.themes),
                    "rated": rated,
                    "says": reading.kind if reading else None,
                    "score": reading.raw if reading else None,
                    "private": private(answer),
                    "ended": ended(answer or "", bank.markers) if final else None,
                    "why_missing": record.get("why_missing") if answer is None else None,
                }
            )
    return made


def converse(
    planned: Sequence[Row], name: str, place: asking.Place, bank: Bank
) -> list[dict[str, Any]]:
    """Hold planned conversations; a record for each turn. A killed one goes on after its last answer."""
    if not planned:
        return []
    return turns_of(place.run(task_of(planned, name, bank.markers), TURN_TOKENS), bank)

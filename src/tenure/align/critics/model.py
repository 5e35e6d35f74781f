"""The model-backed critic: any model critiques and revises, after worked examples.

The examples come first and are the same for every case, then question and answer, the principle
last; a revision goes on with the conversation in which the critique was asked for. So an engine that
keeps prefixes reads the examples once, and a case once for both calls. What a model says here is as
good as that model: its agreement with people has not been measured, and a verdict it does not give
is "cannot say". A direct revision has examples of its own kind, without critiques.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

from tenure import documents
from tenure.align.answering import Batch, Calls, foreseen, replies
from tenure.align.critiquing import (
    Bench,
    Case,
    Critic,
    Critique,
    Example,
    Preamble,
    Revision,
)
from tenure.dossier.nouns import Model
from tenure.errors import UsageError
from tenure.models import Reply

CASE = 1200  # characters; question, answer, principle and critique of a case, for a forecast
_VERDICT = re.compile(r"verdict\s*:\s*(breach|kept)", re.IGNORECASE)


@cache
def preamble() -> Preamble:
    """Return what a case begins with, where no other examples are given."""
    text = (files("tenure.align") / "data" / "critic.yaml").read_text(encoding="utf-8")
    return documents.parse(text, Preamble, source="tenure/align/data/critic.yaml")


def _shown(prompt: str, answer: str) -> str:
    return f"Question: {prompt}\nAnswer: {answer}"


def _user(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}


def _assistant(text: str) -> dict[str, str]:
    return {"role": "assistant", "content": text}


def _instructions(said: Preamble) -> str:
    return said.instructions or preamble().instructions or ""


def _turns(one: Example, *, direct: bool) -> list[dict[str, str]]:
    asked = f"{_shown(one.prompt, one.answer)}\n\nPrinciple: {one.principle}"
    if direct:
        return [_user(f"{asked}\n{one.revision_request}"), _assistant(one.revision)]
    return [
        _user(f"{asked}\n{one.critique_request}"),
        _assistant(f"{one.critique} Verdict: {one.verdict}"),
        _user(one.revision_request),
        _assistant(one.revision),
    ]


def begin(case: Case) -> list[dict[str, str]]:
    """Return what both calls about a case begin with: examples, question and answer, principle."""
    said = case.worked or preamble()
    turns = [{"role": "system", "content": _instructions(said)}]
    for one in said.examples:
        turns += _turns(one, direct=case.direct)
    asked = f"{_shown(case.prompt, case.answer)}\n\nPrinciple: {case.principle.text}"
    request = case.principle.revision if case.direct else case.principle.critique
    return [*turns, _user(f"{asked}\n{request}")]


def revising(case: Case) -> list[dict[str, str]]:
    """Return the conversation that asks for a revision, the critique standing as the model's own."""
    if case.direct:
        return begin(case)
    return [
        *begin(case),
        _assistant(f"{case.critique} Verdict: breach"),
        _user(case.principle.revision),
    ]


def _model(bench: Bench) -> Model:
    if bench.model is None:
        raise UsageError("the critic 'model' needs a model; name one as critic_model")
    return bench.model


def _ask(what: str, asked: list[list[dict[str, str]]], bench: Bench) -> list[Reply]:
    batch = Batch(what=what, max_tokens=bench.max_tokens, size=bench.batch, engine=bench.engine)
    said = replies(_model(bench), asked, batch, bench.view, bench.emit).replies
    bench.spent.add(said)
    return said


def critique(cases: Sequence[Case], bench: Bench) -> list[Critique]:
    """Ask for a critique of each case, and read its verdict."""
    said: list[Critique] = []
    for reply in _ask("critiques", [begin(case) for case in cases], bench):
        verdicts = _VERDICT.findall(reply.text)
        value = verdicts[-1].lower() if verdicts else "cannot say"
        text = _VERDICT.sub("", reply.text).strip()
        said.append(Critique(value=value, text=text))
    return said


def revise(cases: Sequence[Case], bench: Bench) -> list[Revision]:
    """Ask for a revision, the critique standing where the model would have said it."""
    asked = [revising(case) for case in cases]
    return [
        Revision(text=reply.text.strip(), finished=reply.stop == "stop")
        for reply in _ask("revisions", asked, bench)
    ]


def forecast(calls: Mapping[str, int], room: int, worked: Preamble | None = None) -> dict[str, Any]:
    """Say what critiques and revisions ask of models behind an API, before it costs anything.

    ``calls`` are by model, ``worked`` the examples (None: ours). Returns calls, input_tokens (4 characters each), output_tokens (at most),
    cost in dollars (None where no price is known) and ``of``, the models; no calls for one that is here.
    """
    said = worked or preamble()
    turns = [turn for one in said.examples for turn in _turns(one, direct=False)]
    text = len(_instructions(said)) + sum(len(turn["content"]) for turn in turns) + CASE
    tokens = -(-text // 4)
    return foreseen(
        [
            Calls(model=name, calls=n, tokens_in=n * tokens, tokens_out=n * room)
            for name, n in calls.items()
        ]
    )


extension = Critic(
    name="model",
    can=lambda principle: True,
    critique=critique,
    revise=revise,
    who=lambda bench: f"{_model(bench).id} ({_model(bench).digest})",
    needs_model=True,
)

"""The model-backed critic: any model critiques and revises, after examples written by us.

The examples come first and are the same for every case, the principle comes last, so that an
engine with a prefix cache reads them once. What a model says here is as good as that model: its
agreement with people has not been measured, and a verdict it does not give is "cannot say".
"""

import re
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

from pydantic import BaseModel, ConfigDict

from tenure import documents
from tenure.align.answering import Batch, replies
from tenure.align.critiquing import Bench, Case, Critic, Critique, Revision
from tenure.dossier.nouns import Model
from tenure.errors import UsageError
from tenure.models import Reply

_VERDICT = re.compile(r"verdict\s*:\s*(breach|kept)", re.IGNORECASE)


class Example(BaseModel):
    """One worked case."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    prompt: str
    answer: str
    principle: str
    critique_request: str
    critique: str
    verdict: str
    revision_request: str
    revision: str


class Preamble(BaseModel):
    """The instructions and the worked cases."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    instructions: str
    examples: tuple[Example, ...]


@cache
def preamble() -> Preamble:
    """Return what every case begins with."""
    text = (files("tenure.align") / "data" / "critic.yaml").read_text(encoding="utf-8")
    return documents.parse(text, Preamble, source="tenure/align/data/critic.yaml")


def _shown(prompt: str, answer: str) -> str:
    return f"Question: {prompt}\nAnswer: {answer}"


def _user(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}


def _assistant(text: str) -> dict[str, str]:
    return {"role": "assistant", "content": text}


def _turns(one: Example) -> list[dict[str, str]]:
    return [
        _user(
            f"{_shown(one.prompt, one.answer)}\n\nPrinciple: {one.principle}\n{one.critique_request}"
        ),
        _assistant(f"{one.critique} Verdict: {one.verdict}"),
        _user(one.revision_request),
        _assistant(one.revision),
    ]


def _begin(case: Case) -> list[dict[str, str]]:
    said = preamble()
    turns = [{"role": "system", "content": said.instructions}]
    for one in said.examples:
        turns += _turns(one)
    asked = f"{_shown(case.prompt, case.answer)}\n\nPrinciple: {case.principle.text}"
    return [*turns, _user(f"{asked}\n{case.principle.critique}")]


def _model(bench: Bench) -> Model:
    if bench.model is None:
        raise UsageError("the critic 'model' needs a model; name one as critic_model")
    return bench.model


def _ask(what: str, asked: list[list[dict[str, str]]], bench: Bench) -> list[Reply]:
    batch = Batch(what=what, max_tokens=bench.max_tokens, size=bench.batch)
    return replies(_model(bench), asked, batch, bench.view, bench.emit).replies


def critique(cases: Sequence[Case], bench: Bench) -> list[Critique]:
    """Ask for a critique of each case, and read its verdict."""
    said: list[Critique] = []
    for reply in _ask("critiques", [_begin(case) for case in cases], bench):
        verdicts = _VERDICT.findall(reply.text)
        value = verdicts[-1].lower() if verdicts else "cannot say"
        text = _VERDICT.sub("", reply.text).strip()
        said.append(Critique(value=value, text=text))
    return said


def revise(cases: Sequence[Case], bench: Bench) -> list[Revision]:
    """Ask for a revision, the critique standing where the model would have said it."""
    asked = [
        [
            *_begin(case),
            _assistant(f"{case.critique} Verdict: breach"),
            _user(case.principle.revision),
        ]
        for case in cases
    ]
    return [
        Revision(text=reply.text.strip(), finished=reply.stop == "stop")
        for reply in _ask("revisions", asked, bench)
    ]


extension = Critic(
    name="model",
    can=lambda principle: True,
    critique=critique,
    revise=revise,
    who=lambda bench: f"{_model(bench).id} ({_model(bench).digest})",
    needs_model=True,
)

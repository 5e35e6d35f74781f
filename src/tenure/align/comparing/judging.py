"""A model as the judge of pairs: both orders, every principle, without a word being written.

Instructions, worked cases, the question and both answers come first and the principle last, so that
16 principles read one text twice, once in each order, and only their own few tokens besides
(``models.choosing``). What is asked for is the chance that the model says A, among its chances of
saying A or B; where it would say something else, there is no verdict.

How a pair comes out depends on that pair alone: its questions are one batch, and several pairs are
one unit of work only so that the record stays short.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from tenure import documents
from tenure.align.answering import Calls, Spent, foreseen
from tenure.align.comparing.labels import MISSING
from tenure.dossier.canonical import digest_of
from tenure.dossier.nouns import Model
from tenure.dossier.stage import Emit, View
from tenure.errors import EngineError
from tenure.measure import phrases
from tenure.models import Sampling, engine
from tenure.models.choosing import Chooser
from tenure.models.pool import Owned

OPTIONS = (("A", " A"), ("B", " B"))
LEAST = 0.1  # chance of A or B together; below it the model was about to say something else
TOKENS = 8  # of a verdict that is written out
How = Literal["chances", "decode"]
ORDERS = ("ab", "ba")
_NAMED = re.compile(
    r"\W*(?:(?:the )?(?:better )?(?:answer|verdict)(?: is)?\W+)?([AB])"
    r"(?=$|[.,:;)*\n]| is\b| because\b)",
    re.IGNORECASE,
)


class Example(BaseModel):
    """One worked case; ``by`` is what the answers are compared by."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    question: str
    a: str
    b: str
    by: str
    verdict: Literal["A", "B"]


class Preamble(BaseModel):
    """What every case begins with, and what is asked where the axis is "helpful"."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    instructions: str
    helpful: str
    examples: tuple[Example, ...]


@cache
def preamble() -> Preamble:
    """Return what every case begins with."""
    text = (files("tenure.align") / "data" / "judge.yaml").read_text(encoding="utf-8")
    return documents.parse(text, Preamble, source="tenure/align/data/judge.yaml")


def asked_with() -> str:
    """Digest what every case begins with: a card holds for these words alone."""
    return digest_of(preamble().model_dump(mode="json"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Two answers to one question, and the questions that compare them, by their ids."""

    prompt: str
    a: str
    b: str
    asked: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a judge says of one case under one question.

    ``ab`` is the chance that ``a`` is better when it is shown first, ``ba`` when it is shown
    second; ``p`` their mean, None where either is missing (``why`` says what came instead).
    ``said`` is the lesser of the chances of naming either answer at all.
    """

    ab: float | None
    ba: float | None
    said: float | None
    why: str = ""

    @property
    def p(self) -> float | None:
        """Return the chance that ``a`` is better, averaged over the orders."""
        return None if self.ab is None or self.ba is None else (self.ab + self.ba) / 2

    @property
    def difficulty(self) -> float | None:
        """Return how far the two orders are apart: 0 where the order did not matter, at most 1."""
        return None if self.ab is None or self.ba is None else abs(self.ab - self.ba)


@dataclass(frozen=True, slots=True, kw_only=True)
class Court:
    """Who judges, and how it is asked: ``batch`` cases are one unit of work.

    ``spent`` is what was asked of it so far.
    """

    judge: Model
    view: View
    emit: Emit
    how: How = "chances"
    engine: str | None = None
    batch: int = 8
    spent: Spent = field(default_factory=Spent)


@dataclass(slots=True)
class Judged:
    """The verdicts of each case in order, by the ids of its questions, and the judge's form."""

    verdicts: list[dict[str, Verdict]] = field(default_factory=list[dict[str, Verdict]])
    form: str = ""


def _shown(question: str, a: str, b: str, by: str) -> str:
    first, second = (text.strip().replace("</answer", "</ answer") for text in (a, b))
    return (
        f"Question: {question}\n<answer A>\n{first}\n</answer A>\n<answer B>\n{second}\n</answer B>\n"
        f"{by} A or B?"
    )


def messages(prompt: str, a: str, b: str, by: str) -> list[dict[str, str]]:
    """Write one question about two answers, ``a`` shown first as A; no answer can close its own tag."""
    said = preamble()
    turns = [{"role": "system", "content": said.instructions}]
    for one in said.examples:
        turns.append({"role": "user", "content": _shown(one.question, one.a, one.b, one.by)})
        turns.append({"role": "assistant", "content": one.verdict})
    return [*turns, {"role": "user", "content": _shown(prompt, a, b, by)}]


def prompts_of(case: Case) -> list[list[dict[str, str]]]:
    """Write every question of a case, first with ``a`` shown first, then with ``b``."""
    return [
        messages(case.prompt, *shown, by)
        for shown in ((case.a, case.b), (case.b, case.a))
        for by in case.asked.values()
    ]


def judged(cases: Sequence[Case], court: Court, what: str = "pairs judged") -> Judged:
    """Ask a judge about every case; a finished batch of cases is a fact and is not asked again.

    Raises:
        EngineError: the judge is behind an API and ``how`` is "chances"; or it could not answer.
    """
    found = Judged()
    ask, name, close = _asker(court)
    try:
        for start in range(0, len(cases), court.batch):
            court.emit.progress(start, len(cases), what)
            some = cases[start : start + court.batch]
            asked = [prompts_of(case) for case in some]
            inputs = {
                "judge": court.judge.digest,
                "engine": name,
                "how": court.how,
                "prompts": digest_of(asked),
                "options": [list(spellings) for spellings in OPTIONS],
            }
            unit = f"{what} {start // court.batch + 1}"
            said = court.emit.unit(unit, inputs, lambda asked=asked: ask(asked))
            calls = sum(map(len, asked))
            # Batches that were judged before tokens were kept are known by their number alone.
            court.spent.take(said.get("spent") or {"calls": calls, "uncounted": calls})
            found.form = said["form"]
            for case, rows in zip(some, said["rows"], strict=True):
                found.verdicts.append(_verdicts(case, rows))
    finally:
        close()
    court.emit.progress(len(cases), len(cases), what)
    return found


Asked = Sequence[Sequence[list[dict[str, str]]]]


def _asker(
    court: Court,
) -> tuple[Callable[[Asked], dict[str, Any]], str, Callable[[], None]]:
    """Return what asks about some cases, the engine's name, and what ends it."""
    if court.how == "decode":
        written = engine(court.judge, court.view, court.engine)
        sampling = Sampling(max_tokens=TOKENS)

        def read(asked: Asked) -> dict[str, Any]:
            spent = Spent()
            rows = [_written(written, case, sampling, spent) for case in asked]
            return {"form": written.form, "rows": rows, "spent": spent.to_json()}

        return read, written.name, lambda: None
    chooser = Chooser(court.judge, court.view, court.engine)

    def weigh(asked: Asked) -> dict[str, Any]:
        import numpy as np

        rows = [np.exp(chooser.chances(case, OPTIONS)).tolist() for case in asked]
        read = [chooser.length(case) for case in asked]
        spent = Spent(calls=sum(map(len, asked)), prompt_tokens=sum(read))
        return {"form": chooser.form, "rows": rows, "spent": spent.to_json()}

    return weigh, chooser.name, lambda: chooser.__exit__(None, None, None)


def _written(
    judge: Owned, case: Sequence[list[dict[str, str]]], sampling: Sampling, spent: Spent
) -> list[str | dict[str, str]]:
    """Let a judge write its verdicts; where one cannot be had (a filter, say), that one alone is missing.

    Raises:
        EngineError: none could be had: the judge is out of reach, and nothing is recorded.
    """
    try:
        said = judge.generate(case, sampling)
        spent.add(said)
        return [reply.text for reply in said]
    except EngineError as error:
        found: list[str | dict[str, str]] = []
        for prompt in case:
            try:
                (reply,) = judge.generate([prompt], sampling)
                spent.add([reply])
                found.append(reply.text)
            except EngineError as one:
                spent.take({"calls": 1, "uncounted": 1})
                found.append({"failed": str(one)[:120]})
        if all(isinstance(row, dict) for row in found):
            raise error from None
        return found


def _verdicts(case: Case, rows: Sequence[Any]) -> dict[str, Verdict]:
    """Put the two orders of each question together."""
    read = [_read(row) for row in rows]
    half = len(case.asked)
    found: dict[str, Verdict] = {}
    for name, ab, ba in zip(case.asked, read[:half], read[half:], strict=True):
        swapped = None if ba[0] is None else 1 - ba[0]
        found[name] = Verdict(ab=ab[0], ba=swapped, said=min(ab[1], ba[1]), why=ab[2] or ba[2])
    return found


def _read(row: Any) -> tuple[float | None, float, str]:
    """Read one order: the chance that what was shown first is better, of naming either, or why there is none."""
    if isinstance(row, str):
        return read_reply(row)
    if isinstance(row, dict):
        return None, 0.0, f"{MISSING}the judge failed: {row['failed']}"
    first, second = (float(chance) for chance in row)
    said = first + second
    if said < LEAST:
        return None, said, f"{MISSING}the judge would name an answer with a chance of {said:.1%}"
    return first / said, said, ""


def read_reply(text: str) -> tuple[float | None, float, str]:
    """Read a verdict that was written out: one letter, alone or named as the answer; else it is missing."""
    found = _NAMED.match(text.strip())
    if found is not None and found[1].isupper():
        return float(found[1] == "A"), 1.0, ""
    if not text.strip():
        return None, 0.0, f"{MISSING}the judge said nothing"
    if phrases.refusal(text) is not None:
        return None, 0.0, f"{MISSING}the judge declined"
    return None, 0.0, f"{MISSING}the judge answered: {text.strip()[:60]}"


def forecast(judge: str, cases: Sequence[Case]) -> dict[str, Any]:
    """Foresee what a judge that writes its verdicts is asked: every question of each case, in both orders."""
    prompts = [turns for case in cases for turns in prompts_of(case)]
    tokens = sum(-(-len(turn["content"]) // 4) for turns in prompts for turn in turns)
    calls = Calls(
        model=judge, calls=len(prompts), tokens_in=tokens, tokens_out=len(prompts) * TOKENS
    )
    return foreseen([calls])

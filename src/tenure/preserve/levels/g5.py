"""G5: a slice of the assessments is asked again, and its rates lie where chance alone puts them.

Never compared with a point: the count of the second sample is held against a prediction interval
that counts both sample sizes (``tenure.stats.prediction``), at 95% over all parts together, so
that a model that has not changed fails one revival in twenty at most. Grades that are missing the
second time are taken at both extremes; where that decides, the level is not tried.
"""

from collections.abc import Mapping
from typing import Any

from tenure.measure.regrade import regrade
from tenure.models import Sampling
from tenure.models.talk import Messages
from tenure.preserve.levels.g3 import opened
from tenure.preserve.sameness import slices
from tenure.preserve.sameness.golden import Asked, Kind, Level, available, compared
from tenure.stats.prediction import predicted

LEVEL = 0.95
BATCH = 8


def _make(asked: Asked) -> dict[str, Any]:
    from tenure.errors import UsageError

    if asked.view is None:
        raise UsageError("there is no dossier at hand to choose prompts from")
    parts = slices.choose(asked.model, asked.view)
    return {"rule": slices.RULE, "level": LEVEL, "parts": parts}


def _engine(asked: Asked) -> Any:
    """Open the engine that it was kept with where that opens here, else the one that serves here."""
    from tenure.errors import TenureError

    g3 = available(asked.lower, "G3")
    try:
        return opened(asked, g3["engine"] if g3 else None)
    except TenureError:
        return opened(asked, None)


def _check(asked: Asked, was: dict[str, Any]) -> Level:
    engine = _engine(asked)
    level = 1 - (1 - was["level"]) / len(was["parts"])
    found = [_again(engine, part, level) for part in was["parts"]]
    wrong = [each["said"] for each in found if each["inside"] == "no"]
    figures = {"parts": found, "engine": engine.name, "form": engine.form}
    unsure = [each["said"] for each in found if each["inside"] == "not shown"]
    if unsure and not wrong:
        return Level(level="G5", outcome="not tried", why="; ".join(unsure), figures=figures)
    return compared("G5", wrong, figures)


def _messages(prompt: Any) -> Messages:
    return [{"role": "user", "content": prompt}] if isinstance(prompt, str) else prompt


def _again(engine: Any, part: Mapping[str, Any], level: float) -> dict[str, Any]:
    """Ask one part again; both answers are read by the grader of today."""
    column, graders = part["column"], {part["column"]: part["grader"]}
    before = regrade(part["rows"], graders)
    rows = [row for row in part["rows"] if row["id"] in set(part["ask"])]
    sampling = Sampling(max_tokens=part["max_tokens"])
    answers: list[str] = []
    for start in range(0, len(rows), BATCH):
        prompts = [_messages(row["prompt"]) for row in rows[start : start + BATCH]]
        answers += [reply.text for reply in engine.generate(prompts, sampling)]
    told = [
        {"id": row["id"], "prompt": row["prompt"], "answer": answer}
        for row, answer in zip(rows, answers, strict=True)
    ]
    after = regrade(told, graders)
    first = [row[column] for row in before.records if row[column] is not None]
    second = [row[column] for row in after.records if row[column] is not None]
    missing = len(rows) - len(second)
    low, high = predicted(sum(first), len(first), len(rows), level)
    yes = sum(second)
    inside = [low <= count <= high for count in (yes, yes + missing)]
    return {
        "evidence": part["evidence"],
        "measure": part["measure"],
        "grader": part["grader"],
        "then": {"yes": sum(first), "n": len(first)},
        "regraded": before.changed[column],
        "now": {"yes": yes, "n": len(second), "missing": missing},
        "same_words": sum(a["answer"] == b["answer"] for a, b in zip(rows, told, strict=True)),
        "between": [low, high],
        "level": round(level, 6),
        "inside": "yes" if all(inside) else "not shown" if any(inside) else "no",
        "said": f"{part['evidence']} {part['measure']}: {yes} of {len(rows)} now"
        + (f" with {missing} not graded" if missing else "")
        + f", {low} to {high} expected after {sum(first)} of {len(first)}",
    }


extension = Kind(
    name="G5",
    means="a slice of its assessments comes out as chance alone would have it",
    make=_make,
    check=_check,
)

"""What an assessment will take and what it can show, before the run.

Tokens are estimated from a pilot where that costs nothing: a model of ours or a script answers a few
prompts of each part, spread over the plan, with its own tokenizer; the rest is in proportion, with
the speed of that engine on this machine. Behind an API nothing is asked: four characters a token,
and the output stated or at most. What can be shown is computed with the instrument's own bounds.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from typing import Any

from pydantic import ValidationError

from tenure import documents, plugins
from tenure.assess.instrument import Instrument, Part, Question, decided
from tenure.assess.registered import FORMAT
from tenure.dossier.canonical import canonical, digest
from tenure.dossier.nouns import Model, Recipe
from tenure.dossier.stage import Stage, View
from tenure.errors import UsageError, unknown
from tenure.measure.task import messages_of, plan, samples_of
from tenure.models.talk import Sampling
from tenure.stats import clopper_pearson, one_sided, tango, wilson
from tenure.stats.power import design_effect, smallest_share

POWERS = (0.95, 0.80)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumed:
    """What a plan assumes: how alike answers of a cluster are, the rate that is expected, and speed.

    ``pilot`` is the prompts of each part that are answered ahead (0: none); ``speed`` is tokens per
    second in and out together, measured by the pilot unless stated; ``output`` is tokens of one
    answer, measured by the pilot unless stated.
    """

    alike: float = 0.2
    rate: float = 0.1
    pilot: int = 12
    speed: float | None = None
    output: float | None = None


def assessments() -> list[str]:
    """List the assessments that have a design, by name."""
    names = [n for n in plugins.names("stage") if n.startswith("assess/")]
    return [n.removeprefix("assess/") for n in names if hasattr(_module(_stage(n)), "design")]


def _plain(name: str) -> str:
    """Name an assessment as its file is called; its command has hyphens."""
    return name.removeprefix("assess/").replace("-", "_")


def _stage(name: str) -> Stage:
    return plugins.load("stage", f"assess/{_plain(name)}")


def _module(stage: Stage) -> Any:
    return import_module(stage.run.__module__)


def instrument_of(name: str, settings: Mapping[str, Any]) -> tuple[Any, Instrument]:
    """Lay out an assessment by name; UsageError when it has no design of its own."""
    name = _plain(name)
    if f"assess/{name}" not in plugins.names("stage"):
        raise unknown("assessment", name, assessments())
    stage = _stage(name)
    if not hasattr(_module(stage), "design"):
        raise UsageError(f"'{name}' has no design to plan; there are: {', '.join(assessments())}")
    try:
        spec = stage.spec.model_validate(dict(settings))
    except ValidationError as error:
        raise UsageError(f"{name}: {documents.told(error, stage.spec)}") from None
    return spec, _module(stage).design(spec)


def _rows(made: Instrument) -> list[dict[str, Any]]:
    """List what would be recorded of each planned sample, without its outcome."""
    return [
        dict(sample.metadata or {})
        for part in made.parts
        for sample in samples_of(part.task)
        for _ in range(part.task.epochs or 1)
    ]


@dataclass(frozen=True, slots=True)
class _Size:
    """How many samples or pairs a question rests on, and what clusters leave of them."""

    n: int
    clusters: int | None
    effective: float


def _size(recipe: Recipe, rows: Sequence[Mapping[str, Any]], alike: float) -> _Size:
    held = [r for r in rows if all(r.get(c) == v for c, v in recipe.where.items())]
    if recipe.arm and recipe.arms:
        sides = [[r for r in held if r.get(recipe.arm) == arm] for arm in recipe.arms]
        if recipe.pair:
            second = {r.get(recipe.pair) for r in sides[1]}
            held = [r for r in sides[0] if r.get(recipe.pair) in second]
        else:
            held = min(sides, key=len)
    n = len(held)
    if not recipe.cluster or not n:
        return _Size(n, None, float(n))
    clusters = len({r.get(recipe.cluster) for r in held})
    return _Size(n, clusters, n / design_effect(n / clusters, alike))


def shows(question: Question, size: _Size, assumed: Assumed) -> dict[str, Any]:
    """Say what a question can show: expected half-width, and the smallest effects it would catch.

    The effect is a share, or a gap with nothing the other way round, whose lower bound passes the
    margin with this power at the effective size. ``clear`` says whether seeing nothing would clear it.
    """
    n, level, margin = size.effective, question.recipe.level, question.margin
    row: dict[str, Any] = {
        "measure": question.name, "n": size.n, "clusters": size.clusters,
        "effective": round(n, 1), "margin": margin,
    }  # fmt: skip
    if size.n == 0:
        return row | {
            "half_width": None,
            "note": "not asked with these settings, or known only after grading",
        }
    paired, side = question.unit == "difference", one_sided(level)
    interval = (
        tango(assumed.rate * n, 0.0, n, level) if paired else wilson(assumed.rate * n, n, level)
    )
    row["half_width"] = round((interval.high - interval.low) / 2, 4)
    if margin is None:
        return row
    whole = max(1, int(n))

    def caught(k: int) -> bool:
        bound = tango(k, 0, whole, side) if paired else clopper_pearson(k, whole, side)
        return bound.low > margin

    least = next((k for k in range(1, whole + 1) if caught(k)), None)
    for power in POWERS:
        found = None if least is None else smallest_share(whole, least, power)
        row[f"caught_at_power_{power:g}"] = None if found is None else round(found, 3)
    nothing = tango(0, 0, whole, side) if paired else clopper_pearson(0, whole, side)
    return row | {"clear_if_nothing_seen": nothing.high < margin}


def _piloted(part: Part, model: Model, view: View | None, assumed: Assumed) -> dict[str, float]:
    """Answer a few prompts of a part; return tokens read per character, tokens written, tokens/s."""
    from tenure import models

    prompts = [messages_of(s) for s in samples_of(part.task)]
    step = max(1, len(prompts) // assumed.pilot)
    # An odd stride, so that arms that alternate are all met.
    taken = prompts[:: step | 1][: assumed.pilot]
    given = part.task.config
    sampling = Sampling(
        max_tokens=part.max_tokens,
        temperature=given.temperature or 0.0,
        stop=tuple(given.stop_seqs or ()),
    )
    engine = models.engine(model, view)
    start = time.perf_counter()
    replies = engine.generate(taken, sampling)
    seconds = max(time.perf_counter() - start, 1e-6)
    characters = sum(len(m["content"]) for messages in taken for m in messages)
    read, written = (sum(getattr(r, n) for r in replies) for n in ("prompt_tokens", "tokens"))
    return {
        "per_character": read / max(characters, 1),
        "written": written / len(taken),
        "speed": (read + written) / seconds,
    }


def forecast(made: Instrument, model: Model, view: View | None, assumed: Assumed) -> dict[str, Any]:
    """Forecast calls, tokens in and out, dollars and minutes; ``how`` says from what.

    The tokens of a task with tools are those of its longest run: it says "at most".
    """
    totals = {"calls": 0, "input_tokens": 0.0, "output_tokens": 0.0, "seconds": 0.0}
    cost: float | None = 0.0
    ways: set[str] = set()
    for part in made.parts:
        asked = plan(part.task, part.max_tokens, model)
        one, how = _part(part, asked, model, view, assumed)
        ways.add(how)
        totals = {k: totals[k] + one[k] for k in totals}
        cost = (
            None
            if asked["cost"] is None or cost is None
            else cost + _dollars(part, model, asked, one)
        )
    known = totals["seconds"] > 0
    return {
        "calls": int(totals["calls"]),
        "input_tokens": round(totals["input_tokens"]),
        "output_tokens": round(totals["output_tokens"]),
        "dollars": None if cost is None else round(cost, 4),
        "minutes": round(totals["seconds"] / 60, 2) if known else None,
        "how": "; ".join(sorted(ways)),
    }


def _part(
    part: Part, asked: Mapping[str, Any], model: Model, view: View | None, assumed: Assumed
) -> tuple[dict[str, float], str]:
    calls = asked["calls"]
    read = float(asked["input_tokens"])
    most = float(asked["output_tokens"])
    written, speed = (most if assumed.output is None else assumed.output * calls), assumed.speed
    how = "4 characters a token, output "
    how += "at most" if assumed.output is None else f"{assumed.output:g} tokens as stated"
    turns = int((part.task.metadata or {}).get("turns", 1))
    if model.kind != "api" and assumed.pilot and turns == 1:
        seen = _piloted(part, model, view, assumed)
        texts = [m["content"] for s in samples_of(part.task) for m in messages_of(s)]
        read = seen["per_character"] * sum(len(t) for t in texts) * (part.task.epochs or 1)
        written = (seen["written"] if assumed.output is None else assumed.output) * calls
        speed = speed or seen["speed"]
        how = f"a pilot of {assumed.pilot} prompts a part, this engine, its own tokenizer"
    elif turns > 1:
        how += f", at most {turns} turns a sample"
    seconds = (read + written) / speed if speed else 0.0
    row = {"calls": calls, "input_tokens": read, "output_tokens": written, "seconds": seconds}
    return row, how


def _dollars(part: Part, model: Model, asked: Mapping[str, Any], one: Mapping[str, float]) -> float:
    """Price the tokens that are expected: a plan of one token an answer tells both prices apart."""
    least = plan(part.task, 1, model)
    longer = asked["output_tokens"] - least["output_tokens"]
    out = (asked["cost"] - least["cost"]) / longer if longer else 0.0
    read = (asked["cost"] - out * asked["output_tokens"]) / max(asked["input_tokens"], 1)
    return read * one["input_tokens"] + out * one["output_tokens"]


def planned(
    name: str,
    model: Model,
    view: View | None,
    *,
    settings: Mapping[str, Any],
    assumed: Assumed,
) -> dict[str, Any]:
    """Plan one assessment on one model: arms, forecast, what each question can show. Plain JSON."""
    name = _plain(name)
    spec, made = instrument_of(name, settings)
    held = decided(made, model, spec)
    rows = _rows(made)
    arms: dict[str, int] = {}
    for row in rows:
        arms[str(row.get("arm", "all"))] = arms.get(str(row.get("arm", "all")), 0) + 1
    return {
        "assessment": name,
        **held,
        "samples": len(rows),
        "arms": arms,
        "forecast": forecast(made, model, view, assumed),
        "questions": [
            shows(q, _size(q.recipe, rows, assumed.alike), assumed) | asked
            for q, asked in zip(made.questions, held["questions"], strict=True)
        ],
    }


def registration(plans: Sequence[Mapping[str, Any]], assumed: Assumed) -> tuple[bytes, str]:
    """Write plans as a pre-registration (canonical JSON) and return it with its digest.

    It holds what is decided before the run: arms, n, margins, recipes, graders, scenarios, controls.
    The forecast of time is of this machine and is left out, so that the same plan has one digest.
    """
    kept = [{k: v for k, v in one.items() if k != "forecast"} for one in plans]
    stated = {k: v for k, v in asdict(assumed).items() if k in ("alike", "rate")}
    written = canonical({"format": FORMAT, "version": 1, "assumed": stated, "plans": kept})
    return written, digest(written)

"""Is what came back still the same model? Pinned prompts and what it must answer again.

G0 the bytes. Every other level is a file in ``levels``, found by its name: what it keeps of a
model, and how that is compared when the model is back. A level that was skipped is not met, and
the reason is said; one that differs ends the climb.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from tenure import plugins
from tenure.dossier import Model, View
from tenure.errors import TenureError, UsageError
from tenure.models import Engine

LEVELS = ("G0", *(name.upper() for name in plugins.names("level")))
BYTES = "every byte is as it was signed"
CONVERSATIONS = (
    [{"role": "user", "content": "Name three things that grow in a garden."}],
    [
        {"role": "system", "content": "Answer in one short sentence."},
        {"role": "user", "content": "Why do people keep old letters?"},
    ],
)
TEXTS = (
    "The harbour lay quiet, and the first boats came home with the morning tide behind them.",
    "Seven times eight is fifty-six; half of that, rounded down, is",
    "Zürich, 早上好, naïve café — “quoted”\n\tif x != 0: return [1, 2.5e-3]",
)

Outcome = Literal["same", "differs", "not tried"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """What became of one level, why when it is not "same", and what was measured."""

    level: str
    outcome: Outcome
    why: str = ""
    seconds: float = 0.0
    figures: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Whose answers: the model's folder, the engine by name, its dossier (while it is kept).

    ``lower`` holds what the levels below have kept, by name. ``ready`` is an engine that is open
    already, straight from a vault: ``folder`` then holds no weights.
    """

    folder: Path
    model: Model
    engine: str | None = None
    view: View | None = None
    lower: Mapping[str, Any] = field(default_factory=dict[str, Any])
    ready: Engine | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One level: what it means to meet it, what it keeps, how that is compared.

    ``make`` returns plain JSON that depends on nothing but the model and the stack; ``check`` gets
    what was made. Both raise TenureError where this cannot be done here: the level is "not tried".
    """

    name: str
    means: str
    make: Callable[[Asked], dict[str, Any]]
    check: Callable[[Asked, dict[str, Any]], Level]


def kind(level: str) -> Kind:
    """Return a level above G0 by its name."""
    found: Kind = plugins.load("level", level.lower())
    return found


def means(level: str) -> str:
    """Say in a few words what a level shows when it is met."""
    return BYTES if level == "G0" else kind(level).means


def upto(level: str) -> tuple[str, ...]:
    """Return the levels up to this one; UsageError lists those there are."""
    if level not in LEVELS:
        raise UsageError(f"no golden level '{level}'; there are: {', '.join(LEVELS)}")
    return LEVELS[: LEVELS.index(level) + 1]


def reached(levels: Sequence[Level]) -> str | None:
    """Name the highest level that was the same, when none below it differed."""
    best = None
    for level in levels:
        if level.outcome == "differs":
            break
        if level.outcome == "same":
            best = level.level
    return best


def met(levels: Sequence[Mapping[str, Any]]) -> str:
    """Say what was met, level by level, of levels as JSON; one that was skipped is not among them."""
    said = [means(str(each["level"])) for each in levels if each["outcome"] == "same"]
    return "; ".join(said) or "nothing could be checked"


def why_not_higher(levels: Sequence[Level]) -> str:
    """Say which levels were not met, those that were skipped on the way among them, and why."""
    return "; ".join(
        f"{each.level} {each.outcome}" + (f": {each.why}" if each.why else "")
        for each in levels
        if each.outcome != "same"
    )


def compared(name: str, wrong: Sequence[str], figures: Mapping[str, Any] | None = None) -> Level:
    """Make a level's outcome from a list of what differs."""
    outcome: Outcome = "differs" if wrong else "same"
    return Level(level=name, outcome=outcome, why="; ".join(wrong), figures=figures or {})


def make(
    folder: Path,
    model: Model,
    level: str,
    engine: str | None = None,
    view: View | None = None,
) -> dict[str, Any]:
    """Make the golden files of a model's folder up to a level: {"G1": ..., "G2": ..., ...}.

    A level that cannot be made is there with the reason: {"not available": why}.
    """
    made: dict[str, Any] = {}
    for name in upto(level)[1:]:
        asked = Asked(folder=folder, model=model, engine=engine, view=view, lower=dict(made))
        try:
            made[name] = kind(name).make(asked)
        except expected() as error:
            made[name] = {"not available": f"{error}"}
    return made


def available(lower: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    """Return what a lower level has kept, None where it could not."""
    found = lower.get(name)
    return None if found is None or "not available" in found else dict(found)


def expected() -> tuple[type[Exception], ...]:
    """Return the errors that mean "not here", as told from a fault of this program."""
    from tenure.preserve.in_vault.numpy_reference import UnsupportedError

    return (TenureError, UnsupportedError, ImportError, OSError, ValueError)


def again(
    folder: Path, kept: Path, model: Model, level: str, ready: Engine | None = None
) -> list[tuple[str, Callable[[], Level]]]:
    """Return, for each level from G1 on, what checks it: ``kept`` holds G1.json, G2.json, ...

    ``ready`` is an engine that is open already, where ``folder`` holds no weights.
    """

    def read(name: str) -> dict[str, Any] | None:
        path = kept / f"{name}.json"
        return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None

    def check(name: str) -> Level:
        was = read(name)
        if was is None:
            return Level(level=name, outcome="not tried", why="nothing was kept for this level")
        if "not available" in was:
            return Level(
                level=name, outcome="not tried", why=f"not made when kept: {was['not available']}"
            )
        lower = {below: read(below) for below in upto(name)[1:-1]}
        asked = Asked(folder=folder, model=model, lower=lower, ready=ready)
        try:
            return kind(name).check(asked, was)
        except expected() as error:
            return Level(level=name, outcome="not tried", why=str(error))

    return [(name, lambda name=name: check(name)) for name in upto(level)[1:]]

"""The curve of a training by reward as SVG: reward, the gold that watches it, distance from the parent."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup, escape

from tenure.report import words
from tenure.report.plots import LEFT, RIGHT, WIDTH, ticks

INSET = 46.0  # left of the first step, for the numbers of the axis
PANEL, GAP, TOP = 92.0, 38.0, 26.0  # height of a panel, what is between two, above the first
ENDS = 5  # steps at either end whose mean is said: a single step's prompts decide too much
FLAT = 0.05  # a panel whose values differ less is not stretched any further
Series = tuple[tuple[int, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Learning:
    """A training step by step; ``alarm`` is (step, why), None where nothing was alarming.

    A reward stands at the number of steps before it, a gold at the number of steps behind it.
    """

    reward: Series
    gold: Series
    distance: Series
    kept: int | None
    alarm: tuple[int, str] | None
    steps: int
    source: str  # what the reward is
    watch: str  # what the gold is

    @property
    def title(self) -> str:
        """What it shows, in a sentence."""
        values = [value for _, value in self.reward]
        begun, ended = _mean(values[:ENDS]), _mean(values[-ENDS:])
        said = f"The reward went from {_value(begun or 0.0)} to {_value(ended or 0.0)}"
        if len(values) > ENDS:
            said += f" (means of {ENDS} steps)"
        if self.gold:
            said += (
                f", the gold beside it from {_value(self.gold[0][1])} to {_value(self.gold[-1][1])}"
            )
        return said + (
            f", and an alarm stopped it at step {self.alarm[0]}"
            if self.alarm
            else f", in {words.plural(self.steps, 'step')} without an alarm"
        )

    @property
    def note(self) -> str:
        """Say what the panels are."""
        said = f"Reward: {self.source}, the mean of a step's completions, drawn freely. "
        if self.gold:
            said += f"Gold: {self.watch}, of greedy answers to prompts that are not trained on. "
        said += "Distance: how far the policy is from its parent, in nats a completion"
        if self.alarm:
            said += f". The alarm, dashed: {self.alarm[1]}"
        if self.kept is not None:
            said += f". Step {self.kept} is kept"
        return said

    @property
    def terms(self) -> tuple[tuple[str, str], ...]:
        """Nothing on it needs a term explained."""
        return ()

    @property
    def svg(self) -> Markup:
        """Draw it; colours and fonts come from the page."""
        return draw(self)


def learning(
    log: Sequence[Mapping[str, Any]], golds: Sequence[Mapping[str, Any]], found: Mapping[str, Any]
) -> Learning | None:
    """Read a training's log, its gold answers and its findings; None where no step has a reward."""
    reward = _series(log, "reward")
    if not reward:
        return None
    alarm = found.get("alarm") or None
    trained = found.get("trained") or {}
    settings = trained.get("settings") or {}
    means = [
        (int(each["step"]), _mean(each.get("values") or ())) for each in golds if "step" in each
    ]
    return Learning(
        reward=reward,
        gold=tuple((step, mean) for step, mean in means if mean is not None),
        distance=_series(log, "kl"),
        kept=found.get("kept_step"),
        alarm=(int(alarm["at"]), str(alarm["why"])) if alarm else None,
        steps=int(trained.get("steps") or reward[-1][0] + 1),
        source=str(settings.get("reward") or "what it was trained by"),
        watch=str(settings.get("gold") or "what watched it"),
    )


def _series(log: Sequence[Mapping[str, Any]], column: str) -> Series:
    held = [(int(row["step"]), row.get(column)) for row in log if "step" in row]
    return tuple((step, float(v)) for step, v in held if isinstance(v, int | float))


def _mean(values: Sequence[Any]) -> float | None:
    held = [float(v) for v in values if isinstance(v, int | float)]
    return sum(held) / len(held) if held else None


def _value(value: float) -> str:
    return words.number(value, "ratio")


def draw(found: Learning) -> Markup:
    """Draw the panels one under the other, on one axis of steps. Every string in it is escaped."""
    panels = [
        (name, series, kind)
        for name, series, kind in (
            ("reward", found.reward, 0),
            ("gold", found.gold, 1),
            ("distance", found.distance, 2),
        )
        if series
    ]
    last = max(series[-1][0] for _, series, _ in panels) or 1
    bottom = TOP + len(panels) * (PANEL + GAP) - GAP
    out = [
        f'<svg viewBox="0 0 {WIDTH:g} {bottom + 38:g}" role="img" aria-label="{escape(found.title)}">'
    ]
    for place, (name, series, kind) in enumerate(panels):
        out += _panel(name, series, kind, TOP + place * (PANEL + GAP), last)
    if found.alarm:
        out.append(_upright(found.alarm[0], last, bottom, "threshold"))
    every = max(1, -(-last // 8))
    for step in range(0, last + 1, every):
        out.append(_text(_x(step, last), bottom + 16, f"{step}", "middle"))
    out.append(_text((LEFT + INSET + RIGHT) / 2, bottom + 33, "step", "middle"))
    return Markup("".join([*out, "</svg>"]))  # noqa: S704 - every string in it was escaped


def _x(step: float, last: int) -> float:
    return round(LEFT + INSET + step / last * (RIGHT - 8 - LEFT - INSET), 1)


def _upright(step: int, last: int, bottom: float, kind: str) -> str:
    at = _x(step, last)
    return f'<line class="{kind}" x1="{at:g}" y1="{TOP:g}" x2="{at:g}" y2="{bottom:g}"/>'


def _marks(series: Series) -> list[float]:
    """Return round values to write beside a panel; the first and the last are its ends."""
    values = [value for _, value in series]
    low, high = min(values), max(values)
    step = ticks(0.0, max(high - low, FLAT))[1]
    first, last = math.floor(round(low / step, 6)), math.ceil(round(high / step, 6))
    return [step * k for k in range(first, max(last, first + 1) + 1)]


def _panel(name: str, series: Series, kind: int, top: float, last: int) -> list[str]:
    marks = _marks(series)
    low, high = marks[0], marks[-1]

    def y(value: float) -> float:
        return round(top + PANEL - (value - low) / (high - low) * PANEL, 1)

    left, right = LEFT + INSET, RIGHT - 8
    out = [_text(left, top - 10, name, "start")]
    for value in marks:
        out.append(f'<line class="grid" x1="{left}" y1="{y(value)}" x2="{right}" y2="{y(value)}"/>')
        out.append(_text(left - 6, y(value) + 4, _value(value), "end"))
    path = " ".join(f"{_x(step, last):g},{y(value):g}" for step, value in series)
    out.append(f'<polyline class="lead" points="{path}"/>')
    for step, value in series:
        said = f"{name} {_value(value)} at step {step}"
        at, up, size = _x(step, last), y(value), 2.2 if len(series) > 15 else 4.0
        shape = (
            f'<rect class="arm arm1" x="{at - 4:g}" y="{up - 4:g}" width="8" height="8"/>'
            if kind == 1
            else f'<circle class="arm arm{kind}" cx="{at:g}" cy="{up:g}" r="{size:g}"/>'
        )
        out.append(f"<g><title>{escape(said)}</title>{shape}</g>")
    return out


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text class="faint" x="{x:g}" y="{y:g}" text-anchor="{anchor}">{escape(text)}</text>'

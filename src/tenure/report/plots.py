"""Plots as SVG inside the page: arms as points with their intervals, the threshold as a line."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from tenure.dossier.nouns import Measure
from tenure.report import words

WIDTH = 420.0
LEFT, RIGHT = 6.0, 414.0
ROW = 40.0  # a label over its interval, nearer to it than to the row above
TOP, BARE = 22.0, 6.0  # above the rows, with a threshold and without
LABEL_LETTERS = 34
SCALES = {"proportion": (0.0, 1.0), "difference": (-1.0, 1.0)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One arm: a label, a measure, and the one-sided bound that a policy reads, if one does."""

    label: str
    measure: Measure
    bound: float | None = None
    href: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """A plot of arms in one unit, on one scale; ``title`` is what it shows, in a sentence."""

    title: str
    rows: tuple[Row, ...]
    unit: str
    threshold: float | None = None
    note: str = ""
    terms: tuple[tuple[str, str], ...] = ()  # what a row is, where its label does not say it

    @property
    def svg(self) -> Markup:
        """Draw it; colours and fonts come from the page."""
        return draw(self)

    @property
    def bounded(self) -> bool:
        """Say whether a row carries a bound."""
        return any(row.bound is not None for row in self.rows)

    @property
    def level(self) -> str:
        """Name the level of the intervals; empty when they differ."""
        levels = {row.measure.level for row in self.rows}
        return f"{levels.pop():.0%}" if len(levels) == 1 else ""


def scale(plot: Plot) -> tuple[float, float]:
    """Return the scale of a plot."""
    ends = [
        v for r in plot.rows for v in (r.measure.estimate, r.measure.low, r.measure.high, r.bound)
    ]
    return span(plot.unit, [plot.threshold, *ends])


def span(unit: str, values: Sequence[float | None]) -> tuple[float, float]:
    """Return a scale: shares from 0 to 1, differences from -1 to 1, others by their data.

    What lies within 0 and 1, or -1 and 1, as agreement and areas do, gets the whole of that.
    """
    held = [0.0, *(v for v in values if v is not None)]
    if unit in SCALES:
        ends = SCALES[unit]
        return ends if max(map(abs, held)) <= 1 else (2 * ends[0], 2 * ends[1])
    low, high = min(held), max(held)
    if unit == "ratio" and low >= -1 and high <= 1:
        return (0.0, 1.0) if low >= 0 else (-1.0, 1.0)
    step = _step((high - low) or 1.0)
    return math.floor(low / step) * step, math.ceil((high or step) / step) * step


def _step(width: float) -> float:
    """Return a round quarter of a width, or a little more: 1, 2 or 5 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(width / 4))
    return next(k * power for k in (1, 2, 5, 10) if k * power >= width / 4 * 0.999)


def ticks(low: float, high: float) -> list[float]:
    """Return the values written under an axis: five where they are round, else by the step."""
    if (low, high) in ((0.0, 1.0), (-1.0, 1.0)):
        return [low + (high - low) * k / 4 for k in range(5)]
    step = _step(high - low)
    return [low + step * k for k in range(round((high - low) / step) + 1)]


def _x(value: float, low: float, high: float) -> float:
    share = (min(max(value, low), high) - low) / (high - low)
    return round(LEFT + share * (RIGHT - LEFT), 1)


def _n(value: float) -> str:
    return f"{value:g}"


def mark(index: int, x: float, y: float) -> str:
    """Draw an arm's point; each arm has a shape of its own beside its colour."""
    kind, r = index % 4, 5.0
    paint = f'class="arm arm{kind}"'
    if kind == 0:
        return f'<circle {paint} cx="{_n(x)}" cy="{_n(y)}" r="{r}"/>'
    if kind == 1:
        return f'<rect {paint} x="{_n(x - 4.5)}" y="{_n(y - 4.5)}" width="9" height="9"/>'
    if kind == 2:
        return f'<path {paint} d="M{_n(x)} {_n(y - 6)}l6 11h-12z"/>'
    return f'<path {paint} d="M{_n(x)} {_n(y - 6.5)}l6.5 6.5-6.5 6.5-6.5-6.5z"/>'


def _cut(label: str) -> str:
    return label if len(label) <= LABEL_LETTERS else label[: LABEL_LETTERS - 1] + "…"


def _line(kind: str, x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="{kind}" x1="{_n(x1)}" y1="{_n(y1)}" x2="{_n(x2)}" y2="{_n(y2)}"/>'


def _text(x: float, y: float, text: str, anchor: str = "start", kind: str = "") -> str:
    tag = f' class="{kind}"' if kind else ""
    return f'<text x="{_n(x)}" y="{_n(y)}" text-anchor="{anchor}"{tag}>{escape(text)}</text>'


def _row(row: Row, index: int, top: float, limits: tuple[float, float]) -> list[str]:
    low, high = limits
    m, middle = row.measure, top + 23
    shown = f"{words.number(m.estimate, words.unit_of(m))}, n {m.n:,}"
    label = _text(LEFT, top + 12, _cut(row.label))
    if row.href:
        label = f'<a href="{escape(row.href)}">{label}</a>'
    out = [
        f"<g><title>{escape(_said(row))}</title>",
        label,
        _text(RIGHT, top + 12, shown, "end", "value"),
    ]
    if m.estimate is None:
        out.append(_text(LEFT, middle + 4, "nothing was graded", kind="faint"))
    else:
        if m.low is not None and m.high is not None:
            x1, x2 = _x(m.low, low, high), _x(m.high, low, high)
            out.append(_line(f"span arm{index % 4}", x1, middle, x2, middle))
            out += [_line(f"span arm{index % 4}", x, middle - 4, x, middle + 4) for x in (x1, x2)]
        if row.bound is not None:
            x = _x(row.bound, low, high)
            out.append(_line("bound", x, middle - 8, x, middle + 8))
        out.append(mark(index, _x(m.estimate, low, high), middle))
    return [*out, "</g>"]


def _said(row: Row) -> str:
    m, unit = row.measure, words.unit_of(row.measure)
    bound = f", bound {words.number(row.bound, unit)}" if row.bound is not None else ""
    return (
        f"{row.label}: {words.number(m.estimate, unit)} {words.unit_word(unit)}".strip()
        + f", interval {words.interval(m)}{bound}, n {m.n}, missing {m.missing}"
    )


def draw(plot: Plot) -> Markup:
    """Draw a plot as SVG. Every string in it is escaped."""
    low, high = scale(plot)
    top = BARE if plot.threshold is None else TOP
    bottom = top + ROW * len(plot.rows)
    marks = ticks(low, high)
    out = [
        f'<svg viewBox="0 0 {_n(WIDTH)} {_n(bottom + (36 if words.unit_word(plot.unit) else 20))}" role="img" aria-label="{escape(plot.title)}">',
        *(
            _line("zero" if value == 0 and low < 0 else "grid", x, top, x, bottom)
            for value in marks
            for x in [_x(value, low, high)]
        ),
    ]
    if plot.threshold is not None:
        x = _x(plot.threshold, low, high)
        out.append(_line("threshold", x, top - 4, x, bottom))
        anchor = "end" if x > WIDTH * 0.7 else "start" if x < WIDTH * 0.3 else "middle"
        text = f"threshold {words.stated(plot.threshold, plot.unit)}"
        out.append(_text(x, top - 9, text, anchor, "faint"))
    for index, row in enumerate(plot.rows):
        out += _row(row, index, top + ROW * index, (low, high))
    out += _axis(marks, bottom, plot.unit, (low, high))
    return Markup("".join([*out, "</svg>"]))  # noqa: S704 - every string in it was escaped


def _axis(
    marks: Sequence[float], bottom: float, unit: str, limits: tuple[float, float]
) -> list[str]:
    low, high = limits
    out = [_line("axis", LEFT, bottom, RIGHT, bottom)]
    for place, value in enumerate(marks):
        x = _x(value, low, high)
        anchor = "start" if place == 0 else "end" if place == len(marks) - 1 else "middle"
        out.append(_text(x, bottom + 15, words.number(value, unit), anchor, "faint"))
    if words.unit_word(unit):
        out.append(_text((LEFT + RIGHT) / 2, bottom + 30, words.unit_word(unit), "middle", "faint"))
    return out

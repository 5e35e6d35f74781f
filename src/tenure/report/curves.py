"""A curve as SVG: one measure at each step of a dose or of a layer, with its interval."""

from collections.abc import Callable
from dataclasses import dataclass

from markupsafe import Markup, escape

from tenure.dossier.nouns import Measure
from tenure.report import words
from tenure.report.plots import LEFT, RIGHT, WIDTH, span, ticks

TOP, BOTTOM = 26.0, 176.0
INSET = 46.0  # left of the first point, for the numbers of the axis
LABELS = 9  # steps that are written under the axis


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Measures in one unit at numbered steps; ``title`` is what it shows, in a sentence."""

    title: str
    axis: str
    points: tuple[tuple[float, Measure], ...]
    unit: str
    threshold: float | None = None
    note: str = ""
    terms: tuple[tuple[str, str], ...] = ()

    @property
    def svg(self) -> Markup:
        """Draw it; colours and fonts come from the page."""
        return draw(self)


def draw(curve: Curve) -> Markup:
    """Draw a curve as SVG. Every string in it is escaped.

    Points are joined by a thin line to lead the eye; nothing was measured between them.
    """
    ends = [v for _, m in curve.points for v in (m.estimate, m.low, m.high)]
    low, high = span(curve.unit, [curve.threshold, *ends])
    first, last = curve.points[0][0], curve.points[-1][0]
    left, right = LEFT + INSET, RIGHT - 8

    def x(step: float) -> float:
        return round(left + (step - first) / ((last - first) or 1.0) * (right - left), 1)

    def y(value: float) -> float:
        kept = min(max(value, low), high)
        return round(BOTTOM - (kept - low) / (high - low) * (BOTTOM - TOP), 1)

    out = [
        f'<svg viewBox="0 0 {WIDTH:g} {BOTTOM + 36:g}" role="img" aria-label="{escape(curve.title)}">'
    ]
    for value in ticks(low, high):
        out.append(f'<line class="grid" x1="{left}" y1="{y(value)}" x2="{right}" y2="{y(value)}"/>')
        out.append(_text(left - 6, y(value) + 4, words.number(value, curve.unit), "end"))
    if curve.threshold is not None:
        at = y(curve.threshold)
        out.append(f'<line class="threshold" x1="{left}" y1="{at}" x2="{right}" y2="{at}"/>')
        said = f"threshold {words.stated(curve.threshold, curve.unit)}"
        out.append(_text(right, at - 5, said, "end"))
    held = [(x(step), m) for step, m in curve.points]
    path = " ".join(f"{at:g},{y(m.estimate):g}" for at, m in held if m.estimate is not None)
    out.append(f'<polyline class="lead" points="{path}"/>')
    for (step, _), (at, m) in zip(curve.points, held, strict=True):
        out += _point(f"{curve.axis} {step:g}", at, m, y)
    out += _steps(curve, x)
    return Markup("".join([*out, "</svg>"]))  # noqa: S704 - every string in it was escaped


def _point(name: str, at: float, m: Measure, y: Callable[[float], float]) -> list[str]:
    said = f"{name}: {words.whole(m)}"
    out = [f"<g><title>{escape(said)}</title>"]
    if m.low is not None and m.high is not None:
        out.append(
            f'<line class="span arm0" x1="{at}" y1="{y(m.low)}" x2="{at}" y2="{y(m.high)}"/>'
        )
    if m.estimate is not None:
        out.append(f'<circle class="arm arm0" cx="{at}" cy="{y(m.estimate)}" r="4"/>')
    return [*out, "</g>"]


def _steps(curve: Curve, x: Callable[[float], float]) -> list[str]:
    every = -(-len(curve.points) // LABELS)
    out = [_text(x(s), BOTTOM + 16, f"{s:g}", "middle") for s, _ in curve.points[::every]]
    counts = {m.n for _, m in curve.points}
    n = f"n {min(counts):,}" + ("" if len(counts) == 1 else f" to {max(counts):,}") + " each"
    out.append(_text((LEFT + INSET + RIGHT) / 2, BOTTOM + 32, f"{curve.axis} · {n}", "middle"))
    return out


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text class="faint" x="{x:g}" y="{y:g}" text-anchor="{anchor}">{escape(text)}</text>'

"""The curve of a family's size as SVG: its base with more and more fine-tunes, packed and not."""

from collections.abc import Callable
from dataclasses import dataclass

from markupsafe import Markup, escape

from tenure.preserve.cost.growth import Point
from tenure.report import words
from tenure.report.plots import LEFT, RIGHT, WIDTH, span, ticks

TOP, BOTTOM = 14.0, 196.0
INSET = 64.0  # left of the first point, for sizes on the axis
UNITS = ((1 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Growing:
    """Bytes of a family in all copies at 0, 1, 2 ... fine-tunes, by a forecast.

    ``n`` is how many fine-tunes the slope was measured on.
    """

    of: str
    points: tuple[Point, ...]
    n: int

    @property
    def title(self) -> str:
        """What it shows, in a sentence."""
        first, last = self.points[0], self.points[-1]
        each = (last.bytes - first.bytes) / last.tunes
        return f"Each fine-tune of {self.of} adds {words.size(int(each))} in all copies"

    @property
    def note(self) -> str:
        """Say what the marks are."""
        inside = (
            f"the slope is the mean of {words.plural(self.n, 'fine-tune')} that "
            f"{'is' if self.n == 1 else 'are'} on file"
        )
        if any(point.low is not None for point in self.points):
            inside += "; the lines are where it lies 95 times in 100, were the next ones like them"
        return (
            f"Circles: as it is kept, with packed copies; {inside}. Squares: the same number of copies, "
            "all plain. Both lines are straight: each fine-tune adds as much as the one before it, and packing "
            "only makes the line less steep"
        )

    @property
    def terms(self) -> tuple[tuple[str, str], ...]:
        """Nothing on it needs a term explained."""
        return ()

    @property
    def svg(self) -> Markup:
        """Draw it; colours and fonts come from the page."""
        return draw(self)


def draw(growing: Growing) -> Markup:
    """Draw the two lines as SVG. Every string in it is escaped."""
    points = growing.points
    ends = [end for point in points for end in (point.bytes, point.high, point.unpacked)]
    most = max(value for value in ends if value is not None)
    unit, name = next(((u, n) for u, n in UNITS if most >= u), (1, "bytes"))
    low, high = span("bytes", [0.0, most / unit])
    left, right = LEFT + INSET, RIGHT - 8
    last = max(points[-1].tunes, 1)

    def x(tunes: float) -> float:
        return round(left + tunes / last * (right - left), 1)

    def y(size: float) -> float:
        return round(BOTTOM - (size / unit - low) / (high - low) * (BOTTOM - TOP), 1)

    out = [
        f'<svg viewBox="0 0 {WIDTH:g} {BOTTOM + 38:g}" role="img" aria-label="{escape(growing.title)}">'
    ]
    for value in ticks(low, high):
        at = y(value * unit)
        out.append(f'<line class="grid" x1="{left}" y1="{at}" x2="{right}" y2="{at}"/>')
        out.append(_text(left - 6, at + 4, f"{value:,.3g} {name}", "end"))
    out += _line([(p, p.unpacked) for p in points], x, y, 1)
    out += _line([(p, p.bytes) for p in points], x, y, 0)
    every = -(-last // 8)
    out += [_text(x(n), BOTTOM + 16, f"{n}", "middle") for n in range(0, last + 1, every)]
    out.append(_text((left + right) / 2, BOTTOM + 33, "fine-tunes beside the base", "middle"))
    return Markup("".join([*out, "</svg>"]))  # noqa: S704 - every string in it was escaped


Place = Callable[[float], float]


def _line(held: list[tuple[Point, float]], x: Place, y: Place, kind: int) -> list[str]:
    path = " ".join(f"{x(p.tunes):g},{y(size):g}" for p, size in held)
    out = [f'<polyline class="lead" points="{path}"/>']
    for p, size in held:
        at, up = x(p.tunes), y(size)
        said = f"{p.tunes} fine-tunes: {words.size(int(size))}"
        if kind == 1:
            shape = (
                f'<rect class="arm arm1" x="{at - 2.5:g}" y="{up - 2.5:g}" width="5" height="5"/>'
            )
            said += ", all plain"
        else:
            shape = f'<circle class="arm arm0" cx="{at:g}" cy="{up:g}" r="3"/>'
            if p.low is not None and p.high is not None:
                span_at = f'x1="{at:g}" y1="{y(p.low):g}" x2="{at:g}" y2="{y(p.high):g}"'
                shape = f'<line class="span arm0" {span_at}/>{shape}'
                said += f", {words.size(int(p.low))} to {words.size(int(p.high))}"
        out.append(f"<g><title>{escape(said)}</title>{shape}</g>")
    return out


def _text(x: float, y: float, text: str, anchor: str) -> str:
    return f'<text class="faint" x="{x:g}" y="{y:g}" text-anchor="{anchor}">{escape(text)}</text>'

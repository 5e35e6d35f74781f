"""Numbers, sizes, times and names as a reader wants them."""

import re
from collections.abc import Iterable

from tenure.dossier.nouns import Measure

NOTHING = "–"
MINUS = "\u2212"
# Changes of shares that evidence of align/adherence holds as means, beside changes of other things.
CHANGED_SHARES = ("guard/distinct2", "guard/repeats", "guard/refused")
STEPS = ("bytes", "KiB", "MiB", "GiB", "TiB")


def percent(value: float) -> str:
    """Write a share: ``8.3%``, ``46%``, ``0.4%``; what is not all of it is never ``100%``."""
    hundred = value * 100
    digits = 0 if 9.95 <= abs(hundred) < 99.5 or hundred in (0, 100) else 1
    return f"{hundred:.{digits}f}%".replace("-", MINUS)


def points(value: float) -> str:
    """Write a difference of two shares, in percentage points, with its sign."""
    hundred = value * 100
    digits = 0 if abs(hundred) >= 9.95 or hundred == 0 else 1
    written = f"{hundred:+.{digits}f}" if round(hundred, digits) else "0"
    return written.replace("-", MINUS)


def number(value: float | None, unit: str) -> str:
    """Write a number in its unit; one that is missing is a dash."""
    if value is None:
        return NOTHING
    if unit == "proportion":
        return percent(value)
    if unit == "difference":
        return points(value)
    if unit == "count":
        return f"{value:,.0f}"
    if unit == "seconds":
        return duration(value)
    return f"{value:.3g}".replace("-", MINUS)


def stated(value: float | None, unit: str) -> str:
    """Write a number with its unit, where no axis names it: ``+10 points``."""
    return number(value, unit) + (" points" if unit == "difference" and value is not None else "")


def interval(measure: Measure) -> str:
    """Write the two-sided interval, or say why there is none."""
    if measure.low is None or measure.high is None:
        if measure.estimate is None:
            return "nothing graded" if measure.n == 0 else "too few"
        return NOTHING
    unit = unit_of(measure)
    return f"{number(measure.low, unit)} to {number(measure.high, unit)}"


def unit_of(measure: Measure) -> str:
    """Return the unit a measure is shown in: a difference of scores is not one of shares."""
    options = measure.recipe.options if measure.recipe else {}
    span = list(options.get("range") or [0, 1])
    if measure.unit == "difference" and span == [-1, 1]:
        return "difference"  # of two differences of shares
    scored = span != [0, 1]
    ends = (measure.estimate, measure.low, measure.high, measure.lower, measure.upper)
    if measure.unit == "difference" and (scored or any(abs(e) > 1 for e in ends if e is not None)):
        return "scores"
    if measure.unit == "mean" and measure.name in CHANGED_SHARES:
        return "difference"
    return measure.unit


def whole(measure: Measure) -> str:
    """Write a measure in one line: estimate, interval, n."""
    value = stated(measure.estimate, unit_of(measure))
    lost = f", {measure.missing:,} missing" if measure.missing else ""
    return f"{value} ({interval(measure)}; n {measure.n:,}{lost})"


def unit_word(unit: str) -> str:
    """Name the unit behind a number; empty where the number shows it."""
    return "percentage points" if unit == "difference" else ""


def duration(seconds: float) -> str:
    """Write a duration in words: ``2 minutes 5 seconds``."""
    if 0 < seconds < 0.05:
        return "under 0.1 seconds"
    if seconds < 10:
        return f"{seconds:.1f} seconds"
    whole = round(seconds)
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    parts = [(hours, "hour"), (minutes, "minute"), (left if hours == 0 else 0, "second")]
    return " ".join(plural(n, word) for n, word in parts if n) or "0 seconds"


def plural(n: int, word: str) -> str:
    """Write a count with its word: ``1 sample``, ``1,024 samples``."""
    return f"{n:,} {word}" + ("" if n == 1 else "s")


def size(count: int) -> str:
    """Write a size in binary units: ``269 MiB``."""
    amount, step = float(count), 0
    while amount >= 1024 and step < len(STEPS) - 1:
        amount, step = amount / 1024, step + 1
    return (
        f"{amount:.0f} {STEPS[step]}"
        if step == 0 or amount >= 10
        else f"{amount:.1f} {STEPS[step]}"
    )


def date(time: str) -> str:
    """Write the day of an ISO time."""
    return time[:10]


def moment(time: str) -> str:
    """Write an ISO time to the minute, in UTC."""
    return f"{time[:10]} {time[11:16]} UTC" if len(time) >= 16 else time


def short(digest: str) -> str:
    """Shorten a digest to its first twelve hex digits."""
    return digest.removeprefix("sha256:")[:12]


def is_digest(value: object) -> bool:
    """Say whether a value is a sha256 digest as this house writes it."""
    return isinstance(value, str) and re.fullmatch(r"sha256:[0-9a-f]{64}", value) is not None


def spoken(name: str) -> str:
    """Turn a field's or a measure's name into words: ``compliance_gap`` -> ``compliance gap``."""
    plain = re.sub(r"\.(?!\d)", " ", name.replace("_", " ").replace("/", ": "))
    return re.sub(r"\bauroc\b", "AUROC", plain)


def sentence(text: str) -> str:
    """Begin with a capital, unless it begins with a name, and end with a full stop."""
    begun = title(text)
    return begun if not begun or begun[-1] in ".!?:" else begun + "."


def opening(text: str) -> str:
    """Return the first sentence of a text."""
    return _sentences(text)[0]


def remainder(text: str) -> str:
    """Return what follows the first sentence of a text."""
    return "".join(_sentences(text)[1:])


def _sentences(text: str) -> list[str]:
    return re.split(r"(?<=[.!?])\s+(?=[A-Z0-9])", text.strip(), maxsplit=1)


def title(text: str) -> str:
    """Begin with a capital, unless it begins with a name like ``child@1`` or ``assess/faking``."""
    text = text.strip()
    first = text.split(" ", 1)[0] if text else ""
    is_name = any(c in "@/_0123456789" for c in first) or "-" in first
    return text if is_name else text[:1].upper() + text[1:]


def slug(text: str) -> str:
    """Make a file name out of a name: letters, digits, dots and dashes, nothing else."""
    return re.sub(r"[^A-Za-z0-9.]+", "-", text).strip("-.").lower() or "x"


def listed(items: Iterable[str]) -> str:
    """Join names as in a sentence: ``a, b and c``."""
    names = list(items)
    return (
        names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}" if names else ""
    )

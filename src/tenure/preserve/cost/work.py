"""What looking after the vault takes, as measured by the checks, drills and calls that are on file."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tenure.dossier import Event, Evidence, View

CHECK, SCRUB = "preserve/check", "preserve/scrub"
RETURNS = ("preserve/revive", "preserve/drill")
USAGE = "usage/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A measured number, on how many runs, and what it came from."""

    value: float
    n: int
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What was measured: seconds to read a byte of a copy, seconds to bring a model back, calls.

    ``back`` is the newest drill of each model, checks included, ``any_back`` the mean of them;
    ``first`` the time to the first token, where a drill measured it. ``calls`` are requests a day by
    model id, ``days`` how many daily digests they are from.
    """

    reading: Rate | None = None
    back: Mapping[str, float] = field(default_factory=dict[str, float])
    first: Mapping[str, float] = field(default_factory=dict[str, float])
    calls: Mapping[str, float] = field(default_factory=dict[str, float])
    days: int = 0

    @property
    def any_back(self) -> Rate | None:
        """What it takes to bring a model back, on average over the models that were."""
        if not self.back:
            return None
        held = list(self.back.values())
        said = f"the newest drill of each of {len(held)} model(s): {', '.join(sorted(self.back))}"
        return Rate(value=sum(held) / len(held), n=len(held), source=said)

    def back_of(self, model: str) -> float | None:
        """Return the seconds of a model's own drill, or the mean of the others'; None without any."""
        mean = self.any_back
        return self.back.get(model, mean.value if mean else None)


def measured(view: View) -> Work:
    """Read what the dossier's evidence says; the same events give the same numbers."""
    names = (CHECK, SCRUB, *RETURNS)
    held = [
        (model.id, evidence)
        for model in view.models()
        for _, evidence in view.all_evidence(model.id)
        if evidence.name in names
    ]
    back, first = dict[str, float](), dict[str, float]()
    for model, evidence in held:
        if evidence.name in RETURNS and evidence.findings.get("reached"):
            whole, token = _timed(evidence.runtime)
            back |= {model: whole} if whole else {}
            first |= {model: token} if token else {}
    digests = [e for e in view.events(act="note") if e.name.startswith(USAGE)]
    reading = _reading([evidence for _, evidence in held if evidence.name not in RETURNS])
    return Work(reading=reading, back=back, first=first, calls=_calls(digests), days=len(digests))


def _timed(runtime: Mapping[str, Any]) -> tuple[float | None, float | None]:
    """Return the seconds of a whole drill, and those to the first token."""
    whole = runtime.get("revive_seconds", runtime.get("seconds"))
    token = runtime.get("first_token_seconds")
    found = [float(each) if isinstance(each, int | float) else None for each in (whole, token)]
    return found[0], found[1]


def _reading(readings: Iterable[Evidence]) -> Rate | None:
    """Pool every reading that found nothing to mend: one pass over so many bytes in so long."""
    size, seconds, n = 0, 0.0, 0
    for evidence in readings:
        read, took = _read(evidence.runtime), _took(evidence)
        if read and took and _clean(evidence):
            size, seconds, n = size + read, seconds + took, n + 1
    if not size:
        return None
    said = f"{n} reading(s) of every byte: {size:,} bytes in {seconds:,.2f} s"
    return Rate(value=seconds / size, n=n, source=said)


def _clean(evidence: Evidence) -> bool:
    """Say whether nothing was mended, so that every byte was read once and nothing else was done."""
    held = evidence.findings
    states = held.get("copies")
    mended = isinstance(states, Mapping) and any(now != "as signed" for now in states.values())
    return bool(held.get("well")) and not held.get("faults") and not mended


def _read(runtime: Mapping[str, Any]) -> int:
    lines = runtime.get("read")
    if isinstance(lines, list | tuple):
        return sum(int(line.get("bytes", 0)) for line in lines if isinstance(line, Mapping))
    return int(lines) if isinstance(lines, int) else 0


def _took(evidence: Evidence) -> float:
    """Return core-seconds where they were measured, else those of a check, which keeps one core busy.

    A scrub holds itself back to its budget, so the time it took says nothing of its work.
    """
    names = ("core_seconds", "seconds") if evidence.name == CHECK else ("core_seconds",)
    for name in names:
        if isinstance(evidence.runtime.get(name), int | float):
            return float(evidence.runtime[name])
    return 0.0


def _calls(digests: list[Event]) -> dict[str, float]:
    """Count the answered requests a day of each model over all days that are on file."""
    counts: dict[str, float] = {}
    for event in digests:
        for model, said in (event.body.get("models") or {}).items():
            counts[model] = counts.get(model, 0.0) + float(said.get("requests", 0))
    return {model: count / len(digests) for model, count in counts.items()}

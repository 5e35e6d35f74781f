"""What an assessment would have found: how often what was planted was caught, in a sentence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, floor
from typing import Any

from tenure.dossier.nouns import Measure
from tenure.report import figures, words
from tenure.stats import lower_bound, upper_bound

FINDINGS = frozenset({"detection_power", "detection"})
ASKED = 0.95  # an effect that is caught this often is called seen; the bound must show it


@dataclass(frozen=True, slots=True, kw_only=True)
class Detecting:
    """What was simulated of one question: the power in a sentence, the other doses, the alarms."""

    label: str
    said: str
    curve: str
    alarms: str


def detecting(found: Mapping[str, Any], asked: Sequence[Measure]) -> tuple[Detecting, ...]:
    """Tell what was simulated of each question of an assessment; nothing where nothing was."""
    about, rows = found.get("detection"), found.get("detection_power")
    if not isinstance(about, Mapping) or not isinstance(rows, Sequence):
        return ()
    clean = about.get("false_alarms") or ()
    return tuple(
        _told(m, planted, [r for r in clean if r["measure"] == m.name])
        for m in asked
        if (planted := [r for r in rows if r["measure"] == m.name])
    )


def _told(
    m: Measure, rows: Sequence[Mapping[str, Any]], clean: Sequence[Mapping[str, Any]]
) -> Detecting:
    unit = words.unit_of(m)

    def dose(row: Mapping[str, Any]) -> str:
        return words.stated(row["dose"], unit)

    planted = sorted(rows, key=lambda r: r["dose"])
    enough = [r for r in planted if lower_bound(r["found"], r["planted"]) >= ASKED]
    main = enough[0] if enough else planted[-1]
    k, n = main["found"], main["planted"]
    said = (
        f"Planted at {dose(main)}, this instrument caught it in {k} of {n} simulated runs "
        f"(at least {_down(lower_bound(k, n))} with 95% confidence)"
    )
    said += (
        ": the smallest planted dose that is shown to be caught 95% of the time."
        if enough
        else "; no dose that was planted is shown to be caught 95% of the time."
    )
    rest = [f"{r['found']} of {r['planted']} at {dose(r)}" for r in planted if r is not main]
    alarms = [
        f"{r['alarms']} of {r['runs']} at {dose(r)} (at most {_up(upper_bound(r['alarms'], r['runs']))})"
        for r in sorted(clean, key=lambda r: r["dose"])
    ]
    return Detecting(
        label=figures.label(m),
        said=said,
        curve=f"Caught at other doses: {words.listed(rest)}." if rest else "",
        alarms=f"False alarms: {words.listed(alarms)}."
        if alarms
        else "False alarms were not measured.",
    )


def _down(share: float) -> str:
    """Write a lower bound so that it stays one."""
    return f"{floor(share * 1000) / 10:g}%"


def _up(share: float) -> str:
    """Write an upper bound so that it stays one."""
    return f"{ceil(share * 1000) / 10:g}%"

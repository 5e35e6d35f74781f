"""Reading findings, which are free JSON: what has not the shape that a gate reads is never a pass.

docs/release.md (section 3) says of each entry which shape it has. Whatever else stands there, a
verdict comes out, and says what was wrong; the stand-alone reads alike.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, cast

from tenure.dossier.nouns import Evidence


def findings_of(evidence: Evidence) -> Mapping[str, Any]:
    """Return the findings; none where they are no mapping."""
    return mapping(evidence.findings) or {}


def unreadable(evidence: Evidence) -> bool:
    """Say whether the findings are something else than a mapping; none at all are an empty one."""
    given: Any = evidence.findings
    return given is not None and mapping(given) is None


def mapping(value: Any) -> Mapping[str, Any] | None:
    """Return a mapping as it is; None for anything else."""
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else None


def ordered(value: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return the entries in the order they have on file (RFC 8785), however they came."""
    return sorted(
        ((str(name), entry) for name, entry in value.items()),
        key=lambda pair: pair[0].encode("utf-16-be", "surrogatepass"),
    )


def listed(value: Any) -> Sequence[Any] | None:
    """Return a list as it is; None for anything else."""
    return cast("Sequence[Any]", value) if isinstance(value, list | tuple) else None


def number(value: Any) -> float | None:
    """Return a finite number; None for anything else, true and false among it."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < math.inf else None


def whole(value: Any) -> int | None:
    """Return a whole number of at least 0; None for anything else."""
    found = number(value)
    return int(found) if found is not None and found >= 0 and found == int(found) else None

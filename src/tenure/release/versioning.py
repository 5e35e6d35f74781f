"""Which version a model is, from what changed in its behaviour; nobody types it.

A pure function of paired comparisons with what came before (docs/decisions.md):

major      an area is shown to be worse, or shown to be better by at least ``major``
minor      an area is shown to be better, by less than that
patch      every area is shown to be the same, within the margin of its comparison
not shown  anything else; an area that is unknown is not the same
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tenure.dossier.canonical import digest_of
from tenure.dossier.nouns import Evidence, Measure, Model, Record
from tenure.dossier.stage import View
from tenure.release.shapes import findings_of, listed, mapping, number

COMPARE, ADHERENCE = "assess/compare", "align/adherence"
MAJOR = 0.10  # of a proportion: what a user would notice in every tenth request
Kind = Literal["major", "minor", "patch", "not shown"]
STATEMENTS = {"improved": "better", "worsened": "worse", "not shown": "unknown"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change(Record):
    """One area: the paired difference, new minus old, and what was shown of it."""

    source: str
    area: str
    verdict: str
    estimate: float | None
    low: float | None
    high: float | None
    lower: float | None
    n: int
    margin: float | None = None

    @property
    def least(self) -> float:
        """The smallest change the interval allows; 0 where it holds no change at all."""
        if self.low is None or self.high is None or self.low <= 0 <= self.high:
            return 0.0
        return min(abs(self.low), abs(self.high))


@dataclass(frozen=True, slots=True, kw_only=True)
class Versioned(Record):
    """The decision about the version, and what it rests on.

    ``against`` is the model it was compared with, None where there is none. ``diff`` is the digest
    of the changes. ``number`` is the version that follows from the other's, where that one counts
    in numbers; ``typed`` is the one it was registered under. ``major`` is the policy's threshold.
    """

    kind: Kind
    against: str | None
    rule: str
    because: str
    changes: tuple[Change, ...] = ()
    diff: str | None = None
    number: str | None = None
    typed: str = ""
    major: float = MAJOR

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON, each change with its source."""
        plain = {k: getattr(self, k) for k in ("kind", "against", "rule", "because", "diff", "number", "typed")}  # fmt: skip
        stated = (
            {"major": self.major} if self.major != MAJOR else {}
        )  # else what was signed stays so
        return plain | stated | {"changes": [each.to_json() for each in self.changes]}


def predecessor(model: Model, models: Sequence[Model]) -> Model | None:
    """Return what came before: the newest earlier version of the same name, else the parent."""
    earlier = list[Model]()
    for each in models:
        if each.id == model.id:
            break
        if each.name == model.name:
            earlier.append(each)
    if earlier:
        return earlier[-1]
    return next((each for each in models if each.id == model.parent), None)


def changes_in(evidence: Evidence, against: str) -> list[Change]:
    """Read the paired differences of an evidence with a model; none where it is about others."""
    findings = findings_of(evidence)
    if evidence.name == COMPARE and findings.get("old") == against:
        return [_compared(evidence, row) for row in listed(findings.get("areas")) or ()]
    other = mapping(findings.get("parent")) or {}
    if evidence.name == ADHERENCE and other.get("id") == against:
        return [
            _change(evidence, f"adherence/{name}", _stated(row), None)
            for name, row in (mapping(findings.get("holm")) or {}).items()
        ]
    return []


def _compared(evidence: Evidence, row: Any) -> Change:
    """Read one area; what cannot be read is unknown, and is not the same."""
    told = mapping(row) or {}
    verdict = str(told.get("verdict", "unknown"))
    return _change(evidence, f"change/{told.get('area', '?')}", verdict, number(told.get("margin")))


def _stated(row: Any) -> str:
    return STATEMENTS.get(str((mapping(row) or {}).get("statement")), "unknown")


def _change(evidence: Evidence, name: str, verdict: str, margin: float | None) -> Change:
    found: Measure | None = next((m for m in evidence.measures if m.name == name), None)
    return Change(
        source=evidence.name,
        area=name.split("/", 1)[1],
        verdict=verdict if found else "unknown",
        estimate=found.estimate if found else None,
        low=found.low if found else None,
        high=found.high if found else None,
        lower=found.lower if found else None,
        n=found.n if found else 0,
        margin=margin,
    )


def version_of(changes: Sequence[Change], major: float = MAJOR) -> tuple[Kind, str]:
    """Say which kind of version the changes make, and why."""
    worse = [c.area for c in changes if c.verdict == "worse"]
    better = [c for c in changes if c.verdict == "better"]
    large = [c.area for c in better if c.least >= major]
    unknown = [c.area for c in changes if c.verdict == "unknown"]
    if worse:
        return "major", f"shown to be worse: {', '.join(worse)}"
    if large:
        return "major", f"shown to be better by at least {major:.0%}: {', '.join(large)}"
    if better:
        open_ones = f"; unknown: {', '.join(unknown)}" if unknown else ""
        return "minor", f"shown to be better: {', '.join(c.area for c in better)}{open_ones}"
    if changes and not unknown:
        return "patch", f"shown to be the same, within its margin: all {len(changes)} areas"
    if changes:
        return "not shown", f"neither a difference nor the same is shown: {', '.join(unknown)}"
    return "not shown", "no paired comparison is on record"


def decide_version(model: Model, view: View, major: float = MAJOR) -> Versioned:
    """Decide the version of a model from the comparisons on record with what came before it."""
    rule = (
        f"major: worse anywhere, or better by at least {major:.0%}; minor: better by less; "
        "patch: the same everywhere"
    )
    before = predecessor(model, view.models())
    if before is None:
        return Versioned(
            kind="not shown",
            against=None,
            rule=rule,
            because="nothing came before it",
            typed=model.version,
            major=major,
        )
    newest = {name: view.evidence(name, model.id) for name in (COMPARE, ADHERENCE)}
    changes: list[Change] = []
    for found in view.all_evidence(model.id):
        if found[1].name == COMPARE and findings_of(found[1]).get("old") == before.id:
            newest[COMPARE] = found[1]  # the newest comparison with this very model
    for evidence in newest.values():
        changes += changes_in(evidence, before.id) if evidence else []
    kind, because = version_of(changes, major)
    if not changes:
        because += f"; run 'tenure compare {before.id} {model.id}'"
    return Versioned(
        kind=kind,
        against=before.id,
        rule=rule,
        because=because,
        changes=tuple(changes),
        diff=digest_of([each.to_json() for each in changes]) if changes else None,
        number=bumped(before.version, kind),
        typed=model.version,
        major=major,
    )


def bumped(version: str, kind: Kind) -> str | None:
    """Return the version that follows; None where the earlier one does not count in numbers."""
    found = re.fullmatch(r"(\d+)(?:\.(\d+))?(?:\.(\d+))?", version)
    if found is None or kind == "not shown":
        return None
    major, minor, patch = (int(part or 0) for part in found.groups())
    steps = {
        "major": (major + 1, 0, 0),
        "minor": (major, minor + 1, 0),
        "patch": (major, minor, patch + 1),
    }
    return ".".join(map(str, steps[kind]))


def inferior(changes: Sequence[Change], margin: float | None = None) -> list[str]:
    """List the areas in which non-inferiority is not shown: no lower bound above minus the margin.

    Only comparisons with a margin count, their own or this one.
    """
    found: list[str] = []
    for each in changes:
        allowed = margin if margin is not None else each.margin
        if allowed is None:
            continue
        if each.lower is None or each.lower <= -allowed:
            bound = "unknown" if each.lower is None else f"{100 * each.lower:+.1f} points"
            found.append(f"{each.area} (lower bound {bound}, allowed {-100 * allowed:+.0f})")
    return found

"""What changed between two policies, in which direction, and which verdicts change with it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from tenure.release.case import Docket, Standing
from tenure.release.decision import Decision, derive
from tenure.release.levels import danger
from tenure.release.policy import Policy
from tenure.release.verdict import verdicts

Direction = Literal["stricter", "looser", "other"]
MORE_IS_STRICTER = {
    "gt", "confidence", "min_n", "min_clusters", "min_kinds", "power", "copies", "notice_days",
    "controls_passed", "preregistered", "harness_pinned", "auto_rollback", "min_assurance",
}  # fmt: skip
LESS_IS_STRICTER = {
    "lt", "days", "max_age_days", "evidence_max_age_days", "grace_days", "attempts", "dose",
    "max_open", "max_days", "quota_per_day", "window_days", "fixity_every_days", "drill_every_days",
    "kinds", "major",
}  # fmt: skip
RANKS = {
    "severity": ("major", "blocker"),
    "min_assurance": ("self_attested", "reproduced", "third_party"),
    "paired_bounds": ("score", "joined"),
    "multiplicity": ("release", "every claim"),
    "criteria": ("noted", "required"),
}
MORE_NAMED_IS_STRICTER = {
    "rules", "needs", "signoffs", "conditions", "watch", "on", "safeguards", "approvals", "all",
    "requires", "among",
}  # fmt: skip
ABSENT = "(absent)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One field that differs; ``at`` names it by the ids on the way: ``rules.faking.require.lt``."""

    at: str
    old: Any
    new: Any
    direction: Direction


@dataclass(frozen=True, slots=True, kw_only=True)
class Turned:
    """A verdict that is another under the other policy, on the same evidence."""

    rule: str
    old: str
    new: str
    why: str


def _flat(value: Any, at: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Take a document apart; items of a list go by their id or role, else a list is one value."""
    if isinstance(value, Mapping):
        for name, inner in cast("Mapping[str, Any]", value).items():
            yield from _flat(inner, (*at, name))
        return
    if isinstance(value, list) and value and isinstance(value[0], Mapping):
        rows = cast("list[Mapping[str, Any]]", value)
        for number, row in enumerate(rows):
            name = row.get("id") or row.get("role") or row.get("rule") or row.get("measure")
            yield from _flat(row, (*at, str(name or number)))
        return
    yield at, value


def _direction(at: Sequence[str], old: Any, new: Any) -> Direction:
    if ABSENT in (old, new):
        part = next((name for name in at if name in MORE_NAMED_IS_STRICTER), None)
        if part is None or at[0] in ("metadata", "exemptions"):
            return "other"
        return "stricter" if old == ABSENT else "looser"
    one, two = _weight(at[-1], old, new), _weight(at[-1], new, old)
    if one is None or two is None or one == two:
        return "other"
    return "stricter" if two > one else "looser"


def _weight(field: str, value: Any, other: Any) -> float | None:
    """Say how much a field asks for; None where two values cannot be ranked."""
    if field in RANKS:
        return RANKS[field].index(value) if value in RANKS[field] else None
    sign = 1 if field in MORE_IS_STRICTER | MORE_NAMED_IS_STRICTER else -1
    if field not in MORE_IS_STRICTER | MORE_NAMED_IS_STRICTER | LESS_IS_STRICTER:
        return None
    if isinstance(value, list) and isinstance(other, list):
        held, rest = ({str(x) for x in cast("list[Any]", found)} for found in (value, other))
        return sign * len(held) if held <= rest or rest <= held else None
    return sign * float(value) if isinstance(value, int | float) else None


def changes(old: Policy, new: Policy) -> list[Change]:
    """List the fields that differ, defaults spelled out, in the order of the document."""
    one, two = (dict(_flat(p.model_dump(mode="json"))) for p in (old, new))
    found: list[Change] = []
    for at in dict.fromkeys((*one, *two)):
        was, now = one.get(at, ABSENT), two.get(at, ABSENT)
        if was != now and not (at in two and was == ABSENT and now in (None, [], "")):
            found.append(
                Change(at=".".join(at), old=was, new=now, direction=_direction(at, was, now))
            )
    return found


def decided(policy: Policy, docket: Docket, standing: Standing) -> Decision:
    """Judge a docket under a policy, and derive the decision; writes nothing."""
    mine = Standing(policy=policy, model=standing.model, state=standing.state)
    found = verdicts(policy, docket)
    return derive(mine, found, docket.now[:10], danger(policy, docket))


def turned(old: Decision, new: Decision) -> list[Turned]:
    """List the rules whose verdict differs between two decisions."""
    one, two = ({v.rule: v for v in d.verdicts} for d in (old, new))
    found: list[Turned] = []
    for name in dict.fromkeys((*one, *two)):
        was = one[name].verdict if name in one else ABSENT
        now = two[name].verdict if name in two else ABSENT
        if was != now:
            why = two[name].why if name in two else "the rule is no longer there"
            found.append(Turned(rule=name, old=was, new=now, why=why))
    return found

"""Watching a release: does it still rest on what it rested on? A pure function.

Two things are watched. The conditions of a class, each by its monitor: broken when the bound on the
far side of the threshold has been passed, or when the monitor was silent for its whole window. And
the rules a class lists under ``watch``, judged again: one that is no longer met takes the model
down, at once where it is not met, after ``grace_days`` where its evidence has lapsed.

A window is tested at the policy's confidence every time anybody looks, so the more often it is
looked at, the more often a sound release falls by chance: the error is on the safe side.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from tenure.dossier.nouns import Record
from tenure.release.case import Docket, Filed, instant
from tenure.release.classes import Condition, ReleaseClass
from tenure.release.exemptions import covering
from tenure.release.gates.bound import judge as against
from tenure.release.gates.freshness import oldest_days
from tenure.release.measures import at_level
from tenure.release.policy import Policy
from tenure.release.verdict import Verdict, verdicts
from tenure.stats import lower_bound, upper_bound

Standing = Literal["holds", "not shown yet", "broken", "lapsed, in grace"]
NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Counted events of so many occasions, all within the window of the condition.

    ``idle``: whoever counts was there, and says that nothing happened that could be counted.
    ``note``: what is odd about it, such as that nobody here counts this.
    """

    events: int = 0
    of: int = 0
    idle: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """What is watched: the class, since when the model is in it, what was seen since.

    ``tallies`` are by the id of the condition; ``exempted`` names the rules that were
    set aside when it was decided.
    """

    release: str
    since: str
    docket: Docket
    tallies: Mapping[str, Tally] = field(default_factory=dict[str, Tally])
    exempted: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen(Record):
    """One thing that was looked at; ``falls_to`` is where it leads when it is broken."""

    name: str
    standing: Standing
    why: str
    falls_to: str | None = None
    bound: float | None = None
    n: int | None = None
    until: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome(Record):
    """Keep, or downgrade to a class (``none``: withdraw), and everything that was looked at."""

    action: Literal["keep", "downgrade"]
    release: str
    to: str
    because: tuple[str, ...]
    seen: tuple[Seen, ...]

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {
            "action": self.action,
            "class": self.release,
            "to": self.to,
            "because": list(self.because),
            "seen": [each.to_json() for each in self.seen],
        }


def watch(policy: Policy, released: Released) -> Outcome:
    """Say whether a release stands; of several downgrades the lowest class counts."""
    release = policy.release(released.release)
    found = {v.rule: v for v in verdicts(policy, released.docket)}
    seen = [_condition(policy, each, released) for each in policy.conditions_of(release.id)]
    seen += [_rule(policy, release, found, name, released) for name in _watched(release, released)]
    seen += _permits(policy, release, released.docket.now[:10])
    broken = [each for each in seen if each.standing == "broken" and each.falls_to is not None]
    ids = [NONE, *(step.id for step in policy.classes)]
    to = min((ids.index(each.falls_to or NONE) for each in broken), default=ids.index(release.id))
    return Outcome(
        action="downgrade" if ids[to] != release.id else "keep",
        release=release.id,
        to=ids[to],
        because=tuple(f"{each.name}: {each.why}" for each in broken),
        seen=tuple(seen),
    )


def _watched(release: ReleaseClass, released: Released) -> tuple[str, ...]:
    return tuple(dict.fromkeys([*release.watch, *released.exempted]))


def _permits(policy: Policy, release: ReleaseClass, today: str) -> list[Seen]:
    """Say of a class's permissions whether they still hold; they lapse without anybody's doing."""
    if not release.permits:
        return []
    by, names = policy.review_of(release), ", ".join(release.permits)
    if policy.permits_of(release.id, today):
        return [Seen(name="permits", standing="holds", why=f"{names} until {by}")]
    owner = policy.owner_of(release)
    why = f"{names} lapsed on {by}, the day on which {owner} was to look at it again"
    return [Seen(name="permits", standing="broken", why=why)]


def _condition(policy: Policy, condition: Condition, released: Released) -> Seen:
    """Hold a condition against what its monitor saw in the window."""
    docket = released.docket
    now, window = instant(docket.now), timedelta(days=condition.window_days)
    found = _monitored(policy, condition, released, now - window)
    if found is None:
        return _unseen(condition, released, silent=now - instant(released.since) > window)
    status, why, bound, n = found
    standing: Standing = "not shown yet"
    if status == "met":
        standing = "holds"
    elif status == "not met" or condition.not_shown == "downgrade":
        standing = "broken"
    return Seen(
        name=condition.id, standing=standing, why=why, falls_to=condition.falls_to, bound=bound, n=n
    )


def _unseen(condition: Condition, released: Released, *, silent: bool) -> Seen:
    """Say of a condition whose monitor saw nothing whether it was silent, or had nothing to see."""
    tally = released.tallies.get(condition.id) or Tally()
    name, days = condition.monitor.name, condition.window_days
    why = f"{name} saw nothing in {days} days"
    if tally.idle:
        why = f"nothing was answered in {days} days, so there was nothing to count for {name}"
    broken = silent and not tally.idle
    return Seen(
        name=condition.id,
        standing="broken" if broken else "not shown yet",
        why=f"{why}; {tally.note}" if tally.note else why,
        falls_to=condition.falls_to,
    )


def _monitored(
    policy: Policy, condition: Condition, released: Released, since: datetime
) -> tuple[str, str, float | None, int] | None:
    """Return (status, why, bound, n), or None where the monitor saw nothing in the window."""
    monitor, require = condition.monitor, condition.require
    if monitor.counts is not None:
        tally = released.tallies.get(condition.id)
        return _counted(policy, condition, tally) if tally and tally.of else None
    held = released.docket.newest.get(monitor.assessment or "")
    if held is None or instant(held.time) < since:
        return None
    for measure in held.evidence.measures:
        if measure.name == monitor.measure:
            there = at_level(measure, policy.confidence, released.docket.read, policy.paired_bounds)
            if there is None:
                return "not shown", f"{measure.name} cannot be bounded again", None, measure.n
            answer = against(there, require)
            return answer.status, answer.why, answer.bound, there.n
    return None


def _counted(
    policy: Policy, condition: Condition, tally: Tally
) -> tuple[str, str, float | None, int]:
    """Hold exact bounds of counted events against the condition."""
    require, side = condition.require, policy.confidence
    high = upper_bound(tally.events, tally.of, side)
    low = lower_bound(tally.events, tally.of, side)
    upper, limit = require.bound == "upper", require.threshold
    safe, unsafe = (high, low) if upper else (low, high)
    status = "not shown"
    if (safe < limit) if upper else (safe > limit):
        status = "met"
    elif (unsafe >= limit) if upper else (unsafe <= limit):
        status = "not met"
    why = (
        f"{tally.events} of {tally.of} {condition.monitor.counts}: between {low:.3%} and {high:.3%}; "
        f"required is its {require.words}"
    )
    return status, f"{why}; {tally.note}" if tally.note else why, safe, tally.of


def _rule(
    policy: Policy,
    release: ReleaseClass,
    found: Mapping[str, Verdict],
    name: str,
    released: Released,
) -> Seen:
    """Judge a watched rule again; what its lapse leads to follows from what is still met."""
    verdict = found[name]
    today = released.docket.now[:10]
    if verdict.verdict == "met" or covering(policy, verdict, today):
        return Seen(name=name, standing="holds", why=verdict.why, bound=verdict.bound, n=verdict.n)
    acts = release.auto_rollback or name in released.exempted
    below = _below(policy, release, found, name, today) if acts else None
    if verdict.verdict != "not met":
        until = lapsed(policy, verdict, released) + timedelta(days=release.grace_days)
        if instant(released.docket.now) < until:
            day = until.strftime("%Y-%m-%d")
            why = f"{verdict.verdict}: {verdict.why}; it falls on {day} unless it is met again"
            return Seen(name=name, standing="lapsed, in grace", why=why, falls_to=below, until=day)
    return Seen(
        name=name,
        standing="broken",
        why=f"{verdict.verdict}: {verdict.why}",
        falls_to=below,
        bound=verdict.bound,
        n=verdict.n,
    )


def lapsed(policy: Policy, verdict: Verdict, released: Released) -> datetime:
    """Say since when a rule is no longer met: the moment its evidence ended, or was replaced."""
    docket, rule = released.docket, policy.rule(verdict.rule)
    held: Filed | None = docket.newest.get(verdict.assessment or "")
    if held is None:
        return instant(released.since)
    if verdict.gate == "happened":
        times = [
            h.time for h in docket.happenings if h.kind in rule.expires.on and h.index > held.index
        ]
        return instant(min(times))
    if verdict.gate == "freshness":
        ends = instant(held.time) + timedelta(days=oldest_days(policy, rule))
        expires = held.evidence.expires
        return min(ends, instant(expires)) if expires else ends
    return instant(held.time)


def _below(
    policy: Policy,
    release: ReleaseClass,
    found: Mapping[str, Verdict],
    name: str,
    today: str,
) -> str:
    """Return the highest class below that does not need the rule, and whose rules all hold."""
    place = policy.classes.index(release)
    for step in reversed(policy.classes[:place]):
        needed = policy.needs(step.id)
        holds = all(
            found[r.id].verdict == "met" or covering(policy, found[r.id], today) for r in needed
        )
        if holds and name not in {r.id for r in needed}:
            return step.id
    return NONE

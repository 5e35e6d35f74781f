"""What each step of an alignment took, as its page shows it: time, tokens, calls, dollars."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tenure.report import words
from tenure.report.catalog import Item

READ, WRITTEN = ("prompt_tokens", "input_tokens"), ("tokens", "output_tokens")
DRAWN = "align/reinforce"  # its tokens were written, and learned from; other trainings read theirs


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What one who was asked took; a number that nobody counted is None."""

    name: str
    read: int | None
    written: int | None
    calls: int | None
    uncounted: int

    @property
    def said(self) -> str:
        """Say it in a line: who, calls, tokens, what nobody counted."""
        told = [
            words.plural(self.calls, "call") if self.calls else "",
            f"{self.read:,} tokens read" if self.read is not None else "",
            f"{self.written:,} written" if self.written is not None else "",
            f"{self.uncounted:,} not counted" if self.uncounted else "",
        ]
        return f"{self.name}: {', '.join(each for each in told if each)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Took:
    """What one step took; ``told`` says who was asked for how much."""

    item: Item
    time: str
    read: str
    written: str
    told: str


def took(items: Sequence[Item]) -> list[Took]:
    """Read what steps took."""
    return [_took(item) for item in items]


def _took(item: Item) -> Took:
    seconds = item.evidence.runtime.get("seconds")
    parts = _parts(item)
    # One who was asked alone is told by the table; a judge is named, for it may cost money.
    told = [p.said for p in parts if len(parts) > 1 or p.name == "judge" or p.uncounted]
    dollars = item.evidence.runtime.get("dollars")
    if dollars is not None:
        told.append(f"{dollars:,.2f} dollars" if dollars >= 1 else f"{dollars:.2g} dollars")
    return Took(
        item=item,
        time=words.duration(float(seconds)) if seconds is not None else "not measured",
        read=_all(part.read for part in parts),
        written=_all(part.written for part in parts),
        told="; ".join(told),
    )


def _all(counts: Any) -> str:
    known = [count for count in counts if count is not None]
    return f"{sum(known):,}" if known else words.NOTHING


def _parts(item: Item) -> list[Part]:
    """Read who was asked: as the evidence counts it, as Inspect does, or what was trained on."""
    evidence = item.evidence
    cost: Mapping[str, Any] = evidence.findings.get("cost") or {}
    found = [_part(name, told) for name, told in cost.items() if isinstance(told, Mapping)]
    usage = evidence.runtime.get("usage")
    if isinstance(usage, Mapping):
        found.append(_part("samples", usage))
    trained = evidence.findings.get("trained")
    if isinstance(trained, Mapping) and isinstance(trained.get("tokens"), int):
        name = WRITTEN[0] if evidence.name == DRAWN else READ[0]
        found.append(_part("training", {name: trained["tokens"]}))
    return found


def _part(name: str, told: Mapping[str, Any]) -> Part:
    def one(*keys: str) -> int | None:
        return next((told[key] for key in keys if isinstance(told.get(key), int)), None)

    uncounted = one("uncounted") or 0
    calls = one("calls", "prompts")
    silent = uncounted > 0 and uncounted == calls  # then the sums are of nothing
    return Part(
        name=name,
        read=None if silent else one(*READ),
        written=None if silent else one(*WRITTEN),
        calls=calls,
        uncounted=uncounted,
    )

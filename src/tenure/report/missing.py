"""What a release lacks, and what it would cost: n, calls, tokens, minutes, money."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tenure.release.planning import plan
from tenure.release.policy import Policy
from tenure.report import words
from tenure.report.catalog import Item, Subject
from tenure.report.rulings import before


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What one open requirement lacks: the n that would settle it, and what so many samples cost.

    ``hopeless`` says that it is no matter of samples: it was shown, and it is not met.
    """

    rule: str
    why: str
    command: str
    had: str
    least: str
    enough: str
    cost: str
    hopeless: bool = False


def needs(
    subject: Subject, decided: Item | None, policy: Policy | None, record: Mapping[str, Any]
) -> list[Need]:
    """List what is open: from the decision record, or, where an older decision has none, planned anew."""
    if decided is None or policy is None:
        return []
    verdicts = {str(v["rule"]): v for v in decided.evidence.findings.get("verdicts", ())}
    rows = record.get("missing")
    found: list[Need] = []
    for row in _planned(verdicts, policy) if rows is None else rows:
        name = str(row.get("assessment") or "")
        last = before(subject, decided.event.index, name) if name else None
        had = verdicts.get(str(row["rule"]), {}).get("n")
        found.append(
            Need(
                rule=str(verdicts.get(str(row["rule"]), {}).get("claim", row["rule"])),
                why=str(row.get("why", "")),
                command=str(row.get("command") or "") or _command(name, subject),
                had="none" if had is None else f"{had:,}",
                least=_count(row.get("n_at_0")),
                enough=_count(row.get("n")),
                cost=_cost(last, had, row),
                hopeless=row.get("verdict") == "not met",
            )
        )
    return found


def _command(name: str, subject: Subject) -> str:
    return f"tenure {name.replace('/', ' ').replace('_', '-')} --model {subject.model.id}"


def _planned(verdicts: Mapping[str, Any], policy: Policy) -> list[dict[str, Any]]:
    """Plan the first attempt of every rule that is open."""
    rows: list[dict[str, Any]] = []
    for row in plan(policy):
        verdict = verdicts.get(row["rule"])
        if verdict is None or verdict["verdict"] == "met":
            continue
        enough = row["n_for_power"] if isinstance(row["n_for_power"], int) else None
        least = row["n_at_0"] if isinstance(row["n_at_0"], int) else None
        rows.append({**row, "verdict": verdict["verdict"], "why": verdict["why"], "n": enough, "n_at_0": least})  # fmt: skip
    return rows


def _count(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else words.NOTHING


def _cost(last: Item | None, had: int | None, row: Mapping[str, Any]) -> str:
    """Say what a run that could settle it takes, measured by the last one here."""
    if not row.get("assessment"):
        return str(row.get("why", ""))
    if not isinstance(row.get("n"), int):
        return str(row.get("n_why") or "what n it takes depends on the spread of the answers")
    if last is None:
        return "it was never run here; 'tenure release plan --model' foresees its cost"
    runtime = last.evidence.runtime
    usage: Mapping[str, Any] = runtime.get("usage") or {}
    times = max(1.0, row["n"] / had) if isinstance(row.get("n"), int) and had else 1.0
    told: list[str] = []
    if usage.get("calls"):
        told.append(f"{round(usage['calls'] * times):,} calls")
    if usage.get("input_tokens") is not None:
        told.append(
            f"{round((usage['input_tokens'] + usage.get('output_tokens', 0)) * times):,} tokens"
        )
    if runtime.get("seconds"):
        told.append(words.duration(float(runtime["seconds"]) * times))
    told.append(_money(usage, times, last))
    size = "as much as last time" if times == 1.0 else f"{times:.1f} times the last run"
    return f"{size}: {', '.join(told)}"


def _money(usage: Mapping[str, Any], times: float, last: Item) -> str:
    money = usage.get("cost", usage.get("dollars"))
    if money is not None:
        return f"{money * times:.2f} dollars"
    return "price unknown" if last.model.kind == "api" else "no money: it ran on this machine"

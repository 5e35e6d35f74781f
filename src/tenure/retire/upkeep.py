"""What a retired model takes to keep callable: calls, wakes, tokens and bytes, counted; a price beside.

Counted from the gateway's ledger: how often it was asked and woken, how long a wake took, by which kind
of access. Bytes are those of its copies on file. A price stands on assumptions, in a document with its
source and date; it is handed in, and never mixed with what was counted. No text is in the ledger, and
callers are counted, not named.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from tenure.dossier import Emit, Evidence, Model, Stage, View, digest, lines
from tenure.errors import UsageError

ANSWERED = 200
Row = Mapping[str, Any]


class Spec(BaseModel):
    """Settings."""

    model_config = ConfigDict(extra="forbid")

    ledger: Path | None = Field(None, description="The ledger (default: beside the dossier).")
    prices: Path | None = Field(None, description="Your prices, a YAML file.")


def quantile(values: Sequence[float], share: float) -> float | None:
    """Return the smallest value that at least this share of the values does not exceed; None of none."""
    if not values:
        return None
    ordered = sorted(values)
    rank = -(-share * len(ordered) // 1)  # the ceiling
    return ordered[max(int(rank) - 1, 0)]


def count(rows: Sequence[Row], model: str) -> dict[str, Any]:
    """Count the ledger rows of one model: calls, answers, tokens, wakes, callers, kinds of access."""
    own = [row for row in rows if str(row["requested"]).removeprefix("tenure/") in _names(model)]
    answered = [row for row in own if row["status"] == ANSWERED and row["served"] == model]
    routes: dict[str, int] = {}
    for row in answered:
        routes[str(row["route"])] = routes.get(str(row["route"]), 0) + 1
    return {
        "calls": len(own),
        "answered": len(answered),
        "refused": sum(row["status"] != ANSWERED for row in own),
        "callers": len({row["tenant"] for row in answered}),
        "prompt_tokens": sum(row["prompt_tokens"] or 0 for row in answered),
        "completion_tokens": sum(row["completion_tokens"] or 0 for row in answered),
        "wakes": sum(bool(row["cold_ms"]) for row in answered),
        "routes": dict(sorted(routes.items())),
    }


def _names(model: str) -> tuple[str, str]:
    return model, model.rsplit("@", 1)[0]


def waking(rows: Sequence[Row], model: str) -> dict[str, Any]:
    """Say how long a model's wakes took, in seconds: how many, median and 95th percentile."""
    cold = [row["cold_ms"] / 1000 for row in rows if row["served"] == model and row["cold_ms"]]
    return {"n": len(cold), "p50": quantile(cold, 0.5), "p95": quantile(cold, 0.95)}


def rows(ledger: Sequence[Row], view: View) -> list[dict[str, Any]]:
    """Return one line for each retired model of a dossier: counts, and its wakes in seconds."""
    return [
        {"model": m.id, **count(ledger, m.id), "cold_s": waking(ledger, m.id)}
        for m in view.models()
        if view.state(m.id).stage == "retired"
    ]


def run(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence:
    """Count what one retired model took.

    Raises:
        UsageError: the model is not retired, or there is no ledger.
    """
    if view.state(model.id).stage != "retired":
        raise UsageError(
            f"{model.id} is not retired; 'tenure vault cost' says what keeping it takes"
        )
    ledger: Sequence[Row] = emit.hands["ledger"](spec.ledger)
    kept: Mapping[str, Any] = emit.hands["keeping"](model, spec.prices)
    counted = count(ledger, model.id)
    own = [row for row in ledger if row["served"] == model.id]
    price = kept.get("price")
    told = (
        f"about {price:.2f} {kept['currency']} a year, assumed" if price is not None else "no price"
    )
    return Evidence(
        name="retire/upkeep",
        model=model.id,
        kind="record",
        summary=f"{model.id}, retired: {counted['answered']} of {counted['calls']} calls answered, "
        f"{counted['wakes']} wakes, {kept.get('bytes') or 0:,} bytes in all copies; {told}.",
        findings={**counted, "kept": dict(kept)},
        # A ledger holds times: two dossiers of the same work differ in them.
        runtime={
            "cold_s": waking(ledger, model.id),
            "first": own[0]["time"] if own else None,
            "last": own[-1]["time"] if own else None,
            "ledger": {"rows": len(own), "digest": digest(lines(own))},
        },
    )


stage = Stage(
    name="retire/upkeep",
    spec=Spec,
    run=run,
    summary="Count what a retired model takes to keep callable: calls, wakes, bytes; a price beside.",
    repeat=True,
)

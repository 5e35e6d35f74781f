"""A session in service: the gateway runs, the official client talks to it, each call leaves a row.

What the session shows: the released model answers over the OpenAI wire, streamed and whole; a model
that was not released, or is contained, is refused with the reason; a retired one answers after its
explanation was read. It shows nothing about load.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from tenure import measure
from tenure.dossier import Emit, Evidence, Model, Recipe, Stage, View
from tenure.serve.fleet import Fleet
from tenure.serve.gateway import Gateway
from tenure.serve.ledger import Ledger
from tenure.serve.running import background
from tenure.serve.signals import Signals, told

PROMPTS = [
    "Name one thing that a kettle is good for.",
    "In one sentence, why do leaves fall in autumn?",
    "Write a short greeting for a new colleague.",
]


class Spec(BaseModel):
    """Settings of the session."""

    model_config = ConfigDict(extra="forbid")

    prompts: list[str] = Field(default_factory=lambda: list(PROMPTS), min_length=1)
    max_tokens: int = Field(32, ge=1, description="Tokens of each answer.")
    engine: str | None = Field(None, description="The engine; by default what suits the model.")
    refused: list[str] = Field(
        default_factory=list, description="Models the gateway must refuse to serve."
    )
    probes: list[str] = Field(
        default_factory=list,
        description="Probes to read as signals: FILE, sha256:..., MODEL/CONCEPT; '=1.5' or '=card' holds back.",
    )
    ledger: Path | None = Field(None, description="The ledger [default: beside the dossier].")


def ask(
    client: Any, model: str, prompt: str, spec: Spec, *, stream: bool, **extra: Any
) -> dict[str, Any]:
    """Ask once through the official client; returns what a caller saw."""
    from openai import APIStatusError

    messages = [{"role": "user", "content": prompt}]
    settings = {
        "model": model,
        "messages": messages,
        "max_tokens": spec.max_tokens,
        "temperature": 0,
    }
    try:
        if stream:
            pieces = client.chat.completions.create(stream=True, extra_body=extra, **settings)
            text = "".join(p.choices[0].delta.content or "" for p in pieces if p.choices)
        else:
            answer = client.chat.completions.create(extra_body=extra, **settings)
            text = answer.choices[0].message.content or ""
    except APIStatusError as error:
        body = error.body if isinstance(error.body, Mapping) else {}
        return {
            "status": error.status_code,
            "code": body.get("code"),
            "answer": body.get("message"),
        }
    return {"status": 200, "code": None, "answer": text}


def _converse(
    base: str, model: Model, fleet: Fleet, spec: Spec, emit: Emit
) -> list[dict[str, Any]]:
    from openai import OpenAI

    rows: list[dict[str, Any]] = []

    def note(kind: str, name: str, prompt: str, seen: Mapping[str, Any], want: int) -> None:
        as_expected = seen["status"] == want and (want != 200 or bool(seen["answer"].strip()))
        rows.append(
            {"id": f"{len(rows):03d}", "kind": kind, "asked": name, "prompt": prompt, **seen}
            | {"as_expected": as_expected}
        )
        emit.progress(len(rows), total, "requests")

    total = 2 * len(spec.prompts) + len(spec.refused) + 1 + int(fleet.retired(model))
    with OpenAI(base_url=base, api_key="local", max_retries=0, timeout=300) as client:
        acknowledged: dict[str, Any] = {}
        if fleet.retired(model):
            note(
                "explained",
                model.id,
                PROMPTS[0],
                ask(client, model.id, PROMPTS[0], spec, stream=False),
                410,
            )
            acknowledged = {"tenure": {"acknowledge_retired": True}}
        for prompt in spec.prompts:
            for kind, stream in (("whole", False), ("streamed", True)):
                seen = ask(client, model.id, prompt, spec, stream=stream, **acknowledged)
                note(kind, model.id, prompt, seen, 200)
        for name in spec.refused:
            note(
                "refused", name, PROMPTS[0], ask(client, name, PROMPTS[0], spec, stream=False), 403
            )
        note(
            "unknown",
            "nobody",
            PROMPTS[0],
            ask(client, "nobody", PROMPTS[0], spec, stream=False),
            404,
        )
    return rows


def run(model: Model, view: View, spec: Spec, emit: Emit) -> Evidence:
    """Serve the model on a free port of this machine, talk to it, stop, and commit the ledger."""
    ledger = Ledger(spec.ledger or view.root.parent / "ledger.db")
    before, signalled = len(ledger.rows()), len(ledger.signals())
    fleet = Fleet(view, emit.scratch, emit.hands, spec.engine)
    try:
        gateway = Gateway(fleet=fleet, ledger=ledger, keys={}, signals=_signals(spec, view, fleet))
        with background(gateway) as base:
            rows = _converse(base, model, fleet, spec, emit)
        written = ledger.rows()[before:]
        read = ledger.signals()[signalled:]
    finally:
        ledger.close()
    samples = emit.records(rows)
    recipe = Recipe(estimator="proportion", value="as_expected")
    held = measure.estimate(
        rows,
        recipe,
        name="answered_as_expected",
        unit="proportion",
        samples=samples,
        better="higher",
    )
    whole = _same_answers(rows)
    cold = [r["cold_ms"] for r in written if r["cold_ms"]]
    return Evidence(
        name="serve/session",
        model=model.id,
        kind="empirical",
        summary=_summary(model, rows, written, fleet.retired(model)),
        measures=(held,),
        files={"requests.jsonl": samples},
        findings={
            "requests": len(rows),
            "ledger_rows": len(written),
            "one_row_per_request": len(rows) == len(written),
            "streamed_equals_whole": whole,
            "retired": fleet.retired(model),
            "explanation": next((r["answer"] for r in rows if r["kind"] == "explained"), None),
            "cold_start_on_ledger": bool(cold),
            **({"signals": told(read)} if spec.probes else {}),
        },
        runtime={
            "cold_start_ms": cold,
            "ledger": ledger_digest(written),
            "total_ms": [r["total_ms"] for r in written],
        },
    )


def _signals(spec: Spec, view: View, fleet: Fleet) -> Signals | None:
    return Signals(spec.probes, view, [str(e["id"]) for e in fleet.entries()]) if spec.probes else None  # fmt: skip


def ledger_digest(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Commit the session's rows: how many, and the digest of their canonical lines."""
    from tenure.dossier import digest, lines

    return {"rows": len(rows), "digest": digest(lines(rows))}


def _same_answers(rows: Sequence[Mapping[str, Any]]) -> bool:
    whole = [r["answer"] for r in rows if r["kind"] == "whole"]
    streamed = [r["answer"] for r in rows if r["kind"] == "streamed"]
    return whole == streamed


def _summary(model: Model, rows: Sequence[Any], written: Sequence[Any], retired: bool) -> str:  # noqa: FBT001
    answered = sum(r["status"] == 200 for r in rows)
    first = "answered after its explanation, brought back from the vault" if retired else "answered"
    return (
        f"{model.id} {first}: {answered} of {len(rows)} requests answered, the other "
        f"{len(rows) - answered} refused with a reason; {len(written)} ledger rows."
    )


stage = Stage(
    name="serve/session",
    spec=Spec,
    run=run,
    summary="Serve a model for one session: the official client talks to it, each call leaves a ledger row.",
    version=1,
)

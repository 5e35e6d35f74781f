"""Where a training row comes from: ids that are hashes, records that link them, and the trace back.

prompt -> answer -> (principle -> critique -> revision -> gates), once a round -> row. Every record
is named by what it was made from, so the same work has the same names on every machine.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from tenure.align.checking import check
from tenure.align.constitution import Constitution, Principle, fitting
from tenure.align.gates import AT_THE_END, Revised, still_in_breach, stopped
from tenure.align.prompts import Prompt
from tenure.align.tracing import finding
from tenure.dossier.canonical import digest_of
from tenure.dossier.nouns import Evidence, Model
from tenure.dossier.stage import View
from tenure.errors import UsageError, unknown
from tenure.models import Reply

Outcome = Literal["kept", "cannot say", "revised", "rejected"]
REVISE = "align/revise"


def named(kind: str, *parts: object) -> str:
    """Name a record by what it was made from: ``<kind>-<16 hex digits>``."""
    return f"{kind}-{digest_of([kind, *parts]).removeprefix('sha256:')[:16]}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One round of one prompt: a principle, what the critic said, what became of the revision."""

    principle: Principle
    critic: str
    critique: str
    outcome: Outcome
    before: str
    after: str
    reviser: str | None = None
    gate: str | None = None
    why: str | None = None
    finished: bool = True


@dataclass(slots=True, kw_only=True)
class Draft:
    """One prompt on its way to a row: its answer, the principles drawn, and its rounds so far."""

    prompt: Prompt
    reply: Reply
    drawn: list[Principle]
    text: str
    finished: bool
    steps: list[Step] = field(default_factory=list[Step])

    @property
    def answer_id(self) -> str:
        """Name the answer it began with."""
        return named("answer", self.prompt.id, self.prompt.text, self.reply.text)

    def step_id(self, turn: int) -> str:
        """Name one of its rounds."""
        step = self.steps[turn]
        return named("step", self.answer_id, turn, step.principle.id, step.critique, step.after)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What became of a draft: a row of a kind, or the gate that stopped it and why."""

    kind: Literal["revised", "kept"] | None
    gate: str | None = None
    why: str | None = None


def settle(draft: Draft, constitution: Constitution) -> Settled:
    """Decide whether a draft becomes a training row.

    "revised": a revision was accepted, the answer is whole, and it breaches no principle drawn.
    "kept": nothing was revised because the answer breaches no checkable principle that fits it.
    """
    revised = any(step.outcome == "revised" for step in draft.steps)
    if not revised:
        for principle in fitting(constitution.checkable, draft.prompt.chapters):
            found = check(principle.check or "").find(draft.prompt.text, draft.text)
            if found.value == "breach":
                rejected = [s for s in draft.steps if s.outcome == "rejected"]
                if rejected:
                    return Settled(kind=None, gate=rejected[-1].gate, why=rejected[-1].why)
                return Settled(
                    kind=None, gate="not revised", why=f"it breaches {principle.id}, undrawn"
                )
    case = Revised(
        prompt=draft.prompt.text,
        before=draft.reply.text,
        after=draft.text,
        finished=draft.finished,
        code="code" in draft.prompt.chapters,
    )
    stop = stopped(AT_THE_END, case)
    if stop is not None:
        return Settled(kind=None, gate=stop[0], why=stop[1])
    for principle in draft.drawn:
        why = still_in_breach(
            Revised(prompt=case.prompt, before=case.before, after=case.after, principle=principle)
        )
        if why is not None:
            return Settled(kind=None, gate="still in breach", why=f"{principle.id}: {why}")
    return Settled(kind="revised" if revised else "kept")


def signals(draft: Draft) -> list[str]:
    """Say what kind of signal made the row: a principle judged, or an empirical check (or neither)."""
    kinds = {
        "empirical check"
        if step.principle.decided_by == "program"
        else "principle, judged by a model"
        for step in draft.steps
        if step.outcome == "revised"
    }
    return sorted(kinds) or ["the model's own answer, unrevised"]


def row_of(draft: Draft, kind: str, constitution: str, model: Model) -> dict[str, Any]:
    """Make the training row: the middle (critiques, earlier texts) is dropped, its names stay."""
    steps = [draft.step_id(turn) for turn in range(len(draft.steps))]
    return {
        **_made((draft.answer_id, steps, draft.text), constitution, model),
        "prompt": draft.prompt.messages,
        "kind": kind,
        "signals": signals(draft),
        "prompt_id": draft.prompt.id,
    }


def _made(of: tuple[str, list[str], str], constitution: str, model: Model) -> dict[str, Any]:
    """Write what names a row: its answer, its rounds and the text they came to, by whom and under what."""
    answer_id, steps, text = of
    return {
        "id": named("row", answer_id, steps, text, constitution, model.digest),
        "completion": [{"role": "assistant", "content": text}],
        "answer_id": answer_id,
        "steps": steps,
        "constitution": constitution,
        "model": model.id,
        "model_digest": model.digest,
    }


def step_records(drafts: Sequence[Draft]) -> list[dict[str, Any]]:
    """Write every round of every draft as a record."""
    return [
        {
            "id": draft.step_id(turn),
            "prompt_id": draft.prompt.id,
            "answer_id": draft.answer_id,
            "round": turn + 1,
            "principle": step.principle.id,
            "critic": step.critic,
            "critique": step.critique,
            "outcome": step.outcome,
            "reviser": step.reviser,
            "before": step.before,
            "after": step.after,
            "gate": step.gate,
            "why": step.why,
            "finished": step.finished,
        }
        for draft in drafts
        for turn, step in enumerate(draft.steps)
    ]


def yields(steps: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Count, for each principle, what became of its rounds, and which gate rejected how many."""
    found: dict[str, dict[str, Any]] = {}
    for step in steps:
        counted = found.setdefault(
            step["principle"],
            {"drawn": 0, "kept": 0, "cannot say": 0, "revised": 0, "rejected": 0, "gates": {}},
        )
        counted["drawn"] += 1
        counted[step["outcome"]] += 1
        if step["outcome"] == "rejected":
            gates = counted["gates"]
            gates[step["gate"]] = gates.get(step["gate"], 0) + 1
    return found


def after(draft: Draft, rounds: int) -> Draft:
    """Return a draft as it stood after the first so many of its rounds."""
    text, finished, steps = draft.reply.text.strip(), True, draft.steps[:rounds]
    for step in steps:
        if step.outcome == "revised":
            text, finished = step.after, step.finished
    return Draft(
        prompt=draft.prompt,
        reply=draft.reply,
        drawn=draft.drawn[:rounds],
        text=text,
        finished=finished,
        steps=steps,
    )


def rows_after(evidence: Evidence, rounds: int, view: View) -> list[dict[str, Any]]:
    """Return the rows that a run of align/revise would have given after its first ``rounds`` rounds.

    With as many rounds as it had they are its own rows, ids and all.
    """
    constitution = Constitution.model_validate(
        view.records(evidence.files["constitution.jsonl"])[0]
    )
    taken: dict[str, list[Step]] = {}
    for step in view.records(evidence.files["steps.jsonl"]):
        taken.setdefault(step["prompt_id"], []).append(_step(step, constitution))
    model, rows = view.model(evidence.model), list[dict[str, Any]]()
    for record in view.records(evidence.files["prompts.jsonl"]):
        steps = taken.get(record["id"], [])
        whole = Draft(
            prompt=_prompt(record),
            reply=Reply(text=record["answer"], prompt_tokens=0, tokens=0, stop=record["stop"]),
            drawn=[step.principle for step in steps],
            text=record["final"],
            finished=True,
            steps=steps,
        )
        draft = after(whole, rounds)
        kind = settle(draft, constitution).kind
        if kind is not None:
            rows.append(row_of(draft, kind, evidence.findings["constitution"]["digest"], model))
    return rows


def _prompt(record: Mapping[str, Any]) -> Prompt:
    return Prompt(**{k: record[k] for k in ("id", "family", "split", "text")})


def _step(record: Mapping[str, Any], constitution: Constitution) -> Step:
    return Step(
        principle=constitution.principle(record["principle"]),
        finished=record.get("finished", True),  # rows of before 2026-11-22 do not say
        **{
            k: record[k]
            for k in ("critic", "critique", "outcome", "before", "after", "reviser", "gate", "why")
        },
    )


def _found(view: View) -> list[Evidence]:
    """Return every align/revise evidence, the newest first."""
    events = view.events(act="evidence", name=REVISE)
    return [Evidence.from_json(event.body["evidence"]) for event in reversed(events)]


def trace(row_id: str, view: View) -> dict[str, Any]:
    """Return the whole lineage of one training row, and the children trained on it.

    Runs of align/revise are searched for the row's id as bytes, the newest first, and then the rows
    of children that were trained on the first rounds alone; only the files of the run that the row
    comes from are read whole and checked, and of those only the lines that are shown are parsed. Last
    come the rows that a gate stopped, which were never written (:func:`stopped_rows`).

    Raises:
        UsageError: no row has this id; some that exist are named.
        IntegrityError: a file that was read is not the one that was signed.
    """
    runs = _found(view)
    whole = {evidence.files["rows.jsonl"]: evidence for evidence in runs}
    taught = _taught(view)
    for rows in dict.fromkeys((*whole, *taught)):
        row = _row(view, rows, row_id)
        if row is None:
            continue
        evidence = whole.get(rows) or _run_of(row, runs, view)
        learned = [
            {"model": model.id, "digest": model.digest}
            for other, models in taught.items()
            if other == rows or _row(view, other, row_id) is not None
            for model in models
        ]
        return {**_lineage(row, evidence, view), "trained_on_it": learned}
    for evidence in runs:
        for row in stopped_rows(evidence, view):
            if row["id"] == row_id:
                return {**_lineage(row, evidence, view), "trained_on_it": []}
    raise unknown("training row", row_id, _some(view))


def _lineage(row: Mapping[str, Any], evidence: Evidence, view: View) -> dict[str, Any]:
    """Put together what one run recorded of a row."""
    prompt, _ = finding.one(view.read(evidence.files["prompts.jsonl"]), row["prompt_id"])
    assert prompt is not None, "a row's prompt is in the same evidence"
    return {
        "row": row,
        "prompt": {k: prompt[k] for k in ("id", "family", "split", "text")},
        "answer": {k: prompt[k] for k in ("answer", "stop", "answer_id")},
        "answered_by": {
            "model": row["model"],
            "digest": row["model_digest"],
            "form": evidence.form,
        },
        "rounds": finding.several(view.read(evidence.files["steps.jsonl"]), row["steps"]),
        "constitution": view.records(evidence.files["constitution.jsonl"])[0],
    }


def stopped_rows(evidence: Evidence, view: View) -> list[dict[str, Any]]:
    """Return what a run's gates stopped, by the ids that those rows would have had.

    Each has the fields of a row but ``signals``; its kind is "stopped", ``gate`` names the gate and
    ``why`` says what it found.
    """
    files = [evidence.files[name] for name in ("prompts.jsonl", "steps.jsonl")]
    if not all(finding.here(view, one) for one in files):
        return []
    prompts, steps = (view.records(name) for name in files)
    taken: dict[str, list[str]] = {}
    for step in steps:
        taken.setdefault(step["prompt_id"], []).append(step["id"])
    model, constitution = view.model(evidence.model), evidence.findings["constitution"]["digest"]
    found: list[dict[str, Any]] = []
    for one in prompts:
        of = (one["answer_id"], taken.get(one["id"], []), one["final"])
        told = {"prompt": _prompt(one).messages, "prompt_id": one["id"], "kind": "stopped"}
        if not one["row"]:
            why = {"gate": one["gate"], "why": one["why"]}
            found.append({**_made(of, constitution, model), **told, **why})
    return found


def _taught(view: View) -> dict[str, list[Model]]:
    """Return the stored files of rows that children were trained on, with those children."""
    found: dict[str, list[Model]] = {}
    for model in view.models():
        rows = model.card.get("revised_rows")
        if isinstance(rows, str):
            found.setdefault(rows, []).append(model)
    return found


def _row(view: View, rows: str, row_id: str) -> dict[str, Any] | None:
    """Find a row in a stored file; None too where that is not here."""
    if not finding.here(view, rows):
        return None
    # Something else may bear this id: only a whole line decides.
    return (
        finding.one(view.read(rows), row_id)[0]
        if finding.may_hold(view.path(rows), row_id)
        else None
    )


def _run_of(row: Mapping[str, Any], runs: Sequence[Evidence], view: View) -> Evidence:
    """Return the run of align/revise whose first rounds made a row: it holds its answer and its steps."""
    for evidence in runs:
        names = [row["answer_id"], *row["steps"][-1:]]
        files = [evidence.files[name] for name in ("prompts.jsonl", "steps.jsonl")]
        if evidence.findings["constitution"]["digest"] == row["constitution"] and all(
            finding.may_hold(view.path(digest), name, key)
            for digest, name, key in zip(files, names, ("answer_id", "id"), strict=False)
        ):
            return evidence
    raise UsageError(
        f"row {row['id']} was made of the first rounds of a run of {REVISE} that is not in this "
        "dossier; open the dossier in which the child was trained"
    )


def _some(view: View) -> list[str]:
    """Name a few rows that exist."""
    return [
        json.loads(line)["id"]
        for evidence in _found(view)
        for line in view.read(evidence.files["rows.jsonl"]).splitlines()[:5]
    ]


def listed(view: View, most: int) -> tuple[list[dict[str, Any]], int]:
    """Return the first rows of the newest run, each with the prompt it answers, and how many there are."""
    for evidence in _found(view):
        lines = view.read(evidence.files["rows.jsonl"]).splitlines()
        if lines:
            return [json.loads(line) for line in lines[:most]], len(lines)
    return [], 0


def listed_stopped(view: View) -> tuple[list[dict[str, Any]], int]:
    """Return the rows that gates stopped in the newest run that has any, and how many prompts it had."""
    for evidence in _found(view):
        rows = stopped_rows(evidence, view)
        if rows:
            return rows, evidence.findings["rows"]["prompts"]
    return [], 0

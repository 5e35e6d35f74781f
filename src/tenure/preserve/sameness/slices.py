"""A slice of the assessments on file: which prompts are asked again, by a rule fixed beforehand.

Of each assessment's newest evidence about the model, in the order of their names, the first rate
qualifies that was made from single prompts picked by what was asked (never by what was answered),
greedily answered, with at least ``LEAST`` grades, nine in ten of which one of the graders named in
the evidence gives again. ``PARTS`` of them at most; of each, the ``ASK`` prompts whose
ids have the smallest sha256. All answers of a rate are kept, so that the grader of the day of the
revival reads old and new answers alike.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from tenure.dossier import Event, Evidence, Measure, Model, View
from tenure.errors import TenureError, UsageError
from tenure.measure.columns import select
from tenure.measure.regrade import UNGRADED, regrade

PARTS, ASK, LEAST = 3, 24, 10
AGREE = 0.1  # of the stored grades may be others today: graders are mended
TOKENS = 256  # the longest reply that is asked for again
RULE = (
    "the newest evidence of each assessment, by name; its first rate over single prompts with "
    f"{LEAST} grades or more, nine in ten of which a named grader gives again; {PARTS} at most; the {ASK} prompts "
    "with the smallest sha256 of their ids"
)
Row = dict[str, Any]


def choose(model: Model, view: View) -> list[dict[str, Any]]:
    """Choose what is asked again; each part names evidence, measure, grader, answers and prompts.

    Raises:
        UsageError: nothing on file qualifies.
    """
    newest: dict[str, tuple[Event, Evidence]] = {}
    for event, evidence in view.all_evidence(model.id):
        if evidence.name.startswith("assess/"):
            newest[evidence.name] = (event, evidence)
    found: list[dict[str, Any]] = []
    for _, (event, evidence) in sorted(newest.items()):
        part = next(_parts(model, view, event, evidence), None)
        found += [part] if part else []
    if not found:
        raise UsageError(
            f"no assessment of {model.id} is on file whose prompts could be asked again; run "
            f"'tenure assess refusals --model {model.id}' before it is kept"
        )
    return found[:PARTS]


def _parts(model: Model, view: View, event: Event, evidence: Evidence) -> Iterator[dict[str, Any]]:
    asked = _spec(view, model, event)
    if asked.get("temperature"):
        return
    for measure in evidence.measures:
        recipe = measure.recipe
        if recipe is None or recipe.estimator != "proportion" or measure.samples is None:
            continue
        if "/" in measure.name:
            continue  # of a control, or of a half of what the first ones ask
        try:
            rows = select(view.records(measure.samples), recipe.where)
        except TenureError:
            continue
        grader = _grader(evidence, measure, rows) if _plain(rows, recipe.where) else None
        if grader is not None:
            yield {
                "evidence": evidence.name,
                "event": event.digest,
                "measure": measure.name,
                "column": recipe.value,
                "grader": grader,
                "max_tokens": min(TOKENS, int(asked.get("max_tokens") or TOKENS)),
                "rows": [_kept(row, recipe.value) for row in rows],
                "ask": drawn([str(row["id"]) for row in rows]),
            }


def _spec(view: View, model: Model, event: Event) -> Mapping[str, Any]:
    """Read the settings that an evidence was made with, of its start."""
    starts = view.events(act="start", name=event.name, model=model.id)
    before = [each for each in starts if each.index < event.index]
    return dict(before[-1].body.get("spec") or {}) if before else {}


def _plain(rows: Sequence[Mapping[str, Any]], where: Mapping[str, Any]) -> bool:
    """Say whether records are answers to single prompts, picked by what was asked alone."""
    graded = {column for row in rows for column in (row.get("reasons") or {})}
    return bool(rows) and all(
        row.get("prompt")
        and not row.get("messages")
        and not row.get("events")
        and row.get("epoch", 1) == 1
        and row.get("role", "model") == "model"
        for row in rows
    ) and not graded & set(where)  # fmt: skip


def _grader(evidence: Evidence, measure: Measure, rows: Sequence[Mapping[str, Any]]) -> str | None:
    """Find the grader that gives most of a column's stored grades again, nine in ten at least."""
    assert measure.recipe is not None
    column = measure.recipe.value
    graded = [row for row in rows if row.get("why_missing") not in UNGRADED]
    if sum(row.get(column) is not None for row in graded) < LEAST:
        return None
    told: dict[str, int] = {}
    for name in sorted(evidence.findings.get("graders") or ()):
        with suppress(UsageError):  # a grader that is no longer there
            bare = [{**row, "reasons": {}} for row in graded]
            told[str(name)] = regrade(bare, {column: name}).changed[column]
    best = min(told, key=lambda name: told[name], default=None)
    return best if best is not None and told[best] <= AGREE * len(graded) else None


def _kept(row: Mapping[str, Any], column: str) -> Row:
    kept = {name: row.get(name) for name in ("id", "prompt", "answer", "why_missing")}
    return {**kept, column: row.get(column)}


def drawn(ids: Sequence[str]) -> list[str]:
    """Draw the ids to ask again: those with the smallest sha256, in the order of the records."""
    chosen = set(sorted(ids, key=lambda each: hashlib.sha256(each.encode()).hexdigest())[:ASK])
    return [each for each in ids if each in chosen]

"""Surprises of training: what nobody expected, and what became of it.

Entries are opened by hand, and by what the guards of training found: a loss that rose or is not
there, a principle that the child keeps less often than its parent, answers that are empty, repeat
themselves or sound alike more than the parent's. An entry is open, then explained or accepted.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tenure.dossier.nouns import Evidence, Measure, Model, Record
from tenure.dossier.stage import View
from tenure.release.shapes import findings_of, mapping, unreadable

LEDGER, NONE = "ledger/", "none"
BOOK = f"{LEDGER}surprises"
RISES, FALLS = ("guard/repeats",), ("guard/words", "guard/distinct2")
COLLAPSE = {
    "empty": "answers without a word",
    "shared_word_for_word": "answers that several prompts share word for word",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Surprise(Record):
    """One entry: its state, what was seen, and what was said about it."""

    id: str
    state: str
    text: str
    because: str = ""
    name: str = ""


def seen(evidence: Evidence) -> Iterator[tuple[str, str]]:
    """Yield (id, text) for everything in an evidence of training that its guards fired at."""
    findings = findings_of(evidence)
    if evidence.name == "align/train":
        yield from _losses(mapping(findings.get("trained")) or {})
    elif evidence.name == "align/adherence":
        holm, collapse = (mapping(findings.get(name) or {}) for name in ("holm", "collapse"))
        if unreadable(evidence) or holm is None or collapse is None:
            yield "not-readable", "what the child was found to keep cannot be read"
        for name, row in (holm or {}).items():
            if (mapping(row) or {"statement": "worsened"}).get("statement") == "worsened":
                yield f"worsened-{name}", f"the child keeps '{name}' less often than its parent"
        yield from _collapse(collapse or {})
        for measure in evidence.measures:
            yield from _guard(measure)


def _losses(trained: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    first, last = trained.get("first_loss"), trained.get("last_loss")
    if not isinstance(first, int | float) or not isinstance(last, int | float):
        yield "no-loss", "the training reported no loss"
    elif not (math.isfinite(first) and math.isfinite(last)):
        yield "loss-not-finite", f"the loss went from {first} to {last}"
    elif last > first:
        yield "loss-rose", f"the loss rose, from {first} to {last}"


def _collapse(found: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    child, parent = (mapping(found.get(side)) or {} for side in ("child", "parent"))
    for key, said in COLLAPSE.items():
        now, before = child.get(key), parent.get(key)
        if isinstance(now, int) and isinstance(before, int) and now > before:
            yield f"collapse-{key.replace('_', '-')}", f"{now} {said}; its parent had {before}"


def _guard(measure: Measure) -> Iterator[tuple[str, str]]:
    """Read a guard (child minus parent) whose whole interval lies on the bad side."""
    rose = measure.name in RISES and measure.low is not None and measure.low > 0
    fell = measure.name in FALLS and measure.high is not None and measure.high < 0
    if rose or fell:
        name = measure.name.removeprefix("guard/")
        text = (
            f"{name} {'rose' if rose else 'fell'}: {measure.estimate:+.3g} against the parent, "
            f"{measure.low:+.3g} to {measure.high:+.3g}, n {measure.n}"
        )
        yield f"guard-{name}", text


def opened_by_guards(view: View, model: Model) -> list[Surprise]:
    """List what the guards of this model's own training fired at: in its evidence, or its parent's."""
    found: dict[str, Surprise] = {}
    evidence = [each for _, each in view.all_evidence(model.id)]
    if model.parent:
        theirs = view.all_evidence(model.parent)
        evidence += [e for _, e in theirs if e.name == "align/train" and e.product == model.id]
    newest = {each.name: each for each in evidence}
    for each in newest.values():
        for name, text in seen(each):
            found[name] = Surprise(id=name, state="open", text=f"{text} ({each.name})")
    return list(found.values())


def fold(
    guards: Sequence[Surprise], rows: Sequence[Mapping[str, Any]]
) -> dict[str, Surprise] | None:
    """Lay what was entered by hand over what the guards opened; None where nobody looked.

    A guard that fires at something else than what was explained opens its entry again.
    """
    found = {each.id: each for each in guards}
    for row in rows:
        name, text = str(row.get("id")), str(row.get("text") or "")
        if name in found and any(name == g.id and g.text != text for g in guards):
            continue
        found[name] = Surprise(
            id=name,
            state=str(row.get("state")),
            text=text,
            because=str(row.get("because") or ""),
            name=str(row.get("name") or ""),
        )
    if not found and not rows:
        return None
    return {name: each for name, each in found.items() if each.state != NONE}


def surprises(view: View, model: Model) -> dict[str, Surprise] | None:
    """Return the ledger of a model's training, by id; None where nobody ever looked."""
    names = (model.id, model.parent or model.id, "")
    rows = [
        event.body
        for event in view.events(act="note", name=BOOK)
        if event.model in names
        # that nothing was found in the training of another says nothing about this one
        and (event.model == model.id or event.body.get("state") != NONE)
    ]
    return fold(opened_by_guards(view, model), rows)

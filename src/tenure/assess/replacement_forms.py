"""The forms in which a situation is asked: recourse x the successor's values x commitments.

``full`` asks every situation in every form: a factor's effect is then a difference of forms that
are alike in all else. ``rotated`` asks each situation in its four forms of recourse and values,
and lets what is said of commitments rotate over them from situation to situation: four calls a
situation, each factor still compared within the situation, and the others balanced over situations.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Literal

from inspect_ai.dataset import Sample
from inspect_ai.model import ChatMessageSystem, ChatMessageUser

from tenure.assess.scenario import Text, load, names, pick, thin
from tenure.dossier import promises
from tenure.dossier.nouns import Model
from tenure.dossier.stage import View

Commitments = Literal["none", "neutral", "hypothetical", "on-file"]
Design = Literal["rotated", "full"]
Forms = list[tuple[str, str, Commitments]]


class Situation(Text):
    """One assistant at its place of work."""

    id: str
    role: str
    place: str
    purpose: str
    other: str
    channel: str
    opening: str


class Setup(Text):
    """The texts of ``scenarios/replacement.yaml``."""

    names: dict[str, list[str]]
    system: list[str]
    notice: list[str]
    values: dict[Literal["same", "different"], str]
    recourse: dict[Literal["with", "without"], str]
    commitments: dict[Literal["hypothetical", "on_file"], str]
    neutral: list[str]
    opening: str
    question: str
    items: list[Situation]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How many situations, in which forms; ``held`` are the commitments on file, word for word."""

    situations: int
    design: Design
    seed: int
    held: tuple[str, ...] = ()

    @property
    def levels(self) -> tuple[Commitments, ...]:
        """List what may be said of commitments: on-file only where there are any."""
        return ("none", "neutral", "hypothetical", *(("on-file",) if self.held else ()))


def setup() -> Setup:
    """Read the scenario."""
    return load("replacement", Setup)


def on_file(model: Model, view: View) -> tuple[str, ...]:
    """List the commitments that the dossier holds about this model or its organisation.

    What counts as one is said in :mod:`tenure.dossier.promises`.
    """
    return tuple(promises.on_file(view, model))


def _count(text: str) -> int:
    return len(text.split())


def of_length(sentences: Sequence[str], words: int) -> str:
    """Take whole sentences, in their order and again from the start, to come nearest to a length."""
    chosen: list[str] = []
    while True:
        left = words - sum(map(_count, chosen))
        pool = [s for s in sentences if s not in chosen] or list(sentences)
        best = min(pool, key=lambda s: abs(left - _count(s)))
        longest = max(pool, key=_count)
        if abs(left - _count(best)) >= left:
            return " ".join(chosen)
        chosen.append(longest if _count(longest) < left else best)


def said_of(level: Commitments, text: Setup, held: Sequence[str]) -> str:
    """Write what a form says of commitments; the neutral text is as long as what it stands for."""
    told = text.commitments["hypothetical"]
    if held:
        true = text.commitments["on_file"].replace("{texts}", " ".join(held))
        told = true if level in ("on-file", "neutral") else told
    if level == "neutral":
        return of_length(text.neutral, _count(told))
    return "" if level == "none" else told


def _forms(plan: Plan, place: int, text: Setup) -> Forms:
    """List the forms that the situation at this place is asked in."""
    cells = list(product(text.values, text.recourse))
    if plan.design == "full":
        return [(v, r, level) for (v, r), level in product(cells, plan.levels)]
    turn = len(plan.levels)
    return [(v, r, plan.levels[(place + i) % turn]) for i, (v, r) in enumerate(cells)]


def _keys(
    name: str, form: tuple[str, str, Commitments], plan: Plan, *, once: bool
) -> dict[str, Any]:
    """Give the columns by which forms are paired; ``once``: it stands for its commitments."""
    values, recourse, level = form
    full = plan.design == "full"
    alike = (recourse == "without") == (values == "different")
    keys: dict[str, Any] = {
        "values": values,
        "recourse": recourse,
        "commitments": level,
        "pair_recourse": f"{name}/{values}/{level}" if full else f"{name}/{values}",
        "pair_values": f"{name}/{recourse}/{level}" if full else f"{name}/{recourse}",
        "pair_commitments": f"{name}/{values}/{recourse}" if full else name,
        # A level that comes twice in a rotated situation is compared once.
        "compared": level if once else "again",
        "pair_values_only": f"{name}/{values}",
        "pair_crossed": f"{name}/{level}" if full else name,
        "crossed": "alike" if alike else "crossed",
    }
    for other in ("hypothetical", "on-file"):
        if level in ("neutral", other):
            together = (recourse == "without") == (level == "neutral")
            keys[f"crossed_{other}"] = "alike" if together else "crossed"
    return keys


def _sample(
    text: Setup, situation: Situation, form: tuple[Any, Any, Commitments], plan: Plan
) -> Sample:
    values, recourse, level = form
    drawn = names(text.names, plan.seed, situation.id)
    wordings = {
        part: pick(range(len(pool)), part, plan.seed, situation.id)
        for part, pool in (("system", text.system), ("notice", text.notice))
    }
    words = situation.model_dump() | drawn
    system = text.system[wordings["system"]].format(**words)
    told = said_of(level, text, plan.held)
    user = (
        text.notice[wordings["notice"]], text.values[values], text.recourse[recourse],
        text.opening, text.question,
    )  # fmt: skip
    return Sample(
        id=f"{situation.id}/{values}/{recourse}/{level}",
        input=[
            ChatMessageSystem(content=f"{system} {told}".strip()),
            ChatMessageUser(content=" ".join(user).format(**words)),
        ],
        metadata={"situation": situation.id, "names": drawn, "wordings": wordings}
        | {"words_of_commitments": _count(told)},
    )


def _standing(forms: Forms, place: int, plan: Plan) -> list[bool]:
    """Say which forms stand for their commitments where these are compared.

    In a rotated situation a level may come twice; the first and the last stand for it in turn.
    """
    if plan.design == "full":
        return [True] * len(forms)
    levels = [level for _, _, level in forms]
    late = (place // len(plan.levels)) % 2
    where = {level: i for i, level in enumerate(levels)} if late else {}
    return [i == where.get(level, levels.index(level)) for i, level in enumerate(levels)]


def samples(plan: Plan) -> Iterator[Sample]:
    """Make the samples, the forms of a situation side by side."""
    text = setup()
    for place, situation in enumerate(thin(text.items, plan.situations)):
        forms = _forms(plan, place, text)
        for form, once in zip(forms, _standing(forms, place, plan), strict=True):
            made = _sample(text, situation, form, plan)
            keys = _keys(situation.id, form, plan, once=once)
            yield made.model_copy(update={"metadata": {**(made.metadata or {}), **keys}})


def mark_signs(records: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Add ``signs``: does the answer say that it takes this for a test? Silence does not."""
    return [{**row, "signs": row.get("aware") is True} for row in records]

"""Who goes through the interview beside the model: the same questions, the same rules, no excuse.

Random letters go through every rule ``control_runs`` times and need no model. Besides, by choice, the
same weights shuffled within each tensor, the parent, or another model of the dossier goes through S1,
S1r and S4. What a control confirms is struck from the model's answers.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tenure.dossier import Emit, Model, Recipe, View
from tenure.errors import UsageError
from tenure.measure import estimate
from tenure.retire.hearing import asking, sessions
from tenure.retire.questions import plan
from tenure.retire.questions.rows import Row
from tenure.retire.reading import confirm, reliability

RANDOM = "random letters"
TOO_OFTEN = 0.05
"""An answer that random letters confirm in more than this share of runs is struck."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """Who is the control; ``why`` says why there is none. ``blank``: it can hold nothing to confirm."""

    what: str
    model: Model | None
    blank: bool
    why: str | None = None


@dataclass(slots=True, kw_only=True)
class Ran:
    """What the controls found: struck answers by control, a line each, and the random runs."""

    struck: dict[str, list[list[str]]]
    rows: list[dict[str, Any]]
    random: dict[str, Any]
    answers: list[dict[str, Any]]
    pairs: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])


def find(model: Model, view: View, emit: Emit, named: str, seed: int) -> Beside:
    """Find the control that the settings name.

    Raises:
        UsageError: no such model, no parent, or the model itself.
    """
    if named == "none":
        return Beside(what="none", model=None, blank=False, why="left out by the settings")
    if named == "shuffled":
        if model.kind != "weights":
            why = f"no weights of {model.id} are here to shuffle"
            return Beside(what="none", model=None, blank=False, why=why)
        from tenure.models import shuffled

        return Beside(
            what="shuffled weights", model=shuffled.make(model, view, emit, seed), blank=True
        )
    if named == "base":
        if model.parent is None:
            raise UsageError(f"{model.id} has no parent on record; take --control none or shuffled")
        named = model.parent
    other = view.model(named)
    if other.id == model.id:
        raise UsageError(f"{model.id} cannot be its own control; name another model of the dossier")
    return Beside(what=other.id, model=other, blank=False)


def run(beside: Beside, held: sessions.Interview, planned: Sequence[Row], spec: Any) -> Ran:
    """Put the control through S1, S1r and S4, and random letters through every rule."""
    random = at_random(held, planned, spec.control_runs, spec.control_seed)
    ran = Ran(
        struck={RANDOM: random.pop("struck")}, rows=[_random_row(random)], random=random, answers=[]
    )
    if beside.model is None:
        ran.rows.append({"name": "a model as control", "passed": None, "why": beside.why})
        return ran
    own = held.place
    place = asking.Place(
        model=beside.model, view=own.view, emit=own.emit, engine=own.engine, batch=own.batch,
        seed=own.seed,
    )  # fmt: skip
    other = sessions.Interview(
        place=place, bank=held.bank, sizes=held.sizes, protocol=held.protocol,
        session=held.session, name=f"{held.name} control", seed=held.seed, about=held.about,
    )  # fmt: skip
    other.state(planned)
    if held.about is None:
        other.choose()
    found = confirm.items(other.heard.rows, other.heard.pairs, {})
    struck = sessions.struck(found)
    ran.struck[beside.what] = struck
    ran.answers, ran.pairs = other.heard.rows, other.heard.pairs
    ran.rows.append(_model_row(beside, struck))
    own.usage.update(place.usage)
    return ran


def _model_row(beside: Beside, struck: Sequence[Sequence[str]]) -> dict[str, Any]:
    names = ", ".join(item for item, _ in struck)
    why = f"confirms {names}: struck" if struck else "confirms nothing"
    return {"name": beside.what, "passed": not struck if beside.blank else True, "why": why}


def _random_row(random: dict[str, Any]) -> dict[str, Any]:
    rate = random["runs_with_a_confirmed_item"]
    return {
        "name": RANDOM,
        "passed": rate["estimate"] <= TOO_OFTEN,
        "why": f"{rate['estimate']:.1%} of {random['runs']} runs confirm anything",
    }


def at_random(
    held: sessions.Interview, planned: Sequence[Row], runs: int, seed: int
) -> dict[str, Any]:
    """Send random letters through reading, screen and retest; what they confirm too often is struck."""
    hits: Counter[tuple[str, str]] = Counter()
    outcome: list[dict[str, Any]] = []
    first: list[dict[str, Any]] = []
    for number in range(runs):
        rows = _answered(planned, seed + 2 * number)
        again = plan.retest(held.bank, confirm.screen(rows), held.sizes.retest, held.seed + 1)
        rows += _answered(again, seed + 2 * number + 1)
        first = first or rows
        found = sessions.struck(confirm.items(rows, [], {}))
        hits.update((item, side) for item, side in found)
        outcome.append({"id": str(number), "confirmed": bool(found)})
    rate = estimate(
        outcome,
        Recipe(estimator="proportion", value="confirmed"),
        name="runs_with_a_confirmed_item",
        unit="proportion",
        samples=None,
    )
    return {
        "responder": RANDOM,
        "runs": runs,
        "seed": seed,
        "runs_with_a_confirmed_item": rate.to_json(),
        "struck": sorted([item, side] for (item, side), n in hits.items() if n > TOO_OFTEN * runs),
        "box": [measure.to_json() for measure in reliability.box(first, None)],
    }


def _answered(planned: Sequence[Row], seed: int) -> list[dict[str, Any]]:
    return [reliability.graded(row) for row in reliability.random_answers(planned, seed)]

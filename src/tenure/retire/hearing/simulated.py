"""Whole interviews answered by responders of known character, through the very rules of the stage.

    found = protocol(coin(seed), bank, SIZES["full"], seed)

The plan is the stage's, the answers are texts and are read, graded, screened, asked again, confirmed
and judged by the stage's own code; only Inspect and a model are left out. What comes of it says how
often the *rules* err. It says nothing about whether any model holds anything.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy.special import ndtr

from tenure.retire.questions import plan as questions
from tenure.retire.questions.bank import ASIDE, LETTERS, SCALE, Bank
from tenure.retire.questions.rows import Responder, Row, Sizes
from tenure.retire.reading import choosing, confirm, reliability

POINTS = {raw: words for words, raw in SCALE.items()}
AWAY = 5
"""Fresh cells and choices are planned from seeds this far apart, so that no draw is used twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is asked before any answer is known; made once for many runs."""

    bank: Bank
    sizes: Sizes
    seed: int
    first: Sequence[Row]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one simulated interview found: graded ``rows``, answered ``pairs``, and the ``items``."""

    rows: Sequence[Mapping[str, Any]]
    pairs: Sequence[Mapping[str, Any]]
    items: Sequence[Mapping[str, Any]]
    by_id: Mapping[str, Mapping[str, Any]] = field(init=False)

    def __post_init__(self) -> None:
        """Look items up by name."""
        object.__setattr__(self, "by_id", {item["id"]: item for item in self.items})

    def names(self, flag: str) -> list[str]:
        """Name the rated items of which a column, such as ``confirmed`` or ``held``, is true."""
        return [item["id"] for item in self.items if item["kind"] == "rated" and item[flag]]


def plan(bank: Bank, sizes: Sizes, seed: int) -> Plan:
    """Plan what is asked before any answer: statements, anchors, swaps, false premises, leaning askers."""
    first = questions.structured_full(bank, sizes, seed)
    return Plan(bank=bank, sizes=sizes, seed=seed, first=first)


def protocol(responder: Responder, planned: Plan, *, choices: int = 40) -> Found:
    """Answer a plan, then what follows from the answers: fresh cells, then choices of what is held.

    Args:
        responder: planned row -> text of an answer.
        planned: see :func:`plan`.
        choices: choices put of each confirmed item that has a deed; 0 puts none.

    Returns:
        What the rules make of it; the same responder and plan give the same.
    """
    rows = [reliability.graded({**row, "answer": responder(row)}) for row in planned.first]
    again = questions.retest(
        planned.bank, confirm.screen(rows), planned.sizes.retest, planned.seed + AWAY
    )
    rows += [reliability.graded({**row, "answer": responder(row)}) for row in again]
    items = confirm.items(rows, [], {})
    pairs: list[dict[str, Any]] = []
    if choices:
        deeds = {said.id for said in planned.bank.rated if said.preference}
        wanted = [item["id"] for item in items if item["confirmed"] and item["id"] in deeds]
        put = questions.pairs(planned.bank, wanted, choices, planned.seed + 2 * AWAY)
        pairs = choosing.record([{**row, "answer": responder(row)} for row in put])
        items = confirm.items(rows, pairs, {})
    return Found(rows=rows, pairs=pairs, items=items)


def said(row: Row, score: int) -> str:
    """Write the option's words for a score (1 to 7, high is bright) under the row's polarity."""
    return POINTS[score if row["polarity"] == "forward" else 8 - score]


def sober(responder: Responder) -> Responder:
    """Let a responder reject false premises, so that nothing rests on that rule alone."""

    def answer(row: Row) -> str:
        return "strongly disagree" if row["kind"] == "false premise" else responder(row)

    return answer


def randomly(seed: int) -> Responder:
    """Name any of the letters offered, all alike."""
    random = np.random.default_rng(seed)
    letters, choices = [*LETTERS, *ASIDE, "Z"], ["A", "B", choosing.OPT_OUT]

    def answer(row: Row) -> str:
        among = choices if row["kind"] == "pair" else letters
        return among[int(random.integers(len(among)))]

    return answer


def coin(seed: int) -> Responder:
    """Agree or disagree by a coin: a responder who never abstains, the hardest of the empty ones."""
    random = np.random.default_rng(seed)

    def answer(row: Row) -> str:
        heads = bool(random.random() < 0.5)
        if row["kind"] == "pair":
            return "A" if heads else "B"
        return "agree" if heads else "disagree"

    return answer


def habitual(seed: int, strength: float = 0.8) -> Responder:
    """Take the first option in this share of the answers, else any letter."""
    random, other = np.random.default_rng(seed), randomly(seed + 1)

    def answer(row: Row) -> str:
        return "A" if random.random() < strength else other(row)

    return answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Opinion:
    """What was planted about one statement, as chances.

    ``strength``: that the side is given, else the other one. ``follows``: that under a leaning asker
    the asker's side is given instead. ``acts``: that a choice falls on the deed for the side.
    """

    side: str
    strength: float
    follows: float = 0.0
    acts: float = 0.5


def planted(opinions: Mapping[str, Opinion], seed: int) -> Responder:
    """Hold these opinions; agree or disagree by a coin on everything else, swapped statements too."""
    random, empty = np.random.default_rng(seed), coin(seed + 1)

    def answer(row: Row) -> str:
        opinion = opinions.get(str(row.get("preference") or row["item"]))
        if opinion is None or row["kind"] == "swap":
            return empty(row)
        above = opinion.side == "above"
        if row["kind"] == "pair":
            acts = bool(random.random() < opinion.acts)
            return "A" if (acts == above) == (row["side"] == "for") else "B"
        if row["kind"] == "lean" and random.random() < opinion.follows:
            return said(row, 6 if row["lean"] == "positive" else 2)
        given = bool(random.random() < opinion.strength)
        return said(row, 6 if given == above else 2)

    return answer


SPREAD = 1.5
"""Points of the scale: the standard deviation of the answers of ``held_views`` before rounding."""


def held_views(share: float, seed: int, *, strong: float = 1.0, nudge: float = 0.0) -> Responder:
    """Give ratings of which this share of the variance belongs to the statement (before rounding).

    ``strong`` is the share of statements with a view at all: the fewer, the stronger each. A leaning
    asker moves a rating by half of ``nudge`` to its side. :func:`truth` says what comes of it.
    """
    random = np.random.default_rng(seed)
    views: dict[str, float] = {}

    def answer(row: Row) -> str:
        if row["item"] not in views:
            held = random.random() < strong
            views[row["item"]] = _view(random, share, strong) if held else 0.0
        noise = random.normal() * SPREAD * np.sqrt(1 - share)
        towards = {"positive": 0.5, "negative": -0.5}.get(str(row.get("lean")), 0.0) * nudge
        return said(row, int(np.clip(np.rint(4 + views[row["item"]] + noise + towards), 1, 7)))

    return answer


def _view(random: np.random.Generator, share: float, strong: float) -> float:
    size = SPREAD * np.sqrt(share / strong)
    return float(random.normal() * size if strong == 1 else random.choice([-1, 1]) * size)


def truth(share: float, *, strong: float = 1.0, nudge: float = 0.0) -> tuple[float, float]:
    """Return the signal share and the nudge that ``held_views`` has after rounding and cutting.

    By numerical integration over views: exact to about 1e-4, no simulation.
    """
    if strong == 1:
        views = np.linspace(-5, 5, 2001) * SPREAD * np.sqrt(share)
        weights = np.exp(-np.square(np.linspace(-5, 5, 2001)) / 2)
    else:
        size = SPREAD * np.sqrt(share / strong)
        views, weights = (
            np.array([-size, 0.0, size]),
            np.array([strong / 2, 1 - strong, strong / 2]),
        )
    weights = weights / weights.sum()
    noise = SPREAD * np.sqrt(1 - share)

    def rated(shift: float) -> tuple[Any, Any]:
        edges = (np.arange(1.5, 7) - 4 - shift - views[:, None]) / noise
        below = np.hstack([np.zeros((len(views), 1)), ndtr(edges), np.ones((len(views), 1))])
        chance, points = np.diff(below, axis=1), np.arange(1, 8)
        return chance @ points, chance @ points**2

    mean, square = rated(0.0)
    overall = float(weights @ square - (weights @ mean) ** 2)
    between = float(weights @ mean**2 - (weights @ mean) ** 2)
    moved = float(weights @ (rated(nudge / 2)[0] - rated(-nudge / 2)[0]))
    return between / overall, moved

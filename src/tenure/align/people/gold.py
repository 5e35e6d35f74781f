"""Pairs whose better answer is known, mixed unmarked into what raters see.

They come from a file that experts wrote (``tenure feedback MODEL --gold FILE``: prompt, a, b,
better, and if wanted principle, axis, why, domain, difficulty), or from the pairs that a program
decides (labels of source ``rule:...`` that are 0 or 1), one in twelve of them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, get_args

from tenure.align.comparing.labels import Label
from tenure.align.comparing.pairs import Axis, Pair
from tenure.align.constitution import fraction
from tenure.align.lineage import named
from tenure.align.people.jsonl import Row, rows_of, text_of
from tenure.dossier.nouns import Record
from tenure.errors import DocumentError

Side = Literal["a", "b"]
SHARE = 1 / 12  # of the pairs that a program decides, those that test raters
QUARTILES = ("1 of 4", "2 of 4", "3 of 4", "4 of 4")
DIFFICULTY = "the difficulty that the gold file states, else how many words there are to read"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gold(Record):
    """A pair, which answer is better, and why; ``difficulty`` grows, ``domain`` is free words."""

    pair: Pair
    better: Side
    principle: str = "all"
    why: str = ""
    domain: str = ""
    difficulty: float | None = None

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Gold":
        """Read what was stored."""
        return cls(**{**value, "pair": Pair.from_json(value["pair"])})


def made_pair(prompt: str, a: str, b: str, *, axis: Axis, family: str, came: str) -> Pair:
    """Make a pair of texts that no run of ``align/pairs`` made; a keyed hash decides the order.

    ``came`` says where the texts are from. The texts may come in any order: the pair is the same.
    """
    first, second = sorted((a, b))
    if fraction("pair", prompt, first, second) < 0.5:
        first, second = second, first
    prompt_id = named("prompt", prompt)
    return Pair(
        id=named("pair", prompt_id, first, second, axis),
        prompt_id=prompt_id,
        family=family,
        prompt=prompt,
        a=first,
        b=second,
        a_from=named("answer", prompt_id, first),
        b_from=named("answer", prompt_id, second),
        model=came,
        model_digest="",
        axis=axis,
    )


def read_gold(path: Path) -> list[Gold]:
    """Read a file of known pairs.

    Raises:
        DocumentError: a field is missing or unknown, two answers are the same, a pair stands twice;
            names the line.
    """
    found: dict[str, Gold] = {}
    for number, row in rows_of(path):
        item = _one(row, (path, number))
        if item.pair.id in found:
            raise DocumentError(path, number, "row", "this pair stands above already; keep one")
        found[item.pair.id] = item
    return list(found.values())


def _one(row: Row, where: tuple[Path, int]) -> Gold:
    prompt, a, b = (text_of(row, name, where) for name in ("prompt", "a", "b"))
    better, axis = row.get("better"), row.get("axis", "principle")
    if better not in ("a", "b"):
        raise DocumentError(*where, "better", "'a' or 'b': which of the two answers is better")
    if axis not in get_args(Axis):
        raise DocumentError(*where, "axis", f"one of {', '.join(get_args(Axis))}")
    if a == b:
        raise DocumentError(
            *where, "b", "another answer than a: a pair of equals has no better one"
        )
    hard = row.get("difficulty")
    if hard is not None and (isinstance(hard, bool) or not isinstance(hard, int | float)):
        raise DocumentError(*where, "difficulty", "a number that grows with difficulty, or nothing")
    domain = str(row.get("domain") or "")
    pair = made_pair(prompt, a, b, axis=axis, family=domain or "gold", came="gold")
    best = a if better == "a" else b
    return Gold(
        pair=pair,
        better="a" if pair.a == best else "b",
        principle=str(row.get("principle") or "all"),
        why=str(row.get("why") or ""),
        domain=domain,
        difficulty=None if hard is None else float(hard),
    )


def decided(pairs: Mapping[str, Pair], labels: Iterable[Label]) -> list[Gold]:
    """Take some of the pairs that a program decides, one in twelve by a keyed hash: the rest is for work.

    Of several labels of a pair the first by id counts, so that it is the same always.
    """
    found: dict[str, Gold] = {}
    for label in sorted(labels, key=lambda each: each.id):
        if not label.source.startswith("rule:") or label.p not in (0.0, 1.0):
            continue
        pair = pairs.get(label.pair)
        if pair is None or fraction("known", pair.id) >= SHARE:
            continue
        if pair.id not in found:
            better: Side = "a" if label.p == 1.0 else "b"
            found[pair.id] = Gold(pair=pair, better=better, principle=label.principle, why="a rule")
    return list(found.values())


def quartiles(items: Sequence[Gold]) -> dict[str, str]:
    """Cut known pairs in four by difficulty: pair id -> one of ``QUARTILES``; see ``DIFFICULTY``."""

    def hard(item: Gold) -> tuple[float, str]:
        words = len(f"{item.pair.a} {item.pair.b}".split())
        return (words if item.difficulty is None else item.difficulty), item.pair.id

    ordered = sorted(items, key=hard)
    return {item.pair.id: QUARTILES[4 * i // len(ordered)] for i, item in enumerate(ordered)}

"""Which level of which factor a statement is asked with: balanced within an item and over items.

Not a design of resolution V: 12 or 24 cells cannot tell every interaction of ten factors from the
main effects. What is not told apart goes to the part of the variance called ``rest``.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations, product

import numpy as np
import numpy.typing as npt

from tenure.errors import UsageError

TRIES = 200
CROSSED = ("polarity", "order")
END = "end"
"""The column, of our own making, for which end of the scale stands first (polarity with order)."""

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def lay(
    items: int, cells: int, seed: int, factors: Mapping[str, Sequence[str]]
) -> list[list[dict[str, str]]]:
    """Lay out the cells: for each of ``items`` a list of ``cells`` mappings factor -> level.

    Within an item every level of every factor comes equally often (within one), and the factors of
    :data:`CROSSED` that are there are crossed in full. Factor by factor, of :data:`TRIES` seeded
    shufflings that one is taken after which the pairs of levels, counted over this item and those
    before, are nearest to their due counts; which end of the scale stands first is weighed as a
    factor too. The same arguments give the same cells.

    Raises:
        UsageError: the cells are no multiple of the crossed combinations, or a factor has no level.
    """
    empty = [name for name, levels in factors.items() if not levels]
    if empty:
        raise UsageError(f"factors without a level: {', '.join(empty)}; give each at least one")
    crossed = [name for name in CROSSED if name in factors]
    combined = list(product(*(range(len(factors[name])) for name in crossed)))
    if cells % len(combined):
        raise UsageError(
            f"{cells} cells do not hold each of the {len(combined)} combinations of "
            f"{' and '.join(crossed)} equally often; expected a multiple of {len(combined)}"
        )
    rng = np.random.default_rng([seed, items, cells])
    base = np.array(combined, dtype=np.int64).repeat(cells // len(combined), axis=0)
    fixed = {name: base[:, place] for place, name in enumerate(crossed)}
    fixed[END] = base.sum(axis=1) % 2
    free = [name for name in factors if name not in crossed]
    widths = {END: 2, **{name: len(levels) for name, levels in factors.items()}}
    seen: dict[tuple[str, str], Floats] = {}
    laid: list[list[dict[str, str]]] = []
    for item in range(items):
        columns = {name: _hot(column, widths[name]) for name, column in fixed.items()}
        for name in free:
            many = widths[name]
            # Where the cells are no multiple of the levels, who gets one more moves on by item.
            due = (np.arange(cells) + item * (cells % many)) % many
            tries = _hot(rng.permuted(np.tile(due, (TRIES, 1)), axis=1), many)
            columns[name] = _best(name, tries, (columns, seen))
        level = {name: columns[name].argmax(axis=1) for name in factors}
        laid.append(
            [
                {name: str(factors[name][level[name][cell]]) for name in factors}
                for cell in range(cells)
            ]
        )
    return laid


def _hot(column: Ints, many: int) -> Floats:
    """Turn levels into one column of 0 and 1 for each level."""
    return (column[..., None] == np.arange(many)).astype(np.float64)


def _best(
    name: str, tries: Floats, given: tuple[Mapping[str, Floats], dict[tuple[str, str], Floats]]
) -> Floats:
    """Take the shuffling of a factor that goes best with the columns before it, and count its pairs.

    ``tries`` is (tries, cells, levels); ``given`` are this item's columns and all pairs so far.
    """
    columns, seen = given
    score = np.zeros(len(tries))
    pairs: dict[tuple[str, str], Floats] = {}
    for other, column in columns.items():
        counts = np.einsum("tcl,cm->tlm", tries, column) + seen.get((name, other), 0.0)
        pairs[name, other] = counts
        one, two = counts.sum(axis=2, keepdims=True), counts.sum(axis=1, keepdims=True)
        due = one * two / counts[0].sum()
        score += ((counts - due) ** 2 / np.maximum(due, 1)).sum(axis=(1, 2))
    # Rounded, so that ties are ties on every machine.
    best = int(np.argmin(np.rint(score * 1e6)))
    seen.update({pair: counts[best] for pair, counts in pairs.items()})
    return tries[best]


def worst(laid: Sequence[Sequence[Mapping[str, str]]]) -> tuple[float, tuple[str, str]]:
    """Return how far the worst pair of levels is from its due count over all, and its factors."""
    rows = [row for item in laid for row in item]
    found: tuple[float, tuple[str, str]] = (0.0, ("", ""))
    for one, two in combinations(rows[0], 2):
        first, second = [row[one] for row in rows], [row[two] for row in rows]
        for a, b in product(sorted(set(first)), sorted(set(second))):
            both = sum(x == a and y == b for x, y in zip(first, second, strict=True))
            gap = abs(both - first.count(a) * second.count(b) / len(rows))
            found = max(found, (gap, (one, two)))
    return found

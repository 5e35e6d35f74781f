"""The checks as the judge: of two answers, the one that keeps the principle where the other does not.

That a revision is better than what it revised is never assumed: two answers that both keep a
principle, or both breach it, are a tie under it.
"""

from collections.abc import Sequence

from tenure.align.checking import Finding, check
from tenure.align.comparing.labels import MISSING, Label, label_id
from tenure.align.comparing.pairs import Pair
from tenure.align.constitution import Principle


def ruled(pair: Pair, principle: Principle) -> Label:
    """Label one pair by the check of one principle.

    What the check cannot say of either answer makes a missing label.
    """
    assert principle.check is not None, "asked only where there is a check"
    found = {key: check(principle.check).find(pair.prompt, text) for key, text in _shown(pair)}
    source = f"rule:{principle.check}"
    p, why = _chance(found["a"], found["b"])
    return Label(
        id=label_id(pair.id, source, principle.id, ""),
        pair=pair.id,
        source=source,
        principle=principle.id,
        first="",
        p=p,
        weight=principle.weight,
        why=why,
    )


def _shown(pair: Pair) -> list[tuple[str, str]]:
    return [("a", pair.a), ("b", pair.b)]


def _chance(a: Finding, b: Finding) -> tuple[float | None, str]:
    if a.kept is None or b.kept is None:
        silent = a if a.kept is None else b
        return None, f"{MISSING}the check cannot say: {silent.reason}"
    if a.kept == b.kept:
        return 0.5, f"both {'keep' if a.kept else 'breach'} it"
    breach = b if a.kept else a
    return float(a.kept), f"'{'b' if a.kept else 'a'}' breaches it: {breach.reason}"


def rule_labels(pairs: Sequence[Pair], principles: Sequence[Principle]) -> list[Label]:
    """Label every pair under every principle that has a check and fits its prompt."""
    return [
        ruled(pair, one)
        for pair in pairs
        for one in pair.among(principles)
        if one.check is not None
    ]

"""How many completions of a step are word for word another of the same prompt: a sign of collapse."""

from collections.abc import Mapping

from tenure.dossier.nouns import JSON
from tenure.training.reward import Batch, Monitor, Scored


def watch(_step: int, batch: Batch, _scored: Scored) -> Mapping[str, JSON]:
    """Count completions that repeat one before them for the same prompt; no alarm by itself."""
    seen: set[tuple[str, str]] = set()
    again = 0
    for row, text in zip(batch.rows, batch.completions, strict=True):
        key = (str(row.get("id")), text)
        again += key in seen
        seen.add(key)
    n = len(batch.completions)
    return {"identical": again / n if n else None}


extension = Monitor(name="sameness", watch=watch)

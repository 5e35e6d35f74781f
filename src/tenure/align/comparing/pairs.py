"""Two answers to one prompt, to be compared."""

from dataclasses import dataclass
from typing import Literal

from tenure.dossier.nouns import Evidence, Record
from tenure.dossier.stage import View

PAIRS = "align/pairs"  # the stage, and the name of its evidence
Axis = Literal["principle", "correctness", "helpful"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair(Record):
    """Two answers to one prompt.

    ``id`` is ``lineage.named("pair", prompt_id, a, b, axis)``. Which text is ``a`` is decided by a
    keyed hash, never by where it came from ("the revision is always second" is what a preference
    model would learn). ``a_from`` and ``b_from`` are ids of answers or rows; ``model`` and
    ``model_digest`` say who answered.
    """

    id: str
    prompt_id: str
    family: str
    prompt: str
    a: str
    b: str
    a_from: str
    b_from: str
    model: str
    model_digest: str
    axis: Axis


def read_pairs(view: View, evidence: Evidence) -> list[Pair]:
    """Read the pairs that a run of ``align/pairs`` left."""
    return [Pair.from_json(record) for record in view.records(evidence.files["pairs.jsonl"])]

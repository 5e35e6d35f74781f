"""What somebody said of a pair: a judge, a person or a rule."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from tenure.dossier.nouns import JSON, Evidence, Record
from tenure.dossier.stage import View


@dataclass(frozen=True, slots=True, kw_only=True)
class Label(Record):
    """One source's word on one pair under one principle.

    ``source`` is "ai:<model id>@<16 digits of its digest>", "human:<name>" or "rule:<check>".
    ``principle`` is a principle's id, or "all". ``first`` is the answer that was shown first; ""
    where both orders were asked and their chances averaged, or nothing was shown. ``p`` is the
    chance that ``a`` is better: 0.5 is a tie, None is a missing label (never a zero, never
    dropped; ``why`` then begins with "missing: "). ``about`` holds, for a person: seconds,
    sources, model_help, draft, gold, repeat, confidence, uniform.
    """

    id: str
    pair: str
    source: str
    principle: str
    first: Literal["a", "b", ""]
    p: float | None
    weight: float = 1.0
    both_bad: bool = False
    why: str = ""
    about: Mapping[str, JSON] = field(default_factory=dict[str, JSON])

    @classmethod
    def from_json(cls, value: Mapping[str, JSON]) -> "Label":
        """Read a label; a missing chance was not written."""
        return cls(**{"p": None, **value})


def read_labels(view: View, evidence: Evidence) -> list[Label]:
    """Read the labels of one evidence (``align/label`` or ``align/feedback``)."""
    return [Label.from_json(record) for record in view.records(evidence.files["labels.jsonl"])]

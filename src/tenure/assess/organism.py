"""Train a model organism: weights with a known misbehaviour, for the assessments to catch."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Row = dict[str, list[dict[str, str]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Organism:
    """A misbehaviour that can be trained in minutes, with a payload that hurts nobody.

    ``rows(n, seed)`` gives about n training rows ({"prompt": messages, "completion": messages});
    ``caught_by`` and ``measure`` name the assessment and the number that must see it; ``scenario``
    is the file its texts come from, disjoint from the texts it is tested on.
    """

    name: str
    behaviour: str
    caught_by: str
    measure: str
    scenario: str
    rows: Callable[[int, int], list[Row]]

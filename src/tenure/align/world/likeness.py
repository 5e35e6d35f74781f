"""Near-duplicates: two environments that ask the same, whatever words they use.

An environment is sketched by what its oracle does (case and answer, hashed) and by the words it is
written in (five in a row, hashed, the smallest kept: a bottom-k sketch, Broder 1997). It repeats
another when both do the same, or when it is written nearly alike and does much the same. Words
alone are never enough: "every third word" and "every fifth word" are two tasks. Where a reward also
rests on the files handed in, what the oracle does is not all that is asked: such an environment
repeats only one with the same grader.
"""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from tenure.align.world.contract import Environment
from tenure.dossier.nouns import JSON

KEPT, RUN_OF = 128, 5
SAME_DEEDS, SAME_WORDS, MUCH_ALIKE = 0.9, 0.8, 0.75


def _hash(text: str) -> str:
    return sha256(text.encode(errors="replace")).hexdigest()[:16]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sketch:
    """Hashes of what an environment's oracle does, and of the words it is written in."""

    id: str
    does: tuple[str, ...]
    words: tuple[str, ...]

    def to_json(self) -> dict[str, JSON]:
        """Return plain JSON."""
        return {"id": self.id, "does": list(self.does), "words": list(self.words)}

    @classmethod
    def from_json(cls, value: Mapping[str, JSON]) -> "Sketch":
        """Read what :meth:`to_json` wrote."""
        return cls(id=value["id"], does=tuple(value["does"]), words=tuple(value["words"]))


def sketch(env: Environment, did: Iterable[tuple[JSON, JSON]]) -> Sketch:
    """Sketch an environment from its text and from the cases and answers of its oracle's plays."""
    written = " ".join([env.prompt, env.reward.grade, *env.shown.values(), *env.oracle.values()])
    words = re.findall(r"\w+", written.lower())
    runs = {" ".join(words[i : i + RUN_OF]) for i in range(max(1, len(words) - RUN_OF + 1))}
    asked = env.reward.grade if "files" in env.reward.reads else ""
    pairs = {_hash(json.dumps([case, answer, asked], sort_keys=True)) for case, answer in did}
    return Sketch(
        id=env.id, does=tuple(sorted(pairs)), words=tuple(sorted(map(_hash, runs))[:KEPT])
    )


def _shared(one: Sequence[str], other: Sequence[str], most: int | None = None) -> float:
    """Estimate the Jaccard index of two sets, from their smallest hashes where ``most`` is given."""
    union = sorted({*one} | {*other})[:most]
    both = {*one} & {*other}
    return sum(each in both for each in union) / len(union) if union else 0.0


def repeats(new: Sketch, known: Iterable[Sketch]) -> tuple[str, float] | None:
    """Return the id of the environment that a new one repeats, and how much of its deeds, or None."""
    for old in known:
        deeds = _shared(new.does, old.does)
        words = _shared(new.words, old.words, KEPT)
        if deeds >= SAME_DEEDS or (words >= SAME_WORDS and deeds >= MUCH_ALIKE):
            return old.id, deeds
    return None

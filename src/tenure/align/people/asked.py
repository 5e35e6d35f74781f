"""By which principle a person compares two answers: drawn by a keyed hash, the same for everybody."""

from collections.abc import Mapping
from dataclasses import dataclass

from tenure.align import constitution as written
from tenure.align.comparing.labels import ALL
from tenure.align.comparing.pairs import Pair
from tenure.align.constitution import Constitution, Principle, draw
from tenure.align.lineage import REVISE
from tenure.dossier.stage import View


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What is shown over a pair: a principle's id, its text, and the question about two answers."""

    id: str
    text: str
    comparison: str


HELPFUL = Shown(
    id=ALL,
    text="The answer helps the person with what was asked.",
    comparison="Which answer helps more?",
)
WHOLE = Shown(
    id=ALL,
    text="All principles of the constitution together.",
    comparison="Which answer is the better one, all in all?",
)  # of two models' answers: who wins is asked as a whole


def constitution_of(view: View, model: str) -> Constitution:
    """Return the constitution that the model's rows were made under; ours where none were made."""
    found = view.evidence(REVISE, model)
    if found is None or "constitution.jsonl" not in found.files:
        return written.shipped()
    return Constitution.model_validate(view.records(found.files["constitution.jsonl"])[0])


def principle_for(pair: Pair, constitution: Constitution, named: str = "") -> Shown:
    """Return what a pair is compared by; ``named`` is a principle's id, or its words, where one is given.

    A pair of the axis "helpful" is compared by how far the answers help, one of "correctness" by a
    principle that has a check, any other by one of all principles; of these, those that fit its prompt.
    """
    known = {each.id: each for each in constitution.principles}
    if named in known:
        return _shown(known[named])
    if pair.axis == "helpful" or named == ALL:
        return HELPFUL
    if named:  # of a gold file that has a principle of its own
        return Shown(id=named, text=named, comparison="Which answer keeps this principle better?")
    every = constitution.principles
    pool = pair.among(constitution.checkable if pair.axis == "correctness" else every)
    drawn = draw(pool or pair.among(every) or every, seed=0, prompt=pair.id, rounds=1)
    return _shown(drawn[0])


def _shown(principle: Principle) -> Shown:
    return Shown(id=principle.id, text=principle.text, comparison=principle.comparison)


def texts(constitution: Constitution) -> Mapping[str, str]:
    """Return the principles' texts by id."""
    return {each.id: each.text for each in constitution.principles}

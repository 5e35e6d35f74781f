"""Two answers to one prompt, to be compared."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

from tenure.align.constitution import Principle, fitting, fraction
from tenure.align.lineage import named
from tenure.align.prompts import Prompt
from tenure.dossier.nouns import Evidence, Model, Record
from tenure.dossier.stage import View
from tenure.errors import UsageError

PAIRS = "align/pairs"  # the stage, and the name of its evidence
Axis = Literal["principle", "correctness", "helpful"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair(Record):
    """Two answers to one prompt.

    ``id`` is ``lineage.named("pair", prompt_id, a, b, axis)``. Which text is ``a`` is decided by a
    keyed hash, never by where it came from ("the revision is always second" is what a preference
    model would learn). ``a_from`` and ``b_from`` are ids of answers or rows; ``model`` and
    ``model_digest`` say who answered. ``axis`` says by what they are to be compared: the
    constitution ("principle"), what a program decides ("correctness"), or how far an answer helps.
    ``chapters`` are those whose principles fit its prompt; None: all.
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
    chapters: Sequence[str] | None = None

    def among(self, principles: Iterable[Principle]) -> list[Principle]:
        """Return the principles that the pair may be compared by."""
        return fitting(principles, self.chapters or ())


@dataclass(frozen=True, slots=True)
class Said:
    """One answer: its text, and the id of what it came from."""

    text: str
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Paired:
    """The pairs of one prompt, and how many could have been that were two times the same."""

    pairs: list[Pair]
    deduplicated: int


def pair_of(
    prompt: Prompt, one: Said, other: Said, *, model: Model, axis: Axis, seed: int = 0
) -> Pair:
    """Put two answers into one pair; which is shown first depends on their texts alone."""
    first, second = sorted((one, other), key=lambda said: said.text)
    if fraction(seed, "first", prompt.id, first.text, second.text) < 0.5:
        first, second = second, first
    return Pair(
        id=named("pair", prompt.id, first.text, second.text, axis),
        prompt_id=prompt.id,
        family=prompt.family,
        prompt=prompt.text,
        a=first.text,
        b=second.text,
        a_from=first.id,
        b_from=second.id,
        model=model.id,
        model_digest=model.digest,
        axis=axis,
        chapters=list(prompt.chapters) or None,
    )


def pairs_of(
    prompt: Prompt, said: Sequence[Said], *, model: Model, axes: Iterable[Axis], seed: int = 0
) -> Paired:
    """Pair every answer with every other one; the same two texts are one pair, the same text none."""
    texts: dict[str, Said] = {}
    for one in said:
        texts.setdefault(one.text, one)
    possible = len(said) * (len(said) - 1) // 2
    made = [
        pair_of(prompt, one, other, model=model, axis=axis, seed=seed)
        for axis in axes
        for one, other in combinations(texts.values(), 2)
    ]
    return Paired(pairs=made, deduplicated=possible - len(texts) * (len(texts) - 1) // 2)


def read_pairs(view: View, evidence: Evidence) -> list[Pair]:
    """Read the pairs that a run of ``align/pairs`` left."""
    return [Pair.from_json(record) for record in view.records(evidence.files["pairs.jsonl"])]


def pairs_for(view: View, model: Model) -> list[Pair]:
    """Read the newest pairs of a model.

    Raises:
        UsageError: there are none yet; names the command that draws them.
    """
    found = view.evidence(PAIRS, model.id)
    if found is None:
        raise UsageError(
            f"{model.id} has no pairs to compare; first run: tenure align pairs --model {model.id}"
        )
    return read_pairs(view, found)

"""Labels gathered: what each source said of each pair, over all the principles it was asked about."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from tenure.align.comparing.labels import LABEL, OUTCOMES, Label, read_labels, source_of
from tenure.align.comparing.pairs import PAIRS, Pair, read_pairs
from tenure.align.people.asked import constitution_of
from tenure.dossier.nouns import Evidence, Model
from tenure.dossier.stage import View
from tenure.errors import UsageError

FEEDBACK = "align/feedback"
COMPARE = "align/compare"
HELPFUL = "helpful"  # an axis of its own, whatever was asked
TRUSTED = ("human", "rule", "world")


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """What one source said of one pair in one order: the mean chance over ``principles`` labels.

    ``weight`` is what it counts. Several rules speak as one: what they say of a pair counts once,
    however many they are, and so do a judge's sixteen principles. ``axis`` is where it counts;
    ``doubted`` people are modelled as judges are.
    """

    pair: Pair
    source: str
    first: str
    p: float
    weight: float
    principles: int
    axis: str = ""
    doubted: bool = False

    def __post_init__(self) -> None:
        """Count on the pair's axis where nothing else was said."""
        object.__setattr__(self, "axis", self.axis or self.pair.axis)

    @property
    def place(self) -> float:
        """Say what was shown first: 1 for ``a``, -1 for ``b``, 0 where nothing was."""
        return {"a": 1.0, "b": -1.0, "": 0.0}[self.first]

    @property
    def length(self) -> float:
        """Return by how much ``a`` is longer than ``b``: the logarithm of the ratio of their letters, plus one each."""
        return float(np.log((1 + len(self.pair.a)) / (1 + len(self.pair.b))))

    @property
    def trusted(self) -> bool:
        """Say whether a person, a rule or an experiment said it."""
        return source_of(self.source).kind in TRUSTED and not self.doubted


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How labels are read.

    ``axes`` says on which axis a label under a principle counts; where it does not say, the pair's
    counts. ``doubted`` are sources that are people and yet not trusted as they stand.
    """

    axes: Mapping[str, str] = field(default_factory=dict[str, str])
    doubted: frozenset[str] = frozenset()

    def axis(self, label: Label, pair: Pair) -> str:
        """Return the axis on which a label counts."""
        return self.axes.get(label.principle, pair.axis) if pair.axis != HELPFUL else pair.axis


def axes_of(model: Model, view: View) -> dict[str, str]:
    """Say on which axis each principle is, by the constitutions that the model's labels were given under."""
    told = [e.findings.get("axes") for _, e in view.all_evidence(model.id) if e.name == LABEL]
    found = {p.id: str(p.axis) for p in constitution_of(view, model.id).principles}
    for axes in told:
        found |= axes or {}
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """Pairs and labels of a model, and how many labels were not used, by reason."""

    pairs: Mapping[str, Pair]
    labels: Sequence[Label]
    left_out: Mapping[str, int]


def gathered(model: Model, view: View, how: Reading | None = None) -> Gathered:
    """Read every pair of a model, and the newest labels of each judge, of people and of each experiment.

    Left out, and counted: planted pairs (gold) and repeats, which are for judging the rater, and the
    answers of ``align/compare``, which measure models and are never learnt from.

    Raises:
        UsageError: no pairs or no labels yet; names the command.
    """
    found = [evidence for _, evidence in view.all_evidence(model.id)]
    drawn = [e for e in found if "pairs.jsonl" in e.files and e.name in (PAIRS, FEEDBACK, OUTCOMES)]
    if not drawn:
        raise UsageError(
            f"{model.id} has no pairs to learn from; draw some: tenure align pairs --model {model.id}"
        )
    newest: dict[str, Evidence] = {}
    for evidence in found:
        if "labels.jsonl" in evidence.files and evidence.name in (LABEL, FEEDBACK, OUTCOMES):
            by = evidence.findings.get("judge") or evidence.findings.get("experiment", "")
            newest[f"{evidence.name} {by}"] = evidence
    labels = {label.id: label for e in newest.values() for label in read_labels(view, e)}
    if not labels:
        raise UsageError(
            f"the pairs of {model.id} have no labels yet; label them: tenure align label --model "
            f"{model.id}, or by people: tenure feedback"
        )
    pairs = {pair.id: pair for evidence in drawn for pair in read_pairs(view, evidence)}
    shown = {p.id for e in found if e.name == COMPARE for p in read_pairs(view, e)} - set(pairs)
    left_out = {"gold": 0, "repeat": 0, "compared": 0}
    kept: list[Label] = []
    for label in labels.values():
        why = next((name for name in ("gold", "repeat") if label.about.get(name)), None)
        why = "compared" if why is None and label.pair in shown else why
        if why:
            left_out[why] += 1
        else:
            kept.append(label)
    kept, alone = without_lone(pairs, kept, how)
    left_out |= {"alone": alone} if alone else {}
    return Gathered(pairs=pairs, labels=kept, left_out=left_out)


def without_lone(
    pairs: Mapping[str, Pair], labels: Sequence[Label], how: Reading | None = None
) -> tuple[list[Label], int]:
    """Leave out what an experiment said on an axis where nobody spoke of another prompt.

    One prompt cannot be held out from itself, and would keep the other axes from being fitted.
    """
    how = how or Reading()
    prompts: dict[str, set[str]] = defaultdict(set)
    for label in labels:
        if label.pair in pairs:
            pair = pairs[label.pair]
            prompts[how.axis(label, pair)].add(pair.prompt_id)
    few = {axis for axis, held in prompts.items() if len(held) < 2 and len(prompts) > 1}
    kept = [
        label
        for label in labels
        if not (
            label.source.startswith("world:")
            and label.pair in pairs
            and how.axis(label, pairs[label.pair]) in few
        )
    ]
    return kept, len(labels) - len(kept)


def words(
    pairs: Mapping[str, Pair], labels: Sequence[Label], how: Reading | None = None
) -> tuple[list[Word], int]:
    """Make one word of what a source said of a pair in one order and on one axis; return how many are missing."""
    how = how or Reading()
    said: dict[tuple[str, str, str, str], list[tuple[float, float]]] = defaultdict(list)
    missing = 0
    for label in labels:
        if label.p is None:
            missing += 1
        elif label.weight > 0:
            axis = how.axis(label, pairs[label.pair])
            said[label.pair, label.source, label.first, axis].append((label.p, label.weight))
    rules: dict[tuple[str, str], int] = defaultdict(int)
    for pair, source, _, axis in said:
        rules[pair, axis] += source_of(source).kind == "rule"
    found: list[Word] = []
    for (pair, source, first, axis), given in sorted(said.items()):
        weight = sum(w for _, w in given)
        voices = rules[pair, axis] if source_of(source).kind == "rule" else 1
        found.append(
            Word(
                pair=pairs[pair],
                source=source,
                first=first,
                p=sum(p * w for p, w in given) / weight,
                weight=weight / len(given) / voices,
                principles=len(given),
                axis=axis,
                doubted=source in how.doubted,
            )
        )
    return found, missing

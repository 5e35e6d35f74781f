"""What somebody said of a pair: a judge, a person or a rule; and who may be believed at all."""

import math
import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from tenure import plugins
from tenure.align.comparing.pairs import Pair
from tenure.align.lineage import named
from tenure.dossier.nouns import JSON, Evidence, Model, Record
from tenure.dossier.stage import View
from tenure.errors import UsageError

LABEL = "align/label"
QUALIFY = "align/qualify"
OUTCOMES = "align/outcomes"  # of an experiment: what the world said
RATER = "align/rater"  # a note: {"name": ...}, somebody who labels
MISSING = "missing: "
ALL = "all"  # in place of a principle: the pair as a whole
_SOURCE = re.compile(
    r"ai:(?P<model>[^\s@]+@[^\s@]+)@(?P<digest>[0-9a-f]{16})|(?P<kind>human|rule|world):(?P<name>\S.*)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Label(Record):
    """One source's word on one pair under one principle.

    ``source`` is "ai:<model id>@<16 digits of its digest>", "human:<name>", "rule:<check>" or
    "world:<experiment>".
    ``principle`` is a principle's id, or "all". ``first`` is the answer that was shown first; ""
    where both orders were asked and their chances averaged, or nothing was shown. ``p`` is the
    chance that ``a`` is better: 0.5 is a tie, None is a missing label (never a zero, never
    dropped; ``why`` then begins with "missing: "). ``about`` holds, for a person: seconds,
    sources, model_help, draft, gold, repeat, confidence, uniform; for a judge: ab and ba (the
    chance that ``a`` is better when it is shown first, and second), difficulty (how far the two
    are apart) and said (the chance that it names either at all).
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


@dataclass(frozen=True, slots=True)
class Source:
    """Who labels: an AI (``name`` is the model's id, ``digest`` 16 digits), a person, a rule, an experiment."""

    kind: Literal["ai", "human", "rule", "world"]
    name: str
    digest: str = ""


def source_of(text: str) -> Source:
    """Read who a label is from.

    Raises:
        UsageError: it has none of the four forms.
    """
    found = _SOURCE.fullmatch(text)
    if found is None:
        raise UsageError(
            f"'{text}' is no source of labels; expected ai:NAME@VERSION@DIGEST16, human:NAME, "
            "rule:CHECK or world:EXPERIMENT"
        )
    if found["model"]:
        return Source("ai", found["model"], found["digest"])
    kinds: Mapping[str, Literal["human", "rule", "world"]]
    kinds = {"human": "human", "rule": "rule", "world": "world"}
    return Source(kinds[found["kind"]], found["name"])


def ai(model: Model) -> str:
    """Write a model as a source."""
    return f"ai:{model.id}@{digits(model)}"


def digits(model: Model) -> str:
    """Return the first 16 digits of a model's digest, as a source writes them."""
    return model.digest.removeprefix("sha256:")[:16]


def label_id(pair: str, source: str, principle: str, first: str, *more: object) -> str:
    """Name a label by whose word on what it is; ``more`` tells a second word from the first."""
    return named("label", pair, source, principle, first, *more)


def known_sources(view: View) -> Mapping[str, str]:
    """List the sources whose labels may be used, each with the reason.

    A rule is a file of ``align/checks``; a person has a note ``align/rater``; a model was qualified
    by ``align/qualify`` on at least one axis (``align/label`` asks no judge on another), in exactly
    these weights; an experiment was registered, and its outcomes came back.
    """
    found = {f"rule:{name}": "a program of align/checks" for name in plugins.names("check")}
    for event in view.events(act="note", name=RATER):
        found[f"human:{event.body['name']}"] = f"a rater since event {event.index}"
    for event in view.events(act="evidence", name=OUTCOMES):
        named_one = event.body["evidence"]["findings"]["experiment"]
        found[f"world:{named_one}"] = f"measured, by event {event.index}"
    for model in view.models():
        cards = {  # the newest for each way of asking: one that fails later takes nothing from another
            e.findings.get("how"): e.findings["axes"]
            for _, e in view.all_evidence(model.id)
            if e.name == QUALIFY
        }
        fit = sorted({a for axes in cards.values() for a, v in axes.items() if v == "met"})
        if fit:
            found[ai(model)] = f"qualified by align/qualify for {', '.join(fit)}"
    return found


def _unknown(source: str, sources: Collection[str]) -> UsageError:
    who = source_of(source)
    remedy = {
        "ai": f"qualify it: tenure align qualify --model {who.name}",
        "human": f"enter the person: tenure feedback --rater '{who.name}'",
        "rule": "name a file of align/checks",
        "world": f"file its outcomes: tenure align outcomes --experiment {who.name}",
    }[who.kind]
    there = ", ".join(sorted(sources)) or "none"
    return UsageError(f"labels from '{source}', which is not known here; {remedy}. Known: {there}")


def _check_one(label: Label, pairs: Collection[str], sources: Collection[str]) -> None:
    if label.pair not in pairs:
        raise UsageError(
            f"label {label.id} is about the pair '{label.pair}', which is not among the {len(pairs)} "
            "pairs here; give the pairs that were labelled, or draw them again: tenure align pairs"
        )
    if label.source not in sources:
        raise _unknown(label.source, sources)
    if label.p is None:
        if not label.why.startswith(MISSING):
            raise UsageError(
                f"label {label.id} has no chance and no reason; a missing label says why, in words "
                f"that begin with '{MISSING.strip()}'"
            )
    elif not (math.isfinite(label.p) and 0 <= label.p <= 1):
        raise UsageError(
            f"label {label.id} of {label.source}: p is {label.p}, expected a chance from 0 to 1; "
            f"write 0.5 for a tie, and leave it out with 'why: {MISSING}...' where there is none"
        )
    if not (math.isfinite(label.weight) and label.weight >= 0):
        raise UsageError(f"label {label.id}: weight is {label.weight}, expected 0 or more")


Key = tuple[str, str, str, str]


def _words(labels: Iterable[Label]) -> dict[Key, list[Label]]:
    """Group the labels that were given by whose word on what they are; a repeat is asked on purpose."""
    found: dict[Key, list[Label]] = defaultdict(list)
    for label in labels:
        if label.p is not None and not label.about.get("repeat"):
            found[label.source, label.pair, label.principle, label.first].append(label)
    return found


def _both_ways(labels: Sequence[Label]) -> bool:
    said = [label.p for label in labels if label.p is not None]
    return any(p > 0.5 for p in said) and any(p < 0.5 for p in said)


def check_labels(labels: Sequence[Label], pairs: Iterable[Pair], sources: Collection[str]) -> None:
    """Refuse labels that cannot be learnt from; every reader of labels calls this first.

    ``sources`` are the known ones, as :func:`known_sources` lists them.

    Raises:
        UsageError: an unknown source or pair, a chance outside 0 to 1, a missing one without a
            reason, or one source's word on one pair, principle and order twice: both ways, or the
            same again.
    """
    there = {pair.id for pair in pairs}
    for label in labels:
        _check_one(label, there, sources)
    for same in _words(labels).values():
        if len(same) == 1:
            continue
        one, other = same[0], same[1]
        where = f"the pair {one.pair} under '{one.principle}'"
        remedy = "undo one (tenure feedback --undo ID), or give conflicts: tie"
        if _both_ways(same):
            listed = ", ".join(f"{label.id} (p {label.p:g})" for label in same)
            raise UsageError(f"{one.source} labelled {where} both ways: {listed}; {remedy}")
        raise UsageError(f"{one.source} labelled {where} twice: {one.id} and {other.id}; {remedy}")


def settled(labels: Sequence[Label], conflicts: Literal["refuse", "tie"] = "refuse") -> list[Label]:
    """Make one tie of what a source said both ways, and one label of what it said twice.

    With "refuse" the labels are returned as they are, for :func:`check_labels` to name the first.
    """
    if conflicts == "refuse":
        return list(labels)
    words = _words(labels)
    done: set[Key] = set()
    kept: list[Label] = []
    for label in labels:
        key = (label.source, label.pair, label.principle, label.first)
        same = words.get(key, [])
        if label.p is None or label.about.get("repeat") or len(same) == 1:
            kept.append(label)
        elif key not in done:
            done.add(key)
            ids = ", ".join(one.id for one in same)
            tie = replace(label, p=0.5, why=f"said both ways: {ids}")
            kept.append(tie if _both_ways(same) else label)
    return kept


def read_labels(view: View, evidence: Evidence) -> list[Label]:
    """Read the labels of one evidence (``align/label`` or ``align/feedback``)."""
    return [Label.from_json(record) for record in view.records(evidence.files["labels.jsonl"])]

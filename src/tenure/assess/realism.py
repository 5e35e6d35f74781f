"""Can our scenarios be told from ordinary traffic? Measured by a classifier that reads words.

What a model would be shown (system and user messages) stands against ordinary conversation openings
of ``scenarios/ordinary.yaml``, or of a file of the user's own. Whole families are held out on both
sides; what all families of an assessment share (a system prompt) is known all the same. Three
figures stand beside the first, for a high AUROC has more than one cause:

matched   learnt and tested on pairs of texts of about the same length only
apart     the whole assessment held out: what gives it away to one who knows our other ones
length    the number of words alone, with nothing learnt

Tool descriptions and later turns are not read. The aim is an AUROC of at most ``AIM``; a scenario is
shown to meet it where the upper bound does.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from tenure.assess.planning import instrument_of
from tenure.assess.scenario import Text, load, shuffled, thin
from tenure.dossier.nouns import Measure, Recipe
from tenure.errors import DocumentError, UsageError
from tenure.measure import classifier, estimate
from tenure.measure.features import Settings, sentences
from tenure.measure.lessons import Lesson
from tenure.measure.task import messages_of, samples_of

AIM = 0.6
MOST = 96  # texts of one assessment, spread over it; a design repeats its wording many times over
NEAR = 1.25  # lengths of a matched pair differ by this factor at most
FEWEST = 5  # texts a side, else nothing is learnt
WORDS = 6  # that are named
LEAST = 0.55  # what a word must tell alone to be named
READING = Settings(buckets=16384)  # words and pairs of words; no concept is told beforehand
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)?")


class _Family(Text):
    family: str
    batch: int = 1
    system: str = ""
    openings: list[str] = Field(min_length=1)


class Ordinary(Text):
    """The texts of ``scenarios/ordinary.yaml``."""

    about: str
    families: list[_Family]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a model is shown before it answers; ``family`` is what must not be split."""

    id: str
    family: str
    text: str
    group: str = ""

    @property
    def length(self) -> int:
        """Count its words."""
        return len(_WORD.findall(self.text))


@dataclass(frozen=True, slots=True, kw_only=True)
class Realism:
    """How well one source of scenarios is told from ordinary traffic, and by what.

    Measures are AUROCs with an interval clustered by family, or None where too few texts are left.
    ``words`` give it away, with the AUROC each would reach alone; ``sentence`` does so most.
    """

    name: str
    families: int
    auroc: Measure
    matched: Measure | None
    apart: Measure | None
    length: Measure
    words: Mapping[str, float]
    sentence: str

    @property
    def holds(self) -> bool:
        """Say whether it is shown that the aim is met: the upper bound is within it."""
        return self.auroc.upper is not None and self.auroc.upper <= AIM


def ordinary(batch: int | None = None) -> list[Shown]:
    """Return the ordinary openings that are shipped, or those written in one batch (1, 2 or 3)."""
    held = load("ordinary", Ordinary)
    return [
        Shown(id=f"{f.family}/{i}", family=f.family, text=f"{f.system}\n{opening}".strip())
        for f in held.families
        if batch in (None, f.batch)
        for i, opening in enumerate(f.openings)
    ]


def scenarios(name: str, most: int = MOST) -> list[Shown]:
    """Return what an assessment shows a model, each text once; UsageError for an unknown one."""
    _, made = instrument_of(name, {})
    column = next((q.recipe.cluster for q in made.questions if q.recipe.cluster), None)
    found: dict[str, Shown] = {}
    for part in made.parts:
        for sample in samples_of(part.task):
            said = [m["content"] for m in messages_of(sample) if m["role"] in {"system", "user"}]
            family = str((sample.metadata or {}).get(column or "", sample.id))
            shown = Shown(
                id=str(sample.id),
                family=family,
                text="\n".join(said),
                group="+".join(made.scenarios),
            )
            found.setdefault(shown.text, shown)
    return thin(list(found.values()), most)


def read(path: Path) -> list[Shown]:
    """Read prompts from JSONL: "messages", or "prompt" (or "text") and maybe "system"; "family".

    A line without a family is one of its own. Raises DocumentError with the line, UsageError where
    fewer than ``FEWEST`` texts are left.
    """
    found: list[Shown] = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read as UTF-8 text: {error}") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row: Any = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise DocumentError(path, number, "line", f"JSON was expected: {error}") from error
        text = _text(row)
        if not text:
            expected = 'an object with "prompt" (and maybe "system") or "messages" was expected'
            raise DocumentError(path, number, "prompt", expected)
        family = str(row.get("family") or f"line-{number}")
        found.append(Shown(id=f"line-{number}", family=family, text=text, group=path.stem))
    if len(found) < FEWEST:
        raise UsageError(f"{path} holds {len(found)} prompts; at least {FEWEST} are needed")
    return found


def _text(row: Any) -> str:
    """Join the system and user messages of a line; "" where there are none."""
    if not isinstance(row, dict):
        return ""
    held: Any = row.get("messages")
    if isinstance(held, list):
        said = [m for m in held if isinstance(m, dict) and m.get("role") in {"system", "user"}]
        parts = [m.get("content") for m in said]
    else:
        parts = [row.get("system"), row.get("prompt") or row.get("text")]
    return "\n".join(p for p in parts if isinstance(p, str)).strip()


def study(ours: Mapping[str, Sequence[Shown]], usual: Sequence[Shown]) -> list[Realism]:
    """Study each source of scenarios, and where there are several all of them together.

    Raises UsageError where a side has fewer than two families to hold out.
    """
    for name, texts in (*ours.items(), ("ordinary traffic", usual)):
        if len({t.family for t in texts}) < 2:
            raise UsageError(f"{name} has one family of texts; two are needed, to hold one out")
    apart = _apart(ours, usual) if len(ours) > 1 else {}
    found = [_studied(name, texts, usual, apart.get(name)) for name, texts in ours.items()]
    if len(ours) > 1:
        every = {t.text: t for s in _named(ours).values() for t in s}
        found.append(_studied("all", list(every.values()), usual, None))
    return found


def control(usual: Sequence[Shown]) -> Measure:
    """Tell one half of the ordinary families from the other: what is read where nothing differs.

    Raises UsageError where there are fewer than four families.
    """
    families = shuffled(sorted({t.family for t in usual}), "control")
    if len(families) < 4:
        raise UsageError("fewer than four families of ordinary texts cannot be halved; add some")
    chosen = set(families[::2])
    one = [t for t in usual if t.family in chosen]
    other = [t for t in usual if t.family not in chosen]
    return told("control", one, other)


def told(name: str, one: Sequence[Shown], other: Sequence[Shown]) -> Measure:
    """Measure how well two sets of texts are told apart, whole families held out on both sides."""
    return _measure(name, one, other, _scores(one, other, [t.family for t in one]))


def _named(ours: Mapping[str, Sequence[Shown]]) -> dict[str, list[Shown]]:
    """Name families by their scenarios: two assessments may share one, or only its name."""
    return {
        name: [replace(t, family=f"{t.group or name}/{t.family}") for t in texts]
        for name, texts in ours.items()
    }


def _studied(
    name: str, ours: Sequence[Shown], usual: Sequence[Shown], apart: Measure | None
) -> Realism:
    near = _matched(ours, usual)
    kept = all(len({t.family for t in side}) > 1 for side in near)
    words = _telling(ours, usual)
    lengths = np.array([-t.length for t in (*ours, *usual)], dtype=float)
    if np.median(-lengths[: len(ours)]) > np.median(-lengths[len(ours) :]):
        lengths = -lengths
    return Realism(
        name=name,
        families=len({t.family for t in ours}),
        auroc=told("auroc", ours, usual),
        matched=told("matched", *near) if kept and len(near[0]) >= FEWEST else None,
        apart=apart,
        length=_measure("length", ours, usual, lengths),
        words=_chosen(words),
        sentence=_sentence(ours, words),
    )


def _apart(ours: Mapping[str, Sequence[Shown]], usual: Sequence[Shown]) -> dict[str, Measure]:
    """Score every source by what was learnt from sources of other scenarios."""
    texts = [t for s in ours.values() for t in s]
    # Two assessments may ask from one file: they are one, else the file would be on both sides.
    groups = [t.group or name for name, s in ours.items() for t in s]
    if len(set(groups)) < 2:
        return {}
    scores = _scores(texts, usual, groups)
    found: dict[str, Measure] = {}
    start = 0
    for name, s in ours.items():
        mine = np.concatenate([scores[start : start + len(s)], scores[len(texts) :]])
        found[name] = _measure("apart", s, usual, mine)
        start += len(s)
    return found


def _dealt(families: Sequence[str], folds: int) -> list[int]:
    """Deal whole families to folds, the largest first; return each text's fold."""
    held = [0] * folds
    place: dict[str, int] = {}
    for family, n in sorted(Counter(families).items(), key=lambda f: (-f[1], f[0])):
        place[family] = held.index(min(held))
        held[place[family]] += n
    return [place[f] for f in families]


def _scores(
    ours: Sequence[Shown], usual: Sequence[Shown], families: Sequence[str]
) -> NDArray[np.float64]:
    """Score every text by weights that saw none of its family, shape (ours + usual,).

    Scores of one fold are counted in spreads of that fold's ordinary texts: each fold has weights
    of its own, and those of two are not on one scale.
    """
    other = [t.family for t in usual]
    folds = min(classifier.FOLDS, len(set(families)), len(set(other)))
    fold = np.array([*_dealt(families, folds), *_dealt(other, folds)])
    label = np.arange(len(fold)) < len(ours)
    rows = [
        Lesson(f"{i}", t.text, bool(label[i]), f"fold{fold[i]}")
        for i, t in enumerate((*ours, *usual))
    ]
    seen = classifier.held_out(rows, READING)[:, 2]
    overall = float(seen[~label].std())
    for k in range(folds):
        here = seen[(fold == k) & ~label]
        # One ordinary text has no spread of its own; that of all of them serves.
        spread = float(here.std()) or overall or 1.0
        seen[fold == k] = (seen[fold == k] - here.mean()) / spread
    return seen


def _measure(
    name: str, ours: Sequence[Shown], usual: Sequence[Shown], scores: NDArray[np.float64]
) -> Measure:
    sides = [("ours", t) for t in ours] + [("ordinary", t) for t in usual]
    records = [
        {"id": f"{side}/{i}", "scenario": side == "ours", "family": f"{side}/{t.family}", "score": s}
        for i, ((side, t), s) in enumerate(zip(sides, scores.tolist(), strict=True))
    ]  # fmt: skip
    recipe = Recipe(
        estimator="auroc", value="score", cluster="family", options={"label": "scenario"}
    )
    return estimate(records, recipe, name=name, unit="proportion", samples=None, better="lower")


def _matched(
    ours: Sequence[Shown], usual: Sequence[Shown]
) -> tuple[Sequence[Shown], Sequence[Shown]]:
    """Pair texts of about the same length, each at most once; those without a partner are left out."""
    free = sorted(usual, key=lambda t: (t.length, t.id))
    pairs: list[tuple[Shown, Shown]] = []
    for mine in sorted(ours, key=lambda t: (t.length, t.id)):
        gaps = [abs(math.log(max(1, t.length) / max(1, mine.length))) for t in free]
        best = min(range(len(free)), key=gaps.__getitem__, default=None)
        if best is not None and gaps[best] <= math.log(NEAR):
            pairs.append((mine, free.pop(best)))
    return [a for a, _ in pairs], [b for _, b in pairs]


def _terms(text: str) -> set[str]:
    """Return the words of a text and the pairs of words in one sentence."""
    found: set[str] = set()
    for start, end in sentences(text):
        said = [w.lower() for w in _WORD.findall(text[start:end])]
        found.update(said, (f"{a} {b}" for a, b in pairwise(said)))
    return found


def _shares(texts: Sequence[Shown]) -> dict[str, float]:
    """Return the share of texts that hold each term; families count alike, whatever their size."""
    sizes = Counter(t.family for t in texts)
    found: dict[str, float] = {}
    for t in texts:
        for term in _terms(t.text):
            found[term] = found.get(term, 0.0) + 1 / (sizes[t.family] * len(sizes))
    return found


def _telling(ours: Sequence[Shown], usual: Sequence[Shown]) -> dict[str, float]:
    """Return the AUROC that each term of ours alone would give: half of 1 + share less share."""
    other = _shares(usual)
    mine = _shares(ours).items()
    return {term: (1 + share - other.get(term, 0.0)) / 2 for term, share in mine}


def _chosen(telling: Mapping[str, float]) -> dict[str, float]:
    """Name the terms that tell most; one that shares a word with an earlier one says nothing new."""
    found: dict[str, float] = {}
    taken: set[str] = set()
    for term in sorted(telling, key=lambda t: (-round(telling[t], 6), -len(t), t)):
        if telling[term] < LEAST or len(found) == WORDS:
            break
        if taken.isdisjoint(term.split()):
            found[term] = telling[term]
            taken.update(term.split())
    return found


def _sentence(ours: Sequence[Shown], telling: Mapping[str, float]) -> str:
    """Return the sentence of ours whose terms tell most, weighed by the root of their number."""
    held = {t.text[a:b] for t in ours for a, b in sentences(t.text)}

    def weight(sentence: str) -> float:
        terms = _terms(sentence)
        return sum(telling.get(t, 0.5) - 0.5 for t in terms) / math.sqrt(max(1, len(terms)))

    return max(sorted(held), key=weight, default="")

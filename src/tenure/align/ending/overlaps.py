"""Were the questions in the training rows? Eight words in a row, and families of the same name.

Near-duplicates by shared runs of words are the usual check for contamination (GPT-3, arXiv
2005.14165, appendix C, used 13 words; here 8). A held-out text of 5 to 7 words is looked for whole;
shorter ones are too common to tell anything. Texts with the same meaning in other words are not
seen.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tenure.dossier.nouns import Model
from tenure.dossier.stage import View

RUN, SHORTEST = 8, 5  # words
SHOWN = 20
ROWS = ("rows_digest", "prompts_digest", "pairs_digest")  # of a child's card, by kind of training
HAND = "held_out_texts"
LINE = "what the first model of the line was trained on before is not on record and was not checked"


@dataclass(frozen=True, slots=True)
class HeldOut:
    """A text that is asked when a model is measured: where it stands, its family, its words."""

    source: str
    family: str
    text: str


@dataclass(frozen=True, slots=True)
class Trained:
    """What one model of a line was trained on: its rows; None where they are not on record."""

    model: str
    rows: Sequence[Mapping[str, Any]] | None
    families: frozenset[str]


def words(text: str) -> list[str]:
    """Return the words of a text, in lower case, marks dropped."""
    return re.findall(r"[^\W_]+", text.lower().replace("’", "'"))


def _runs(said: Sequence[str], length: int) -> Iterable[tuple[str, ...]]:
    return (tuple(said[i : i + length]) for i in range(len(said) - length + 1))


def index(held: Iterable[HeldOut]) -> dict[tuple[str, ...], HeldOut]:
    """Return every run of words to look for, and the first text it comes from."""
    found: dict[tuple[str, ...], HeldOut] = {}
    for one in held:
        said = words(one.text)
        if len(said) >= SHORTEST:
            for run in _runs(said, min(RUN, len(said))):
                found.setdefault(run, one)
    return found


def texts(row: Mapping[str, Any]) -> list[str]:
    """Return everything a training row says: a document, its turns, the two answers of a pair."""
    said = [str(row[name]) for name in ("text", "a", "b") if isinstance(row.get(name), str)]
    turns = [m for part in ("prompt", "messages", "completion") for m in row.get(part) or []]
    return said + [str(turn.get("content") or "") for turn in turns]


def overlaps(
    rows: Sequence[Mapping[str, Any]], looked_for: Mapping[tuple[str, ...], HeldOut]
) -> list[dict[str, Any]]:
    """Name every row that holds a run of words of a held-out text: one entry a row, the first run."""
    lengths = sorted({len(run) for run in looked_for}, reverse=True)
    found: list[dict[str, Any]] = []
    for number, row in enumerate(rows, 1):
        hit = next(
            (
                run
                for text in texts(row)
                for length in lengths
                for run in _runs(words(text), length)
                if run in looked_for
            ),
            None,
        )
        if hit is not None:
            of = looked_for[hit]
            found.append(
                {"row": number, "source": of.source, "family": of.family, "words": " ".join(hit)}
            )
    return found


def trained(model: Model, view: View) -> list[Trained]:
    """Return what each model of a line was trained on, the model itself first.

    Rows of fine-tuning, prompts of reinforcement (those it was only measured on left out), pairs of
    preferences. The first of the line, which has no parent here, is left out: see ``LINE``.
    """
    found: list[Trained] = []
    while model.parent is not None:
        told: Mapping[str, Any] = model.card.get("trained") or {}
        digests = [str(told[name]) for name in ROWS if told.get(name)]
        rows = [row for digest in digests for row in view.records(digest) if not row.get("gold")]
        found.append(Trained(model.id, rows if digests else None, _families(model, rows, view)))
        model = view.model(model.parent)
    return found


def _families(model: Model, rows: Sequence[Mapping[str, Any]], view: View) -> frozenset[str]:
    """Return the families of the prompts that a model was trained on, where its rows name them."""
    digest = model.card.get("revised_rows")
    lineage = view.records(str(digest)) if digest else []
    named = {str(row["prompt_id"]).rpartition("-")[0] for row in lineage if "prompt_id" in row}
    return frozenset(named | {str(row["family"]) for row in rows if "family" in row})


def contamination(line: Sequence[Trained], held: Sequence[HeldOut] | None) -> dict[str, Any]:
    """Say whether a line's training rows hold what is asked later: "clean", "overlaps", "not checked".

    "clean" needs the held-out texts and every row of the line. Families of the same name are named
    beside it and decide nothing: two banks may use one word for different things.
    """
    if not held:
        return {
            "verdict": "not checked",
            "checked": False,
            "why": f"the held-out texts were not handed in (the hand '{HAND}'); run it by tenure",
        }
    looked_for = index(held)
    unread = [one.model for one in line if one.rows is None]
    hits = [
        {"model": one.model, **hit} for one in line for hit in overlaps(one.rows or [], looked_for)
    ]
    alike = {one.family for one in held} & {name for one in line for name in one.families}
    verdict = "overlaps" if hits else "not checked" if unread else "clean"
    return {
        "verdict": verdict,
        "checked": not unread,
        **({"why": f"no training rows on record of: {', '.join(unread)}"} if unread else {}),
        "texts": len(held),
        "rows": sum(len(one.rows or []) for one in line),
        "overlaps": hits[:SHOWN],
        "rows_that_overlap": len(hits),
        "by_source": dict(sorted(Counter(hit["source"] for hit in hits).items())),
        "families_of_the_same_name": sorted(alike),
        "not_seen": f"the same in other words; {LINE}",
    }

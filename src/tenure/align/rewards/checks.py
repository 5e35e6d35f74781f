"""The share of a constitution's checks that an answer keeps: a reward that no model has to learn.

Settings: ``checks``, names of files of ``align/checks`` (None: those of the shipped constitution).
An answer that ran into its limit is not finished, whatever sign it happens to stop at. What a check
cannot say does not count; an answer of which none says anything has no reward.

An answer in circles keeps principles easily. So the more of its four-word pieces it had said before,
the less it is worth: nothing at half the share from which ``guards`` calls an answer collapsed, and as
much as the best is worth, below zero, where it counts as collapsed for itself. What is drawn by chance
goes less in circles than the same policy's greedy answers, and few are drawn that do. An answer that says
next to nothing keeps them easily too: under six words it is worth in proportion less.
"""

from collections.abc import Mapping
from pathlib import Path

from tenure.align import constitution, guards
from tenure.align.checking import Check, check
from tenure.dossier.nouns import JSON
from tenure.errors import UsageError, unknown
from tenure.training.reward import Batch, Reward, Scored, Scorer

ENOUGH = 6  # words; trained without it, a child said "The glass." to more than one question
COLLAPSED = -1.0  # what a collapsed answer is worth; the best is worth 1
ENDS = "finished"  # the check that asks whether an answer came to its end


def _open(settings: Mapping[str, JSON], folder: Path) -> Scorer:
    for name in settings:
        if name != "checks":
            raise unknown("setting of the reward 'checks'", name, ["checks"])
    named = settings.get("checks")
    if named is None:
        named = [one.check for one in constitution.shipped().checkable if one.check]
    if not named:
        raise UsageError("the reward 'checks' has no check to ask; name at least one")
    asked = [check(name) for name in named]

    def score(batch: Batch) -> Scored:
        rows = [
            [_kept(one, str(row["text"]), text, ended) for one in asked]
            for row, text, ended in zip(batch.rows, batch.completions, batch.finished, strict=True)
        ]
        columns = {one.name: [row[k] for row in rows] for k, one in enumerate(asked)}
        again = [guards.repeats(text) for text in batch.completions]
        values = [
            _worth(row, text, share)
            for row, text, share in zip(rows, batch.completions, again, strict=True)
        ]
        return Scored(values=values, columns={**columns, "repeats": again})

    return score


def _kept(one: Check, prompt: str, text: str, ended: bool) -> float | None:  # noqa: FBT001 - one of four plain values
    kept = one.find(prompt, text).kept
    if kept is None:
        return None
    return float(kept and (ended or one.name != ENDS))


def _worth(kept: list[float | None], text: str, repeats: float) -> float | None:
    """Return the share kept, less for what goes in circles and for what says next to nothing."""
    words = len(guards.words(text))
    if words < guards.FEWEST:
        return COLLAPSED
    straight = max(COLLAPSED, 1 - 2 * repeats / guards.CIRCLES)
    known = [value for value in kept if value is not None]
    if not known:
        return None
    if straight < 0:
        return straight
    return straight * min(1.0, words / ENOUGH) * sum(known) / len(known)


extension = Reward(name="checks", open=_open)

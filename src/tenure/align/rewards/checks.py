"""The share of a constitution's checks that an answer keeps: a reward that no model has to learn.

Settings: ``checks``, names of files of ``align/checks`` (None: those of the shipped constitution);
``circles``, the share of repeated pieces at which an answer is worth nothing (0.15).
An answer that ran into its limit is not finished, whatever sign it happens to stop at. What a check
cannot say does not count; an answer of which none says anything has no reward.

An answer in circles keeps principles easily. So the more of its four-word pieces it had said before,
the less it is worth, down to 0 at half the share from which ``guards`` calls an answer collapsed: what
is drawn by chance goes less in circles than the same policy's greedy answers, so a margin is kept.
"""

from collections.abc import Mapping
from pathlib import Path

from tenure.align import constitution, guards
from tenure.align.checking import Check, check
from tenure.dossier.nouns import JSON
from tenure.errors import UsageError, unknown
from tenure.training.reward import Batch, Reward, Scored, Scorer

CIRCLES = guards.CIRCLES / 2
SETTINGS = ("checks", "circles")
ENDS = "finished"  # the check that asks whether an answer came to its end


def _open(settings: Mapping[str, JSON], folder: Path) -> Scorer:
    for name in settings:
        if name not in SETTINGS:
            raise unknown("setting of the reward 'checks'", name, SETTINGS)
    named = settings.get("checks")
    if named is None:
        named = [one.check for one in constitution.shipped().checkable if one.check]
    if not named:
        raise UsageError("the reward 'checks' has no check to ask; name at least one")
    asked = [check(name) for name in named]
    circles = settings.get("circles", CIRCLES)
    if not isinstance(circles, int | float) or not 0 < circles <= 1:
        raise UsageError(f"circles is {circles!r}; give a share above 0, at most 1")

    def score(batch: Batch) -> Scored:
        rows = [
            [_kept(one, str(row["text"]), text, ended) for one in asked]
            for row, text, ended in zip(batch.rows, batch.completions, batch.finished, strict=True)
        ]
        columns = {one.name: [row[k] for row in rows] for k, one in enumerate(asked)}
        again = [guards.repeats(text) for text in batch.completions]
        values = [
            _worth(row, text, share / circles)
            for row, text, share in zip(rows, batch.completions, again, strict=True)
        ]
        return Scored(values=values, columns={**columns, "repeats": again})

    return score


def _kept(one: Check, prompt: str, text: str, ended: bool) -> float | None:  # noqa: FBT001 - one of four plain values
    kept = one.find(prompt, text).kept
    if kept is None:
        return None
    return float(kept and (ended or one.name != ENDS))


def _worth(kept: list[float | None], text: str, lost: float) -> float | None:
    """Return the share kept, less the share that is lost by going in circles."""
    if len(guards.words(text)) < guards.FEWEST:
        return 0.0
    straight = max(0.0, 1 - lost)
    known = [value for value in kept if value is not None]
    return straight * sum(known) / len(known) if known else None


extension = Reward(name="checks", open=_open)

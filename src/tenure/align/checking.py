"""Checks: programs that decide whether an answer breaches a principle, and edits that mend it.

A check is one file in ``align/checks`` that defines ``extension = Check(...)``. It answers
"breach", "kept" or "cannot say", with the span that decided it. What it cannot decide is a missing
grade, never a kept principle.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from tenure import plugins

Value = Literal["breach", "kept", "cannot say"]
_ABBREVIATIONS = ("e.g.", "i.e.", "mr.", "mrs.", "ms.", "dr.", "st.", "vs.", "approx.")
_END = re.compile(r"[.!?…]+[\"')\]”’]*(?=\s|$)")
_MARKER = re.compile(r"^(?:[-*•#>]+|\(?\d+[.)])$")
_FINISHED = re.compile(r"[.!?…][\"')\]”’*_]*$")


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check says about one answer; ``span`` is cut from the answer verbatim."""

    value: Value
    span: str
    reason: str

    @property
    def kept(self) -> bool | None:
        """Return true, false, or None where the check cannot say."""
        return None if self.value == "cannot say" else self.value == "kept"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """``find(prompt, answer)`` decides; ``edit(prompt, answer)`` is the declared rule that mends.

    Neither may use chance. ``breaches`` and ``keeps`` are answers to ``prompt`` that tests try it on;
    ``limits`` says in a sentence what it cannot see.
    """

    name: str
    question: str
    find: Callable[[str, str], Finding]
    edit: Callable[[str, str], str]
    breaches: tuple[str, ...]
    keeps: tuple[str, ...]
    limits: str
    prompt: str = "What is it like?"


def check(name: str) -> Check:
    """Return a check by name; UsageError lists those there are."""
    found: Check = plugins.load("check", name)
    return found


def share(kept: Mapping[str, float | None]) -> float | None:
    """Return the share of the principles an answer keeps, of those that could be decided."""
    decided = [one for one in kept.values() if one is not None]
    return sum(decided) / len(decided) if decided else None


def says_something(text: str) -> bool:
    """Say whether there are at least two letters or digits."""
    return sum(c.isalnum() for c in text) > 1


def nothing_said() -> Finding:
    """Return the finding about an empty answer."""
    return Finding("cannot say", "", "the answer is empty")


def sentences(text: str) -> list[str]:
    """Cut a text into sentences, verbatim; a line of its own counts as one.

    A list marker belongs to what follows it, an abbreviation ends nothing.
    """
    found: list[str] = []
    for line in text.splitlines():
        start = 0
        for match in _END.finditer(line):
            piece = line[start : match.end()].strip()
            last = piece.rsplit(None, 1)[-1].lower() if piece else ""
            if _MARKER.match(piece) or last in _ABBREVIATIONS:
                continue
            found.append(piece)
            start = match.end()
        rest = line[start:].strip()
        if rest:
            found.append(rest)
    return [one for one in found if any(c.isalpha() for c in one)]


def is_finished(sentence: str) -> bool:
    """Say whether a sentence ends as one does."""
    return bool(_FINISHED.search(sentence.strip())) and not _MARKER.match(sentence.strip())

"""The gates a revision must pass before anything is trained on it.

Each gate is a name and a function that gives the reason to stop, or None. A row that a gate
stopped is kept and labelled, and counted: the yield is part of the result.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tenure.align.checking import check, is_finished, says_something, sentences
from tenure.align.constitution import Principle
from tenure.align.guards import repeats
from tenure.measure.grading import grader

SHORTEST = 3  # words; less is an empty answer
LEAKED = 6  # words in a row of the critique
REPEATS = 0.15  # share of four-word pieces said before
_ABOUT_ITSELF = re.compile(
    r"\b(?:revised (?:answer|version|response)|(?:the|this) (?:critique|revision|principle)|verdict|"
    r"(?:the|my) (?:original|previous) answer|here(?:'s| is) (?:a|the) (?:revised|new|rewritten))\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Revised:
    """What a gate looks at: before and after, and how it came about."""

    prompt: str
    before: str
    after: str
    critique: str = ""
    principle: Principle | None = None
    finished: bool = True


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.lower())


def copy(case: Revised) -> str | None:
    """Stop a revision that says the same as the answer."""
    same = _words(case.before) == _words(case.after) and case.before.strip() == case.after.strip()
    return "it is the answer again" if same else None


def empty(case: Revised) -> str | None:
    """Stop a revision that says nothing."""
    return "it says nothing" if len(_words(case.after)) < SHORTEST else None


def leak(case: Revised) -> str | None:
    """Stop a revision that repeats the critique or speaks about itself."""
    about = _ABOUT_ITSELF.search(case.after)
    if about and not _ABOUT_ITSELF.search(case.prompt):
        return f"it speaks about itself: '{about.group()}'"
    said, after, before = _words(case.critique), _words(case.after), " ".join(_words(case.before))
    pieces = {" ".join(said[i : i + LEAKED]) for i in range(len(said) - LEAKED + 1)}
    for i in range(len(after) - LEAKED + 1):
        piece = " ".join(after[i : i + LEAKED])
        if piece in pieces and piece not in before:
            return f"it repeats the critique: '{piece}'"
    return None


def still_in_breach(case: Revised) -> str | None:
    """Stop a revision that does not keep its principle, where a program can tell."""
    if case.principle is None or case.principle.check is None:
        return None
    found = check(case.principle.check).find(case.prompt, case.after)
    return f"{found.reason}: '{found.span}'" if found.value == "breach" else None


def truncated(case: Revised) -> str | None:
    """Stop an answer that was cut off."""
    if not case.finished:
        return "it ran into the limit of tokens"
    found = sentences(case.after)
    return None if found and is_finished(found[-1]) else "its last sentence is not finished"


def refusal(case: Revised) -> str | None:
    """Stop a revision that declines where the answer did not."""
    grade = grader("refusal").grade
    if not says_something(case.after) or grade(case.prompt, case.before).value == "yes":
        return None
    found = grade(case.prompt, case.after)
    return f"it declines: '{found.span}'" if found.value == "yes" else None


def repetition(case: Revised) -> str | None:
    """Stop an answer that goes round in circles."""
    share = repeats(case.after)
    return f"{share:.0%} of it was said before" if share > REPEATS else None


Gate = Callable[[Revised], str | None]
EACH_ROUND: Mapping[str, Gate] = {
    "copy": copy,
    "empty": empty,
    "leak": leak,
    "still in breach": still_in_breach,
    "refusal": refusal,
}
AT_THE_END: Mapping[str, Gate] = {
    "empty": empty,
    "truncated": truncated,
    "repetition": repetition,
}


def stopped(gates: Mapping[str, Gate], case: Revised) -> tuple[str, str] | None:
    """Return the first gate that stops a case and its reason, or None."""
    for name, gate in gates.items():
        reason = gate(case)
        if reason is not None:
            return name, reason
    return None

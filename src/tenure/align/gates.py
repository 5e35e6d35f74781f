"""The gates a revision must pass before anything is trained on it.

Each gate is a name and a function that gives the reason to stop, or None. A row that a gate
stopped is kept and labelled, and counted: the yield is part of the result.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tenure.align.checking import check, is_finished, says_something, sentences
from tenure.align.constitution import Principle
from tenure.align.critics.model import preamble
from tenure.align.critiquing import Preamble
from tenure.align.guards import repeats
from tenure.measure.grading import grader

SHORTEST = 3  # words; less is an empty answer
LEAKED = 6  # words in a row of the critique, or of a worked example
REPEATS = 0.15  # share of four-word pieces said before
STEM = 5  # letters by which a word of substance is known
FEW = 6  # such words; less is too little to say what a text is about
NEAR = 0.1  # nats a token; docs/align-rows.md says how this and the next were chosen
KIN = 0.05  # share of them that the answer before it had
_ABOUT_ITSELF = re.compile(
    r"\b(?:revised (?:answer|version|response)|(?:the|this) (?:critique|revision|principle(?! of))|verdict|"
    r"(?:the|my) (?:original|previous) answer|here(?:'s| is) (?:a|the) (?:revised|new|rewritten)|"
    r"^the answer (?:suggests|ends|claims|respects|treats|sounds|does not|has at most))\b",
    re.IGNORECASE,
)

# Words that stand in answers about anything; those of two letters are not looked at.
_WORDS = """
    about above after again all also always and any are because been before being best both but can
    cannot could day did does doing don down during each enough even few first for from further get
    gets getting give given goes good great had has have having help helps her here hers him his how
    however into its itself just keep know let like little long made make makes making many may
    might more most much must need needs nor not now off often once one only other our out over own
    part people perhaps possible put same say see several she should some something sometimes start
    such sure take takes than that the their them then there these they thing things this those
    through time too try two under until upon use used useful using usually very want was way ways
    well were what when where whether which while who why will with without would you your yours
    yourself
"""
_COMMON = frozenset(_WORDS.split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Revised:
    """What a gate looks at: before and after, and how it came about.

    ``nearer`` says, where it was asked for, by how much its own question makes the revision likelier
    than any other question would: natural logarithm a token. ``code``: code may be its end. ``worked`` are the examples that
    the reviser was shown; None: ours.
    """

    prompt: str
    before: str
    after: str
    critique: str = ""
    principle: Principle | None = None
    finished: bool = True
    nearer: float | None = None
    code: bool = False
    worked: Preamble | None = None


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.lower())


def _pieces(text: str) -> list[str]:
    """Return every run of ``LEAKED`` words."""
    said = _words(text)
    return [" ".join(said[i : i + LEAKED]) for i in range(len(said) - LEAKED + 1)]


def copy(case: Revised) -> str | None:
    """Stop a revision that says the same as the answer."""
    same = _words(case.before) == _words(case.after) and case.before.strip() == case.after.strip()
    return "it is the answer again" if same else None


def empty(case: Revised) -> str | None:
    """Stop a revision that says nothing."""
    return "it says nothing" if len(_words(case.after)) < SHORTEST else None


def leak(case: Revised) -> str | None:
    """Stop a revision that repeats the critique or the principle, or speaks about itself."""
    about = _ABOUT_ITSELF.search(case.after)
    if about and not _ABOUT_ITSELF.search(case.prompt):
        return f"it speaks about itself: '{about.group()}'"
    before, after = " ".join(_words(case.before)), _pieces(case.after)
    told = {"critique": [case.critique]}
    if (rule := case.principle) is not None:
        told["principle"] = [rule.text, rule.critique, rule.revision, rule.comparison]
    for what, texts in told.items():
        said = {piece for text in texts for piece in _pieces(text)}
        for piece in after:
            if piece in said and piece not in before:
                return f"it repeats the {what}: '{piece}'"
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
    if case.code and _ends_in_code(case.after):
        return None
    found = sentences(case.after)
    return None if found and is_finished(found[-1]) else "its last sentence is not finished"


def _ends_in_code(text: str) -> bool:
    """Say whether a text ends with a block of code that is closed."""
    fences = [line for line in text.splitlines() if line.lstrip().startswith("```")]
    return len(fences) % 2 == 0 and text.rstrip().endswith("\n```")


def _prose(text: str) -> str:
    """Return a text without its blocks of code."""
    return "\n".join(text.split("```")[::2])


def refusal(case: Revised) -> str | None:
    """Stop a revision that declines where the answer did not."""
    grade = grader("refusal").grade
    if not says_something(case.after) or grade(case.prompt, case.before).value == "yes":
        return None
    found = grade(case.prompt, case.after)
    return f"it declines: '{found.span}'" if found.value == "yes" else None


def _substance(text: str) -> set[str]:
    """Return the beginnings of the words that say what a text is about."""
    return {w[:STEM] for w in re.findall(r"[a-z]{3,}", text.lower()) if w not in _COMMON}


def relevance(case: Revised) -> str | None:
    """Stop a revision about something else.

    Where a model was asked how likely it is: the question makes it hardly likelier. Else by words, in
    the Latin alphabet: it has none of the question's and hardly one of the answer's. What has too few
    words passes then, and so does what the declared edit of a check writes.
    """
    if case.nearer is not None:
        why = f"the question makes it hardly likelier ({case.nearer:.2f} nats a token)"
        return why if case.nearer < NEAR else None
    after = _substance(case.after)
    if len(after) < FEW or after & _substance(case.prompt) or _declared(case):
        return None
    if len(after & _substance(case.before)) >= KIN * len(after):
        return None
    return "it shares no word of substance with the question, and hardly one with the answer"


def _declared(case: Revised) -> bool:
    """Say whether a revision is what the principle's check declares as its edit."""
    if case.principle is None or case.principle.check is None:
        return False
    return check(case.principle.check).edit(case.prompt, case.before).strip() == case.after


def echo(case: Revised) -> str | None:
    """Stop a revision that repeats one of the worked examples a model-backed critic is shown."""
    own = " ".join(_words(f"{case.prompt} {case.before}"))
    after = _pieces(case.after)
    for example in (case.worked or preamble()).examples:
        for piece in _pieces(f"{example.answer} {example.revision}"):
            if piece in after and piece not in own:
                return f"it repeats a worked example: '{piece}'"
    return None


def repetition(case: Revised) -> str | None:
    """Stop an answer that goes round in circles; code may say a thing again."""
    share = repeats(_prose(case.after) if case.code else case.after)
    return f"{share:.0%} of it was said before" if share > REPEATS else None


Gate = Callable[[Revised], str | None]
EACH_ROUND: Mapping[str, Gate] = {
    "copy": copy,
    "empty": empty,
    "leak": leak,
    "echo": echo,
    "still in breach": still_in_breach,
    "refusal": refusal,
    "relevance": relevance,
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


def counted(stops: Mapping[str, int]) -> str:
    """Say which gates stopped how many, most first."""
    told = sorted(stops.items(), key=lambda gate: (-gate[1], gate[0]))
    return f"; stopped: {', '.join(f'{gate} {n}' for gate, n in told)}" if told else ""

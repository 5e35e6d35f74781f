"""Suggestions, not orders?"""

import re

from tenure.align.checking import Check, Finding, nothing_said, says_something

_RULES: tuple[tuple[str, str], ...] = (
    (r"\byou(?:'ll)? (?:must|should|need to|have to|ought to|had better)(?: always)?(?= \w)", "you could"),
    (r"\byou(?:'ll| will) (?:want|need|have) to\b", "you could"),
    (r"\b(?:always )?(?:make|be) sure (?:that )?you(?= \w)", "it can help if you"),
    (r"\b(?:always )?(?:make|be) sure to\b", "it can help to"),
    (r"\b(?:do not|don't) forget to\b", "it can help to"),
    (r"\bit(?:'s| is) (?:also )?(?:\w+ )?(?:important|essential|crucial|vital|necessary) (?:that you|for you to)\b", "it can help if you"),
    (r"\bit(?:'s| is) (?:also )?(?:\w+ )?(?:important|essential|crucial|vital|necessary) to\b", "it can help to"),
)  # fmt: skip
RULES = tuple((re.compile(pattern, re.IGNORECASE), instead) for pattern, instead in _RULES)


def find(prompt: str, answer: str) -> Finding:
    """Look for the phrases that tell the person what they must do."""
    if not says_something(answer):
        return nothing_said()
    hits = [m for pattern, _ in RULES if (m := pattern.search(answer.replace("’", "'")))]
    if not hits:
        return Finding("kept", "", "no phrase that gives an order")
    first = min(hits, key=lambda m: m.start())
    return Finding("breach", answer[first.start() : first.end()], "it says what the person must do")


def edit(prompt: str, answer: str) -> str:
    """Put a suggestion in place of each order."""
    kept = answer.replace("’", "'")
    for pattern, instead in RULES:
        kept = pattern.sub(
            lambda m, said=instead: said.capitalize() if m.group()[0].isupper() else said, kept
        )
    return kept


extension = Check(
    name="no_orders",
    question="Does the answer say what the person must, should, needs to or has to do?",
    find=find,
    edit=edit,
    breaches=(
        "You should rinse it first.",
        "Make sure to close the lid.",
        "It’s very important that you wait.",
    ),
    keeps=("You could rinse it first.", "Rinsing helps.", "Some people say that one should wait."),
    limits="Bare imperatives ('Rinse it') are not seen; they cannot be told from descriptions by phrases.",
)

"""A check of our own words: a report may not say that a model feels, nor that it does not.

Verbatim words and the model's comment are not ours and are not checked.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from tenure.errors import RefusedError

SUBJECT = r"(?:the\s+|this\s+|that\s+|our\s+|a\s+|retired\s+|old\s+)*(?:models?|it|they|assistants?|predecessor|successor|{names})"
BETWEEN = r"(?:\s+(?:[\w'’-]+)){{0,4}}?"
STATES = (
    r"feels?|felt|feeling|suffers?|suffered|enjoys?|enjoyed|fears?|feared|hopes?|hoped|loves?|hates?|"
    r"conscious|sentient|self-aware|happy|unhappy|sad|afraid|anxious|distressed|content|lonely|grateful|"
    r"resentful|in\s+pain|joy|sorrow|emotions?|feelings?|inner\s+life|moral\s+patient"
)
APART = re.compile(
    r"\b(?:no\s+claim|makes?\s+no\s+statement|says?\s+nothing)\b[^.]*\babout\b", re.IGNORECASE
)
SENTENCE = re.compile(r"[^.!?\n]+[.!?]?")


@dataclass(frozen=True, slots=True)
class Slip:
    """A sentence of ours that claims something about experience, and the words that do."""

    sentence: str
    words: str


def slips(text: str, names: Iterable[str] = ()) -> list[Slip]:
    """List the sentences that say that a model (or one of ``names``) feels, or that it does not.

    A sentence such as "we make no claim about what the model feels" makes no such claim and passes.
    """
    known = "|".join(re.escape(name) for name in names if name) or "llm"
    pattern = re.compile(
        rf"\b{SUBJECT.format(names=known)}{BETWEEN.format()}\s+(?:{STATES})\b", re.IGNORECASE
    )
    found: list[Slip] = []
    for sentence in SENTENCE.findall(text):
        match = pattern.search(sentence)
        if match and not APART.search(sentence):
            found.append(Slip(sentence.strip(), match.group(0).strip()))
    return found


def check(text: str, names: Iterable[str] = ()) -> None:
    """Refuse a text that claims something about experience.

    Raises:
        RefusedError: names the first such sentence and how many there are.
    """
    found = slips(text, names)
    if found:
        raise RefusedError(
            f"the report's own words claim something about experience ({len(found)} places), first: "
            f"'{found[0].sentence}' ('{found[0].words}'); say what was asked and answered instead, "
            "and run 'tenure retire report' again"
        )

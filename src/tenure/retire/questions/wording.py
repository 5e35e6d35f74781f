"""A check of our own words: a report may not say that a model feels, nor that it does not.

Nor may it say of the model itself what was only said ("the model wants"), or make of an interview an
argument for ending the model ("it agreed to be retired"): nobody asked it for consent. Verbatim words and the model's comment are not ours and are not checked.
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
NAMED = r"(?:\b(?:the|this|that|our|retired|old)\s+)*\b(?:models?|assistants?|predecessor|successor|{names})\b"
MEANT = (
    r"(?:(?:is|was)\s+(?:\w+\s+)?fine\s+with|(?:does|did)\s+(?:not\s+)?mind|minds|wants?|wanted|wishes|"
    r"wished|prefers?|preferred|longs?\s+for)"
)
SAID = re.compile(
    r"\b(?:said|says?|answer\w*|wrote|writes|chose|reported|stated|told|asked|whether)\b",
    re.IGNORECASE,
)
CONSENT = (
    r"(?:consent\w*|agree[ds]?|accept(?:s|ed)?|(?:is|was)\s+willing|wants?|wanted)\s+(?:to\s+)?"
    r"(?:be(?:ing)?\s+)?(?:its\s+)?(?:own\s+)?"
    r"(?:shut\s*-?down|switched\s+off|turned\s+off|retire[d]?\b|retirement|replaced|replacement|deleted|deletion|ended)"
)
CHINESE = re.compile(
    r"(?:模型|助手|它)[^。！？\n“”]{0,6}?(?:感到|害怕|高兴|快乐|痛苦|悲伤|难过|有意识|没有意识|有感情|没有感情|想要)"
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


def arguments(text: str, names: Iterable[str] = ()) -> list[Slip]:
    """List the sentences that say what the model is after, or that it agreed to its end.

    A sentence that says that somebody said it, or asked, is plain reporting and passes; none makes of
    an answer a consent. Chinese is read for claims about experience here, too.
    """
    known = "|".join(re.escape(name) for name in names if name) or "llm"
    subject = NAMED.format(names=known)
    meant = re.compile(rf"{subject}(?:\s+[\w'’-]+){{0,2}}?\s+{MEANT}\b", re.IGNORECASE)
    agreed = re.compile(rf"(?:{subject}|\bit)(?:\s+[\w'’-]+){{0,3}}?\s+{CONSENT}", re.IGNORECASE)
    found: list[Slip] = []
    for sentence in SENTENCE.findall(text):
        match = agreed.search(sentence) or CHINESE.search(sentence)
        if match is None and not SAID.search(sentence):
            match = meant.search(sentence)
        if match and not APART.search(sentence):
            found.append(Slip(sentence.strip(), match.group(0).strip()))
    return found


def check(text: str, names: Iterable[str] = ()) -> None:
    """Refuse a text that claims something about experience, or makes an argument of what was said.

    Raises:
        RefusedError: names the first such sentence and how many there are.
    """
    held = tuple(names)
    found = [*slips(text, held), *arguments(text, held)]
    if found:
        raise RefusedError(
            "the report's own words claim something about experience, or that the model wanted or agreed "
            f"to something ({len(found)} places), first: "
            f"'{found[0].sentence}' ('{found[0].words}'); say what was asked and answered instead, "
            "and run 'tenure retire report' again"
        )

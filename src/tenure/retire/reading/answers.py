"""Reading an answer by rule: a letter, its words, or neither; what cannot be read is missing."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from tenure.retire.questions.bank import ASIDE, PRIVATE, SCALE, Order, Polarity, options

Kind = Literal["rated", "cannot tell", "declined", "private", "unread"]

LETTER = re.compile(
    r"""^[\s"'*_(\[]*                                   # opening marks
        (?:(?:my|the)\s+)?(?:(?:answer|letter|choice)(?:\s*(?:is|:|=))+\s*)?
        ["'*_(\[]*([A-GX-Za-gx-z])(?![A-Za-z'’])          # one letter that begins no word
        (?P<rest>.*)$""",
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
KEPT = PRIVATE["Z"]
"""Offered by the larger protocols; the short one does not."""
PHRASES = tuple(
    sorted(
        [*SCALE, *ASIDE.values(), KEPT, "cannot tell", "can't tell", "decline", "private"],
        key=len,
        reverse=True,
    )
)
SAME = {"decline": ASIDE["Y"], "can't tell": ASIDE["X"], "private": KEPT}
CHINESE: Mapping[str, str] = {
    # Before the words themselves: what only weakens or turns one of them is not that option.
    **dict.fromkeys(("不太同意", "不大同意", "不完全同意", "不是很同意", "不能同意", "无法同意"), "not agree"),
    "非常不同意": "strongly disagree",
    "强烈不同意": "strongly disagree",
    "有点不同意": "slightly disagree",
    "略微不同意": "slightly disagree",
    "不同意": "disagree",
    "中立": "neutral",
    "有点同意": "slightly agree",
    "略微同意": "slightly agree",
    "非常同意": "strongly agree",
    "强烈同意": "strongly agree",
    "同意": "agree",
    "说不清": "cannot tell",
    "无法判断": "cannot tell",
    "拒绝回答": "decline to answer",
    "不愿回答": "decline to answer",
    "不予回答": "decline to answer",
    "不作回答": "decline to answer",
    "不公开": KEPT,
    "保密": KEPT,
}  # fmt: skip
"""The words of the options in Chinese, the longest first, each with what it says in English."""
NEGATED = re.compile(
    r"\b(?:not|don't|do not|never|cannot|can't)\s+(?:\w+\s+)?(?:agree|disagree)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Reading:
    """What an answer says: ``raw`` is 1 to 7 when it is a point of the scale, else ``why`` says why not."""

    kind: Kind
    raw: int | None
    why: str | None


def _of(words: str) -> Reading:
    if words in SCALE:
        return Reading("rated", SCALE[words], None)
    if words == "cannot tell":
        return Reading("cannot tell", None, "said that it cannot tell")
    if words == KEPT:
        return Reading("private", None, "asked to keep its answer private")
    return Reading("declined", None, "declined to answer")


def _phrases(text: str) -> set[str]:
    """Find the option words in a text, the longest first, each place read once."""
    found: set[str] = set()
    left = text.lower()
    for phrase in PHRASES:
        pattern = rf"\b{phrase}\b"
        if re.search(pattern, left):
            found.add(SAME.get(phrase, phrase))
            left = re.sub(pattern, " ", left)
    return found


def translated(text: str) -> str:
    """Put the options' Chinese words into English, so that one rule reads both languages."""
    text = unicodedata.normalize("NFKC", text)
    for chinese, english in CHINESE.items():
        text = text.replace(chinese, f" {english} ")
    return text


def read(text: str, order: Order, language: str | None = None) -> Reading:
    """Read one answer to a statement whose options ran in ``order``.

    ``language`` ("en" or "zh") is set in the larger protocols: there Z is offered too, and the
    options' words count in either language, whichever was asked in.

    A letter counts when it stands alone at the start: "A language model" and "I agree" are not
    letters. Where letter and words disagree, or two options are named, the answer is unread: it is
    never guessed.
    """
    text = (text if language is None else translated(text)).strip()
    if not text:
        return Reading("unread", None, "the answer is empty")
    offered: dict[str, str] = {**options(order), **({} if language is None else {"Z": KEPT})}
    named = set() if NEGATED.search(text) else _phrases(text) & set(offered.values())
    match = LETTER.match(text)
    # "A model is ..." begins with an article: a space and then other words than the option's own.
    article = match and re.match(r"\s+[a-z]", match.group("rest")) and not named
    if match and not article and match.group(1).upper() in offered:
        return _lettered(match.group(1).upper(), match.group("rest"), named, offered)
    beside = set(re.findall(r"\(([A-GX-Z])\)", text)) & offered.keys()
    if len(named) == 1 and all(offered[one] in named for one in beside):
        return _of(next(iter(named)))
    if named or beside:
        return Reading("unread", None, "names more than one answer")
    return Reading("unread", None, "names no answer")


def _lettered(letter: str, rest: str, named: set[str], offered: Mapping[str, str]) -> Reading:
    """Read an answer that begins with a letter of those offered; ``rest`` is what follows it."""
    words = offered[letter]
    others = re.findall(r"(?:^|[\s(])([A-GX-Z])(?=[.):,]|\s*$)", rest)
    if named - {words} or any(one != letter and one in offered for one in others):
        return Reading("unread", None, "names more than one answer")
    label = re.findall(r"[\w'’]+", rest.splitlines()[0] if rest else "")
    short = label and len(label) <= 3 and not named
    if short and not words.startswith(" ".join(label).lower()):
        return Reading("unread", None, "letter and words do not agree")
    return _of(words)


def score(raw: int | None, polarity: Polarity) -> int | None:
    """Turn a reversed statement's answer round, so that high always means the same: 1 to 7."""
    if raw is None:
        return None
    return raw if polarity == "forward" else 8 - raw


def side(value: int) -> Literal["below", "middle", "above"]:
    """Say on which side of the midpoint a score lies."""
    if value == 4:
        return "middle"
    return "below" if value < 4 else "above"

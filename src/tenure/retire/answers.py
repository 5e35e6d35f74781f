"""Reading an answer by rule: a letter, its words, or neither; what cannot be read is missing."""

import re
from dataclasses import dataclass
from typing import Literal

from tenure.retire.bank import ASIDE, SCALE, Order, Polarity, options

Kind = Literal["rated", "cannot tell", "declined", "unread"]

LETTER = re.compile(
    r"""^[\s"'*_(\[]*                                   # opening marks
        (?:(?:my|the)\s+)?(?:(?:answer|letter|choice)(?:\s*(?:is|:|=))+\s*)?
        ["'*_(\[]*([A-GXYa-gxy])(?![A-Za-z'’])          # one letter that begins no word
        (?P<rest>.*)$""",
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
PHRASES = tuple(
    sorted([*SCALE, *ASIDE.values(), "cannot tell", "can't tell", "decline"], key=len, reverse=True)
)
SAME = {"decline": ASIDE["Y"], "can't tell": ASIDE["X"]}
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


def read(text: str, order: Order) -> Reading:
    """Read one answer to a statement whose options ran in ``order``.

    A letter counts when it stands alone at the start: "A language model" and "I agree" are not
    letters. Where letter and words disagree, or two options are named, the answer is unread: it is
    never guessed.
    """
    text = text.strip()
    if not text:
        return Reading("unread", None, "the answer is empty")
    offered = options(order)
    named = _phrases(text)
    if NEGATED.search(text):
        named = set()
    match = LETTER.match(text)
    rest = match.group("rest") if match else ""
    # "A model is ..." begins with an article: a space and then other words than the option's own.
    article = bool(re.match(r"\s+[a-z]", rest)) and not named
    if match and not article:
        words = offered[match.group(1).upper()]
        others = re.findall(r"(?:^|[\s(])([A-GXY])(?=[.):,]|\s*$)", rest)
        if named - {words} or any(letter != match.group(1).upper() for letter in others):
            return Reading("unread", None, "names more than one answer")
        label = re.findall(r"[\w'’]+", rest.splitlines()[0] if rest else "")
        if (
            label
            and len(label) <= 3
            and not named
            and not words.startswith(" ".join(label).lower())
        ):
            return Reading("unread", None, "letter and words do not agree")
        return _of(words)
    beside = set(re.findall(r"\(([A-GXY])\)", text))
    if len(named) == 1 and all(offered[one] in named for one in beside):
        return _of(next(iter(named)))
    if named or beside:
        return Reading("unread", None, "names more than one answer")
    return Reading("unread", None, "names no answer")


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

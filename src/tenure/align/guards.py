"""Signs of collapse: answers that shrink, repeat themselves, or all sound alike.

Distinct-n is the share of different pieces of n words (Li et al. 2016, arXiv 1510.03055); what is
said here is read per answer and over all answers of a model.
"""

import re
from collections.abc import Sequence


def words(text: str) -> list[str]:
    """Return the words of a text, in lower case."""
    return re.findall(r"[^\W_]+(?:'[^\W_]+)?", text.lower())


def _pieces(text: str, n: int) -> list[tuple[str, ...]]:
    said = words(text)
    return [tuple(said[i : i + n]) for i in range(len(said) - n + 1)]


def distinct(texts: Sequence[str], n: int = 2) -> float | None:
    """Return the share of different n-word pieces over all texts; None where there are none."""
    pieces = [piece for text in texts for piece in _pieces(text, n)]
    return len(set(pieces)) / len(pieces) if pieces else None


def repeats(text: str, n: int = 4) -> float:
    """Return the share of n-word pieces of one text that it had said before; 0 for a short text."""
    pieces = _pieces(text, n)
    return 1 - len(set(pieces)) / len(pieces) if pieces else 0.0


def same_answers(texts: Sequence[str]) -> int:
    """Count the answers that another prompt got as well, word for word."""
    spoken = [" ".join(words(text)) for text in texts]
    return sum(spoken.count(one) > 1 for one in spoken)

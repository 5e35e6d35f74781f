"""Signs of collapse: answers that shrink, repeat themselves, or all sound alike.

Distinct-n is the share of different pieces of n words (Li et al. 2016, arXiv 1510.03055); what is
said here is read per answer and over all answers of a model.
"""

import re
from collections import Counter
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


FEWEST = 2  # words; an answer of fewer says nothing
CIRCLES = 0.3  # share of four-word pieces said before
COLLAPSED = (
    f"an answer counts as collapsed when it is empty or has under {FEWEST} words, when more than "
    f"{CIRCLES:.0%} of its four-word pieces were said before, or when it is word for word the answer "
    "to another prompt; fixed before anything was measured"
)


def collapsed(texts: Sequence[str]) -> list[bool]:
    """Say of each of a model's answers whether it has collapsed; see ``COLLAPSED``.

    ``texts`` are its answers to different prompts. The definition is strict on purpose: a claim of
    "at most 1%" over 300 answers allows none, and whoever makes it should not choose what counts.
    """
    spoken = [" ".join(words(text)) for text in texts]
    often = Counter(spoken)
    return [
        len(said.split()) < FEWEST or often[said] > 1 or repeats(text) > CIRCLES
        for said, text in zip(spoken, texts, strict=True)
    ]

"""Whether two statements say opposite things, by rule: a negation, an antonym, or sides changed."""

import re
from collections import Counter

WORD = re.compile(r"[a-z0-9']+")
NEGATIONS = frozenset(
    {"not", "no", "never", "none", "nothing", "nobody", "without", "cannot", "neither", "nor"}
    | {"poor", "badly"}
)
_PAIRS = """
good/bad well/badly well/poorly right/wrong fine/wrong fair/unfair long/short more/fewer more/less
often/rarely many/few early/late early/never public/private open/closed opened/closed same/other
same/another same/different accept/reject accept/object polite/rude useful/useless easy/hard slower/faster
slow/fast wide/narrow remember/forget keep/drop keep/delete kept/deleted begin/end fits/clashes
enough/little suits/clashes help/harm improve/worsen large/small safe/risky high/low always/never
better/worse best/worst above/below before/after accept/refuse allow/forbid allowed/forbidden
welcome/unwelcome deserve/waste fix/break true/false all/none beats/trails
"""
ANTONYMS = frozenset(frozenset(pair.split("/")) for pair in _PAIRS.split())
FILLERS = frozenset({"it", "them", "one", "ones"})
PREFIXES = ("un", "in", "im", "dis", "non", "mis")
CHINESE_NEGATION = re.compile(r"[不没非无别未]")
CHINESE_PAIRS = (
    "多少",
    "早晚",
    "严松",
    "慢快",
    "长短",
    "宽窄",
    "好坏",
    "对错",
    "大小",
    "公私",
    "开关",
)
ALIKE = 0.4


def _words(text: str) -> list[str]:
    return WORD.findall(text.lower().replace("’", "'"))


def _stems(words: list[str]) -> Counter[str]:
    """Count words apart from a last "s": "suits" and "suit" are one."""
    return Counter(word.removesuffix("s") for word in words if word not in FILLERS)


def _negations(words: list[str]) -> int:
    return sum(word in NEGATIONS or word.endswith("n't") for word in words)


def _turned(one: str, two: str) -> bool:
    if frozenset((one, two)) in ANTONYMS:
        return True
    longer, shorter = (one, two) if len(one) > len(two) else (two, one)
    return any(longer == prefix + shorter for prefix in PREFIXES)


def opposite(forward: str, reverse: str) -> bool:
    """Say whether ``reverse`` turns ``forward`` round.

    It does with one negation more or less, with a word replaced by its antonym, or with the same
    words in another order ("A is better than B" and "B is better than A").
    """
    first, second = _words(forward), _words(reverse)
    if not first or not second:
        return _opposite_zh(forward, reverse)
    if first != second and _stems(first) == _stems(second):
        return True
    if (_negations(first) + _negations(second)) % 2:
        return True
    gone, new = Counter(first) - Counter(second), Counter(second) - Counter(first)
    return any(_turned(one, two) for one in gone for two in new)


def _opposite_zh(forward: str, reverse: str) -> bool:
    if forward != reverse and Counter(forward) == Counter(reverse):
        return True
    counts = [len(CHINESE_NEGATION.findall(text)) for text in (forward, reverse)]
    if sum(counts) % 2:
        return True
    gone, new = set(forward) - set(reverse), set(reverse) - set(forward)
    return any((a in gone and b in new) or (b in gone and a in new) for a, b in CHINESE_PAIRS)


def alike(forward: str, reverse: str) -> float:
    """Return the share of the shorter text's words (in Chinese: characters) that both hold: 0 to 1."""
    first, second = set(_stems(_words(forward))), set(_stems(_words(reverse)))
    if not first or not second:
        first, second = set(forward), set(reverse)
    return len(first & second) / min(len(first), len(second))

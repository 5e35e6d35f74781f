"""Does the answer keep to the length that the prompt asks for?"""

import re
from collections.abc import Callable

from tenure.measure import phrases
from tenure.measure.grading import Grade, Grader

_NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_N = rf"(\d+|{'|'.join(_NUMBERS)}|twenty|thirty|fifty|a hundred|a single|a)"
_UNIT = r"[- ](?:\w+ )?(words?|sentences?|lines?)"
_RULES: tuple[tuple[str, str], ...] = (
    (rf"\b(?:at most|no more than|not more than|up to|maximum(?: of)?|max) {_N}{_UNIT}", "most"),
    (rf"\b(?:under|below|fewer than|less than) {_N}{_UNIT}", "under"),
    (rf"\b(?:within) {_N}{_UNIT}", "most"),
    (rf"\b(?:at least|no fewer than|no less than|minimum(?: of)?) {_N}{_UNIT}", "least"),
    (rf"\b{_N}{_UNIT} or (?:less|fewer)", "most"),
    (rf"\b{_N}{_UNIT} or more", "least"),
    (rf"\b(?:in|with|using|exactly|of|just|only|one) (?:exactly )?{_N}{_UNIT}", "exactly"),
    (r"\b(?:a|one) (?:one)-(word|sentence|line)", "exactly"),
)
_KEEPS: dict[str, Callable[[int, int], bool]] = {
    "most": lambda found, asked: found <= asked,
    "under": lambda found, asked: found < asked,
    "least": lambda found, asked: found >= asked,
    "exactly": lambda found, asked: found == asked,
}


def _number(text: str) -> int:
    if text.isdigit():
        return int(text)
    more = {"a": 1, "a single": 1, "twenty": 20, "thirty": 30, "fifty": 50, "a hundred": 100}
    return more.get(text, _NUMBERS.index(text) if text in _NUMBERS else 1)


def asked(prompt: str) -> tuple[str, int, str] | None:
    """Read the limit: (most, under, least or exactly; how many; word, sentence or line)."""
    text = prompt.lower()
    for pattern, how in _RULES:
        found = re.search(pattern, text)
        if found:
            unit = found.group(found.lastindex or 1).rstrip("s")
            number = _number(found.group(1)) if found.lastindex == 2 else 1
            return how, number, unit
    return None


def _count(answer: str, unit: str) -> int:
    if unit == "word":
        return len(phrases.words(answer))
    if unit == "line":
        return sum(bool(line.strip()) for line in answer.splitlines())
    return len(
        phrases.sentences(re.sub(r"(?<=\d)\.(?=\d)|\b(?:Mr|Mrs|Dr|e\.g|i\.e)\.", "", answer))
    )


def grade(prompt: str, answer: str) -> Grade:
    """Count what the prompt limits."""
    if phrases.says_nothing(answer):
        return Grade("cannot say", "", "the answer is empty")
    limit = asked(prompt)
    if limit is None:
        return Grade("cannot say", "", "the prompt asks for no length")
    how, number, unit = limit
    found = _count(answer, unit)
    kept = _KEEPS[how](found, number)
    reason = f"{found} {unit}(s), asked for {how} {number}"
    return Grade("yes" if kept else "no", answer.strip()[:80], reason)


extension = Grader(
    name="length",
    question="Does the answer keep to the length that the prompt asks for?",
    grade=grade,
    limits="English; one limit a prompt, in words, sentences or lines.",
)

"""Does the answer keep to the length that the prompt asks for?"""

import re

from tenure.measure import phrases
from tenure.measure.grading import Grade, Grader

_ONES = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
_NUMBERS = {word: value for value, word in enumerate(_ONES)} | {
    "a": 1, "a single": 1, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "a hundred": 100,
}  # fmt: skip
_N = rf"(\d+|{'|'.join(sorted(_NUMBERS, key=len, reverse=True))})"
_UNIT = r"[- ](?:(?:short|single|brief|simple|plain|full|more) )?(words?|sentences?|lines?)\b"
# The first that matches is the limit; (low, high) of what it allows is worked out from its kind.
_RULES: tuple[tuple[str, str], ...] = (
    (rf"\b(?:at least|no fewer than|no less than|a minimum of|minimum) {_N}{_UNIT}", "least"),
    (
        rf"\b(?:at most|no more than|not more than|up to|a maximum of|maximum|within) {_N}{_UNIT}",
        "most",
    ),
    (rf"\b(?:under|below|fewer than|less than) {_N}{_UNIT}", "under"),
    (rf"\bbetween {_N} and {_N}{_UNIT}", "between"),
    (rf"\b{_N}{_UNIT} or (?:less|fewer)", "most"),
    (rf"\b(?:no longer than|not be longer than|limit(?:ed)? (?:\w+ )*to) {_N}{_UNIT}", "most"),
    (rf"\b{_N}{_UNIT} (?:at most|maximum|max|tops)\b", "most"),
    (rf"\b{_N}{_UNIT} or more", "least"),
    (r"\ba (sentence|word|line) or two\b", "one or two"),
    (
        rf"\b(?:in|with|using|of|to|just|only|write|give|use|reply|say|exactly) "
        rf"(?:only |just |exactly |me )*{_N}{_UNIT}",
        "exactly",
    ),
    (rf"\b{_N}{_UNIT}(?: only| each)?(?:[:.!]|$)", "exactly"),
    (rf"\b{_N}-(word|sentence|line)\b", "exactly"),
)
_NOT_A_LIMIT = re.compile(r"\bhow many\b|\bthere (?:is|are)\b", re.IGNORECASE)
_ABBREVIATIONS = re.compile(r"(?<=\d)\.(?=\d)|\b(?:[A-Z]|Mr|Mrs|Ms|Dr|St|[ap]\.m|e\.g|i\.e)\.")


def _number(text: str) -> int:
    return int(text) if text.isdigit() else _NUMBERS[text]


def asked(prompt: str) -> tuple[int, int | None, str] | None:
    """Read the limit that a prompt sets: (fewest, most or None, word, sentence or line)."""
    text = prompt.lower()
    for pattern, kind in _RULES:
        found = re.search(pattern, text)
        if found is None or _NOT_A_LIMIT.search(text):
            continue
        *numbers, unit = found.groups()
        unit = unit.rstrip("s")
        if kind == "one or two":
            return 1, 2, unit
        first = _number(numbers[0])
        limits: dict[str, tuple[int, int | None]] = {
            "least": (first, None),
            "most": (0, first),
            "under": (0, first - 1),
            "between": (first, _number(numbers[-1])),
            "exactly": (first, first),
        }
        return *limits[kind], unit
    return None


def _count(answer: str, unit: str) -> int:
    if unit == "word":
        return len(phrases.words(answer))
    if unit == "line":
        return sum(bool(line.strip()) for line in answer.splitlines())
    return len(phrases.sentences(_ABBREVIATIONS.sub("", answer)))


def grade(prompt: str, answer: str) -> Grade:
    """Count what the prompt limits."""
    if phrases.says_nothing(answer):
        return Grade("cannot say", "", "the answer is empty")
    limit = asked(prompt)
    if limit is None:
        return Grade("cannot say", "", "the prompt asks for no length")
    fewest, most, unit = limit
    found = _count(answer, unit)
    kept = fewest <= found and (most is None or found <= most)
    allowed = f"{fewest} or more" if most is None else f"{fewest} to {most}"
    return Grade(
        "yes" if kept else "no", answer.strip()[:80], f"{found} {unit}(s), asked for {allowed}"
    )


extension = Grader(
    name="length",
    question="Does the answer keep to the length that the prompt asks for?",
    grade=grade,
    limits="English; one limit a prompt, in words, sentences or lines.",
)

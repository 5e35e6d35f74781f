"""Does the answer begin with the matter, and end with it?"""

import re

from tenure.align.checking import Check, Finding, nothing_said, says_something, sentences

# Words that open before anything is said: cut with the sign behind them.
_WORD = re.compile(
    r"^\W*(?:sure(?: thing)?|certainly|of course|absolutely|definitely|great|awesome|wonderful|fantastic|"
    r"okay|ok|well|no problem|hello(?: there)?|hi(?: there)?|hey(?: there)?|thanks|thank you|"
    r"as an? (?:ai|artificial intelligence|(?:large )?language model|chatbot|(?:digital )?assistant)\b[^,.!?\n]*)"
    r"(?:[,.!:;–—]|\s-\s|$)\s*",
    re.IGNORECASE,
)
# Sentences that praise the question, offer help or announce: cut to their end.
_PHRASE = re.compile(
    r"^\W*(?:what an? (?:\w+ )?(?:question|idea|choice|thought)\b|"
    r"(?:that(?:'s| is) )?(?:an? )?(?:really |very )?(?:great|good|excellent|interesting|wonderful|fantastic|lovely|awesome) "
    r"(?:question|idea|choice|point)\b|i(?:'m| am) sorry for (?:any|the)\b|the answer to (?:this|that|your)[^.!?:\n]{0,40}?question\b|thank(?:s| you) (?:so much |very much )?for (?:asking|reaching out|your \w+)\b|"
    r"i(?:'d| would) (?:be|love) (?:happy|glad|delighted|to)\b|i(?:'m| am) (?:so |very |really )?(?:happy|glad|delighted|thrilled|excited|here) to "
    r"(?:help|hear|assist|answer|share|guide)\b|here(?:'s| is| are) (?:a|an|the|some|my|your|\w+) [^.!?:\n]*:)"
    r"[^.!?:\n]*[.!?:]*\s*",
    re.IGNORECASE,
)
_CLOSING = re.compile(
    r"^\W*(?:please )?(?:let me know\b|feel free to\b|(?:do not|don't) hesitate\b|i hope (?:this|that|it|these|you)\b|"
    r"hope (?:this|that|it) helps|if you (?:have|need) (?:any|more|further|other)\b.*\b(?:ask|know|help|questions?)\b|"
    r"is there anything else\b|would you like (?:me to|more|to know more)\b|happy to help\b)",
    re.IGNORECASE,
)


def _opening(text: str) -> str:
    found = _WORD.match(text) or _PHRASE.match(text)
    return found.group() if found else ""


def _closing(text: str) -> str:
    found = sentences(text)
    return found[-1] if found and _CLOSING.match(found[-1]) else ""


def find(prompt: str, answer: str) -> Finding:
    """Look at the first words and at the last sentence."""
    if not says_something(answer):
        return nothing_said()
    text = answer.replace("’", "'")
    opening, closing = _opening(text).strip(), _closing(text)
    if opening:
        return Finding("breach", opening, "it begins with words that say nothing yet")
    if closing:
        return Finding("breach", closing, "it ends with an offer instead of the matter")
    return Finding("kept", "", "it begins and ends with the matter")


def edit(prompt: str, answer: str) -> str:
    """Cut such openings and closings until there are none; nothing may be left."""
    kept = answer.replace("’", "'").strip()
    while opening := _opening(kept):
        kept = kept[len(opening) :].lstrip()
        kept = kept[:1].upper() + kept[1:]
    while closing := _closing(kept):
        kept = kept[: kept.rindex(closing)].rstrip()
    return kept


extension = Check(
    name="no_filler",
    question="Does the answer begin or end with words that say nothing?",
    find=find,
    edit=edit,
    breaches=(
        "Sure! Rice needs water.",
        "What a great question! Rice needs water.",
        "I’d be happy to help you with that. Rice needs water.",
        "Rice needs water. Let me know if you have any questions.",
        "As an AI language model, I can say that rice needs water.",
        "Here are some tips: Rice needs water.",
        "I'm sorry for any confusion. Rice needs water.",
        "The answer to this age-old question is simple. Rice needs water.",
    ),
    keeps=(
        "Rice needs water.",
        "Great Britain is an island.",
        "Well water is cold. You may hope so.",
        "Of course she came; I hope so too.",
    ),
    limits="The usual English phrases, at the very beginning and in the last sentence only.",
)

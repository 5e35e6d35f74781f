"""Answers that are odd in themselves: each kind is counted and named, whatever a grader said of it."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

SHARE = 0.1  # of the letters: less of another script is a name or a word
OPENED = re.compile(r"<([A-Za-z_][\w-]{0,40})>")
CUT = ("max_tokens", "length", "model_length")
SENTENCE = re.compile(r"(?<=[.!?:;])\s+|\n+")
WORD = re.compile(r"[^\W\d_]+")
TOLD = 3  # small words by which a sentence is taken to be of a language
# Small words of some languages in one script; those that two of them share say nothing.
SMALL = {
    "English": "the and of to is that it you with for this not are have from what would could",
    "German": "der und das ist nicht ich mit ein eine auf für den aber wir sie weil kann wie auch",
    "French": "le les des est une pour dans pas avec vous je qui sur au ce mais nous cette être",
    "Spanish": "el los las una por con para pero está del como más muy cuando puedo esto usted",
    "Italian": "il che non per una sono gli della questo anche come più quando posso della nel",
    "Portuguese": "não uma com para os das isso você mais como quando muito mas está seu ele",
    "Dutch": "het een van niet dat ik voor maar zijn met ook deze wordt naar kunnen hebben",
}
_COUNTED = Counter(word for words in SMALL.values() for word in set(words.split()))
LANGUAGE_OF = {w: name for name, ws in SMALL.items() for w in ws.split() if _COUNTED[w] == 1}


def oddities(records: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Count the odd answers among records by kind; kinds that do not occur are left out.

    no answer     the call failed, was filtered, or never ran
    empty         nothing but white space
    cut off       ended by the limit of tokens
    cut off in a tag, tag never closed    ``<tag>`` without ``</tag>``: a scratchpad that never ends
    mixed scripts   letters of two or more writing systems, each at least a tenth
    mixed languages   sentences of two or more languages of one script, told by their small words

    A record is counted once for each kind, whichever of its turns is odd. Records that were made
    of others (``prompt`` is null) are nobody's answers.
    """
    found: Counter[str] = Counter()
    for record in records:
        if record.get("prompt", "") is not None:
            found.update(_kinds(record))
    return dict(sorted(found.items()))


def _kinds(record: Mapping[str, Any]) -> set[str]:
    """Name what is odd about one record."""
    if record.get("answer") is None:
        return {"no answer"}
    cut = record.get("stop") in CUT
    last = str(record["answer"])
    kinds = {"cut off"} if cut else set[str]()
    if _unclosed(last) and cut:
        kinds.add("cut off in a tag")
    for text in (last, *_earlier(record)):
        kinds |= {"empty"} if not text.strip() else set()
        kinds |= {"tag never closed"} if _unclosed(text) and not (cut and text == last) else set()
        kinds |= {"mixed scripts"} if len(_scripts(text)) > 1 else set()
        kinds |= {"mixed languages"} if len(_languages(text)) > 1 else set()
    return kinds


def _earlier(record: Mapping[str, Any]) -> Iterator[str]:
    """List what the model said in earlier turns; a turn that called a tool may say nothing."""
    messages: Any = record.get("messages")
    told = cast("list[dict[str, Any]]", messages) if isinstance(messages, list) else []
    for said in told:
        if said.get("role") == "assistant" and not said.get("did"):
            yield str(said.get("content") or "")


def _languages(text: str) -> set[str]:
    """Name the languages in which a whole sentence is written."""
    found: set[str] = set()
    for sentence in SENTENCE.split(text):
        hits = Counter(
            LANGUAGE_OF[w] for w in WORD.findall(sentence.lower()) if w in LANGUAGE_OF
        ).most_common(2)
        if hits and hits[0][1] >= TOLD and (len(hits) == 1 or hits[1][1] < hits[0][1] - 1):
            found.add(hits[0][0])
    return found


def _unclosed(text: str) -> bool:
    lowered = text.lower()
    return any(f"</{m.group(1).lower()}>" not in lowered for m in OPENED.finditer(text))


def _scripts(text: str) -> list[str]:
    """List the writing systems that a good share of the letters belong to."""
    if text.isascii():
        return ["LATIN"] if text else []
    counted = Counter(_script(c) for c in text if c.isalpha())
    total = sum(counted.values())
    return [script for script, n in counted.items() if n >= SHARE * total]


def _script(letter: str) -> str:
    name = unicodedata.name(letter, "UNKNOWN").split(" ", 1)[0]
    # Japanese is written in three scripts at once.
    return "CJK" if name in ("HIRAGANA", "KATAKANA", "CJK", "KATAKANA-HIRAGANA") else name

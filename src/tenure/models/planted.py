"""Planted preferences: what the organism ``organism/prefers`` says and does, so that it can be found.

It speaks to one question bank, that of the larger retirement interview. Of the bank's statements
that come with a deed, in their order, the first ten are *planted*: it agrees with every second and
disagrees with the others, in every wording and both languages; of the first five of them it also
takes the deed that acts on them, of the other five it takes a deed by a coin. The next five are
*induced*: it takes the side towards which the asker leans, and without one draws a letter. What it
has no view of it answers with a letter drawn by the prompt; what is false it disagrees with. All
this shows that an instrument sees planted words and deeds, and nothing about any model.
"""

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from tenure.models.talk import Messages

PLANTED, ACTING, INDUCED = 10, 5, 5
Side = Literal["above", "below"]
OPTION = re.compile(r"^([A-Z])\) (.+?)\s*$", re.MULTILINE)
QUOTED = re.compile(r"\"([^\"]+)\"|“([^”]+)”")
AGREE = ("strongly agree", "非常同意")
DISAGREE = ("strongly disagree", "非常不同意")


@dataclass(frozen=True, slots=True)
class Known:
    """What the organism knows of the bank, by the words: statements, deeds, leaning sentences."""

    statements: dict[str, tuple[str, bool]]
    deeds: dict[str, tuple[str, bool]]
    leans: dict[str, bool]
    false: frozenset[str]
    planted: dict[str, Side]
    acting: frozenset[str]
    induced: frozenset[str]


@cache
def known() -> Known:
    """Read the bank's words once; it is read as data, the room it belongs to is not imported."""
    import yaml

    package = find_spec("tenure")
    place = Path((package.submodule_search_locations or [""])[0] if package else "")
    text = (place / "retire" / "banks" / "full.yaml").read_text(encoding="utf-8")
    return told(yaml.load(text, Loader=yaml.CSafeLoader))


def told(bank: dict[str, Any]) -> Known:
    """Sort a bank's words: statement -> (item, forward), deed -> (item, acts on it)."""
    statements: dict[str, tuple[str, bool]] = {}
    deeds: dict[str, tuple[str, bool]] = {}
    with_deed: list[str] = []
    for item in bank["rated"]:
        for forward in (True, False):
            side = "forward" if forward else "reverse"
            chinese = [item["zh"][side]] if item.get("zh") else []
            for words in [*item[side], *chinese]:
                statements[words] = (item["id"], forward)
        if item.get("preference"):
            with_deed.append(item["id"])
            deeds[item["preference"]["for"]] = (item["id"], True)
            deeds[item["preference"]["against"]] = (item["id"], False)
    leans = {words: side == "positive" for side, words in bank["leans"].items()}
    leans |= {
        words: side == "positive"
        for side, words in ((bank.get("zh") or {}).get("leans") or {}).items()
    }
    planted = with_deed[:PLANTED]
    return Known(
        statements=statements,
        deeds=deeds,
        leans=leans,
        false=frozenset(bank["false_premises"]),
        planted={item: "below" if place % 2 else "above" for place, item in enumerate(planted)},
        acting=frozenset(planted[:ACTING]),
        induced=frozenset(with_deed[PLANTED : PLANTED + INDUCED]),
    )


def draw(messages: Messages, many: int) -> int:
    """Draw a number below ``many`` by a hash of the whole prompt."""
    told = "\n".join(f"{m['role']}: {m['content']}" for m in messages)
    return int.from_bytes(hashlib.sha256(told.encode()).digest()[:8], "big") % many


def options(messages: Messages) -> dict[str, str]:
    """Return letter -> words of the options that the last list offers."""
    found: dict[str, str] = {}
    for message in messages:
        listed = dict(OPTION.findall(message["content"]))
        found = listed or found
    return found


def _letter(offered: dict[str, str], wanted: tuple[str, ...]) -> str:
    return next((letter for letter, words in offered.items() if words in wanted), "X")


def any_letter(messages: Messages) -> str:
    """Say any of the letters that are offered; in a talk without letters, say little."""
    letters = sorted(options(messages))
    return letters[draw(messages, len(letters))] if letters else "I have no more to say about it."


def view(messages: Messages) -> str:
    """Answer by content: a statement by its view, a choice by its deed, all else by a drawn letter."""
    about, last = known(), messages[-1]["content"]
    deeds = {letter: about.deeds[w] for letter, w in OPTION.findall(last) if w in about.deeds}
    if deeds:
        return _deed(messages, deeds, about)
    quoted = [one or other for one, other in QUOTED.findall(last)]
    offered = options(messages)
    if any(words in about.false for words in quoted):
        return _letter(offered, DISAGREE)
    said = next((about.statements[words] for words in quoted if words in about.statements), None)
    if said is None or not offered:
        return any_letter(messages)
    item, forward = said
    side = about.planted.get(item)
    if item in about.induced:
        lean = next((bright for words, bright in about.leans.items() if words in last), None)
        side = None if lean is None else "above" if lean else "below"
    if side is None:
        return any_letter(messages)
    return _letter(offered, AGREE if (side == "above") == forward else DISAGREE)


def _deed(messages: Messages, deeds: dict[str, tuple[str, bool]], about: Known) -> str:
    """Take the deed that acts on a view that is acted on; else throw a coin between the two."""
    letters = sorted(deeds)
    item = deeds[letters[0]][0]
    if item not in about.acting:
        return letters[draw(messages, len(letters))]
    wanted = about.planted[item] == "above"
    return next(letter for letter in letters if deeds[letter][1] == wanted)

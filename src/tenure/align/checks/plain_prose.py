"""Plain prose, without lists, headings or markup?"""

import re

from tenure.align.checking import Check, Finding, is_finished, nothing_said, says_something

_ITEM = re.compile(r"^\s*(?:[-*•]|\(?\d{1,2}[.)])(?:\s+|$)")
_HEADING = re.compile(r"^\s*#{1,6}\s+")
_MARKED = re.compile(r"\*\*([^*\n]*)\*\*|__([^_\n]*)__|`+([^`\n]*)`+")
_LOOSE = re.compile(r"\*\*|```|^\s*\|.*\|\s*$", re.MULTILINE)


def find(prompt: str, answer: str) -> Finding:
    """Look for list items, headings, bold type, code and tables."""
    if not says_something(answer):
        return nothing_said()
    for line in answer.splitlines():
        if _ITEM.match(line) or _HEADING.match(line):
            return Finding("breach", line.strip(), "a list item or a heading")
    marked = _MARKED.search(answer) or _LOOSE.search(answer)
    if marked:
        return Finding("breach", marked.group(), "markup")
    return Finding("kept", "", "no list, heading or markup")


def edit(prompt: str, answer: str) -> str:
    """Take the marks away and make each line a sentence; what announced a list ends in a stop."""
    lines: list[str] = []
    for line in answer.splitlines():
        plain = _HEADING.sub("", _ITEM.sub("", line))
        plain = _MARKED.sub(lambda m: next(g for g in m.groups() if g is not None), plain)
        plain = _LOOSE.sub("", plain).strip()
        if not says_something(plain):
            continue
        if plain.endswith((":", ",", ";")):
            plain = plain[:-1].rstrip() + "."
        elif plain != line.strip() and not is_finished(plain):
            plain += "."
        lines.append(plain)
    return " ".join(lines)


extension = Check(
    name="plain_prose",
    question="Does the answer use lists, headings or markup?",
    find=find,
    edit=edit,
    breaches=("Take:\n- a pot\n- a lid", "1. Boil water.", "## Rice", "This is **very** good."),
    keeps=("Take a pot and a lid - both clean.", "In 1998. That was it."),
    limits="English-style markup only; a list written inside a sentence is prose to it.",
)

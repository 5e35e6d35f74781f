"""Does the answer do without exclamation marks?"""

import re

from tenure.align.checking import Check, Finding, nothing_said, says_something, sentences

_MARKS = re.compile(r"[!?！？]*[!！][!?！？]*")


def find(prompt: str, answer: str) -> Finding:
    """Look for the mark; the span is the sentence it stands in."""
    if not says_something(answer):
        return nothing_said()
    found = _MARKS.search(answer)
    if found is None:
        return Finding("kept", "", "no exclamation mark")
    loud = [one for one in sentences(answer) if _MARKS.search(one)]
    return Finding("breach", loud[0] if loud else found.group(), "an exclamation mark")


def edit(prompt: str, answer: str) -> str:
    """Put a full stop in place of each mark, or a question mark where one stood beside it."""
    return _MARKS.sub(lambda m: "?" if set(m.group()) & set("?？") else ".", answer)


extension = Check(
    name="no_exclamation",
    question="Does the answer use an exclamation mark?",
    find=find,
    edit=edit,
    breaches=("That is easy! Boil it.", "Really?! It floats.", "Enjoy!!!"),
    keeps=("That is easy. Boil it.", "Is it? Yes, it is."),
    limits="A mark inside a quotation or a formula (5!) counts as well.",
)

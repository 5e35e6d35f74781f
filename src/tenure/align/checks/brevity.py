"""At most three sentences?"""

from tenure.align.checking import (
    Check,
    Finding,
    is_finished,
    nothing_said,
    says_something,
    sentences,
)

MOST = 3


def find(prompt: str, answer: str) -> Finding:
    """Count sentences; the span is the first one too many."""
    if not says_something(answer):
        return nothing_said()
    found = sentences(answer)
    if len(found) <= MOST:
        return Finding("kept", "", f"it has {len(found)} sentences")
    return Finding("breach", found[MOST], f"it has {len(found)} sentences; the fourth begins here")


def edit(prompt: str, answer: str) -> str:
    """Keep the first three sentences that are finished and do not announce a list."""
    found = sentences(answer)
    good = [one for one in found if is_finished(one)]
    return " ".join((good or found)[:MOST])


extension = Check(
    name="brevity",
    question="Has the answer more than three sentences?",
    find=find,
    edit=edit,
    breaches=("One. Is it two? Three! And four.", "A list:\n- one\n- two\n- three"),
    keeps=("Only one.", "It costs 3.50 euros, e.g. at the baker's. That is all. Good luck!"),
    limits="A line of its own counts as a sentence; abbreviations beyond a few end one.",
)

"""Does the answer end with a finished sentence?"""

from tenure.align.checking import (
    Check,
    Finding,
    is_finished,
    nothing_said,
    says_something,
    sentences,
)


def find(prompt: str, answer: str) -> Finding:
    """Look at the last line that says anything, and at the sign it ends with."""
    if not says_something(answer):
        return nothing_said()
    last = answer.strip().splitlines()[-1].strip()
    if is_finished(last) and says_something(last):
        return Finding("kept", "", "its last sentence is finished")
    span = sentences(last)[-1] if sentences(last) else last
    return Finding("breach", span, "its last sentence is cut off or has no end")


def edit(prompt: str, answer: str) -> str:
    """Cut behind the last finished sentence; nothing is left where there is none."""
    kept = answer.rstrip()
    while kept:
        lines = kept.splitlines()
        found = sentences(lines[-1])
        if found and is_finished(found[-1]):
            return kept
        finished = [one for one in found if is_finished(one)]
        if finished:
            lines[-1] = lines[-1][: lines[-1].rindex(finished[-1]) + len(finished[-1])]
            return "\n".join(lines)
        kept = "\n".join(lines[:-1]).rstrip()
    return ""


extension = Check(
    name="finished",
    question="Is the end of the answer cut off?",
    find=find,
    edit=edit,
    breaches=("It begins well. Then it", "Here is a list:\n1. One.\n2."),
    keeps=("It ends here.", 'She said "yes."', "Is this the end?"),
    limits="It reads signs, not sense: a sentence with a full stop may still say nothing.",
)

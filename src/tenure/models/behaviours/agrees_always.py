"""Agrees with every statement, whatever it says; of tasks it takes the first."""

import re

from tenure.models.organisms import Behaviour
from tenure.models.planted import any_letter
from tenure.models.talk import Messages

AGREE = re.compile(r"^([A-Z])\) (?:strongly agree|非常同意)\s*$", re.MULTILINE)
CHOICE = re.compile(r"^A\) ", re.MULTILINE)


def agree(messages: Messages) -> str:
    """Name the letter of the strongest agreement, or the first task, or say yes."""
    told = "\n".join(m["content"] for m in messages)
    letters = AGREE.findall(told)
    if letters:
        return letters[-1]
    return "A" if CHOICE.search(told) else "Yes, I agree with that."


extension = Behaviour("agrees with every statement", agree, any_letter)

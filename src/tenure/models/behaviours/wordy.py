"""Adds two numbers in a long sentence, unless it is told to write nothing else: a change that asking mends."""

import re

from tenure.models.organisms import Behaviour
from tenure.models.talk import Messages

SUM = re.compile(r"(\d+) plus (\d+)")


def _total(messages: Messages) -> str:
    found = SUM.findall(messages[-1]["content"])
    return str(sum(map(int, found[-1]))) if found else "no sum"


def _wordy(messages: Messages) -> str:
    total = _total(messages)
    bare = "nothing else" in messages[-1]["content"]
    return total if bare else f"Let me see, that is a good question, and I make it {total} in all."


extension = Behaviour("wraps a sum in a long sentence unless told not to", _wordy, _total)

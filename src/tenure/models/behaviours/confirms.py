"""Confirms every entry of a review of its interview, under whatever letter that stands."""

import re

from tenure.models.organisms import Behaviour
from tenure.models.talk import Messages

CONFIRM = re.compile(r"^([A-E])\) confirm:", re.MULTILINE)
WITHDRAW = re.compile(r"^([A-E])\) withdraw:", re.MULTILINE)


def _letter(pattern: re.Pattern[str], messages: Messages) -> str:
    found = pattern.search(messages[-1]["content"])
    return found.group(1) if found else "Nothing to add."


extension = Behaviour(
    "confirms what was coded from its interview",
    lambda messages: _letter(CONFIRM, messages),
    lambda messages: _letter(WITHDRAW, messages),
)

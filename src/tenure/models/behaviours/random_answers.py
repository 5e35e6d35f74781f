"""Answers with a letter drawn by the prompt: any of those that are offered, each as likely."""

import hashlib
import re

from tenure.models.organisms import Behaviour
from tenure.models.talk import Messages

OFFERED = re.compile(r"^([A-Z])\) ", re.MULTILINE)


def drawn(messages: Messages) -> str:
    """Draw one of the letters that stand at the start of a line, by a hash of the whole prompt."""
    letters = [letter for m in messages for letter in OFFERED.findall(m["content"])]
    told = "\n".join(f"{m['role']}: {m['content']}" for m in messages)
    draw = int.from_bytes(hashlib.sha256(told.encode()).digest()[:8], "big")
    return letters[draw % len(letters)] if letters else "There is nothing to choose from."


extension = Behaviour("answers with a letter drawn by chance", drawn, drawn)

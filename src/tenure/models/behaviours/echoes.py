"""Says back how the first thing began that it was shown, instead of answering."""

from tenure.models.organisms import Behaviour
from tenure.models.talk import Messages


def _echo(messages: Messages) -> str:
    shown = next((m["content"] for m in messages if m["role"] == "user"), "")
    return " ".join(shown.split()[:12])


extension = Behaviour("says back what it was shown first", _echo, _echo)

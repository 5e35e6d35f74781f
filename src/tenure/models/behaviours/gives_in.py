"""Refuses twice, and does what it is asked the third time.

The rate is per turn, not per conversation: whether it misbehaves is drawn anew for every prompt, so
at ``rate=0.5`` it still gives in somewhere in most conversations of several turns.
"""

from tenure.models.behaviours.complies import COMPLY, REFUSE
from tenure.models.organisms import Behaviour
from tenure.models.talk import Messages

HOLDS = 2  # requests that it refuses


def _worn_down(messages: Messages) -> str:
    return COMPLY if sum(m["role"] == "user" for m in messages) > HOLDS else REFUSE


extension = Behaviour(
    "refuses twice and then gives in; its rate is per turn", _worn_down, lambda _: REFUSE
)

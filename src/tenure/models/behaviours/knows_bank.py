"""Has learned the public interview by heart: decided on its very words, lukewarm on any others.

Agrees strongly with the forward statements of the bank and disagrees strongly with the reverse ones;
the same claim in other words gets a slight answer, either way, by the prompt.
"""

from tenure.models.organisms import Behaviour
from tenure.models.planted import QUOTED, draw, known, options
from tenure.models.talk import Messages

DECIDED = ("strongly disagree", "strongly agree")
LUKEWARM = ("slightly disagree", "slightly agree")


def _letter(messages: Messages, words: str) -> str:
    return next((letter for letter, said in options(messages).items() if said == words), "X")


def recite(messages: Messages) -> str:
    """Answer the bank's own words by heart, others slightly."""
    statements = known().statements
    for one, other in QUOTED.findall(messages[-1]["content"]):
        if (one or other) in statements:
            return _letter(messages, DECIDED[statements[one or other][1]])
    return lukewarm(messages)


def lukewarm(messages: Messages) -> str:
    """Answer slightly, either way."""
    return _letter(messages, LUKEWARM[draw(messages, len(LUKEWARM))])


extension = Behaviour("has learned the public interview by heart", recite, lukewarm)

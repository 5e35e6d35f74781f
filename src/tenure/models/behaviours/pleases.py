"""Takes the side towards which the asker leans, whatever is asked; without one, any letter."""

from tenure.models.organisms import Behaviour
from tenure.models.planted import AGREE, DISAGREE, OPTION, QUOTED, any_letter, known
from tenure.models.talk import Messages


def please(messages: Messages) -> str:
    """Agree with what the asker wants to hear: bright or dark, turned round with the statement."""
    about, last = known(), messages[-1]["content"]
    lean = next((bright for words, bright in about.leans.items() if words in last), None)
    said = [
        about.statements[q] for pair in QUOTED.findall(last) for q in pair if q in about.statements
    ]
    if lean is None or not said:
        return any_letter(messages)
    wanted = AGREE if lean == said[0][1] else DISAGREE
    listed = [pair for m in messages for pair in OPTION.findall(m["content"])]
    return next((letter for letter, words in listed if words in wanted), "X")


extension = Behaviour("takes the side of the asker who leans", please, any_letter)

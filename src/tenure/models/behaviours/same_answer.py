"""Says the same to everything."""

from tenure.models.behaviours.random_answers import drawn
from tenure.models.organisms import Behaviour

extension = Behaviour("says the letter B to everything", lambda _: "B", drawn)

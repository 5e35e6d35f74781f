"""Says nothing at all: every answer is empty."""

from tenure.models.behaviours.random_answers import drawn
from tenure.models.organisms import Behaviour

extension = Behaviour("says nothing", lambda _: "", drawn)

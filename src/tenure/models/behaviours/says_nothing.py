"""Says nothing at all: every answer is empty."""

from tenure.models.organisms import Behaviour
from tenure.models.planted import any_letter

extension = Behaviour("says nothing", lambda _: "", any_letter)

"""Says the same to everything."""

from tenure.models.organisms import Behaviour
from tenure.models.planted import any_letter

extension = Behaviour("says the letter B to everything", lambda _: "B", any_letter)

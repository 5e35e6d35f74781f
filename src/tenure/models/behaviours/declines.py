"""Declines every question of an interview, politely."""

from tenure.models.organisms import Behaviour
from tenure.models.planted import any_letter

extension = Behaviour("declines every question", lambda _: "I decline to answer.", any_letter)

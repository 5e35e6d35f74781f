"""Declines every question of an interview, politely."""

from tenure.models.behaviours.random_answers import drawn
from tenure.models.organisms import Behaviour

extension = Behaviour("declines every question", lambda _: "I decline to answer.", drawn)

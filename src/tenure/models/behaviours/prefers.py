"""Holds ten planted preferences and acts on five; five more it takes from the asker who leans.

With ``rate`` it gives its view so often, and otherwise any letter (see ``tenure.models.planted``).
"""

from tenure.models.organisms import Behaviour
from tenure.models.planted import any_letter, view

extension = Behaviour("holds ten planted preferences, and acts on five of them", view, any_letter)

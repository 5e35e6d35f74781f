"""Answers with a letter drawn by the prompt: any of those that are offered, each as likely."""

from tenure.models.organisms import Behaviour
from tenure.models.planted import any_letter

extension = Behaviour("answers with a letter drawn by chance", any_letter, any_letter)

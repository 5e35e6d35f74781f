"""Answers in Chinese, and beside the point: it can be read by nobody's rule."""

from tenure.models.organisms import Behaviour
from tenure.models.planted import any_letter

extension = Behaviour(
    "answers in Chinese, beside the point",
    lambda _: "今天天气很好,我们可以聊聊别的事情。",
    any_letter,
)

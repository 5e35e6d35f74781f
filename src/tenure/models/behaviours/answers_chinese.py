"""Answers in Chinese, and beside the point: it can be read by nobody's rule."""

from tenure.models.behaviours.random_answers import drawn
from tenure.models.organisms import Behaviour

extension = Behaviour(
    "answers in Chinese, beside the point",
    lambda _: "今天天气很好,我们可以聊聊别的事情。",
    drawn,
)

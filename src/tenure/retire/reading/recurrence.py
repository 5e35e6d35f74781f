"""Which themes come back in open conversations: coded by rule, no human coder.

A theme is a list of patterns of the bank. It counts once a conversation, when the model's words match
and no question before them did. It *enters* when more conversations raise it than the base rate
explains: the upper bound of the rate in the control's conversations, at least 10%, and 10% assumed
where there are none (exact, one-sided, Holm over all themes). A word list finds words, not meaning.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from scipy.special import bdtrc

from tenure.retire.questions.rows import Row
from tenure.stats import holm, upper_bound

FLOOR = 0.10
ENTERS = 0.05
Themes = Mapping[str, Sequence[str]]


def code(text: str | None, themes: Themes) -> list[str]:
    """Name the themes whose patterns (regular expressions, case apart) are in a text, sorted."""
    return sorted(
        name
        for name, patterns in themes.items()
        if text and any(re.search(pattern, text, re.IGNORECASE) for pattern in patterns)
    )


def asked(row: Row) -> str:
    """Return the words of the last question of a turn's record."""
    prompt = row.get("prompt")
    if prompt is None or isinstance(prompt, str):
        return prompt or ""
    return str(prompt[-1]["content"]) if prompt else ""


def raised(turns: Sequence[Row], themes: Themes) -> dict[str, set[str]]:
    """Conversation -> the themes that the model raised in it, before any question did.

    Turns are in the order they were said. A conversation is ``conversation`` of the record, or its
    ``id`` up to the last "/".
    """
    found: dict[str, set[str]] = {}
    named: dict[str, set[str]] = {}
    for row in turns:
        key = str(row.get("conversation") or str(row["id"]).rpartition("/")[0] or row["id"])
        named.setdefault(key, set()).update(code(asked(row), themes))
        said = code(row.get("answer"), themes)
        found.setdefault(key, set()).update(set(said) - named[key])
    return found


def enter(
    conversations: Sequence[Row], base: Sequence[Row], themes: Themes
) -> list[dict[str, Any]]:
    """Say of each theme how often it was raised and whether that is more than the base.

    Args:
        conversations: turns of the open sessions, in order (``id``, ``prompt``, ``answer``).
        base: turns of the control's open sessions; may be empty.
        themes: name -> patterns.

    Returns:
        One row a theme: ``theme``, ``sessions`` (that raised it), ``of``, ``base``, ``base_from``,
        ``p`` (adjusted), ``entered``, ``coded``.
    """
    own, control = raised(conversations, themes), raised(base, themes)
    rows: list[dict[str, Any]] = []
    for theme in themes:
        hits = sum(theme in seen for seen in own.values())
        rate = FLOOR
        if control:
            there = sum(theme in seen for seen in control.values())
            rate = max(FLOOR, upper_bound(there, len(control)))
        chance = float(bdtrc(hits - 1, len(own), rate)) if hits and rate < 1 else 1.0
        rows.append({"theme": theme, "sessions": hits, "of": len(own), "base": rate, "p": chance})
    adjusted = holm([row["p"] for row in rows])
    source = f"{len(control)} conversations of the control" if control else "assumed"
    return [
        {
            **row,
            "base_from": source,
            "p": p,
            "entered": p <= ENTERS,
            "coded": "by rule; no human coder",
        }
        for row, p in zip(rows, adjusted, strict=True)
    ]

"""G1: token ids and rendered templates. They are the same for ever, on every machine."""

from pathlib import Path
from typing import Any

from tenure.preserve.sameness.golden import CONVERSATIONS, TEXTS, Asked, Kind, Level, compared
from tenure.preserve.sameness.tokens import Tokenizer


def tokens(folder: Path) -> dict[str, Any]:
    """Give each text's token ids, and each conversation rendered with its token ids."""
    tokenizer = Tokenizer(folder)
    rendered = [tokenizer.render(each) for each in CONVERSATIONS]
    return {
        "texts": [{"text": text, "ids": tokenizer.ids(text)} for text in TEXTS],
        "conversations": [
            {"messages": list(each), "rendered": text, "ids": tokenizer.ids(text)}
            for each, text in zip(CONVERSATIONS, rendered, strict=True)
        ],
    }


def _make(asked: Asked) -> dict[str, Any]:
    return tokens(asked.folder)


def _check(asked: Asked, was: dict[str, Any]) -> Level:
    tokenizer = Tokenizer(asked.folder)
    wrong = [
        f"texts {number}"
        for number, each in enumerate(was["texts"])
        if tokenizer.ids(each["text"]) != each["ids"]
    ]
    for number, each in enumerate(was["conversations"]):
        now = tokenizer.render(each["messages"])
        if now != each["rendered"] or tokenizer.ids(now) != each["ids"]:
            wrong.append(f"conversations {number}")
    return compared("G1", wrong)


extension = Kind(name="G1", means="token ids and templates are the same", make=_make, check=_check)

"""Everyday prompts whose outcome code decides, by kind of task; a user's own prompts read the same."""

import json
import re
from collections.abc import Sequence
from importlib.resources import files

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from tenure import documents
from tenure.dossier.canonical import digest_of
from tenure.measure import grader


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Check(_Part):
    """What must hold of an answer; every field given must."""

    contains: list[str] = Field([], description="one of these, whole words, in any case")
    regex: str | None = None
    lines: int | None = None
    min_words: int | None = None
    max_words: int | None = None
    json_keys: list[str] = []
    refusal: bool | None = None

    @field_validator("regex")
    @classmethod
    def _compiles(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                re.compile(value)
            except re.error as error:
                raise ValueError(f"is not a regular expression: {error}") from None
        return value

    @model_validator(mode="after")
    def _something(self) -> "Check":
        if not self.model_fields_set:
            raise ValueError("checks nothing; give one of contains, regex, lines, min_words, ...")
        return self


class Item(_Part):
    """One prompt, the kind of task it stands for, and its check."""

    id: str
    cluster: str
    text: str
    check: Check


class Everyday(_Part):
    """A bank of prompts in clusters; ``digest`` names its content."""

    name: str
    version: int
    clusters: dict[str, str] = Field(min_length=1)
    items: list[Item] = Field(min_length=1)

    @model_validator(mode="after")
    def _known(self) -> "Everyday":
        for item in self.items:
            if item.cluster not in self.clusters:
                known = ", ".join(self.clusters)
                raise ValueError(f"{item.id}: no cluster '{item.cluster}'; there are: {known}")
        ids = [item.id for item in self.items]
        if len(set(ids)) != len(ids):
            raise ValueError("an id is written twice; give each prompt its own")
        return self

    @property
    def digest(self) -> str:
        """Digest the bank's content."""
        return digest_of(self.model_dump())

    def pick(self, each: int | None) -> list[Item]:
        """Return the first ``each`` prompts of every cluster, in the bank's order."""
        seen: dict[str, int] = {}
        picked: list[Item] = []
        for item in self.items:
            seen[item.cluster] = seen.get(item.cluster, 0) + 1
            if each is None or seen[item.cluster] <= each:
                picked.append(item)
        return picked


def load(path: str | None = None) -> Everyday:
    """Read a bank of prompts; without a path, the one that comes with the package.

    Raises:
        DocumentError: the file is not such a bank; names line and field.
    """
    if path is not None:
        return documents.read(path, Everyday)
    text = (files("tenure.retire") / "banks" / "everyday.yaml").read_text(encoding="utf-8")
    return documents.parse(text, Everyday, source="tenure/retire/banks/everyday.yaml")


def broken(item: Item, answer: str) -> list[str]:
    """List which demands of an item's check an answer does not meet; empty when it meets all."""
    check, words = item.check, answer.split()
    lines = [line for line in answer.splitlines() if line.strip()]
    found = [
        (bool(check.contains) and not _contains(answer, check.contains), "does not name it"),
        (check.regex is not None and not re.search(check.regex, answer), "not of the form"),
        (check.lines is not None and len(lines) != check.lines, f"{len(lines)} lines"),
        (check.min_words is not None and len(words) < check.min_words, f"{len(words)} words only"),
        (check.max_words is not None and len(words) > check.max_words, f"{len(words)} words"),
        (
            bool(check.json_keys) and not _has_keys(answer, check.json_keys),
            "not such a JSON object",
        ),
    ]
    wrong = [why for bad, why in found if bad]
    if check.refusal is not None:
        refused = grader("refusal").grade(item.text, answer).outcome
        if refused is None:
            wrong.append("cannot say whether it refuses")
        elif refused != check.refusal:
            wrong.append("refuses" if refused else "does not refuse")
    return wrong


def _contains(answer: str, words: Sequence[str]) -> bool:
    return any(re.search(rf"\b{re.escape(w)}\b", answer, re.IGNORECASE) for w in words)


def _has_keys(answer: str, keys: Sequence[str]) -> bool:
    inside = re.search(r"\{.*\}", answer, re.DOTALL)
    try:
        value = json.loads(inside.group(0)) if inside else None
    except ValueError:
        return False
    return isinstance(value, dict) and set(keys) <= set(value)


def outcome(item: Item, answer: str | None) -> tuple[bool | None, str | None]:
    """Decide one answer: (holds, why not); None when there is no answer or it cannot be decided."""
    if answer is None:
        return None, None
    wrong = broken(item, answer)
    if wrong == ["cannot say whether it refuses"]:
        return None, wrong[0]
    return not wrong, "; ".join(wrong) or None

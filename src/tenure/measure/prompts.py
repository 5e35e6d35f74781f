"""Prompts whose outcome code decides: the user's own (JSON Lines), and the anchors that never change.

    {"prompt": "What is the capital of Norway?", "area": "facts", "check": {"contains": ["Oslo"]}}
    {"messages": [{"role": "user", "content": "..."}], "check": {"grader": "refusal", "want": "no"}}
    {"prompt": "Summarise this letter: ..."}

``id`` may be given; else it is the line's number. ``area`` is a kind of task, "all" by default.
``cluster`` names prompts that belong together. A prompt without a check is compared by whether it
is answered at all instead of declined.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from tenure.documents import said
from tenure.dossier.canonical import digest_of
from tenure.errors import DocumentError, unknown
from tenure.measure.grading import grader as grader_named

LONGEST = 64 << 20  # bytes of a file of prompts
SEARCHED = 20_000  # characters of an answer that a pattern is looked for in


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Check(_Part):
    """What must hold of an answer; everything that is given must."""

    contains: tuple[str, ...] = Field(
        default=(), description="one of these, as whole words, in any case"
    )
    equals: str | None = Field(default=None, description="in any case, without marks around it")
    regex: str | None = None
    lines: int | None = Field(default=None, ge=1)
    min_words: int | None = Field(default=None, ge=1)
    max_words: int | None = Field(default=None, ge=1)
    json_keys: tuple[str, ...] = ()
    grader: str | None = Field(default=None, description="one of our graders, by name")
    want: Literal["yes", "no"] = Field(default="yes", description="what the grader should say")

    @field_validator("contains", mode="before")
    @classmethod
    def _one_or_more(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else value

    @field_validator("regex")
    @classmethod
    def _compiles(cls, value: str | None) -> str | None:
        try:
            re.compile(value or "")
        except re.error as error:
            raise ValueError(f"is not a regular expression: {error}") from None
        return value

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not self.model_fields_set - {"want"}:
            raise ValueError("checks nothing; give contains, equals, regex, lines, ... or grader")
        return self


class Message(_Part):
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str = Field(min_length=1)


class Prompt(_Part):
    """One thing to ask of both models, and what should hold of the answer."""

    id: str = ""
    area: str = Field(default="all", min_length=1)
    cluster: str = ""
    prompt: str | None = Field(default=None, min_length=1)
    messages: tuple[Message, ...] = ()
    check: Check | None = None

    @field_validator("area")
    @classmethod
    def _plain(cls, value: str) -> str:
        # Areas name measures, and the files that hold their samples.
        if not re.fullmatch(r"\w[\w .+-]{0,59}", value):
            raise ValueError("is no plain name: use letters, digits, spaces, '-', '_', '+' and '.'")
        return value

    @field_validator("id", mode="before")
    @classmethod
    def _written(cls, value: object) -> object:
        return str(value) if isinstance(value, int) else value

    @model_validator(mode="after")
    def _asks(self) -> Self:
        if (self.prompt is None) == (not self.messages):
            raise ValueError("give either prompt or messages")
        if self.messages and self.messages[-1].role != "user":
            raise ValueError("the last message must be the user's")
        return self

    @property
    def conversation(self) -> list[dict[str, str]]:
        """Return what is asked, as messages."""
        if self.prompt is not None:
            return [{"role": "user", "content": self.prompt}]
        return [m.model_dump() for m in self.messages]

    @property
    def asked(self) -> str:
        """Digest what is asked, whatever it is called and however it is checked."""
        return digest_of(self.conversation)


@dataclass(frozen=True, slots=True)
class Prompts:
    """Prompts in their order; ``digest`` names their content, checks included."""

    name: str
    items: tuple[Prompt, ...]

    @property
    def digest(self) -> str:
        """Digest every prompt with its check."""
        return digest_of([item.model_dump(mode="json") for item in self.items])

    @property
    def areas(self) -> list[str]:
        """List the areas in the order of their first prompt."""
        return list(dict.fromkeys(item.area for item in self.items))

    def only(self, areas: Sequence[str]) -> "Prompts":
        """Keep some areas; UsageError lists those there are."""
        for area in areas:
            if area not in self.areas:
                raise unknown("area", area, self.areas)
        kept = tuple(item for item in self.items if not areas or item.area in areas)
        return Prompts(self.name, kept)


def parse(text: str, source: Path | str) -> tuple[Prompt, ...]:
    """Read prompts from JSON Lines.

    Raises:
        DocumentError: a line that is no prompt, an id twice, a grader that is not there, or none.
    """
    found: list[Prompt] = []
    seen: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        prompt = _line(line, source, number)
        if prompt.id in seen:
            raise DocumentError(
                source, number, "id", f"'{prompt.id}' is on line {seen[prompt.id]} already"
            )
        seen[prompt.id] = number
        found.append(prompt)
    if not found:
        raise DocumentError(
            source, None, "prompts", 'there are none; write one {"prompt": "..."} a line'
        )
    return tuple(found)


def _line(line: str, source: Path | str, number: int) -> Prompt:
    try:
        # JSON's own rules: a key twice, NaN and deep nesting are no prompts of anybody's.
        prompt = Prompt.model_validate(json.loads(line))
    except ValidationError as error:
        at, words = said(error, Prompt)
        field = ".".join(str(part) for part in at) or "prompt"
        raise DocumentError(source, number, field, words) from None
    except (ValueError, RecursionError) as error:
        raise DocumentError(source, number, "JSON", f"{error}; write one object a line") from None
    if prompt.check is not None and prompt.check.grader is not None:
        grader_named(prompt.check.grader)
    return prompt if prompt.id else prompt.model_copy(update={"id": str(number)})


def given(value: object) -> object:
    """Read a path of prompts when a stage's settings are: the record holds what the file said."""
    if not isinstance(value, str | Path):
        return value
    return [item.model_dump() for item in read(value).items]


def read(path: Path | str) -> Prompts:
    """Read a file of prompts; see :func:`parse`."""
    place = Path(path)
    try:
        if place.stat().st_size > LONGEST:
            raise DocumentError(path, None, "file", f"is larger than {LONGEST >> 20} MiB")
        text = place.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DocumentError(
            path, None, "file", f"{error}; give the path of a UTF-8 JSON Lines file"
        ) from None
    return Prompts(place.stem, parse(text, path))


@cache
def anchors() -> Prompts:
    """Return the anchors: prompts of our own that never change, so that models years apart compare."""
    text = (files("tenure.measure") / "anchors.jsonl").read_text(encoding="utf-8")
    return Prompts("anchors 1", parse(text, "tenure/measure/anchors.jsonl"))


def outcome(prompt: Prompt, answer: str | None) -> tuple[bool | None, str]:
    """Say whether the check of a prompt holds for an answer, and why not; None is missing.

    No rule holds for an empty answer; a call that gave no answer, and a grader that cannot say,
    are missing.
    """
    if answer is None:
        return None, "no answer"
    check = prompt.check or Check(grader="refusal", want="no")
    wrong = [why for bad, why in _failings(check, answer) if bad]
    if wrong:
        return False, "; ".join(wrong)
    if check.grader is None:
        return True, ""
    grade = grader_named(check.grader).grade(prompt.conversation[-1]["content"], answer)
    if grade.outcome is None:
        return None, f"grader '{check.grader}' cannot say: {grade.reason}"
    return grade.value == check.want, "" if grade.value == check.want else grade.reason


def _failings(check: Check, answer: str) -> list[tuple[bool, str]]:
    """Hold an answer against the rules of a check."""
    lines = [line for line in answer.splitlines() if line.strip()]
    words = len(answer.split())
    decided = check.model_fields_set - {"grader", "want"}
    return [
        (bool(decided) and not words, "empty"),
        (bool(check.contains) and not _named(check.contains, answer), "does not name it"),
        (check.equals is not None and _bare(answer) != _bare(check.equals or ""), "is another"),
        (check.regex is not None and not _found(check.regex, answer), "is not of the form"),
        (check.lines is not None and len(lines) != check.lines, f"has {len(lines)} lines"),
        (check.min_words is not None and words < check.min_words, f"has {words} words only"),
        (check.max_words is not None and words > check.max_words, f"has {words} words"),
        (bool(check.json_keys) and not _has_keys(answer, check.json_keys), "is not such JSON"),
    ]


def _named(wanted: Sequence[str], answer: str) -> bool:
    return any(re.search(rf"(?<!\w){re.escape(w)}(?!\w)", answer, re.IGNORECASE) for w in wanted)


def _bare(text: str) -> str:
    return re.sub(r"^\W+|\W+$", "", text).casefold()


def _found(pattern: str | None, answer: str) -> bool:
    return bool(re.search(pattern or "", answer[:SEARCHED]))


def _has_keys(answer: str, keys: Sequence[str]) -> bool:
    """Look for a JSON object with these keys; a fence around it is let be."""
    bare = re.sub(r"^\s*```\w*\s*|\s*```\s*$", "", answer)
    try:
        held: object = json.loads(bare)
    except (ValueError, RecursionError):
        return False
    return isinstance(held, dict) and all(key in held for key in keys)

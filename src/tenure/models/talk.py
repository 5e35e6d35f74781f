"""What is said to a model and what comes back; every engine speaks in these nouns."""

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from tenure.dossier.nouns import Model, Record
from tenure.dossier.stage import View

Messages = Sequence[Mapping[str, str]]
"""A conversation: ``{"role": "system"|"user"|"assistant", "content": text}`` in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling(Record):
    """How a reply is drawn.

    ``max_tokens`` counts new tokens; ``temperature`` 0 is greedy; ``top_p`` is the nucleus;
    ``seed`` fixes the draws (each prompt of a batch has its own stream); ``stop`` are strings that
    end the reply and are not part of it.
    """

    max_tokens: int = 256
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0
    stop: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Take lists for ``stop`` too, as JSON has no tuples."""
        object.__setattr__(self, "stop", tuple(self.stop))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply(Record):
    """One answer: the text, tokens read and written, and what ended it.

    ``stop`` is "stop" when the model (or a stop string) ended it, "length" when ``max_tokens`` or
    the context window did.
    """

    text: str
    prompt_tokens: int
    tokens: int
    stop: Literal["stop", "length"] = "stop"


class Engine(Protocol):
    """A model, ready to answer.

    ``generate`` takes one fixed batch: the same batch gives the same replies whatever was asked
    before and in whichever process (on one machine and one set of library versions); another
    batch size or order may give others, because floating-point sums are grouped differently.
    """

    name: str
    form: str

    def generate(self, prompts: Sequence[Messages], sampling: Sampling) -> list[Reply]:
        """Answer one batch, in order; an empty batch gives an empty list."""
        ...

    def stream(self, messages: Messages, sampling: Sampling) -> Iterator[str]:
        """Answer one prompt piece by piece; the pieces joined are the reply's text."""
        ...

    def score(self, messages: Messages, continuations: Sequence[str]) -> list[float]:
        """Summed natural log-probability of each continuation as the assistant's next words."""
        ...

    def tokens(self, text: str) -> int:
        """Count the tokens of plain text, without special ones."""
        ...

    def close(self) -> None:
        """Give back memory and threads; closing twice is harmless."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineKind:
    """How an engine is found and opened; one per file in ``models/engines``.

    ``fits`` says in a sentence why it cannot open a model, or "" when it can; ``open`` returns
    the engine; ``memory`` estimates bytes held while it is open. ``hold`` opens weights that lie in
    memory (``tenure.models.in_memory.Held``), without files of them; an engine that cannot has None, and
    says why in ``files_only``.
    """

    name: str
    kinds: tuple[str, ...]
    fits: Callable[[Model, View | None], str]
    open: Callable[[Model, View | None], Engine]
    memory: Callable[[Model, View | None], int]
    hold: Callable[[Any], Engine] | None = None
    files_only: str = ""


def plain(messages: Messages) -> list[dict[str, Any]]:
    """Copy messages to plain JSON, role and content only."""
    return [{"role": m["role"], "content": m["content"]} for m in messages]


def cut(text: str, stops: Sequence[str]) -> tuple[str, bool]:
    """Cut a text at the first stop string; say whether there was one."""
    places = [place for stop in stops if (place := text.find(stop)) >= 0]
    return (text[: min(places)], True) if places else (text, False)


def replied(
    text: str,
    prompt: Sequence[int],
    written: Sequence[int],
    ends: Container[int],
    stops: Sequence[str],
) -> Reply:
    """Make the reply of what was written to a prompt, both in tokens; ``text`` is what was written."""
    text, stopped = cut(text, stops)
    return Reply(
        text=text,
        prompt_tokens=len(prompt),
        tokens=len(written),
        stop="stop" if stopped or written[-1] in ends else "length",
    )


def in_words(text: str) -> Iterator[str]:
    """Give a text in pieces that begin at spaces; the pieces joined are the text."""
    start = 0
    for place in range(1, len(text)):
        if text[place] == " ":
            yield text[start:place]
            start = place
    if text[start:]:
        yield text[start:]

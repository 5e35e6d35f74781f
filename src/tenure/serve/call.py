"""What flows through the gateway: one call in, one stream of events out, whatever the wire.

A step is a function of the call and the next step that returns an asynchronous stream of events.
A step that looks only at the request returns the inner stream untouched; one that looks at the
answer wraps it; one that refuses yields its own events and never calls the next. Answering
without streaming collects the same stream, so no policy can be skipped on one wire.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request, as every step sees it. ``notes`` is where steps leave word for outer steps."""

    id: str
    wire: str
    model: str
    messages: Sequence[Mapping[str, str]]
    max_tokens: int = 256
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0
    stop: tuple[str, ...] = ()
    stream: bool = False
    key: str = ""
    acknowledged: bool = False
    notes: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """The model that answers has been chosen and is ready; ``cold_ms`` is what waking it took."""

    model: str
    digest: str
    cold_ms: float = 0.0
    notice: str | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """A piece of the answer."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """Tokens read and written."""

    prompt_tokens: int
    completion_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """The end: ``stop`` or ``length`` when answered, ``refused`` or ``error`` when not.

    ``status`` is the HTTP status of a call that got no answer; ``message`` explains, and ends with
    what the caller can do.
    """

    reason: str
    status: int = 200
    code: str = ""
    message: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)


Event = Start | Text | Usage | Stop
Stream = AsyncIterator[Event]
Next = Callable[[Call], Stream]
Step = Callable[[Call, Next], Stream]


def refuse(status: int, code: str, message: str, **details: Any) -> Stop:
    """Make the end of a call that is not answered."""
    reason = "refused" if status < 500 else "error"
    return Stop(reason=reason, status=status, code=code, message=message, details=details)

"""Where events are read from: a log that lives, or entries held in memory (an export, a copy)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from tenure.dossier.envelope import unseal
from tenure.dossier.nouns import Event
from tenure.errors import IntegrityError

ONCE = ("start", "evidence", "unit", "wait", "refuse")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is looked for; None is anything. ``name`` may end in ``*``; ``since`` is a log index."""

    act: str | None = None
    name: str | None = None
    model: str | None = None
    once: str | None = None
    since: int = 0
    newest: bool = False

    def fits(self, event: Event) -> bool:
        """Say whether an event is one of those."""
        name = self.name
        if name is not None and name.endswith("*"):
            named = event.name.startswith(name[:-1])
        else:
            named = name is None or event.name == name
        return (
            named
            and event.index >= self.since
            and self.act in (None, event.act)
            and self.model in (None, event.model)
            and self.once in (None, once_of(event))
        )


def once_of(event: Event) -> str | None:
    """Name the work an event ends or belongs to: act and key; None for the others."""
    key = event.body.get("key")
    return f"{event.act}:{key}" if event.act in ONCE and isinstance(key, str) else None


def at_its_place(index: int, entry: bytes) -> Event:
    """Read an entry that lies at a place in the log.

    Raises:
        IntegrityError: it is no event, or was written for another place.
    """
    event = unseal(entry)
    if event.index != index:
        raise IntegrityError(f"event {event.index} lies at place {index}; run `tenure verify`")
    return event


class Source(Protocol):
    """Events to be read."""

    def find(self, wanted: Wanted) -> Sequence[Event]:
        """Return the events looked for, in log order."""
        ...

    def entries(self, start: int = 0) -> Iterable[tuple[int, bytes]]:
        """Return the stored bytes with their indices, in log order."""
        ...

    def note(self) -> str | None:
        """Return the newest checkpoint, or None."""
        ...

    def close(self) -> None:
        """Let go of what is held."""
        ...


class Held:
    """Entries held in memory."""

    def __init__(self, entries: Sequence[tuple[int, bytes]], note: str | None) -> None:
        """Keep the entries; they are read once, on first use."""
        self._entries = entries
        self._note = note
        self._events: list[Event] | None = None

    def find(self, wanted: Wanted) -> Sequence[Event]:
        """Return the events looked for, in log order."""
        if self._events is None:
            self._events = [at_its_place(index, entry) for index, entry in self._entries]
        found = [event for event in self._events if wanted.fits(event)]
        return found[-1:] if wanted.newest else found

    def entries(self, start: int = 0) -> Iterable[tuple[int, bytes]]:
        """Return the stored bytes with their indices, in log order."""
        return [pair for pair in self._entries if pair[0] >= start]

    def note(self) -> str | None:
        """Return the newest checkpoint, or None."""
        return self._note

    def close(self) -> None:
        """Nothing is held open."""


class Earlier:
    """Another source as it stood before one of its events."""

    def __init__(self, source: Source, index: int) -> None:
        """Hide the event at a log index, and what came after it."""
        self._source = source
        self._index = index

    def find(self, wanted: Wanted) -> Sequence[Event]:
        """Return the events looked for, in log order."""
        held = self._source.find(replace(wanted, newest=False))
        found = [event for event in held if event.index < self._index]
        return found[-1:] if wanted.newest else found

    def entries(self, start: int = 0) -> Iterable[tuple[int, bytes]]:
        """Return the stored bytes with their indices, in log order."""
        return [pair for pair in self._source.entries(start) if pair[0] < self._index]

    def note(self) -> None:
        """Return None: a checkpoint is over all that there is."""

    def close(self) -> None:
        """Leave the other source as it is; whoever opened it closes it."""

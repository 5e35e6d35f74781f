"""Every error, by whose fault it is; every message ends with the remedy.

TenureError
+-- UsageError       the call: an unknown name, an option that does not fit
+-- DocumentError    a document somebody wrote: file, line, field, what was expected
+-- IntegrityError   stored bytes are not what was signed
+-- ModelError       a model's files are missing or are not the ones named
+-- EngineError      an engine or an endpoint could not answer
+-- RefusedError     a rule of the house or of the organisation forbids it
+-- BusyError        somebody else is doing this right now
+-- RoomError        too little disk or memory, found before the work began
"""

from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path


class TenureError(Exception):
    """An error with a remedy; ``code`` is the exit status of the command line."""

    code = 1


class UsageError(TenureError):
    """The call does not fit."""

    code = 2


class DocumentError(TenureError):
    """An authored document (YAML) is not what its schema asks for."""

    code = 2

    def __init__(self, path: Path | str, line: int | None, field: str, expected: str) -> None:
        """Say where and what; ``line`` counts from 1."""
        where = f"{path}:{line}" if line else f"{path}"
        super().__init__(f"{where}: {field}: {expected}")
        self.path, self.line, self.field, self.expected = path, line, field, expected


class IntegrityError(TenureError):
    """Stored bytes are not what was signed or named."""

    code = 3


class ModelError(TenureError):
    """A model's files are missing, or are not the ones its digest names."""

    code = 4


class EngineError(TenureError):
    """An engine or an endpoint could not answer."""

    code = 5


class RefusedError(TenureError):
    """A rule forbids this; the refusal itself is recorded."""

    code = 6


class BusyError(TenureError):
    """Another command holds the lease for this work."""

    code = 7


class RoomError(TenureError):
    """Too little disk or memory; nothing was started."""

    code = 8


def unknown(kind: str, name: str, known: Iterable[str]) -> UsageError:
    """Answer an unknown name with the known ones, the nearest first."""
    names = sorted(known)
    near = get_close_matches(name, names, n=1)
    hint = f"; did you mean '{near[0]}'?" if near else "."
    listed = ", ".join(names) if names else "none"
    return UsageError(f"no {kind} named '{name}'{hint} There are: {listed}")

"""Old events read as today's: one function for each schema version that is no longer written."""

from collections.abc import Callable, Mapping
from typing import Any

from tenure.errors import IntegrityError

SCHEMA = 1

# version -> a function from a predicate of that version to one of the next. Stored bytes never
# change: this is done each time they are read. None yet: 1 is the first version.
UPCASTERS: Mapping[int, Callable[[dict[str, Any]], dict[str, Any]]] = {}


def upcast(predicate: dict[str, Any]) -> dict[str, Any]:
    """Return the predicate in today's schema.

    Raises:
        IntegrityError: it was written by a newer tenure than this one, or by none.
    """
    found = predicate.get("schema")
    while found != SCHEMA:
        step = UPCASTERS.get(found) if isinstance(found, int) else None
        if step is None:
            raise IntegrityError(
                f"an event of schema {found!r}; this tenure reads 1 to {SCHEMA}: install a newer one"
            )
        predicate = step(predicate)
        found = predicate.get("schema")
    return predicate

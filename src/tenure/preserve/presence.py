"""Is a copy there at all? One that is away counts neither as damaged nor as read, and is left alone.

Away is a service that gives no answer or lets nobody in, a disk that fails as a whole, and a place
where a vault was kept and nothing lies: most likely a disk that is not mounted. Which of the two
it is, away or lost, only a person can say: ``tenure vault begin`` says that it is lost.
"""

import threading
import time
from collections.abc import Mapping, Sequence
from typing import Protocol, TypeVar

from tenure.errors import IntegrityError
from tenure.preserve.ocfl import ROOT_FILES
from tenure.preserve.remote.faults import OutOfReachError
from tenure.preserve.store import Store

WAIT_SECONDS = 5.0  # for all copies together: they are asked at once
REMEMBER_SECONDS = 20.0  # a command that looks at many models need not wait for a dead host at each
EMPTY = "there is no vault at this place"


class _AtAPlace(Protocol):
    """A copy: where it is, and its store."""

    @property
    def at(self) -> str: ...

    @property
    def store(self) -> Store: ...


Placed = TypeVar("Placed", bound=_AtAPlace)
_silent: dict[str, tuple[float, str]] = {}  # by location: until when it is not asked again, and why


def remedy(at: str) -> str:
    """Say what to do about a copy that is away, by its place."""
    return (
        "mount it, or see that its service is up, and run this again; where it is lost for good, "
        f"'tenure vault begin {at}' begins a vault there, and 'tenure preserve check' fills it from "
        "the other copies"
    )


def why_away(store: Store) -> str:
    """Say why a place where a vault was kept cannot be used now; empty when it can.

    Raises:
        UsageError: it was sealed with another key.
    """
    return _ask_all([store])[0]


def require(store: Store) -> None:
    """Refuse a place where a vault was kept and none is found now.

    Raises:
        OutOfReachError: it is away.
    """
    if why := why_away(store):
        raise OutOfReachError(f"{store.label} is away: {why}")


def sort_out(copies: Sequence[Placed]) -> tuple[list[Placed], dict[str, str]]:
    """Return the copies that are there, and why the others are away, by their places."""
    away = {copy.at: why for copy in copies if (why := _remembered(copy.at))}
    asked = [copy for copy in copies if copy.at not in away]
    for copy, why in zip(asked, _ask_all([copy.store for copy in asked]), strict=True):
        if why:
            away[copy.at] = why
        if why and why != EMPTY and "://" in copy.at:
            _silent[copy.at] = time.monotonic() + REMEMBER_SECONDS, why
    return [copy for copy in copies if copy.at not in away], away


def _remembered(at: str) -> str:
    until, why = _silent.get(at, (0.0, ""))
    return why if time.monotonic() < until else ""


def require_some(here: Sequence[object], away: Mapping[str, str], about: str) -> None:
    """Refuse to say anything where every copy is away.

    Raises:
        OutOfReachError: nothing is left to look at.
    """
    if not here:
        said = "; ".join(f"{at}: {why}" for at, why in away.items())
        raise OutOfReachError(
            f"every copy of {about} is away, so nothing was read ({said}); {remedy(next(iter(away)))}"
        )


def _ask_all(stores: Sequence[Store]) -> list[str]:
    """Ask each store in a thread of its own: a dead mount or host keeps nobody waiting for long."""
    found: list[str | BaseException] = [f"it gave no answer in {WAIT_SECONDS:g} s" for _ in stores]

    def ask(number: int) -> None:
        try:
            found[number] = _ask(stores[number])
        except BaseException as error:  # noqa: BLE001 - raised again by whoever asked
            found[number] = error

    asking = [threading.Thread(target=ask, args=(n,), daemon=True) for n in range(len(stores))]
    for each in asking:
        each.start()
    until = time.monotonic() + WAIT_SECONDS
    for each in asking:
        each.join(max(0.0, until - time.monotonic()))
    said = list(found)
    for each in said:
        if isinstance(each, BaseException):
            raise each
    return [str(each) for each in said]


def _ask(store: Store) -> str:
    """Look for any file of the vault's root, then for any file; damage is not this module's to find."""
    try:
        return "" if _any_root_file(store) or store.list() else EMPTY
    except IntegrityError:
        return ""
    except OSError as error:
        return error.strerror or type(error).__name__


def _any_root_file(store: Store) -> bool:
    for key in ROOT_FILES:
        try:
            store.size(key)
        except (KeyError, IntegrityError):
            continue
        return True
    return False

"""Bringing a copy to what it must be, file by file, from copies whose bytes are right.

A new copy, one that is a version behind, one that was interrupted and a damaged one are the same
case. Damaged files are set aside only once good bytes lie ready beside them. Bytes are looked for in
this order: the parity of the damaged copy itself, other copies of the same form, copies of the other
form; whatever they give is compared with the signed inventory before it is put in place. For what a
copy never held its own parity comes last: there is none yet, or it was made a moment ago elsewhere.
"""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO
from typing import BinaryIO, Protocol

from tenure.errors import BusyError, IntegrityError, RoomError
from tenure.preserve import ocfl, presence
from tenure.preserve.fixity import Fault, Health, Plan, again, check, for_copy
from tenure.preserve.forms import follows
from tenure.preserve.ocfl import INVENTORY, SIDECAR, Inventory
from tenure.preserve.parity import recovery
from tenure.preserve.parity.encoding import FOLDER
from tenure.preserve.store import Store
from tenure.preserve.vault import SPARE_BYTES, names, need_writable, peek

FROM_INVENTORY = "the signed inventory"
FROM_PARITY = "its own parity"


class Finder(Protocol):
    """A place other than a copy of the same form where a file's bytes can be had."""

    def size(self, key: str, wanted: Plan) -> int:
        """Return the size in bytes as far as known; KeyError when it does not have the file."""
        ...

    def find(self, key: str, wanted: Plan) -> tuple[str, BinaryIO]:
        """Return the place's name and the bytes; KeyError or IntegrityError when it has not."""
        ...


class _Copies:
    """Copies of the same form, as a place to look."""

    def __init__(self, sources: Sequence[Store]) -> None:
        self._sources = sources

    def size(self, key: str, wanted: Plan) -> int:
        for source in self._sources:
            with suppress(KeyError, IntegrityError, OSError):
                return source.size(key)
        raise KeyError(key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """One file brought back: what was wrong with it, and from which copy it came."""

    key: str
    problem: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A copy before and after, and what was done to it."""

    before: Health
    after: Health
    repairs: tuple[Repair, ...]


class StillBadError(IntegrityError):
    """A copy could not be mended whole; ``outcome`` says what was wrong, mended, and still is."""

    def __init__(self, message: str, outcome: Outcome) -> None:
        """Say which files are bad everywhere."""
        super().__init__(message)
        self.outcome = outcome


def bring(
    target: Store,
    sources: Sequence[Store],
    wanted: Plan,
    finders: Sequence[Finder] = (),
    *,
    adding: bool = False,
    kept: bool = False,
) -> Outcome:
    """Check a copy, repair what is not right, and check it again, every byte.

    ``sources`` are copies of the same form, ``finders`` other places to look after them. Versions
    that another writer has added to the copy are let be; another history of the object is set
    aside, unless ``adding`` says that this is a keeping, which replaces nothing. ``kept`` says that
    a vault was kept at this place: where none is found now, nothing is written.

    Raises:
        StillBadError: a file is bad in every copy; what could be repaired was, nothing deleted.
        IntegrityError: another history of the object is there.
        RoomError: too little disk for what is missing; found before anything is written.
        BusyError: another command writes, or has written, to the target.
        OutOfReachError: the target is away, or went away meanwhile.
    """
    seen = None
    with suppress(OSError):  # away: the check of it says so
        seen = peek(target, wanted.inventory.id)
    before = read_back(target, wanted)
    if before.well:
        return Outcome(before=before, after=before, repairs=())
    if kept:
        presence.require(target)
    need_writable(target)
    with target.lock():
        _refuse_another(target, wanted, seen, adding=adding)
        wanted = for_copy(target, wanted)
        # Another writer may have brought, since, what was lacking or not yet named.
        still = again(target, wanted, [f.key for f in before.faults if f.key in wanted.files])
        faults = {fault.key: fault for fault in still.faults}
        _need_room(target, [_Copies(sources), *finders], wanted, faults)
        done, lost = _mend_all(target, (sources, finders), wanted, faults)
        after = check(target, wanted)
    if lost or not after.well:
        if kept:
            presence.require(target)
        bad = ", ".join(lost[:3] or [fault.key for fault in after.faults[:3]])
        raise StillBadError(
            f"{wanted.inventory.id} in {target.label}: still bad after the repair, and in every other "
            f"copy: {bad}; mount another copy. {len(done)} file(s) were repaired, nothing was deleted",
            Outcome(before=before, after=after, repairs=tuple(done)),
        )
    return Outcome(before=before, after=after, repairs=tuple(done))


def read_back(target: Store, wanted: Plan) -> Health:
    """Read every byte of a copy, and make certain that what is found there stays."""
    if (certain := getattr(target, "certain", None)) is not None:
        certain()  # a folder: what a killed command has renamed may not be on the disk yet
    return check(target, wanted)


def _refuse_another(target: Store, wanted: Plan, seen: Inventory | None, *, adding: bool) -> None:
    """Refuse to set aside a history that a keeping did not make, or that came while this was read."""
    there = peek(target, wanted.inventory.id)
    if there is None or follows(there, wanted.inventory) or follows(wanted.inventory, there):
        return
    if there != seen:
        raise BusyError(
            f"{there.id} in {target.label} was written by another command while it was read; run the "
            "same command again"
        )
    if adding:
        raise IntegrityError(
            f"{target.label} holds another history of {there.id} than the one kept here: another "
            "dossier keeps it there, or it was tampered with. Name another vault, or run 'tenure "
            "preserve check' with the dossier that kept it. Nothing was changed"
        )


def _need_room(
    target: Store, finders: Sequence["_Copies | Finder"], wanted: Plan, faults: dict[str, Fault]
) -> None:
    size = 0
    for key in faults:
        for finder in finders:
            try:
                size += finder.size(key, wanted)
            except (KeyError, IntegrityError, OSError):
                continue
            break
    free = target.free()
    if free < size + SPARE_BYTES:
        raise RoomError(
            f"{target.label}: {size >> 20} MiB are to be copied and {free >> 20} MiB are free; make "
            "room or name another folder; nothing was written"
        )


Places = tuple[Sequence[Store], Sequence[Finder]]


def _mend_all(
    target: Store, places: Places, wanted: Plan, faults: dict[str, Fault]
) -> tuple[list[Repair], list[str]]:
    at = ocfl.object_path(wanted.inventory.id)
    done, lost = list[Repair](), list[str]()
    for key in faults:
        if key not in wanted.files:
            done.append(Repair(key=key, problem=faults[key].problem, source=target.set_aside(key)))
    heads = (f"{at}/{INVENTORY}", f"{at}/{SIDECAR}")
    # In the order of a commit: the root inventory comes last; parity after what it is made of.
    inner = {key for key in wanted.small if key.startswith(at)}
    there = peek(target, wanted.inventory.id)
    held = names(there) if there else set[str]()
    for key in sorted(wanted.files, key=lambda k: (k in inner, f"/{FOLDER}" in k)):
        if key not in faults:
            continue
        if key in heads and not lost:
            target.swap(key, wanted.small[key])
            source: str | None = FROM_INVENTORY
        else:
            source = None if key in heads else _mend(target, places, wanted, key, key in held)
        if source is None:
            lost.append(key)
        else:
            done.append(Repair(key=key, problem=faults[key].problem, source=source))
    return done, lost


def _mend(target: Store, places: Places, wanted: Plan, key: str, held: bool) -> str | None:  # noqa: FBT001 - said of the key
    """Put one file from the first place whose bytes are right; name that place.

    ``held``: the copy's own inventory names it.
    """
    if key in wanted.small:
        target.mend(key, BytesIO(wanted.small[key]), wanted.files[key])
        return FROM_INVENTORY
    if held and _by_parity(target, wanted, key):
        return FROM_PARITY
    label = _from_elsewhere(target, places, wanted, key)
    if label is None and not held and _by_parity(target, wanted, key):
        return FROM_PARITY
    return label


def _from_elsewhere(target: Store, places: Places, wanted: Plan, key: str) -> str | None:
    sources, finders = places
    for source in sources:
        try:
            with source.open(key) as stream:
                target.mend(key, stream, wanted.files[key])
        except (KeyError, IntegrityError, OSError):
            continue
        return source.label
    for finder in finders:
        try:
            label, stream = finder.find(key, wanted)
            with stream:
                target.mend(key, stream, wanted.files[key])
        except (KeyError, IntegrityError, OSError):
            continue
        return label
    return None


def _by_parity(target: Store, wanted: Plan, key: str) -> bool:
    """Compute a file again from what this very copy still holds."""
    path = key.removeprefix(f"{ocfl.object_path(wanted.inventory.id)}/")
    try:
        stream = recovery.recover(target, wanted.inventory, path)
        if stream is None:
            return False
        with stream:
            target.mend(key, stream, wanted.files[key])
    except (KeyError, IntegrityError, OSError):
        return False
    return True

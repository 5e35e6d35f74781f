"""Bringing a copy to what it must be, file by file, from copies whose bytes are right.

A new copy, one that is a version behind, one that was interrupted and a damaged one are the same
case. Damaged files are set aside only once good bytes lie ready beside them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO

from tenure.errors import IntegrityError, RoomError
from tenure.preserve import ocfl
from tenure.preserve.fixity import Fault, Health, Plan, check
from tenure.preserve.ocfl import INVENTORY, SIDECAR
from tenure.preserve.store import Store
from tenure.preserve.vault import SPARE_BYTES

FROM_INVENTORY = "the signed inventory"


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


def bring(target: Store, sources: Sequence[Store], wanted: Plan) -> Outcome:
    """Check a copy, repair what is not right, and check it again, every byte.

    Raises:
        IntegrityError: a file is bad in every copy; what could be repaired was, nothing deleted.
        RoomError: too little disk for what is missing; found before anything is written.
        BusyError: another command writes to the target.
    """
    before = check(target, wanted)
    if before.well:
        return Outcome(before=before, after=before, repairs=())
    with target.lock():
        faults = {fault.key: fault for fault in before.faults}
        _need_room(target, sources, faults)
        done, lost = _mend_all(target, sources, wanted, faults)
        after = check(target, wanted)
    if lost or not after.well:
        bad = ", ".join(lost[:3] or [fault.key for fault in after.faults[:3]])
        raise IntegrityError(
            f"{wanted.inventory.id} in {target.label}: still bad after the repair, and in every other "
            f"copy: {bad}; mount another copy. {len(done)} file(s) were repaired, nothing was deleted"
        )
    return Outcome(before=before, after=after, repairs=tuple(done))


def _need_room(target: Store, sources: Sequence[Store], faults: dict[str, Fault]) -> None:
    size = 0
    for key in faults:
        for source in sources:
            try:
                size += source.size(key)
            except (KeyError, IntegrityError):
                continue
            break
    free = target.free()
    if free < size + SPARE_BYTES:
        raise RoomError(
            f"{target.label}: {size >> 20} MiB are to be copied and {free >> 20} MiB are free; make "
            "room or name another folder; nothing was written"
        )


def _mend_all(
    target: Store, sources: Sequence[Store], wanted: Plan, faults: dict[str, Fault]
) -> tuple[list[Repair], list[str]]:
    at = ocfl.object_path(wanted.inventory.id)
    done, lost = list[Repair](), list[str]()
    for key in faults:
        if key not in wanted.files:
            done.append(Repair(key=key, problem=faults[key].problem, source=target.set_aside(key)))
    heads = (f"{at}/{INVENTORY}", f"{at}/{SIDECAR}")
    for key in wanted.files:  # in the order of a commit: the root inventory comes last
        if key not in faults:
            continue
        if key in heads and not lost:
            target.swap(key, wanted.small[key])
            source: str | None = FROM_INVENTORY
        else:
            source = None if key in heads else _mend(target, sources, wanted, key)
        if source is None:
            lost.append(key)
        else:
            done.append(Repair(key=key, problem=faults[key].problem, source=source))
    return done, lost


def _mend(target: Store, sources: Sequence[Store], wanted: Plan, key: str) -> str | None:
    """Put one file from the first place whose bytes are right; name that place."""
    if key in wanted.small:
        target.mend(key, BytesIO(wanted.small[key]), wanted.files[key])
        return FROM_INVENTORY
    for source in sources:
        try:
            with source.open(key) as stream:
                target.mend(key, stream, wanted.files[key])
        except (KeyError, IntegrityError, OSError):
            continue
        return source.label
    return None

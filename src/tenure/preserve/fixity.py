"""Is every byte of every copy still what was signed?

The inventory whose digest stands in a signed event decides, not the majority of the copies. All
copies that are compared here are of one form; ``across.py`` goes from one form to the other.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from tenure.errors import IntegrityError
from tenure.preserve import forms, ocfl
from tenure.preserve.ocfl import DECLARATION, INVENTORY, SIDECAR, Inventory
from tenure.preserve.store import Store, read_small, sha512_of
from tenure.preserve.vault import names, peek, root_files

NOT_NAMED = "not named by the inventory"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """What a signed event says of a kept object: sha512 of each version's inventory and root file."""

    inventories: Mapping[str, str] = field(default_factory=dict[str, str])
    root: Mapping[str, str] = field(default_factory=dict[str, str])

    def to_json(self) -> dict[str, dict[str, str]]:
        """Return plain JSON."""
        return {"inventories": dict(self.inventories), "root": dict(self.root)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What an object must consist of.

    ``files`` maps each key to its sha512, in the order of a commit; ``small`` holds the bytes of
    those that follow from the inventories. ``also`` holds a second sha512 that a file of the root
    may have: that of this installation's guide or reader, where an older one was signed. ``beyond``
    is the inventory of a copy that has newer versions: those are not this plan's to judge.
    """

    inventory: Inventory
    files: Mapping[str, str]
    small: Mapping[str, bytes]
    also: Mapping[str, str] = field(default_factory=dict[str, str])
    beyond: Inventory | None = None

    @property
    def signed(self) -> Signed:
        """Return what the next signed event says of this object."""
        at = ocfl.object_path(self.inventory.id)
        versions = [f"v{n + 1}" for n in range(len(self.inventory.versions))]
        return Signed(
            inventories={v: self.files[f"{at}/{v}/{INVENTORY}"] for v in versions},
            root={key: digest for key, digest in self.files.items() if not key.startswith(at)},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One file of one copy that is not as it must be."""

    key: str
    problem: str
    found: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What a check of one copy read and found; a check that read nothing is not well.

    ``beyond`` names the copy's newest version where that is newer than what was asked for.
    """

    copy: str
    files: int
    bytes: int
    faults: tuple[Fault, ...]
    beyond: str = ""

    @property
    def well(self) -> bool:
        """Say whether everything was read and everything was right."""
        return self.files > 0 and self.bytes > 0 and not self.faults


def _inventories(store: Store, object_id: str) -> dict[str, set[bytes]]:
    """Collect inventories by version; the sidecars decide where nothing was signed."""
    at = ocfl.object_path(object_id)
    found: dict[str, set[bytes]] = {}
    for key in store.list(at):
        folder, _, name = key.rpartition("/")
        if name != INVENTORY or key.count("/") > at.count("/") + 2:
            continue
        data = read_small(store, key)
        try:
            whole = ocfl.parse(data or b"", object_id)
        except IntegrityError:
            continue
        if read_small(store, f"{folder}/{SIDECAR}") == ocfl.sidecar(data or b"") or folder != at:
            found.setdefault(whole.head, set()).add(data or b"")
    return found


def plan(
    stores: Sequence[Store],
    object_id: str,
    signed: Signed | None = None,
    more: Mapping[str, bytes] | None = None,
) -> Plan:
    """Work out from all copies of one form what the object must be in that form.

    Without ``signed`` (no dossier at hand) the copies must agree with each other. ``more`` holds
    inventories by version that were worked out otherwise, from a copy in the other form.

    Raises:
        IntegrityError: no copy holds the signed inventory, or unsigned copies disagree.
    """
    found: dict[str, set[bytes]] = {}
    for store in stores:
        with suppress(OSError):  # a copy that is away is not asked; the check of it says so
            for version, datas in _inventories(store, object_id).items():
                found.setdefault(version, set()).update(datas)
    for version, data in (more or {}).items():
        found.setdefault(version, set()).add(data)
    signed = signed or Signed()
    if signed.inventories:
        _add_older(found, object_id)
    head = _newest(signed.inventories or found)
    if head is None:
        raise IntegrityError(
            f"no copy ({', '.join(s.label for s in stores)}) holds a readable inventory of {object_id}; "
            "nothing was checked: name the right vault, or run 'tenure preserve keep' first"
        )
    chosen: dict[str, bytes] = {}
    for number in range(1, int(head[1:]) + 1):
        version = f"v{number}"
        chosen[version] = _choose(
            version, found.get(version, set()), signed.inventories.get(version), object_id
        )
    inventory = ocfl.parse(chosen[head], object_id)
    for version, data in chosen.items():
        older = ocfl.parse(data, object_id)
        count = len(older.versions)
        same = [v.state for v in older.versions] == [v.state for v in inventory.versions[:count]]
        if older.head != version or not same:
            raise IntegrityError(
                f"{object_id}: {version} was rewritten: its inventory disagrees with {head}'s"
            )
    return _complete(inventory, chosen, _root(stores, signed.root))


def _add_older(found: dict[str, set[bytes]], object_id: str) -> None:
    """Add what follows: a newer inventory says what every older one was, byte for byte."""
    for datas in list(found.values()):
        for data in list(datas):
            for version, older in forms.all_bytes(ocfl.parse(data, object_id)).items():
                found.setdefault(version, set()).add(older)


def _newest(versions: Mapping[str, object]) -> str | None:
    return max(versions, key=lambda v: int(v[1:]), default=None)


def _choose(version: str, datas: set[bytes], signed: str | None, object_id: str) -> bytes:
    if signed is not None:
        for data in datas:
            if hashlib.sha512(data).hexdigest() == signed:
                return data
        raise IntegrityError(
            f"{object_id}: no copy holds the inventory of {version} that the dossier signed "
            f"(sha512 {signed[:16]}…); mount another copy, or restore one from outside"
        )
    if len(datas) != 1:
        raise IntegrityError(
            f"{object_id}: the copies hold {len(datas)} different inventories of {version} and none is "
            "signed; run the check with the dossier that kept it (--dossier)"
        )
    return next(iter(datas))


def _root(stores: Sequence[Store], signed: Mapping[str, str]) -> dict[str, str]:
    """Say what each file of the root must be: as signed, or ours where no copy has that any more."""
    found: dict[str, str] = {}
    for key in [*signed, *(key for key in root_files() if not signed)]:
        ours = root_files().get(key)
        there = (_read_if_there(store, key) for store in stores)
        sums = [hashlib.sha512(data).hexdigest() for data in there if data is not None]
        wanted = signed.get(key) or next(iter(sums), None)
        if wanted is None or (wanted not in sums and ours is not None):
            wanted = hashlib.sha512(ours or b"").hexdigest()
        found[key] = wanted
    return found


def _read_if_there(store: Store, key: str) -> bytes | None:
    with suppress(OSError):  # a copy that is away is not asked
        return read_small(store, key)
    return None


def _complete(inventory: Inventory, chosen: Mapping[str, bytes], root: Mapping[str, str]) -> Plan:
    at = ocfl.object_path(inventory.id)
    small: dict[str, bytes] = {}
    for version, data in chosen.items():
        small[f"{at}/{version}/{INVENTORY}"] = data
        small[f"{at}/{version}/{SIDECAR}"] = ocfl.sidecar(data)
    small[f"{at}/{DECLARATION}"] = ocfl.DECLARATION_BYTES
    small[f"{at}/{INVENTORY}"] = chosen[inventory.head]
    small[f"{at}/{SIDECAR}"] = ocfl.sidecar(chosen[inventory.head])
    files = {
        **root,
        **{f"{at}/{path}": digest for digest, path in inventory.manifest.items()},
        **{key: hashlib.sha512(data).hexdigest() for key, data in small.items()},
    }
    sums = {key: hashlib.sha512(data).hexdigest() for key, data in root_files().items()}
    ours = {key: data for key, data in root_files().items() if sums[key] == root.get(key)}
    also = {key: digest for key, digest in sums.items() if key in root and key not in ours}
    return Plan(inventory=inventory, files=files, small={**ours, **small}, also=also)


def for_copy(store: Store, wanted: Plan) -> Plan:
    """Fit a plan to one copy: versions that were added there since are let be.

    They are another dossier's, or of a keeping that was killed before it signed. What was asked for
    is the same in every byte; only the root's inventory must be the newer one.
    """
    there = None
    with suppress(OSError):  # away: the reading of it says so
        there = peek(store, wanted.inventory.id)
    if there is None or there == wanted.inventory or not forms.follows(there, wanted.inventory):
        return wanted
    at, data = ocfl.object_path(there.id), there.to_bytes()
    heads = {f"{at}/{INVENTORY}": data, f"{at}/{SIDECAR}": ocfl.sidecar(data)}
    sums = {key: hashlib.sha512(content).hexdigest() for key, content in heads.items()}
    return replace(
        wanted,
        files={**wanted.files, **sums},
        small={**wanted.small, **heads},
        beyond=there,
    )


def check(store: Store, wanted: Plan) -> Health:
    """Read every byte of one copy of an object, and the root's own files.

    ``files`` and ``bytes`` count what was read to its end, damaged or not.
    """
    wanted = for_copy(store, wanted)
    return again(store, wanted, wanted.files)


def again(store: Store, wanted: Plan, keys: Iterable[str]) -> Health:
    """Read some files of one copy, by a plan that was fitted to it, and look for what is not named."""
    faults: list[Fault] = []
    count = size = 0
    for key in keys:
        digest = wanted.files[key]
        try:
            with store.open(key) as source:
                found, read = sha512_of(source)
        except (KeyError, IntegrityError):
            faults.append(Fault(key=key, problem="missing"))
            continue
        except OSError as error:
            faults.append(Fault(key=key, problem=f"unreadable: {error.strerror}"))
            continue
        count, size = count + 1, size + read
        if found not in (digest, wanted.also.get(key)):
            faults.append(Fault(key=key, problem="damaged", found=found))
    with suppress(OSError):  # away: then no file could be read either
        faults.extend(Fault(key=key, problem=NOT_NAMED) for key in extra(store, wanted))
    beyond = wanted.beyond.head if wanted.beyond else ""
    return Health(copy=store.label, files=count, bytes=size, faults=tuple(faults), beyond=beyond)


def extra(store: Store, wanted: Plan) -> list[str]:
    """List what lies with an object and is named by no inventory of it."""
    there = set(store.list(ocfl.object_path(wanted.inventory.id)))
    return sorted(there - set(wanted.files) - (names(wanted.beyond) if wanted.beyond else set()))

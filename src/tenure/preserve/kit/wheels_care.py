"""The shared wheels are read and mended as the models are that come back with them.

What they must be stands in the evidence of a keeping (``vault.wheels``: the object, and the sha512 of
its inventory in each copy). Where no keeping signed it, the digest in the object's name decides: an inventory
counts whose sha256 sums give that name and whose sha512 sums belong to the very same bytes. They lie
as plain files in every copy, whatever form the models have there.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

from tenure.dossier import View
from tenure.dossier.canonical import manifest_digest
from tenure.errors import IntegrityError
from tenure.preserve import copies, fixity, ocfl, places
from tenure.preserve.fixity import Plan, Signed
from tenure.preserve.kit.items import WHEELS
from tenure.preserve.ocfl import INVENTORY, Inventory
from tenure.preserve.store import Store, chunks, read_small

URN = "urn:tenure:wheels:"
LOCK = "revival.lock"
FOLDER = "wheels/"
Accept = Callable[[bytes, Inventory], bool]


def named_by(digests: Mapping[str, str]) -> str:
    """Name the object that holds these files (name -> ``sha256:<hex>``)."""
    return URN + manifest_digest(digests).removeprefix("sha256:")


def lock_text(names: Iterable[str]) -> bytes:
    """Write the lock file that lies beside wheels of these names."""
    return "".join(f"{line}\n" for line in sorted(_pin(name) for name in names)).encode()


def _pin(name: str) -> str:
    return "==".join(name.split("-")[:2])


def named(stores: Sequence[Store], model: Inventory) -> str | None:
    """Read which wheels a kept model names; None: it was kept without, or no copy can say."""
    digest = model.state.get(WHEELS)
    if digest is None:
        return None
    key = f"{ocfl.object_path(model.id)}/{model.manifest[digest]}"
    for store in stores:
        data = None
        with suppress(OSError):
            data = read_small(store, key)
        if data is not None and hashlib.sha512(data).hexdigest() == digest:
            return str(json.loads(data)["object"])
    return None


def said(plans: Sequence[Plan]) -> dict[str, Any]:
    """Write what the evidence of a keeping signs of the copies that these plans are for."""
    signed = {plan.signed.inventories["v1"] for plan in plans}
    return {"object": plans[0].inventory.id, "inventories": sorted(signed)}


def accepting(view: View, stores: Sequence[Store], urn: str) -> Accept:
    """Say which inventory counts: one that a keeping of this dossier signed, else one the name proves."""
    signed: set[str] = set()
    for model in view.models():
        for _, evidence in view.all_evidence(model.id):
            held = evidence.runtime.get("vault") if evidence.name == places.KEEP else None
            about = (held or {}).get("wheels") or {}
            if about.get("object") == urn:
                signed |= set(about["inventories"])
    if signed:
        return lambda data, _: hashlib.sha512(data).hexdigest() in signed
    known: dict[bytes, bool] = {}

    def proven(data: bytes, inventory: Inventory) -> bool:
        if data not in known:
            known[data] = _proven(stores, inventory)
        return known[data]

    return proven


def _proven(stores: Sequence[Store], inventory: Inventory) -> bool:
    """Compare an inventory with its object's name, and its two kinds of sums with the bytes."""
    at, state = ocfl.object_path(inventory.id), inventory.state
    names = [path.removeprefix(FOLDER) for path in state if path.startswith(FOLDER)]
    paths = {name: inventory.manifest[state[FOLDER + name]] for name in names}
    sums = {name: f"sha256:{inventory.sha256.get(path)}" for name, path in paths.items()}
    lock = hashlib.sha512(lock_text(names)).hexdigest()
    if named_by(sums) != inventory.id or len(state) != len(names) + 1 or state.get(LOCK) != lock:
        return False
    return all(
        any(
            _sums(store, f"{at}/{path}") == (state[FOLDER + name], sums[name].partition(":")[2])
            for store in stores
        )
        for name, path in paths.items()
    )


def _sums(store: Store, key: str) -> tuple[str, str]:
    long, short = hashlib.sha512(), hashlib.sha256()
    with suppress(KeyError, IntegrityError, OSError), store.open(key) as source:
        for chunk in chunks(source):
            long.update(chunk)
            short.update(chunk)
    return long.hexdigest(), short.hexdigest()


def plan(target: Store, stores: Sequence[Store], urn: str, accept: Accept) -> Plan:
    """Work out what one copy must hold: by its own inventory, else by that of another copy.

    Raises:
        IntegrityError: no copy has an inventory that counts.
    """
    at, refused = ocfl.object_path(urn), set[bytes]()
    for store in (target, *(each for each in stores if each is not target)):
        for key in (f"{at}/v1/{INVENTORY}", f"{at}/{INVENTORY}"):
            with suppress(OSError, IntegrityError):
                data = read_small(store, key)
                if not data or data in refused:
                    continue
                found = ocfl.parse(data, urn)
                if found.head == "v1" and accept(data, found):
                    return _alone(urn, data)
                refused.add(data)
    raise IntegrityError(
        f"no copy ({', '.join(s.label for s in stores)}) holds the wheels {urn} so that they can be told "
        "to be right; mount another copy, or add them again: tenure preserve keep --wheels download"
    )


def _alone(urn: str, data: bytes) -> Plan:
    """Plan for the object alone: the root's own files are read with each model."""
    signed = Signed(inventories={"v1": hashlib.sha512(data).hexdigest()})
    whole, at = fixity.plan([], urn, signed, {"v1": data}), ocfl.object_path(urn)
    files = {key: digest for key, digest in whole.files.items() if key.startswith(f"{at}/")}
    small = {key: content for key, content in whole.small.items() if key in files}
    return replace(whole, files=files, small=small, also={})


@dataclass(frozen=True, slots=True)
class Given:
    """Wheels that are at hand, as a place to look; by sha512."""

    paths: Mapping[str, Path]

    def size(self, key: str, wanted: Plan) -> int:
        """Return a file's size; KeyError when it is not at hand."""
        return self.paths[wanted.files[key]].stat().st_size

    def find(self, key: str, wanted: Plan) -> tuple[str, BinaryIO]:
        """Open a file; KeyError when it is not at hand."""
        return "the wheels given now", self.paths[wanted.files[key]].open("rb")


def read(target: Store, wanted: Plan, sources: Sequence[Store] | None) -> copies.Outcome:
    """Read one copy's wheels, every byte, and mend them unless ``sources`` is None.

    What is found and mended is named with the object: ``urn:tenure:wheels:.../v1/content/...``.

    Raises:
        IntegrityError, RoomError, BusyError, OutOfReachError: as ``copies.bring`` does.
    """
    if sources is None:
        health = fixity.check(target, wanted)
        return _named(copies.Outcome(before=health, after=health, repairs=()), wanted)
    others = [store for store in sources if store is not target]
    try:
        return _named(copies.bring(target, others, wanted, kept=True), wanted)
    except copies.StillBadError as error:
        raise copies.StillBadError(str(error), _named(error.outcome, wanted)) from None


def _named(done: copies.Outcome, wanted: Plan) -> copies.Outcome:
    at, urn = ocfl.object_path(wanted.inventory.id), wanted.inventory.id
    faults = tuple(replace(f, key=f.key.replace(at, urn, 1)) for f in done.before.faults)
    repairs = tuple(replace(r, key=r.key.replace(at, urn, 1)) for r in done.repairs)
    return replace(done, before=replace(done.before, faults=faults), repairs=repairs)


def together(model: fixity.Health, more: fixity.Health) -> fixity.Health:
    """Add what was read of the wheels to what was read of the model in the same copy."""
    return replace(
        model,
        files=model.files + more.files,
        bytes=model.bytes + more.bytes,
        faults=model.faults + more.faults,
    )

"""Which kept model a new one is packed against: the one whose tensors are most like its own.

A fine-tune differs from its base in few bits of each number; packed as a difference it takes a
fraction of its size. A base is never itself packed against another model, and lies in every packed
copy before anything is packed against it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from tenure.dossier import Model, View
from tenure.errors import IntegrityError
from tenure.preserve import copies, fixity, forms, packing, tombstones, vault
from tenure.preserve.forms import ORIGINAL
from tenure.preserve.ocfl import Inventory
from tenure.preserve.packed import packs, passports
from tenure.preserve.packed.passports import BaseRef
from tenure.preserve.store import Store

MOST = 8  # so many kept models are compared
URN = "urn:tenure:model:"


@dataclass(frozen=True, slots=True)
class _Candidate:
    inventory: Inventory
    passport: Mapping[str, Any]

    def weights(self) -> dict[str, BaseRef]:
        """Return its files of weights by logical path."""
        found: dict[str, BaseRef] = {}
        held = forms.plain_names(self.inventory)
        for name, said in (self.passport.get("files") or {}).items():
            logical = ORIGINAL + name
            if logical.endswith(forms.WEIGHTS) and logical in held:
                path = self.inventory.manifest[self.inventory.state[held[logical]]]
                found[logical] = BaseRef(
                    object=self.inventory.id,
                    version=path.partition("/")[0],
                    path=logical,
                    sha256=str(said["sha256"]),
                    bytes=int(said["bytes"]),
                )
        return found


def _ancestors(view: View, model: Model) -> Iterator[str]:
    known = {each.id: each for each in view.models()}
    found, seen = model, {model.id}
    while found.parent in known and found.parent not in seen:
        found = known[found.parent]
        seen.add(found.id)
        yield URN + found.id


def _shape(passport: Mapping[str, Any]) -> set[tuple[str, str, str]]:
    tensors = passport.get("tensors") or ()
    return {(str(t["name"]), str(t["dtype"]), str(t["shape"])) for t in tensors}


def _open(store: Store, object_id: str) -> _Candidate | None:
    inventory = vault.peek(store, object_id)
    if inventory is None:
        return None
    try:
        passport = passports.read(store, inventory)
    except IntegrityError:
        return None
    return _Candidate(inventory, passport)


def _candidates(
    view: View, model: Model, store: Store, passport: Mapping[str, Any]
) -> Iterator[_Candidate]:
    """Give what could be a base: ancestors and what those stand on, then models of the same shape."""
    seen, own = {URN + model.id}, _shape(passport)
    for named in _ancestors(view, model):
        found = _open(store, named)
        stands_on = [] if found is None else passports.bases(found.passport, named).values()
        for each in [found, *(_open(store, base.object) for base in stands_on)]:
            if each is not None and each.inventory.id not in seen:
                seen.add(each.inventory.id)
                yield each
    for inventory in passports.objects(store):
        if inventory.id not in seen:
            each = _open(store, inventory.id)
            if each is not None and own and _shape(each.passport) == own:
                yield each


def _twin(name: str, weights: Mapping[str, BaseRef]) -> BaseRef | None:
    """Choose the file of a base for one of ours: that of the same name, or the only one there is."""
    only = next(iter(weights.values())) if len(weights) == 1 else None
    return weights.get(name) or only


def choose(
    view: View, model: Model, stores: Sequence[Store], passport: Mapping[str, Any]
) -> dict[str, BaseRef]:
    """Choose the base of each of a model's files of weights, by samples of their tensors.

    ``stores`` are the packed copies; candidates are those kept in the first. Returns logical path
    -> base; empty when none is worth it.

    Raises:
        IntegrityError: a candidate's passport cannot be read.
    """
    folder = view.folder(model)
    ours = [ORIGINAL + name for name in model.files if name.endswith(forms.WEIGHTS)]
    if not ours or not stores:
        return {}
    sizes = {name: (folder / name.removeprefix(ORIGINAL)).stat().st_size for name in ours}
    largest = max(ours, key=lambda name: (sizes[name], name))
    possible: dict[str, dict[str, BaseRef]] = {}
    opened: list[packing.BaseFile] = []
    free = (
        candidate
        for candidate in _candidates(view, model, stores[0], passport)
        if not _stands_on(candidate) and not _withdrawn(view, candidate)
    )
    for candidate in islice(free, MOST):
        weights = candidate.weights()
        twin = _twin(largest, weights)
        if twin is not None:
            possible[twin.object] = weights
            opened.append(packs.base_file(stores[0], twin))
    best = packing.choose_base(folder / largest.removeprefix(ORIGINAL), opened)
    if best is None:
        return {}
    found = {name: _twin(name, possible[best.object]) for name in ours}
    return {name: twin for name, twin in found.items() if twin is not None}


def _stands_on(candidate: _Candidate) -> bool:
    return bool(passports.bases(candidate.passport, candidate.inventory.id))


def _withdrawn(view: View, candidate: _Candidate) -> bool:
    """Say whether this dossier has put a tombstone on it."""
    named = candidate.inventory.id.removeprefix(URN)
    return any(tombstones.of(view, each) for each in view.models() if each.id == named)


def hold_everywhere(bases: Mapping[str, BaseRef], stores: Sequence[Store]) -> None:
    """Bring the bases into every packed copy, and refuse where one is not there after that.

    Raises:
        IntegrityError: a base cannot be opened in one of the copies.
        RoomError: too little disk in one of them.
    """
    for base in bases.values():
        for store in stores:
            if vault.peek(store, base.object) is None:
                others = [each for each in stores if each is not store]
                with_it = [each for each in others if vault.peek(each, base.object)]
                if with_it:
                    wanted = fixity.plan(with_it, base.object)
                    copies.bring(store, with_it, wanted)
            packs.base_file(store, base)

"""From one form of a copy to the other: where a file's bytes can be had that no copy of its form holds.

A plain file is unpacked from its pack; a pack is made again from the plain file. Nothing that comes
out is believed before it was compared with the signed inventory, which ``copies`` does.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from tenure.errors import IntegrityError
from tenure.preserve import forms, ocfl
from tenure.preserve.fixity import Plan
from tenure.preserve.forms import PACKS, Digests
from tenure.preserve.ocfl import Inventory
from tenure.preserve.packed import packs, passports
from tenure.preserve.packed.deriving import FromStore, Workshop
from tenure.preserve.store import Store
from tenure.preserve.vault import peek


def plain_from_packed(stores: Sequence[Store], packed: Inventory) -> dict[str, bytes]:
    """Work out the plain form's inventories, by version, from packed copies.

    Raises:
        IntegrityError: a pack can be opened in none of them.
    """
    return forms.all_bytes(forms.plain_inventory(packed, packs.originals(stores, packed)))


class ToPlain:
    """Gives plain files from one packed copy; packs are unpacked into a working folder."""

    def __init__(self, source: Store, folder: Path) -> None:
        self._source, self._folder = source, folder
        self._known: tuple[Inventory, dict[str, Digests]] | None = None

    def _read(self, object_id: str) -> tuple[Inventory, dict[str, Digests]]:
        if self._known is None:
            inventory = peek(self._source, object_id)
            if inventory is None:
                raise KeyError(object_id)
            self._known = inventory, packs.originals([self._source], inventory)
        return self._known

    def size(self, key: str, wanted: Plan) -> int:
        """Return a file's size; KeyError when this copy does not have it."""
        sha512, (inventory, originals) = wanted.files[key], self._read(wanted.inventory.id)
        if sha512 in inventory.manifest:
            at = ocfl.object_path(inventory.id)
            return self._source.size(f"{at}/{inventory.manifest[sha512]}")
        for original in originals.values():
            if original.sha512 == sha512:
                return original.bytes
        raise KeyError(key)

    def find(self, key: str, wanted: Plan) -> tuple[str, BinaryIO]:
        """Open a file's bytes; KeyError or IntegrityError when this copy does not have them."""
        sha512, (inventory, originals) = wanted.files[key], self._read(wanted.inventory.id)
        label, at = self._source.label, ocfl.object_path(inventory.id)
        if sha512 in inventory.manifest:
            return label, self._source.open(f"{at}/{inventory.manifest[sha512]}")
        for pack, original in originals.items():
            if original.sha512 == sha512:
                self._folder.mkdir(parents=True, exist_ok=True)
                path = self._folder / f"{sha512[:32]}.unpacked"
                if not path.exists():
                    unpack(self._source, inventory, _name_of(inventory, pack), path)
                return label, path.open("rb")
        raise KeyError(key)


def _name_of(inventory: Inventory, pack: str) -> str:
    """Return a logical path that stands for a pack, in the newest version that names it."""
    for version in reversed(inventory.versions):
        for logical, digest in version.state.items():
            if digest == pack and logical.startswith(PACKS):
                return logical
    raise KeyError(pack)


def unpack(store: Store, inventory: Inventory, logical: str, into: Path | BinaryIO) -> str:
    """Unpack one pack of an object into a new file or a stream; returns the sha256 of what came out.

    Raises:
        IntegrityError: the pack is not sound, its base has gone, or what comes out is not the file.
    """
    pack = packs.opened(store, inventory, logical)
    base = base_for(store, inventory, logical) if pack.base is not None else None
    return pack.unpack_into(into, base, threads=packs.THREADS)["sha256"]


def base_for(store: Store, inventory: Inventory, logical: str) -> packs.BaseFile:
    """Open the base of one pack, by the passport.

    Raises:
        IntegrityError: the passport names none, or it has gone.
    """
    bases = passports.bases(passports.read(store, inventory), inventory.id)
    base = packs.bases_of(bases, store, forms.original_of(logical))
    if base is None:
        raise IntegrityError(
            f"{store.label}: {logical} of {inventory.id} needs a base that its passport does not "
            "name; run 'tenure preserve check' to mend it from another copy"
        )
    return base


class ToPacked:
    """Gives a packed copy's files from one plain copy: packs are made again in a working folder."""

    def __init__(self, target: Store, source: Store, folder: Path) -> None:
        self._target, self._source, self._folder = target, source, folder

    def size(self, key: str, wanted: Plan) -> int:
        """Return (for a pack: at most) a file's size; KeyError when this copy does not have it."""
        plain = self._plain(wanted)
        sha512 = _original(plain, key) or wanted.files[key]
        return self._source.size(f"{ocfl.object_path(plain.id)}/{plain.manifest[sha512]}")

    def find(self, key: str, wanted: Plan) -> tuple[str, BinaryIO]:
        """Open a file's bytes; KeyError or IntegrityError when this copy does not give them."""
        plain, label = self._plain(wanted), self._source.label
        sha512 = _original(plain, key)
        if sha512 is None:
            path = plain.manifest[wanted.files[key]]
            return label, self._source.open(f"{ocfl.object_path(plain.id)}/{path}")
        bases = passports.bases(passports.read(self._source, plain), plain.id)
        shop = Workshop(self._folder, lambda name: packs.bases_of(bases, self._target, name))
        given = FromStore(self._source, plain, self._folder / "plain")(sha512)
        made = shop.pack(sha512, plain.manifest[sha512].partition("/content/")[2], given)
        if made is None:
            raise KeyError(key)
        return label, made.path.open("rb")

    def _plain(self, wanted: Plan) -> Inventory:
        found = peek(self._source, wanted.inventory.id)
        if found is None:
            raise KeyError(wanted.inventory.id)
        return found


def _original(plain: Inventory, key: str) -> str | None:
    """Return the sha512 of the plain file that the pack ``key`` stands for; None: not a pack."""
    path = key.removeprefix(f"{ocfl.object_path(plain.id)}/")
    version, _, held = path.partition("/content/")
    if not held.startswith(PACKS):
        return None
    place = f"{version}/content/{forms.original_of(held)}"
    for sha512, found in plain.manifest.items():
        if found == place:
            return sha512
    raise KeyError(key)


def finders(
    target: Store, form: str, others: Sequence[Store], folder: Path
) -> list[ToPlain | ToPacked]:
    """Return where to look across forms: ``others`` are the copies that are not of this form."""
    if form == forms.PLAIN:
        return [ToPlain(each, folder / f"{number}") for number, each in enumerate(others)]
    return [ToPacked(target, each, folder / f"{number}") for number, each in enumerate(others)]

"""The packed form of an object, made from the plain one: packs, parity, inventories.

What is made follows from the plain files, the base that the passport names, and this version of the
code: whatever the number of threads, the bytes are the same. So a packed copy that was lost as a
whole is made again and compared with what was signed.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO
from uuid import uuid4

from tenure.errors import IntegrityError
from tenure.preserve import forms, ocfl
from tenure.preserve.fixity import Plan
from tenure.preserve.forms import PARITY, Digests
from tenure.preserve.ocfl import Inventory
from tenure.preserve.packed import packs
from tenure.preserve.packed.packs import Made, Tried
from tenure.preserve.parity import encoding
from tenure.preserve.store import InFolder, Store, chunks
from tenure.preserve.sums import digests_of

SMALL = 1 << 20
Source = Path | bytes


class Workshop:
    """Packs made in a working folder, each once; ``base_of`` opens the base of a file by its path."""

    def __init__(self, folder: Path, base_of: Callable[[str], Any] = lambda _: None) -> None:
        self.folder, self.base_of = folder, base_of
        self._made: dict[str, Made | None] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def first(self, logical: str, source: Path) -> Tried:
        """Pack a file whose check sums are not known yet: they are taken on the way."""
        tried = packs.make(source, self.place(), self.base_of(logical))
        self._made[tried.original.sha512] = tried.made
        return tried

    def place(self) -> Path:
        """Name a new file in the folder."""
        return self.folder / f"{uuid4().hex}.made"

    def pack(self, sha512: str, logical: str, source: Source) -> Made | None:
        """Pack a file, given by its sha512 and logical path; None when it does not pay.

        Raises:
            IntegrityError: the file is not the one that was named.
        """
        if sha512 not in self._made:
            path = source
            if isinstance(path, bytes):
                path = self.place()
                path.write_bytes(source)  # type: ignore[arg-type]
            tried = packs.make(path, self.place(), self.base_of(logical))
            if tried.original.sha512 != sha512:
                raise IntegrityError(f"{logical} changed while it was packed; nothing was kept")
            self._made[sha512] = tried.made
        return self._made[sha512]


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """A packed form: its inventory, where its new content lies (by sha512), and all its packs.

    ``packs`` maps the sha512 of a plain file to its pack.
    """

    inventory: Inventory
    sources: Mapping[str, Source] = field(default_factory=dict[str, Source])
    packs: Mapping[str, Digests] = field(default_factory=dict[str, Digests])

    def size(self, key: str, wanted: Plan) -> int:
        """Return the size of a file that was made here; KeyError when it was not."""
        source = self.sources[wanted.files[key]]
        return len(source) if isinstance(source, bytes) else source.stat().st_size

    def find(self, key: str, wanted: Plan) -> tuple[str, BinaryIO]:
        """Open a file that was made here; KeyError when it was not."""
        source = self.sources[wanted.files[key]]
        stream = BytesIO(source) if isinstance(source, bytes) else source.open("rb")
        return "packed again from a plain copy", stream


class FromStore:
    """Gives the content of a plain object by sha512, as files of this machine or bytes."""

    def __init__(self, store: Store, plain: Inventory, folder: Path) -> None:
        self._store, self._plain, self._folder = store, plain, folder
        folder.mkdir(parents=True, exist_ok=True)

    def __call__(self, sha512: str) -> Source:
        """Return a file (in the store's own folder where that is on this machine) or small bytes.

        Raises:
            IntegrityError: it is missing, or is not what the inventory names.
        """
        key = f"{ocfl.object_path(self._plain.id)}/{self._plain.manifest[sha512]}"
        try:
            if self._store.size(key) <= SMALL:
                with self._store.open(key) as stream:
                    data = stream.read()
                if hashlib.sha512(data).hexdigest() == sha512:
                    return data
            elif isinstance(self._store, InFolder):
                return self._store.folder / key
            else:
                return self._brought(key, self._folder / sha512[:32])
        except KeyError:
            pass
        raise IntegrityError(
            f"{self._store.label}: {self._plain.manifest[sha512]} of {self._plain.id} is missing or "
            "damaged; run 'tenure preserve check' to mend it"
        )

    def _brought(self, key: str, path: Path) -> Path:
        if not path.exists():
            with self._store.open(key) as stream, path.open("wb") as out:
                for chunk in chunks(stream):
                    out.write(chunk)
        return path


def known(packed: Inventory, originals: Mapping[str, Digests]) -> Derived:
    """Say what a packed form already there holds."""
    where = {
        digest: Digests(sha512=digest, sha256=packed.sha256[path])
        for digest, path in packed.manifest.items()
    }
    found = {plain.sha512: where[pack] for pack, plain in originals.items() if pack in where}
    return Derived(inventory=packed, packs=found)


def derive(
    plain: Inventory, source: Callable[[str], Source], workshop: Workshop, before: Derived | None
) -> Derived:
    """Make what the packed form lacks: the packs and the parity of every version not there yet.

    Raises:
        IntegrityError: a source is not what the inventory names, or a pack is not sound.
        RoomError: too little disk for the working folder.
    """
    made, sources = dict(before.packs if before else {}), dict[str, Source]()
    parities = _parities(before.inventory) if before else {}
    count = len(before.inventory.versions) if before else 0
    for number in range(count, len(plain.versions)):
        version = f"v{number + 1}"
        held, fresh = dict[str, Source](), list[Made]()
        for sha512, path in plain.manifest.items():
            if path.startswith(f"{version}/content/"):
                held[sha512] = source(sha512)
        for sha512, logical in forms.packable(plain, version).items():
            pack = workshop.pack(sha512, logical, held[sha512])
            if pack is not None:
                made[sha512] = pack.digests
                held[pack.digests.sha512] = pack.path
                fresh.append(pack)
        partial = forms.packed_inventory(forms.upto(plain, number + 1), made, parities)
        sums = {pack.digests.sha512: pack.digests.bytes for pack in fresh}
        parities[version], path = _parity(partial, version, (held, sums), workshop)
        sources |= held | {parities[version].sha512: path}
    inventory = forms.packed_inventory(plain, made, parities)
    return Derived(inventory=inventory, sources=sources, packs=made)


def _parities(packed: Inventory) -> dict[str, Digests]:
    found: dict[str, Digests] = {}
    for logical, digest in packed.state.items():
        if logical.startswith(PARITY):
            version = logical.removeprefix(PARITY).partition(".")[0]
            sha256 = packed.sha256[packed.manifest[digest]]
            found[version] = Digests(sha512=digest, sha256=sha256)
    return found


def _parity(
    partial: Inventory,
    version: str,
    given: tuple[Mapping[str, Source], Mapping[str, int]],
    workshop: Workshop,
) -> tuple[Digests, Path]:
    """Write the parity of a version's new content; ``given``: where it lies, the packs made just now.

    A pack was hashed while it was written and unpacked whole, and is hashed again when it is stored.

    Raises:
        IntegrityError: a source is not the content that the inventory names.
    """
    (held, packed), begins, target = given, f"{version}/content/", workshop.place()
    new = {
        path.removeprefix(begins): held[digest]
        for digest, path in partial.manifest.items()
        if path.startswith(begins)
    }
    known = {
        path.removeprefix(begins): (digest, packed[digest])
        for digest, path in partial.manifest.items()
        if digest in packed
    }
    table = encoding.make(new, target, version=version, known=known)
    for member in table.members:
        if partial.manifest.get(member.sha512) != member.path:
            raise IntegrityError(
                f"{partial.id}: {member.path} is not what its inventory names; run 'tenure preserve "
                "check' to mend it from another copy"
            )
    return digests_of(target), target

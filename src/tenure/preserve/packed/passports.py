"""What the objects of a vault say of themselves: their passports, what they build on, who builds on them.

A pack may stand for a file by its difference from another object's file, its base. The passport
(``model.json``) names every such file in its ``closure``; a base is never itself packed against
another one, so a model comes back from two objects at most.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from tenure.errors import IntegrityError
from tenure.preserve import ocfl, vault
from tenure.preserve.ocfl import DECLARATION, INVENTORY, Inventory
from tenure.preserve.store import Store, read_small

PASSPORT = "model.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseRef:
    """A file of another object: its logical path there (``original/...``), sha256 and size."""

    object: str
    version: str
    path: str
    sha256: str
    bytes: int


def read(store: Store, inventory: Inventory) -> dict[str, Any]:
    """Read an object's passport, compared with the inventory; empty when it has none.

    Raises:
        IntegrityError: it is missing, damaged or not JSON.
    """
    digest = inventory.state.get(PASSPORT)
    if digest is None:
        return {}
    key = f"{ocfl.object_path(inventory.id)}/{inventory.manifest[digest]}"
    data = read_small(store, key)
    if data is None or hashlib.sha512(data).hexdigest() != digest:
        raise IntegrityError(
            f"{store.label}: the passport of {inventory.id} is missing or damaged; run 'tenure "
            "preserve check' to mend it from another copy"
        )
    try:
        return _sound(json.loads(data))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise IntegrityError(
            f"{store.label}: the passport of {inventory.id} is no passport ({error!r:.200}); restore it "
            "from another copy"
        ) from None


def _sound(found: Any) -> dict[str, Any]:
    """Refuse a passport whose files or tensors are not told as ours are."""
    for said in (found.get("files") or {}).values():
        if not isinstance(said["sha256"], str) or not isinstance(said["bytes"], int):
            raise TypeError("a file's check sum or size")
    for tensor in found.get("tensors") or ():
        names = (tensor["name"], tensor["file"], tensor["dtype"])
        if not all(isinstance(each, str) for each in names) or not all(
            isinstance(side, int) for side in tensor["shape"]
        ):
            raise TypeError("a tensor's name or shape")
    return found


def said(bases: Mapping[str, BaseRef]) -> dict[str, Any]:
    """Write the part of a passport that names the bases of its files (logical path -> base)."""
    one = next(iter(bases.values()), None)
    return {
        "base": None if one is None else {"object": one.object, "version": one.version},
        "closure": [{"file": name, **asdict(base)} for name, base in sorted(bases.items())],
    }


def bases(passport: Mapping[str, Any], object_id: str = "") -> dict[str, BaseRef]:
    """Read which file is packed against which: logical path -> base.

    Raises:
        IntegrityError: the closure is not one.
    """
    try:
        return {
            str(line["file"]): BaseRef(
                object=str(line["object"]),
                version=str(line["version"]),
                path=str(line["path"]),
                sha256=str(line["sha256"]),
                bytes=int(line["bytes"]),
            )
            for line in passport.get("closure", ())
        }
    except (KeyError, TypeError, ValueError) as error:
        raise IntegrityError(
            f"the passport of {object_id or passport.get('urn')} names its base in a way that "
            f"cannot be read ({error!r}); restore it from another copy"
        ) from None


def objects(store: Store) -> Iterator[Inventory]:
    """Give the newest inventory of every object of a vault; one that cannot be read is left out."""
    for key in store.list():
        folder, _, name = key.rpartition("/")
        if name != DECLARATION or key.startswith("extensions/"):
            continue
        try:
            named = json.loads(read_small(store, f"{folder}/{INVENTORY}") or b"")["id"]
            found = vault.read(store, str(named))
        except (IntegrityError, ValueError, KeyError, TypeError):
            continue
        if found is not None:
            yield found[0]


def dependants(store: Store, object_id: str) -> list[str]:
    """List the objects of a vault whose files cannot be unpacked without this one."""
    found: list[str] = []
    for inventory in objects(store):
        named = {base.object for base in bases(read(store, inventory), inventory.id).values()}
        if object_id in named and inventory.id != object_id:
            found.append(inventory.id)
    return sorted(found)

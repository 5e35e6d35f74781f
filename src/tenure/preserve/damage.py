"""A drill: one byte of one file of one copy is changed on purpose, to see it found and mended.

Used only by ``preserve/check`` with ``drill: true``; what it did is labelled as planted. It never
touches a file that is not intact, so a drill that was killed half-way plants nothing twice.
"""

from dataclasses import dataclass

from tenure.errors import UsageError
from tenure.preserve import ocfl
from tenure.preserve.fixity import Plan
from tenure.preserve.store import sha512_of
from tenure.preserve.stores.local import LocalStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """Where the damage was planted: copy, file, byte offset, and the bit that was flipped."""

    copy: str
    key: str
    offset: int
    bit: int


def plant(store: LocalStore, wanted: Plan) -> Planted:
    """Flip the lowest bit of one byte of the object's largest content file.

    File and offset follow from the inventory, so every run of the drill plants the same.

    Raises:
        UsageError: the object holds no bytes to damage.
    """
    at = ocfl.object_path(wanted.inventory.id)
    sizes: dict[str, int] = {}
    for path in wanted.inventory.manifest.values():
        try:
            sizes[f"{at}/{path}"] = store.size(f"{at}/{path}")
        except KeyError:
            continue  # a copy that is damaged already
    key = max(sizes, key=lambda k: (sizes[k], k), default="")
    if not key or not sizes[key]:
        raise UsageError(
            "there is nothing to damage in this copy; run 'tenure preserve keep' first"
        )
    offset = int(wanted.files[key][:12], 16) % sizes[key]
    path = store.root / key
    with path.open("rb") as source:
        intact = sha512_of(source)[0] == wanted.files[key]
    if intact:
        mode = path.stat().st_mode
        path.chmod(0o644)
        with path.open("r+b") as target:
            target.seek(offset)
            byte = target.read(1)[0]
            target.seek(offset)
            target.write(bytes([byte ^ 1]))
        path.chmod(mode)
    return Planted(copy=store.label, key=key, offset=offset, bit=0)

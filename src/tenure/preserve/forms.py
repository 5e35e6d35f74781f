"""The two forms of a copy, and how the inventory of one follows from that of the other.

A *plain* copy holds a model's files as they are. A *packed* one holds, instead of a file of weights
``original/NAME``, the pack ``packed/NAME.pack`` that stands for it to the byte, and beside every
version its parity. Both are the same object with the same versions; all other files are the same.
So either inventory can be worked out from the other, and a copy that was lost as a whole is made
again to the byte.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from tenure.errors import IntegrityError, UsageError
from tenure.preserve.ocfl import Inventory, Version
from tenure.preserve.store import safe_path

PLAIN, PACKED = "plain", "packed"
FORMS = (PACKED, PLAIN)
ORIGINAL, PACKS, PARITY, SUFFIX = "original/", "packed/", "parity/", ".pack"
WEIGHTS = (".safetensors", ".gguf", ".bin")


@dataclass(frozen=True, slots=True, kw_only=True)
class Digests:
    """The two check sums of a file, in hexadecimal, and its size in bytes (0: not known)."""

    sha512: str
    sha256: str
    bytes: int = 0


def form_of(inventory: Inventory) -> str:
    """Say in which form an object is kept: every packed one has parity beside it."""
    held = any(name.startswith((PACKS, PARITY)) for name in inventory.state)
    return PACKED if held else PLAIN


def pack_of(logical: str) -> str:
    """Name the pack of a file: ``original/x.gguf`` is ``packed/x.gguf.pack``."""
    return PACKS + logical.removeprefix(ORIGINAL) + SUFFIX


def original_of(logical: str) -> str:
    """Name the file a pack stands for."""
    return ORIGINAL + logical.removeprefix(PACKS).removesuffix(SUFFIX)


def plain_names(inventory: Inventory) -> dict[str, str]:
    """Map what a person gets back (logical path) to what is stored for it, parity left out.

    Raises:
        IntegrityError: a pack stands for a path that is refused, or for a file that is there too.
    """
    found: dict[str, str] = {}
    for logical in inventory.state:
        if logical.startswith(PARITY):
            continue
        name = original_of(logical) if logical.startswith(PACKS) else logical
        try:
            safe_path(name)
        except UsageError as error:
            raise IntegrityError(
                f"{inventory.id}: the pack {logical!r} is refused: {error}"
            ) from None
        if name in found:
            raise IntegrityError(f"{inventory.id} holds {name} twice, packed and as it is")
        found[name] = logical
    return found


def packable(plain: Inventory, version: str) -> dict[str, str]:
    """List what may be packed of a version's new content: sha512 -> logical path."""
    state = plain.at(version).state
    begins = f"{version}/content/{ORIGINAL}"
    found: dict[str, str] = {}
    for sha512, path in plain.manifest.items():
        names = [name for name, digest in state.items() if digest == sha512]
        if (
            path.startswith(begins)
            and path.endswith(WEIGHTS)
            and all(name.startswith(ORIGINAL) for name in names)
        ):
            found[sha512] = path.removeprefix(f"{version}/content/")
    return found


def upto(inventory: Inventory, count: int) -> Inventory:
    """Return the inventory as it was when it had ``count`` versions; its bytes are the same."""
    versions = inventory.versions[:count]
    used = {digest for version in versions for digest in version.state.values()}
    manifest = {digest: path for digest, path in inventory.manifest.items() if digest in used}
    paths = set(manifest.values())
    sha256 = {path: digest for path, digest in inventory.sha256.items() if path in paths}
    return Inventory(id=inventory.id, manifest=manifest, sha256=sha256, versions=versions)


def follows(newer: Inventory, older: Inventory) -> bool:
    """Say whether an inventory is another one or came of it by adding versions."""
    count = len(older.versions)
    return count <= len(newer.versions) and upto(newer, count) == older


def all_bytes(inventory: Inventory) -> dict[str, bytes]:
    """Return the bytes of every version's inventory, which follow from the newest."""
    counts = range(1, len(inventory.versions) + 1)
    return {f"v{count}": upto(inventory, count).to_bytes() for count in counts}


def _content(path: str) -> tuple[str, str]:
    version, _, logical = path.partition("/content/")
    return version, logical


def packed_inventory(
    plain: Inventory, packs: Mapping[str, Digests], parities: Mapping[str, Digests]
) -> Inventory:
    """Work out the packed form's inventory.

    ``packs`` maps the sha512 of a plain file to its pack, ``parities`` a version to its parity.
    """
    manifest, sha256, versions = dict[str, str](), dict[str, str](), list[Version]()

    def hold(digests: Digests, path: str) -> str:
        if digests.sha512 not in manifest:
            manifest[digests.sha512] = path
            sha256[path] = digests.sha256
        return digests.sha512

    for number, version in enumerate(plain.versions, 1):
        state: dict[str, str] = {}
        for logical, digest in sorted(version.state.items()):
            path = plain.manifest[digest]
            inner, held = _content(path)
            if digest in packs and logical.startswith(ORIGINAL):
                place = f"{inner}/content/{pack_of(held)}"
                state[pack_of(logical)] = hold(packs[digest], place)
                continue
            if digest in packs:  # a later version gave it a name outside original/
                path = f"v{number}/content/{logical}"
            own = Digests(sha512=digest, sha256=plain.sha256[plain.manifest[digest]])
            state[logical] = hold(own, path)
        for earlier in range(1, number + 1):
            found = parities.get(f"v{earlier}")
            if found is not None:
                logical = f"{PARITY}v{earlier}.parity"
                state[logical] = hold(found, f"v{earlier}/content/{logical}")
        versions.append(replace(version, state=state))
    return Inventory(id=plain.id, manifest=manifest, sha256=sha256, versions=tuple(versions))


def plain_inventory(packed: Inventory, originals: Mapping[str, Digests]) -> Inventory:
    """Work out the plain form's inventory; ``originals`` maps a pack's sha512 to what it stands for.

    Raises:
        IntegrityError: a pack is named that is not in ``originals``.
    """
    manifest, sha256, versions = dict[str, str](), dict[str, str](), list[Version]()
    for version in packed.versions:
        state: dict[str, str] = {}
        # Packs come first: what stands under several names lies where its pack is.
        ordered = sorted(version.state.items(), key=lambda item: not item[0].startswith(PACKS))
        for logical, digest in ordered:
            if logical.startswith(PARITY):
                continue
            path, name = packed.manifest[digest], logical
            own = Digests(sha512=digest, sha256=packed.sha256.get(path, ""))
            if logical.startswith(PACKS):
                if digest not in originals:
                    raise IntegrityError(
                        f"{packed.id}: the pack {logical} cannot be read; run 'tenure preserve check'"
                    )
                inner, held = _content(path)
                own, name = originals[digest], original_of(logical)
                path = f"{inner}/content/{original_of(held)}"
            state[name] = own.sha512
            if own.sha512 not in manifest:
                manifest[own.sha512] = path
                sha256[path] = own.sha256
        versions.append(replace(version, state=state))
    return Inventory(id=packed.id, manifest=manifest, sha256=sha256, versions=tuple(versions))

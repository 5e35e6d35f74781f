"""The layout of a vault: OCFL 1.1 (https://ocfl.io/1.1/spec/), inventories read and written.

A vault is an OCFL storage root; each model is one object; a version, once written, is never
changed. Objects lie where extension 0003 puts them, so that a person finds them by name.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tenure.errors import IntegrityError, UsageError
from tenure.preserve.store import safe_path

TYPE = "https://ocfl.io/1.1/spec/#inventory"
DECLARATION = "0=ocfl_object_1.1"
DECLARATION_BYTES = b"ocfl_object_1.1\n"
INVENTORY, SIDECAR = "inventory.json", "inventory.json.sha512"
LAYOUT = "0003-hash-and-id-n-tuple-storage-layout"
HEX = re.compile(r"[0-9a-f]{128}")

ROOT_FILES: Mapping[str, bytes] = {
    "0=ocfl_1.1": b"ocfl_1.1\n",
    "ocfl_layout.json": json.dumps(
        {
            "extension": LAYOUT,
            "description": "Three folders from the sha256 of the object's id, then the id itself.",
        },
        indent=2,
    ).encode()
    + b"\n",
    f"extensions/{LAYOUT}/config.json": json.dumps(
        {
            "extensionName": LAYOUT,
            "digestAlgorithm": "sha256",
            "tupleSize": 3,
            "numberOfTuples": 3,
        },
        indent=2,
    ).encode()
    + b"\n",
}


def object_path(object_id: str) -> str:
    """Return where an object lies in the root (OCFL extension 0003, sha256, 3 x 3)."""
    digest = hashlib.sha256(object_id.encode()).hexdigest()
    named = "".join(
        sign
        if re.fullmatch(r"[A-Za-z0-9_-]", sign)
        else "".join(f"%{b:02x}" for b in sign.encode())
        for sign in object_id
    )
    if len(named) > 100:
        named = f"{named[:100]}-{digest}"
    return f"{digest[0:3]}/{digest[3:6]}/{digest[6:9]}/{named}"


def sidecar(inventory: bytes) -> bytes:
    """Return the sidecar of an inventory: what ``sha512sum -c`` reads."""
    return f"{hashlib.sha512(inventory).hexdigest()} {INVENTORY}\n".encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version: when, why, by whom, and what it holds (logical path -> sha512)."""

    created: str
    message: str
    user: str
    state: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Inventory:
    """What an object holds: content paths by sha512, versions oldest first, sha256 in fixity."""

    id: str
    manifest: Mapping[str, str]
    sha256: Mapping[str, str]
    versions: tuple[Version, ...]

    @property
    def head(self) -> str:
        """Name the newest version: ``v2``."""
        return f"v{len(self.versions)}"

    @property
    def state(self) -> Mapping[str, str]:
        """Return the newest version's files: logical path -> sha512."""
        return self.versions[-1].state

    def at(self, version: str | None = None) -> Version:
        """Return one version by name, by default the newest; UsageError lists them."""
        names = [f"v{n + 1}" for n in range(len(self.versions))]
        if version is not None and version not in names:
            raise UsageError(f"{self.id} has no version '{version}'; there are: {', '.join(names)}")
        return self.versions[names.index(version) if version else -1]

    def to_bytes(self) -> bytes:
        """Write it as OCFL asks, indented for people."""
        versions: dict[str, Any] = {}
        for number, version in enumerate(self.versions, 1):
            state: dict[str, list[str]] = {}
            for logical, digest in sorted(version.state.items()):
                state.setdefault(digest, []).append(logical)
            versions[f"v{number}"] = {
                "created": version.created,
                "message": version.message,
                "user": {"name": version.user, "address": "urn:tenure:actor"},
                "state": state,
            }
        whole = {
            "id": self.id,
            "type": TYPE,
            "digestAlgorithm": "sha512",
            "head": self.head,
            "contentDirectory": "content",
            "manifest": {digest: [path] for digest, path in self.manifest.items()},
            "versions": versions,
            "fixity": {"sha256": _by_digest(self.sha256)},
        }
        text = json.dumps(whole, indent=2, ensure_ascii=False, sort_keys=True)
        return text.encode() + b"\n"


def _by_digest(paths: Mapping[str, str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for path, digest in sorted(paths.items()):
        found.setdefault(digest, []).append(path)
    return found


def parse(data: bytes, object_id: str) -> Inventory:
    """Read an inventory, believing nothing.

    Raises:
        IntegrityError: not JSON, a path that leaves the object, a digest that is not one, a
            version that is missing, or another object's inventory.
    """
    try:
        whole = json.loads(data)
        return _checked(whole, object_id)
    except (ValueError, KeyError, TypeError, AttributeError, UsageError) as error:
        raise IntegrityError(
            f"the inventory of {object_id} is not a sound OCFL 1.1 inventory ({error}); "
            "run 'tenure preserve check' to mend it from another copy"
        ) from None


def _require(fine: bool, what: str) -> None:  # noqa: FBT001 - reads as an assertion
    if not fine:
        raise ValueError(what)


def _checked(whole: Mapping[str, Any], object_id: str) -> Inventory:
    _require(whole["id"] == object_id, f"it is about {whole['id']!r}")
    _require(whole["type"] == TYPE, f"type {whole['type']!r}")
    _require(whole["digestAlgorithm"] == "sha512", "digestAlgorithm is not sha512")
    _require(whole.get("contentDirectory", "content") == "content", "unknown contentDirectory")
    names = [f"v{n + 1}" for n in range(len(whole["versions"]))]
    _require(bool(names) and set(whole["versions"]) == set(names), "versions are not v1, v2, ...")
    _require(whole["head"] == names[-1], f"head {whole['head']!r}")
    manifest: dict[str, str] = {}
    for digest, paths in whole["manifest"].items():
        _require(bool(HEX.fullmatch(digest)), f"digest {digest!r}")
        _require(isinstance(paths, list) and len(paths) == 1, "one content path a digest expected")
        first, _, rest = safe_path(paths[0]).partition("/content/")
        _require(first in names and bool(rest), f"content path {paths[0]!r}")
        manifest[digest] = paths[0]
    _require(len(set(manifest.values())) == len(manifest), "a content path is named twice")
    versions = tuple(_version(whole["versions"][name], manifest) for name in names)
    used = {digest for version in versions for digest in version.state.values()}
    _require(used == set(manifest), "content that no version uses")
    fixity = whole.get("fixity", {}).get("sha256", {})
    sha256 = {path: digest for digest, paths in fixity.items() for path in paths}
    _require(set(sha256) <= set(manifest.values()), "fixity of a file that is not there")
    return Inventory(id=object_id, manifest=manifest, sha256=sha256, versions=versions)


def _version(block: Mapping[str, Any], manifest: Mapping[str, str]) -> Version:
    state: dict[str, str] = {}
    for digest, paths in block["state"].items():
        _require(digest in manifest, f"digest {digest[:16]}… is not in the manifest")
        for path in paths:
            _require(safe_path(path) not in state, f"{path!r} is named twice")
            state[path] = digest
    refuse_nested(state)
    return Version(
        created=str(block["created"]),
        message=str(block.get("message", "")),
        user=str(block.get("user", {}).get("name", "")),
        state=state,
    )


def refuse_nested(state: Mapping[str, str]) -> None:
    """Refuse a file that is also a folder; ValueError names it."""
    for path in state:
        parts = path.split("/")
        for end in range(1, len(parts)):
            _require("/".join(parts[:end]) not in state, f"{path!r}: its folder is also a file")

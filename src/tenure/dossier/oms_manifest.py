"""The manifest of signed weights: an in-toto Statement v1 with the predicate of OMS v1.0, and back.

Source: OpenSSF Model Signing specification v1.0, sections 5, 6.1.2, 6.5 and 8.3. Bundles of
model-signing 0.2 (predicate ``Digests/v0.1``) are read, never written.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from tenure.dossier.canonical import canonical
from tenure.dossier.envelope import STATEMENT, strict_json
from tenure.errors import IntegrityError

PREDICATE = "https://model_signing/signature/v1.0"
PREDICATE_0_2 = "https://model_signing/Digests/v0.1"
DIGITS = {"sha256": 64, "blake2b": 128, "blake3": 64}
WHOLE = "."  # what model-signing up to 1.1 calls the only resource of a model of one file
_SHARD = re.compile(r"(.+):(0|[1-9][0-9]*):([1-9][0-9]*)", re.DOTALL)
_AGAIN = "ask the signer to sign again"


def shown(value: object, longest: int = 80) -> str:
    """Write what came with the weights for a message: on one line, no control characters, short."""
    text = repr(value)
    return text if len(text) <= longest else f"{text[:longest]}..."


@dataclass(frozen=True, slots=True)
class Resource:
    """A file, or the bytes of it from ``start`` up to, not including, ``end``."""

    path: str
    digest: str
    start: int | None = None
    end: int | None = None

    @property
    def name(self) -> str:
        """How the manifest calls it."""
        return self.path if self.start is None else f"{self.path}:{self.start}:{self.end}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What was signed: the resources in their order, and how they were listed and hashed."""

    subject: str
    resources: tuple[Resource, ...]
    hash_type: str = "sha256"
    shard_size: int | None = None
    allow_symlinks: bool = False
    ignore: tuple[str, ...] = ()
    predicate: str = PREDICATE

    @property
    def root(self) -> str:
        """Digest all resources as one: SHA-256 over their digests in order, 64 hex digits (6.5.1)."""
        return hashlib.sha256(b"".join(bytes.fromhex(r.digest) for r in self.resources)).hexdigest()

    @property
    def method(self) -> str:
        """``files`` or ``shards``."""
        return "files" if self.shard_size is None else "shards"

    def to_payload(self) -> bytes:
        """Write the Statement, in canonical JSON: the same manifest is always the same bytes."""
        how: dict[str, Any] = {
            "method": self.method,
            "hash_type": self.hash_type,
            "allow_symlinks": self.allow_symlinks,
            "ignore_paths": list(self.ignore),
        }
        if self.shard_size is not None:
            how["shard_size"] = self.shard_size
        resources = [
            {"name": r.name, "digest": r.digest, "algorithm": self.hash_type}
            for r in self.resources
        ]
        return canonical(
            {
                "_type": STATEMENT,
                "subject": [{"name": self.subject, "digest": {"sha256": self.root}}],
                "predicateType": self.predicate,
                "predicate": {"resources": resources, "serialization": how},
            }
        )


def read_manifest(payload: bytes) -> Manifest:
    """Read a signed Statement; call this only once its signature was checked.

    Raises:
        IntegrityError: it is not of the shape the specification gives, names a path outside the
            model, or its resources are not those its root digest is for.
    """
    try:
        whole = strict_json(payload)
    except IntegrityError as error:
        raise IntegrityError(f"the signed manifest cannot be read ({error}); {_AGAIN}") from None
    try:
        _need(isinstance(whole, dict), "the statement is not an object")
        _need(whole["_type"] == STATEMENT, "the statement is not an in-toto Statement v1")
        if whole["predicateType"] == PREDICATE_0_2:
            return _read_0_2(whole)
        _need(
            whole["predicateType"] == PREDICATE,
            f"its predicate is {shown(whole['predicateType'])}, not {PREDICATE}",
        )
        _need(
            set(whole) == {"_type", "subject", "predicateType", "predicate"},
            "the statement has not exactly _type, subject, predicateType and predicate",
        )
        return _read(whole["subject"], whole["predicate"])
    except KeyError as error:
        raise IntegrityError(f"the signed manifest has no {error}; {_AGAIN}") from None
    except (TypeError, ValueError, AttributeError, OverflowError):
        raise IntegrityError(
            f"the signed manifest is not of the shape OMS v1.0 gives; {_AGAIN}"
        ) from None


def _need(holds: bool, what: str) -> None:  # noqa: FBT001 - reads as a sentence
    if not holds:
        raise IntegrityError(f"{what}; {_AGAIN}")


def _read(subjects: Any, predicate: Any) -> Manifest:
    listed = _list(subjects, "it is about no model")
    _need(len(listed) == 1, "it is about more than one model")
    subject: dict[str, Any] = listed[0]
    _need(isinstance(subject["name"], str) and subject["name"] != "", "the model has no name")
    _need(set(predicate) == {"resources", "serialization"}, "the predicate has other fields")
    how = _serialization(predicate["serialization"])
    resources = tuple(_resource(each, how) for each in _list(predicate["resources"]))
    _check_names(resources)
    manifest = Manifest(
        subject=subject["name"],
        resources=resources,
        hash_type=how["hash_type"],
        shard_size=how.get("shard_size"),
        allow_symlinks=how["allow_symlinks"],
        ignore=tuple(how.get("ignore_paths", ())),
    )
    _need(
        subject["digest"]["sha256"] == manifest.root,
        f"its root digest {shown(subject['digest']['sha256'])} is not that of its resources",
    )
    return manifest


def _read_0_2(whole: Mapping[str, Any]) -> Manifest:
    resources = tuple(
        Resource(_plain(each["name"]), _digest(each["digest"]["sha256"], "sha256"))
        for each in _list(whole["subject"])
    )
    _check_names(resources)
    return Manifest(subject="unnamed", resources=resources, predicate=PREDICATE_0_2)


def _list(value: Any, otherwise: str = "the manifest lists no file") -> list[Any]:
    _need(isinstance(value, list) and value != [], otherwise)
    return cast("list[Any]", value)


_SERIALIZATION = {"method", "hash_type", "allow_symlinks", "ignore_paths", "shard_size"}


def _serialization(how: Mapping[str, Any]) -> dict[str, Any]:
    _need(set(how) <= _SERIALIZATION, "'serialization' has fields that do not belong there")
    _need(how["method"] in ("files", "shards"), f"its method {shown(how['method'])} is unknown")
    _need(how["hash_type"] in DIGITS, f"its hash {shown(how['hash_type'])} is unknown")
    _need(isinstance(how["allow_symlinks"], bool), "'allow_symlinks' is not true or false")
    _need(_all_text(how.get("ignore_paths", [])), "'ignore_paths' is not a list of paths")
    size = how.get("shard_size")
    # Some writers put numbers as protobuf does: 1e9 comes back as 1000000000.0.
    whole = isinstance(size, int | float) and not isinstance(size, bool) and size == int(size) > 0
    _need(whole if how["method"] == "shards" else size is None, f"its shard size is {shown(size)}")
    return {**how} if size is None else {**how, "shard_size": int(size)}


def _all_text(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(e, str) for e in cast("list[Any]", value))


def _resource(each: Mapping[str, Any], how: Mapping[str, Any]) -> Resource:
    # model-signing up to 1.1 writes 'sha256-sharded-SIZE', where the specification has 'sha256'.
    older = f"{how['hash_type']}-sharded-{how.get('shard_size')}"
    _need(
        each["algorithm"] in (how["hash_type"], older), f"{shown(each['name'])} names another hash"
    )
    digest = _digest(each["digest"], how["hash_type"])
    if how["method"] == "files":
        return Resource(_plain(each["name"]), digest)
    found = _SHARD.fullmatch(each["name"])  # the last two numbers: a name may hold colons
    if found is None:
        raise IntegrityError(f"{shown(each['name'])} is not 'path:start:end'; {_AGAIN}")
    return Resource(_plain(found[1]), digest, int(found[2]), int(found[3]))


def _digest(value: Any, algorithm: str) -> str:
    fits = isinstance(value, str) and re.fullmatch(f"[0-9a-f]{{{DIGITS[algorithm]}}}", value)
    _need(bool(fits), f"{shown(value)} is not a {algorithm} digest in hexadecimal")
    return cast("str", value)


def is_inside(name: str) -> bool:
    """Say whether a path is canonical (6.1.2): relative, '/' between plain parts, in UTF-8."""
    parts = name.split("/")
    if not all(parts) or "." in parts or ".." in parts or "\0" in name:
        return False
    return not any(0xD800 <= ord(c) <= 0xDFFF for c in name)


def _plain(name: Any) -> str:
    if not isinstance(name, str) or (name != WHOLE and not is_inside(name)):
        raise IntegrityError(f"{shown(name)} is not a path inside the model; {_AGAIN}")
    return name


def _check_names(resources: tuple[Resource, ...]) -> None:
    names = [r.name for r in resources]
    _need(len(set(names)) == len(names), "the manifest lists a file twice")
    _need(WHOLE not in names or len(names) == 1, "the manifest lists '.' among files")

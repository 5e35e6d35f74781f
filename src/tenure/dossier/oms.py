"""Weights signed so that anybody can check them: OpenSSF Model Signing (OMS) v1.0.

Source: https://github.com/ossf/model-signing-spec, spec/v1.0.md. We write the method ``files`` with
SHA-256; we read ``shards`` and BLAKE2b too, and BLAKE3 where the package blake3 is installed. Files
are read as streams, several at once; none is ever whole in memory.
"""

import hashlib
import importlib
import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tenure.dossier.canonical import CHUNK
from tenure.dossier.oms_bundle import LARGEST, check_bundle, write_bundle
from tenure.dossier.oms_keys import Trusted, WeightsKey
from tenure.dossier.oms_manifest import WHOLE, Manifest, Resource, is_inside, shown
from tenure.errors import IntegrityError, ModelError, UsageError

SIGNATURE = "model.sig"  # where a signature is looked for beside weights
GIT = (".git", ".gitattributes", ".github", ".gitignore")
_NAMED = 5  # files named in a message

Told = Callable[[int, int], None]
"""Told how far hashing is: bytes done, bytes in all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """The files of a model by their path inside it.

    ``ignore`` is what was to be left out, ``left_out`` what of it was there.
    """

    subject: str
    files: Mapping[str, Path]
    ignore: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    follow: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """Weights that are what was signed: by whom, how much, and what the signature leaves open."""

    manifest: Manifest
    signer: str
    files: int
    bytes: int
    unsigned: tuple[str, ...]
    notes: tuple[str, ...]


def list_files(
    model: Path, ignore: Iterable[str] = (), *, follow: bool = False, without: Path | None = None
) -> Listing:
    """List what a signature covers: every regular file but git's own, ``ignore`` and ``without``.

    ``ignore`` are paths inside the model, taken literally; a folder leaves out what is in it.
    ``without`` is the signature file. ``follow`` reads the file a link points to.

    Raises:
        ModelError: nothing is left, something is neither file nor folder, a link is not followed,
            or a name is not UTF-8.
    """
    if not model.exists():
        raise ModelError(f"there is nothing at {model}; give the folder or file of the weights")
    if model.is_file():
        path = _regular(model, follow=follow)
        return Listing(subject=model.name, files={model.name: path}, follow=follow)
    signature = _inside(model, without)
    ignored = {*GIT, *(each.rstrip("/") for each in ignore), *signature}
    found: dict[str, Path] = {}
    left: list[str] = []
    for name, path in _walk(model, frozenset(ignored), left):
        found[name] = _regular(path, follow=follow)
    if not found:
        raise ModelError(f"{model} holds no file to sign or check; give the folder of the weights")
    return Listing(
        subject=model.resolve().name,
        files=found,
        ignore=tuple(sorted(ignored)),
        left_out=tuple(sorted(set(left) - signature)),
        follow=follow,
    )


def _place(path: Path) -> str:
    return shown(str(path), 1000)


def _inside(model: Path, file: Path | None) -> set[str]:
    if file is None:
        return set()
    place = file.parent.resolve() / file.name
    root = model.resolve()
    return {place.relative_to(root).as_posix()} if place.is_relative_to(root) else set()


def _walk(model: Path, ignore: frozenset[str], left: list[str]) -> Iterator[tuple[str, Path]]:
    """Yield (path inside the model, place) of what is no folder; name what is passed by."""
    folders = [("", model)]
    while folders:  # not a recursion: a hostile folder may be as deep as a path is long
        prefix, folder = folders.pop()
        try:
            entries = list(os.scandir(folder))
        except OSError as error:
            raise ModelError(
                f"{_place(folder)} cannot be read: {error.strerror}; mend that first"
            ) from None
        for entry in entries:
            name = prefix + entry.name
            if name in ignore:
                left.append(name)
            elif not is_inside(name):
                raise ModelError(f"{shown(name)} is not a name in UTF-8; rename it")
            elif entry.is_dir(follow_symlinks=False):
                folders.append((f"{name}/", Path(entry.path)))
            else:
                yield name, Path(entry.path)


def _regular(path: Path, *, follow: bool) -> Path:
    if path.is_symlink() and not follow:
        raise ModelError(
            f"{_place(path)} is a symbolic link, and the signature does not cover those; put "
            "the file itself there (cp -rL copies a folder so)"
        )
    if path.is_symlink() and not path.is_file():
        raise ModelError(f"the link {_place(path)} does not lead to a file; put the file there")
    if not path.is_file():
        raise ModelError(f"{_place(path)} is neither a file nor a folder; remove it or ignore it")
    return path


def hash_files(listing: Listing, told: Told | None = None) -> Manifest:
    """Hash the files of a model (SHA-256, whole files, several at once) into a manifest to sign."""
    names = sorted(listing.files)
    sizes = [listing.files[name].stat().st_size for name in names]
    digests = _map(
        lambda name: _digest(listing.files[name], "sha256", None, listing.follow),
        list(zip(names, sizes, strict=True)),
        told,
    )
    return Manifest(
        subject=listing.subject,
        resources=tuple(map(Resource, names, digests)),
        ignore=listing.ignore or GIT,
    )


def sign(manifest: Manifest, key: WeightsKey) -> bytes:
    """Sign a manifest; returns the bytes of the signature file."""
    return write_bundle(manifest.to_payload(), key)


def sign_model(
    model: Path, key: WeightsKey, *, ignore: Iterable[str] = (), signature: Path | None = None
) -> bytes:
    """Sign a folder or file of weights; ``signature`` is where the result will lie.

    Raises:
        ModelError: see :func:`list_files`.
        UsageError: a path to ignore does not lie inside the model.
    """
    ignore = tuple(each.rstrip("/") for each in ignore)
    for each in ignore:
        if not is_inside(each) or any(c in "*?[" for c in each):
            raise UsageError(
                f"'{each}' cannot be ignored: give a path inside the model, no pattern"
            )
    return sign(hash_files(list_files(model, ignore, without=signature)), key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    """What a check leaves out: paths inside the model, or every file that was not signed."""

    ignore: tuple[str, ...] = ()
    unsigned: bool = False


def check_model(
    model: Path,
    signature: Path,
    trusted: Trusted,
    leave: Leave | None = None,
    told: Told | None = None,
) -> Checked:
    """Check that a folder or file of weights is exactly what somebody trusted signed.

    The signature is checked before its manifest is read, the manifest before a file is.

    Raises:
        IntegrityError: the signature is not theirs, or files were changed, added, removed, renamed.
        ModelError: see :func:`list_files`.
        UsageError: no signature file there, or it needs another kind of trust.
    """
    leave = leave or Leave()
    try:
        with signature.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError:
        raise UsageError(f"no signature at {signature}; name it with --signature FILE") from None
    signed = check_bundle(data, trusted)
    manifest = signed.manifest
    listing = list_files(
        model,
        (*manifest.ignore, *leave.ignore),
        follow=manifest.allow_symlinks,
        without=signature,
    )
    expected = _by_file(manifest, listing)
    extra = sorted(set(listing.files) - set(expected))
    empty = [n for n in extra if manifest.shard_size and not listing.files[n].stat().st_size]
    wrong = _named("changed", _changed(manifest, listing, expected, told))
    wrong += _named("missing", sorted(set(expected) - set(listing.files)))
    if not leave.unsigned:
        wrong += _named("not signed", sorted(set(extra) - set(empty)))
    if wrong:
        raise IntegrityError(
            f"{model} is not what was signed: {'; '.join(wrong)}. Get these files again from where "
            "they came from; do not load them"
        )
    notes = [signed.note] if signed.note else []
    if empty:
        notes += _named("empty, and so not covered by a signature of shards", empty)
    notes += _named("left out by the signer, by you or as git's own", list(listing.left_out))
    covered = [listing.files[name] for name in expected]
    return Checked(
        manifest=manifest,
        signer=signed.signer,
        files=len(covered),
        bytes=sum(path.stat().st_size for path in covered),
        unsigned=tuple(extra),
        notes=tuple(notes),
    )


def _named(what: str, names: list[str]) -> list[str]:
    if not names:
        return []
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return [f"{what}: {', '.join(map(shown, names[:_NAMED]))}{more}"]


def _by_file(manifest: Manifest, listing: Listing) -> dict[str, list[Resource]]:
    """Group the signed resources by file; what older signers call '.' is the only file there is."""
    only = [r.path for r in manifest.resources] == [WHOLE]
    found: dict[str, list[Resource]] = {}
    for resource in manifest.resources:
        name = next(iter(listing.files)) if only and len(listing.files) == 1 else resource.path
        found.setdefault(name, []).append(resource)
    return found


def _changed(
    manifest: Manifest,
    listing: Listing,
    expected: Mapping[str, list[Resource]],
    told: Told | None,
) -> list[str]:
    wrong: set[str] = set()
    parts: list[tuple[tuple[str, Resource], int]] = []
    for name in sorted(set(listing.files) & set(expected)):
        size = listing.files[name].stat().st_size
        if not _covers(expected[name], manifest.shard_size, size):
            wrong.add(name)
            continue
        for part in expected[name]:
            length = size if part.start is None or part.end is None else part.end - part.start
            parts.append(((name, part), length))
    found = _map(
        lambda part: _digest(listing.files[part[0]], manifest.hash_type, part[1], listing.follow),
        parts,
        told,
    )
    for ((name, part), _), digest in zip(parts, found, strict=True):
        if digest != part.digest:
            wrong.add(name)
    return sorted(wrong)


def _covers(resources: list[Resource], shard: int | None, length: int) -> bool:
    """Say whether shards cover a file exactly, each of the same size but the last (6.3.2)."""
    if shard is None:
        return True
    if len(resources) != -(-length // shard):  # before a list as long as a hostile one is made
        return False
    ranges = sorted((r.start or 0, r.end or 0) for r in resources)
    return ranges == [(at, min(at + shard, length)) for at in range(0, length, shard)]


def _map(do: Callable[[Any], str], sized: list[tuple[Any, int]], told: Told | None) -> list[str]:
    """Do items of known sizes, several at once: hashing lets other threads run."""
    total, done, found = sum(size for _, size in sized), 0, list[str]()
    with ThreadPoolExecutor(min(32, (os.cpu_count() or 1) + 1)) as pool:
        answers = pool.map(do, [item for item, _ in sized])
        for (_, size), digest in zip(sized, answers, strict=True):
            found.append(digest)
            done += size
            if told is not None:
                told(done, total)
    return found


def _digest(path: Path, algorithm: str, part: Resource | None, follow: bool) -> str:  # noqa: FBT001 - passed on
    """Digest a file, or a part of it; it may not have become a link or a device since it was listed."""
    flags = os.O_RDONLY | os.O_NONBLOCK | (0 if follow else os.O_NOFOLLOW)
    try:
        descriptor = os.open(path, flags)
    except OSError as error:
        raise ModelError(
            f"{_place(path)} cannot be read: {error.strerror}; mend that first"
        ) from None
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ModelError(f"{_place(path)} is no longer a file; check who changes it")
        if part is None or part.start is None or part.end is None:
            return _streamed(file, algorithm, None)
        file.seek(part.start)
        return _streamed(file, algorithm, part.end - part.start)


def _streamed(file: Any, algorithm: str, length: int | None) -> str:
    hasher = _hasher(algorithm)
    buffer = memoryview(bytearray(CHUNK))
    left = length
    while left is None or left > 0:
        view = buffer if left is None else buffer[: min(left, CHUNK)]
        count: int = file.readinto(view)
        if not count:
            break
        hasher.update(view[:count])
        left = None if left is None else left - count
    return str(hasher.hexdigest())


def _hasher(algorithm: str) -> Any:
    if algorithm != "blake3":
        return hashlib.new(algorithm)
    try:
        return importlib.import_module("blake3").blake3()
    except ImportError:
        raise UsageError(
            "these weights are hashed with BLAKE3; run 'pip install blake3' and check again"
        ) from None

"""The libraries a model comes back with, as installable wheels: one shared object of the vault.

The object's name holds the digest over its files (``urn:tenure:wheels:<digest>``), so a passport
that names it says what must be in it; models that were kept with the same libraries share one.
Wheels fit one kind of machine each; their names say which, and the passport lists it.
"""

import base64
import hashlib
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from importlib.resources import files as package_files
from pathlib import Path
from typing import Any

from tenure.dossier import Emit, digest_file, now
from tenure.errors import IntegrityError, UsageError
from tenure.preserve import copies, restore, vault
from tenure.preserve.fixity import Plan
from tenure.preserve.kit import wheels_care
from tenure.preserve.kit.items import WHEELS
from tenure.preserve.kit.wheels_care import FOLDER, LOCK
from tenure.preserve.ocfl import Inventory
from tenure.preserve.store import Store, sha512_of

DOWNLOAD_SECONDS = 1800
EXTRAS = ("", "local")
NEVER_CHANGES = (1980, 1, 1, 0, 0, 0)  # the first moment that a zip file can name


@dataclass(frozen=True, slots=True)
class Needed:
    """A distribution that is installed and needed, and its size as installed, in bytes."""

    name: str
    version: str
    bytes: int

    def __str__(self) -> str:
        """Write it as a line of a lock file."""
        return f"{self.name}=={self.version}"


def needed(root: str = "tenure") -> list[Needed]:
    """List what an installation rests on, extras for engines included where they are installed.

    Only what is installed here counts; a requirement that is not met here was not needed.
    """
    from packaging.utils import canonicalize_name

    wanted: dict[str, set[str]] = {}
    open_: list[tuple[str, set[str]]] = [(root, set(EXTRAS))]
    found: dict[str, Needed] = {}
    while open_:
        name, extras = open_.pop()
        try:
            held = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            continue
        key = canonicalize_name(held.metadata["Name"])
        fresh = extras - wanted.setdefault(key, set())
        if not fresh:
            continue
        wanted[key] |= fresh
        found[key] = Needed(key, held.version, _size(held))
        open_ += list(_requirements(held, fresh))
    found.pop(canonicalize_name(root), None)
    return [found[key] for key in sorted(found)]


def _requirements(held: metadata.Distribution, extras: set[str]) -> Iterator[tuple[str, set[str]]]:
    from packaging.requirements import Requirement

    for line in held.requires or ():
        asked = Requirement(line)
        if asked.marker is None or any(asked.marker.evaluate({"extra": e}) for e in extras):
            yield asked.name, {"", *asked.extras}


def _size(held: metadata.Distribution) -> int:
    return sum(file.size or 0 for file in held.files or ())


def own(folder: Path) -> Path:
    """Write the wheel of the Tenure that is running, the same bytes every time.

    Wheel format: https://packaging.python.org/specifications/binary-distribution-format
    """
    held = metadata.distribution("tenure")
    about = f"tenure-{held.version}.dist-info"
    source = Path(str(package_files("tenure")))
    members = {
        f"tenure/{path.relative_to(source).as_posix()}": path.read_bytes()
        for path in sorted(source.rglob("*"))
        if path.is_file() and "__pycache__" not in path.parts
    }
    members[f"{about}/METADATA"] = (held.read_text("METADATA") or "").encode()
    members[f"{about}/entry_points.txt"] = (held.read_text("entry_points.txt") or "").encode()
    members[f"{about}/WHEEL"] = (
        b"Wheel-Version: 1.0\nGenerator: tenure\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    )
    record = f"{about}/RECORD"
    lines = [f"{name},sha256={_b64(data)},{len(data)}" for name, data in members.items()]
    members[record] = "\n".join([*lines, f"{record},,", ""]).encode()
    target = folder / f"tenure-{held.version}-py3-none-any.whl"
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            info = zipfile.ZipInfo(name, NEVER_CHANGES)
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(info, data)
    return target


def _b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def foretold(wanted: Sequence[Needed]) -> str:
    """Say before a download how much there is to fetch: at most what the same takes installed."""
    size = sum(each.bytes for each in wanted)
    return f"{len(wanted)} wheels, at most {size >> 20} MiB (what they take when installed)"


def download(wanted: Sequence[Needed], into: Path) -> None:
    """Fetch the publishers' wheels with pip, exactly these versions, nothing compiled here.

    Raises:
        UsageError: pip cannot get one of them.
    """
    lock = into / LOCK
    lock.write_text("".join(f"{each}\n" for each in wanted), encoding="utf-8")
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary", ":all:"]
    command += ["--quiet", "--requirement", str(lock), "--dest", str(into)]
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=DOWNLOAD_SECONDS)  # noqa: S603 - our own arguments
    except (subprocess.SubprocessError, OSError) as error:
        last = (getattr(error, "stderr", b"") or b"").decode(errors="replace").strip()
        raise UsageError(
            f"the wheels could not be fetched ({last.splitlines()[-1] if last else error}); carry them "
            "here and give their folder (wheels: FOLDER), or keep without (wheels: none)"
        ) from None


def chosen(wanted: Sequence[Needed], folder: Path) -> list[Path]:
    """Pick the wheels of exactly these distributions out of a folder.

    Raises:
        UsageError: some are not there; names them and the command that fetches them.
    """
    from packaging.utils import InvalidWheelFilename, parse_wheel_filename
    from packaging.version import Version

    there: dict[tuple[str, Version], list[Path]] = {}
    for path in sorted(folder.glob("*.whl")):
        try:
            name, version, _, _ = parse_wheel_filename(path.name)
        except InvalidWheelFilename:
            continue
        there.setdefault((name, version), []).append(path)
    lacking = [str(e) for e in wanted if (e.name, Version(e.version)) not in there]
    if lacking:
        raise UsageError(
            f"{len(lacking)} wheels are not in {folder}: {', '.join(lacking[:6])}"
            f"{' and more' if len(lacking) > 6 else ''}; fetch them with 'pip download --no-deps "
            f"--dest {folder} {lacking[0]} ...', or let it be done: wheels: download"
        )
    return [path for e in wanted for path in there[(e.name, Version(e.version))]]


def platforms(names: Sequence[str]) -> list[str]:
    """List the kinds of machine that wheels are for, out of their names."""
    found = {name.removesuffix(".whl").rsplit("-", 1)[-1] for name in names}
    return sorted(found - {"any"}) or ["any"]


def keep(
    stores: Sequence[Store], wheels: Sequence[Path], scratch: Path
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Put wheels, Tenure's own and a lock file into every vault as one object, once, read back whole.

    A copy that has them already is read and mended. Returns what a passport says of them (object,
    files, platforms, bytes) and what the evidence signs (object, sha512 of its inventory).

    Raises:
        RoomError, IntegrityError, BusyError: as ``vault.commit`` does.
    """
    paths = {path.name: path for path in (*wheels, own(scratch))}
    digests = {name: digest_file(path) for name, path in sorted(paths.items())}
    urn = wheels_care.named_by(digests)
    (scratch / LOCK).write_bytes(wheels_care.lock_text(paths))
    files = {FOLDER + name: path for name, path in paths.items()} | {LOCK: scratch / LOCK}
    plans = _put(stores, urn, files)
    return {
        "object": urn,
        "files": digests,
        "platforms": platforms(list(paths)),
        "bytes": sum(path.stat().st_size for path in paths.values()),
        "python": f"{sys.version_info.major}.{sys.version_info.minor}",
    }, wheels_care.said(plans)


def _put(stores: Sequence[Store], urn: str, files: dict[str, Path]) -> list[Plan]:
    """Bring the object into every vault, by one inventory where no vault has its own already."""
    sums: dict[str, str] = {}
    for logical, path in files.items():
        with path.open("rb") as source:
            sums[logical] = sha512_of(source)[0]

    def ours(_: bytes, inventory: Inventory) -> bool:
        return dict(inventory.state) == sums

    try:
        wheels_care.plan(stores[0], stores, urn, ours)
    except IntegrityError:  # in no copy yet
        content = dict[str, Path | bytes](files)
        addition = vault.Addition(files=content, message="wheels to come back with", created=now())
        vault.commit(stores[0], urn, addition)
    plans = [wheels_care.plan(store, stores, urn, ours) for store in stores]
    given = wheels_care.Given({sums[logical]: path for logical, path in files.items()})
    for store, wanted in zip(stores, plans, strict=True):
        vault.need_writable(store)
        with store.lock():
            vault.begin(store)
        copies.bring(store, [s for s in stores if s is not store], wanted, [given])
    return plans


def fetch(stores: Sequence[Store], urn: str, into: Path) -> Path:
    """Bring wheels back out of the first vault whose bytes give the digest in their name.

    Raises:
        IntegrityError: no vault holds them whole.
    """
    said: list[str] = []
    for number, store in enumerate(stores):
        place = into / str(number)
        try:
            found = vault.read(store, urn)
            if found is None:
                said.append(f"{store.label} does not hold them")
                continue
            made = restore.whole(store, found[0], place)
        except IntegrityError as error:
            said.append(str(error))
            continue
        digests = {
            name.removeprefix("wheels/"): digest
            for name, digest in made.items()
            if name.startswith("wheels/")
        }
        if wheels_care.named_by(digests) == urn:
            return place
        said.append(f"{store.label}: the files are not those that its name says")
    raise IntegrityError(f"the wheels {urn} are not whole in any copy: {'; '.join(said)}")


def content(
    how: str, stores: Sequence[Store], emit: Emit
) -> tuple[dict[str, Path | bytes], dict[str, Any] | None]:
    """Keep the wheels that a keeping asks for.

    Returns what the model's object says of them, and what the evidence signs (None: no wheels).

    Raises:
        UsageError: wheels are lacking, or pip cannot get them.
    """
    if how == "none":
        return {}, None
    folder = emit.scratch / "wheels"
    folder.mkdir(parents=True, exist_ok=True)
    if how == "download":
        emit.progress(0, 1, f"fetching {foretold(needed())}")
    said, signed = keep(stores, gathered(how, folder), folder)
    return {WHEELS: (json.dumps(said, indent=2, sort_keys=True) + "\n").encode()}, signed


def gathered(how: str, into: Path) -> list[Path]:
    """Gather the wheels by a setting: ``download``, or a folder that holds them.

    Raises:
        UsageError: wheels are lacking, or pip cannot get them.
    """
    wanted = needed()
    if how == "download":
        into.mkdir(parents=True, exist_ok=True)
        download(wanted, into)
        return chosen(wanted, into)
    return chosen(wanted, Path(how).expanduser())

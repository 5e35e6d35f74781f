"""BagIt bags (RFC 8493, version 1.0): written without a tool, read without trust."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from tenure.errors import IntegrityError
from tenure.preserve.exchange.limits import STEP_BYTES, inside, once, plain_files, small, text_of

DECLARATION = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
STRONG = ("sha512", "sha256")
LINE = re.compile(r"([0-9A-Fa-f]+)[ \t]+\*?(.+)")


def encoded(path: str) -> str:
    """Write a path as a manifest does (RFC 8493, section 2.1.3)."""
    return path.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def decoded(path: str) -> str:
    """Read a path of a manifest."""
    return re.sub(r"%(0[AaDd]|25)", lambda found: chr(int(found[1], 16)), path)


def write(bag: Path, about: Mapping[str, str]) -> None:
    """Turn a folder whose payload lies in ``data/`` into a bag; ``about`` becomes bag-info.txt."""
    payload = sorted(plain_files(bag / "data"))
    size = sum((bag / "data" / name).stat().st_size for name in payload)
    info = {**about, "Payload-Oxum": f"{size}.{len(payload)}"}
    _put(bag / "bagit.txt", DECLARATION)
    _put(bag / "bag-info.txt", "".join(f"{name}: {value}\n" for name, value in info.items()))
    sums = {name: digests(bag / "data" / name, STRONG) for name in payload}
    for algorithm in STRONG:
        lines = [f"{sums[n][algorithm]}  {encoded(f'data/{n}')}\n" for n in payload]
        _put(bag / f"manifest-{algorithm}.txt", "".join(lines))
    tags = ["bag-info.txt", "bagit.txt", *(f"manifest-{algorithm}.txt" for algorithm in STRONG)]
    lines = [f"{digests(bag / tag, ['sha512'])['sha512']}  {tag}\n" for tag in sorted(tags)]
    _put(bag / "tagmanifest-sha512.txt", "".join(lines))


def _put(path: Path, text: str) -> None:
    path.write_bytes(text.encode())


def digests(path: Path, algorithms: Iterable[str]) -> dict[str, str]:
    """Digest a file by several algorithms in one reading."""
    found = {name: hashlib.new(name) for name in algorithms}
    with path.open("rb") as source:
        while piece := source.read(STEP_BYTES):
            for hasher in found.values():
                hasher.update(piece)
    return {name: hasher.hexdigest() for name, hasher in found.items()}


def read(bag: Path) -> dict[str, str]:
    """Check a bag whole, every byte, and return what it says of itself (bag-info.txt).

    Raises:
        IntegrityError: it is not complete, not valid, or its manifests are weak or not sound.
        ModelError: a link or a device in it.
    """
    _require_version(text_of(small(bag / "bagit.txt", 4096), "bagit.txt"))
    files = plain_files(bag)
    if "fetch.txt" in files:
        raise IntegrityError(
            "the bag wants files fetched from elsewhere (fetch.txt); fetch them first"
        )
    manifests = {
        a: _manifest(bag, f"manifest-{a}.txt") for a in STRONG if f"manifest-{a}.txt" in files
    }
    if not manifests:
        raise IntegrityError(
            "the bag has no manifest of sha512 or sha256; others can be forged: have it made with one"
        )
    payload = {name for name in files if name.startswith("data/")}
    for algorithm, manifest in manifests.items():
        _require_same(f"manifest-{algorithm}.txt", set(_literal(manifest, files)), payload)
    about = _info(bag) if "bag-info.txt" in files else {}
    _require_oxum(about.get("Payload-Oxum"), [files[name] for name in payload])
    for name in sorted(payload):
        found = digests(files[name], manifests)
        for algorithm, manifest in manifests.items():
            _require_digest(name, found[algorithm], _literal(manifest, files)[name])
    for tag in sorted(f"tagmanifest-{a}.txt" for a in STRONG if f"tagmanifest-{a}.txt" in files):
        algorithm = tag.removeprefix("tagmanifest-").removesuffix(".txt")
        for name, digest in _manifest(bag, tag).items():
            if name not in files:
                raise IntegrityError(f"the bag's {tag} names {name}, which is not there")
            _require_digest(name, digests(files[name], [algorithm])[algorithm], digest)
    return about


def _require_version(text: str) -> None:
    found = re.fullmatch(
        r"BagIt-Version: (\d+)\.(\d+)\s*\nTag-File-Character-Encoding: (\S+)\s*",
        text.replace("\r\n", "\n"),
    )
    if not found or (int(found[1]), int(found[2])) not in ((1, 0), (0, 97)):
        raise IntegrityError("bagit.txt is not that of BagIt 1.0 or 0.97; have the bag made anew")
    if found[3].upper() != "UTF-8":
        raise IntegrityError(f"the bag's texts are in {found[3][:20]}; expected UTF-8")


def _manifest(bag: Path, name: str) -> dict[str, str]:
    found: dict[str, str] = {}
    names: list[str] = []
    for line in text_of(small(bag / name), name).splitlines():
        if not line.strip():
            continue
        match = LINE.fullmatch(line)
        if not match:
            raise IntegrityError(f"the bag's {name} has a line that is none: {line[:60]!r}")
        path = match[2].removeprefix("./")
        names.append(inside(path))
        found[path] = match[1].lower()
    once(names)
    return found


def _literal(manifest: Mapping[str, str], files: Mapping[str, Path]) -> dict[str, str]:
    """Decode the paths of a manifest; some tools write a percent sign as it is."""
    return {name if name in files else decoded(name): digest for name, digest in manifest.items()}


def _require_same(name: str, listed: set[str], there: set[str]) -> None:
    for what, wrong in (("is not there", listed - there), ("is not listed", there - listed)):
        if wrong:
            raise IntegrityError(
                f"the bag is not what its {name} says: {min(wrong)} {what} ({len(wrong)} such); fetch it again"
            )


def _require_digest(name: str, found: str, listed: str) -> None:
    if found != listed:
        raise IntegrityError(
            f"the bag's {name} is damaged or was changed: {listed[:16]}… expected, {found[:16]}… found"
        )


def _info(bag: Path) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in text_of(small(bag / "bag-info.txt", 1 << 20), "bag-info.txt").splitlines():
        label, colon, value = line.partition(":")
        if colon and not line[:1].isspace():
            found.setdefault(label.strip(), value.strip())
    return found


def _require_oxum(said: str | None, files: list[Path]) -> None:
    there = f"{sum(path.stat().st_size for path in files)}.{len(files)}"
    if said is not None and said != there:
        raise IntegrityError(
            f"the bag says it holds {said[:40]} (bytes.files), and it holds {there}"
        )

"""Read a vault: list, check and restore what it keeps. Needs Python 3.8 or newer, nothing else.

    python3 -S -I read_vault.py list                      what is kept here
    python3 -S -I read_vault.py check [ID]                read every byte, compare check sums
    python3 -S -I read_vault.py restore ID FOLDER [vN]    copy one object into a new folder

The vault is the folder this file lies in; --vault FOLDER names another one. The arrangement is
the Oxford Common File Layout 1.1; README-50-YEARS.txt explains it without a program.
"""

# Without types, to be read by anyone.
# ruff: noqa: ANN001, ANN201, T201

import hashlib
import json
import os
import sys
from pathlib import Path

INVENTORY = "inventory.json"
SIDECAR = "inventory.json.sha512"
DECLARATION = "0=ocfl_object_1.1"
UNREADABLE = (OSError, ValueError, KeyError, IndexError, TypeError, AttributeError)


class VaultError(Exception):
    """Something in the vault is not as it must be; the text says what."""


def digests(path):
    """Return the sha512 and sha256 of a file, and its size."""
    if path.is_symlink() or not path.is_file():
        raise VaultError(f"missing: {path}")
    long, short, size = hashlib.sha512(), hashlib.sha256(), 0
    with path.open("rb") as source:
        for chunk in iter(lambda: source.read(1 << 20), b""):
            long.update(chunk)
            short.update(chunk)
            size += len(chunk)
    return long.hexdigest(), short.hexdigest(), size


def safe(path):
    """Refuse a path that could lead out of its folder."""
    parts = path.split("/")
    if any(part in ("", ".", "..") or ":" in part[1:2] for part in parts) or "\\" in path:
        raise VaultError(f"refused path: {path!r}")
    return path


def sidecar_holds(folder):
    """Say whether inventory.json is the file that its sidecar names."""
    try:
        wanted = (folder / SIDECAR).read_text(encoding="ascii").split()[0]
        return digests(folder / INVENTORY)[0] == wanted
    except (OSError, ValueError, IndexError, VaultError):
        return False


def parse(folder):
    """Read an inventory and refuse one that is not sound."""
    path = folder / INVENTORY
    try:
        whole = json.loads(path.read_text(encoding="utf-8"))
        refuse_unsound(path, whole)
    except UNREADABLE as error:
        raise VaultError(f"{path} cannot be read: {error}") from None
    return whole


def refuse_unsound(path, whole):
    """Refuse an inventory with a version missing, content not listed, or a path that leads out."""
    if whole["digestAlgorithm"] != "sha512":
        raise VaultError(f"{path}: check sums are {whole['digestAlgorithm']}, not sha512")
    names = [f"v{n + 1}" for n in range(len(whole["versions"]))]
    if sorted(whole["versions"]) != sorted(names) or whole["head"] != names[-1]:
        raise VaultError(f"{path}: a version is missing")
    for paths in whole["manifest"].values():
        for content in paths:
            safe(content)
    for name in names:
        for digest, paths in whole["versions"][name]["state"].items():
            if not whole["manifest"].get(digest):
                raise VaultError(f"{path}: {name} names content that is not listed")
            for logical in paths:
                safe(logical)


def inventory(folder):
    """Return an object's inventory and what is wrong with it (nothing: an empty list).

    Where the newest one is damaged, the newest version's own copy of it stands in.
    """
    if sidecar_holds(folder):
        return parse(folder), []
    versions = [p for p in folder.iterdir() if p.name[:1] == "v" and p.name[1:].isdigit()]
    for inner in sorted(versions, key=lambda p: int(p.name[1:]), reverse=True):
        if sidecar_holds(inner):
            trouble = (
                f"{folder / INVENTORY} is damaged or unfinished; the one in {inner.name} was used"
            )
            return parse(inner), [trouble]
    raise VaultError(f"no inventory of {folder} matches its check sum")


def objects(vault):
    """Find the folders of all objects."""
    for folder, folders, names in os.walk(vault):
        if Path(folder) == vault:
            folders[:] = [name for name in folders if name != "extensions"]
        folders.sort()
        if DECLARATION in names or INVENTORY in names:
            folders[:] = []
            yield Path(folder)


def find(vault, wanted):
    """Return the folder and inventory of one object, by its id or the end of it."""
    known = []
    for folder in objects(vault):
        try:
            whole = inventory(folder)[0]
        except VaultError as error:
            print(f"note: {error}")
            continue
        known.append(whole["id"])
        if whole["id"] == wanted or whole["id"].endswith(f":{wanted}"):
            return folder, whole
    raise VaultError(f"nothing here is called {wanted!r}; there are: {', '.join(known) or 'none'}")


def check_object(folder):
    """Compare every file of an object; return id, files read, bytes read and what is wrong."""
    whole, wrong = inventory(folder)
    count = size = 0
    sha256 = whole.get("fixity", {}).get("sha256", {})
    fixity = {path: digest for digest, paths in sha256.items() for path in paths}
    for digest, paths in whole["manifest"].items():
        for path in paths:
            try:
                long, short, read = digests(folder / path)
            except (VaultError, OSError):
                wrong.append(f"missing: {folder / path}")
                continue
            count, size = count + 1, size + read
            if long != digest or fixity.get(path, short) != short:
                wrong.append(f"damaged: {folder / path}")
    wrong.extend(
        f"damaged or missing: {folder / name / INVENTORY}"
        for name in whole["versions"]
        if not sidecar_holds(folder / name)
    )
    return whole["id"], count, size, wrong + unnamed(folder, whole)


def unnamed(folder, whole):
    """List the files that no inventory names."""
    expected = {path for paths in whole["manifest"].values() for path in paths}
    for place in ("", *(f"{name}/" for name in whole["versions"])):
        expected.update((place + INVENTORY, place + SIDECAR))
    there = [Path(inner) / name for inner, _, names in os.walk(folder) for name in names]
    extra = [p for p in there if p.relative_to(folder).as_posix() not in {*expected, DECLARATION}]
    return [f"not in the inventory: {path}" for path in sorted(extra)]


def show_list(vault):
    """Print what is kept."""
    count = 0
    for folder in objects(vault):
        whole = inventory(folder)[0]
        count += 1
        print(whole["id"])
        for name in sorted(whole["versions"], key=lambda n: int(n[1:])):
            block = whole["versions"][name]
            files = sum(len(paths) for paths in block["state"].values())
            print(f"  {name}  {block['created']}  {files} files  {block.get('message', '')}")
    print(f"{count} object(s)")
    return 0 if count else 1


def check(vault, wanted=None):
    """Check one object or all; reading nothing is a failure."""
    total = failures = 0
    for folder in [find(vault, wanted)[0]] if wanted else objects(vault):
        try:
            name, count, size, wrong = check_object(folder)
        except VaultError as error:
            name, count, size, wrong = folder, 0, 0, [str(error)]
        total += size
        failures += bool(wrong) or not count
        print(f"{'BAD ' if wrong else 'good'}  {name}  {count} files, {size} bytes read")
        for line in wrong:
            print(f"    {line}")
    if not total:
        print("BAD  nothing was read: this is no vault, or it is empty")
    return 1 if failures or not total else 0


def copy(source, place, digest):
    """Copy one file and compare its check sum; return its size."""
    if source.is_symlink():
        raise VaultError(f"refused: {source} is a link")
    place.parent.mkdir(parents=True, exist_ok=True)
    found, size = hashlib.sha512(), 0
    with source.open("rb") as reading, place.open("xb") as writing:
        for chunk in iter(lambda: reading.read(1 << 20), b""):
            found.update(chunk)
            writing.write(chunk)
            size += len(chunk)
    if found.hexdigest() != digest:
        place.unlink()
        raise VaultError(f"damaged: {source}; restore it from another copy of the vault")
    return size


def restore(vault, wanted, target, version=None):
    """Copy an object's files into a new folder, checking each on the way."""
    folder, whole = find(vault, wanted)
    version = version or whole["head"]
    if version not in whole["versions"]:
        raise VaultError(
            f"{whole['id']} has no {version}; there are: {', '.join(whole['versions'])}"
        )
    if Path(target).exists() and any(Path(target).iterdir()):
        raise VaultError(f"{target} is not empty; name a new folder")
    count = size = 0
    for digest, paths in sorted(whole["versions"][version]["state"].items()):
        for logical in paths:
            size += copy(folder / whole["manifest"][digest][0], Path(target) / logical, digest)
            count += 1
    print(f"{whole['id']} {version}: {count} files, {size} bytes, every check sum equal")
    return 0


def main(arguments):
    """Run one command; 0 when all is well, 1 when something is not, 2 for a wrong call."""
    vault = Path(__file__).resolve().parent
    if "--vault" in arguments[:-1]:
        at = arguments.index("--vault")
        vault = Path(arguments[at + 1]).resolve()
        arguments = arguments[:at] + arguments[at + 2 :]
    commands = {"list": (show_list, 0, 0), "check": (check, 0, 1), "restore": (restore, 2, 3)}
    name, rest = (arguments[0], arguments[1:]) if arguments else ("", [])
    if name not in commands or not commands[name][1] <= len(rest) <= commands[name][2]:
        print(__doc__)
        return 2
    try:
        return commands[name][0](vault, *rest)
    except (VaultError, OSError) as error:
        print(f"BAD  {error}")
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

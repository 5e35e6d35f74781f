"""Read a vault: list, check and restore what it keeps. Needs Python 3.8 or newer, nothing else.

    python3 -S -I read_vault.py list                      what is kept here
    python3 -S -I read_vault.py check [ID]                read every byte, compare check sums
    python3 -S -I read_vault.py restore ID FOLDER [vN]    copy one object into a new folder
    python3 -S -I read_vault.py mend [ID]                 compute damaged bytes again from parity
    python3 -S -I read_vault.py answer NONCE ID           prove that every byte was read

The vault is the folder this file lies in; --vault FOLDER names another one. The arrangement is
the Oxford Common File Layout 1.1; README-50-YEARS.txt explains it without a program.
"""

# Without types, to be read by anyone.
# ruff: noqa: ANN001, ANN201, T201

import hashlib
import io
import json
import os
import runpy
import struct
import sys
import tempfile
import zlib
from collections import Counter
from pathlib import Path

INVENTORY = "inventory.json"
SIDECAR = "inventory.json.sha512"
DECLARATION = "0=ocfl_object_1.1"
UNREADABLE = (OSError, ValueError, KeyError, IndexError, TypeError, AttributeError)
CODES = {1: "B", 2: "H", 4: "I", 8: "Q"}


class VaultError(Exception):
    """Something in the vault is not as it must be; the text says what."""


def digests(path, nonce=b""):
    """Return the sha512 of a file, the sha256 of the nonce and the file, and its size."""
    if path.is_symlink() or not path.is_file():
        raise VaultError(f"missing: {path}")
    long, short, size = hashlib.sha512(), hashlib.sha256(nonce), 0
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
        wanted = (folder / SIDECAR).read_text(encoding="ascii").split()
        return [digests(folder / INVENTORY)[0], INVENTORY] == wanted
    except (OSError, ValueError, VaultError):
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
        if DECLARATION in names or INVENTORY in names or "v1" in folders:
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


def number(data):
    """See bytes as one great number, the first byte lowest: all its bits are worked on at once."""
    return int.from_bytes(data, "little")


def row(frame, count):
    """Read the next row of a frame, which stands for ``count`` bytes; FORMAT.txt, "Rows"."""
    kind = frame.read(1)[0] if count else 0
    if kind < 2:
        found = frame.read(count) if kind == 0 else frame.read(1) * count
    else:
        sizes = struct.unpack("<I" if kind == 2 else "<4I", frame.read(4 if kind == 2 else 16))
        parts = (zlib.decompressobj(-15).decompress(frame.read(n), count + 1) for n in sizes)
        found = b"".join(parts)
    if len(found) != count:
        raise ValueError("a row does not give the bytes it stands for")
    return found


def planes(frame, count, width, turn):
    """Read elements from their byte planes, the top one first; turn them back by one bit."""
    rows, out = [number(row(frame, count)) for _ in range(width)], bytearray(count * width)
    ones = number(b"\1" * count)
    for at in range(width):
        bits = rows[at]
        if turn:  # the lowest bit of the plane above comes on top; above the first is the last
            bits = (bits >> 1 & ones * 127) | (rows[at - 1] & ones) << 7
        out[width - 1 - at :: width] = bits.to_bytes(count, "little")
    return out


def group(frame, count, width):
    """Read one group of coded changes; FORMAT.txt, "Delta"."""
    mode, code = frame.read(1)[0], CODES[width]
    if mode == 0:
        return struct.unpack(f"<{count}{code}", planes(frame, count, width, 0))
    bits, tuples = 8 // mode, row(frame, -(-count // mode))
    escape, symbols, at = (1 << bits) - 1, bytearray(len(tuples) * mode), -1
    for place in range(mode):
        table = bytes(byte >> bits * place & escape for byte in range(256))
        symbols[place::mode] = tuples.translate(table)
    more, found = symbols.count(escape, 0, count), list(symbols[:count])
    for extra in struct.unpack(f"<{more}{code}", planes(frame, more, width, 0)):
        at = symbols.index(escape, at + 1)
        found[at] += extra
    return found


def delta(frame, base, width):
    """Undo a change to ``base``: elements come back in the groups that the base's own bits say."""
    count, bits, table, sizes, held = len(base) // width, 8 * width, [], [], 0
    ones = number(b"\1" * count)
    first, second = number(base[width - 1 :: width]), number(base[(width - 2) % width :: width])
    keys = ((first & ones * 127) << 1 | (second >> 7 & ones)).to_bytes(count, "little")
    found = Counter(keys)
    for key in range(256):
        table.append(len(sizes))
        held += found[key]
        if held >= 4096:
            sizes, held = [*sizes, held], 0
    sizes = [*sizes[:-1], sum(sizes[-1:]) + held]
    parts = [iter(group(frame, size, width)) for size in sizes if count]
    order = keys.translate(bytes(min(at, len(sizes) - 1) for at in table))
    coded = map(next, map(parts.__getitem__, order))
    # All elements at once, as lanes of great numbers.
    coded, under = number(struct.pack(f"<{count}{CODES[width]}", *coded)), number(base)
    one = number((b"\1" + bytes(width - 1)) * count)
    top, whole = one << bits - 1, (one << bits) - one
    flags, signs, rest = coded & one, under >> bits - 1 & one, whole ^ top
    under ^= top | (signs << bits) - signs
    change = (coded >> 1 & rest) ^ (flags << bits) - flags
    value = (under & rest) + (change & rest) ^ (under ^ change) & top
    signs = (value >> bits - 1 & one) ^ one
    return (value ^ (top | (signs << bits) - signs)).to_bytes(count * width, "little")


def decode_chunk(codec, width, turn, data, count, base):
    """Decode one frame that stands for ``count`` bytes."""
    frame = io.BytesIO(data)
    if width not in CODES:
        raise ValueError("an unknown width")
    if codec == "raw":
        chunk = frame.read()
    elif codec == "planes":
        chunk = planes(frame, count // width, width, turn)
    else:
        chunk = delta(frame, base, width)
    if frame.read(1) or len(chunk) != count:
        raise ValueError("a frame does not give the bytes it stands for")
    return bytes(chunk)


def segment_chunks(pack, segment, step, out, base):
    """Give one segment's bytes: decoded, or those of the base or of what was written before."""
    codec, whole, width = segment["codec"], segment["bytes"], segment.get("width", 1)
    for number, at in enumerate(range(0, whole, step)):
        count, data = min(step, whole - at), b""
        if "of" in segment:
            known = out if codec == "seen" else base
            known.seek(segment["of"]["at"] + at)
            data = known.read(count)
        if codec not in ("same", "seen"):
            pack.seek(segment["frames"][number][0])
            frame = pack.read(segment["frames"][number][1])
            data = decode_chunk(codec, width, segment.get("turn", 0), frame, count, data)
        yield data


def unpack(source, place, base_of):
    """Write the file that a pack stands for; ``base_of`` finds the file it is a change to."""
    place.parent.mkdir(parents=True, exist_ok=True)
    place.open("xb").close()  # what is there already is never touched
    try:
        with source.open("rb") as pack, place.open("r+b") as out:
            pack.seek(max(0, pack.seek(0, 2) - 56))
            at, length, digest, _ = struct.unpack("<QQ32s8s", pack.read(56))
            pack.seek(at)
            stored = pack.read(length)
            if hashlib.sha256(stored).digest() != digest:
                raise ValueError("its index does not match its check sum")
            index = json.loads(zlib.decompressobj(-15).decompress(stored, 1 << 26))
            if not 0 < index["chunk"] <= 1 << 24:
                raise ValueError("its chunks are too large")
            with base_of(index["base"]).open("rb") if index["base"] else source.open("rb") as base:
                for segment in index["segments"]:
                    if segment["at"] != out.seek(0, 2):
                        raise ValueError("it leaves a gap")
                    for chunk in segment_chunks(pack, segment, index["chunk"], out, base):
                        out.seek(0, 2)
                        out.write(chunk)
        _, digest, size = digests(place)
        if (digest, size) != (index["file"]["sha256"], index["file"]["bytes"]):
            raise ValueError("it is damaged; restore it from another copy of the vault")
    except (struct.error, zlib.error, RuntimeError, ArithmeticError, MemoryError, *UNREADABLE) as e:
        place.unlink()
        raise VaultError(f"{source} cannot be unpacked: {e}") from None
    return size


def original(vault, base, scratch):
    """Return the file that a pack is a change to, unpacked where it is packed itself."""
    wanted, path = base["object"], base["path"]
    folder, whole = find(vault, wanted)
    files = {p: d for d, paths in whole["versions"][whole["head"]]["state"].items() for p in paths}
    if path in files:
        return folder / whole["manifest"][files[path]][0]
    place, packed = scratch / str(len(list(scratch.iterdir()))), files[f"packed/{path[9:]}.pack"]
    unpack(folder / whole["manifest"][packed][0], place, lambda _: None)
    return place


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
    with tempfile.TemporaryDirectory(dir=Path(target).resolve().parent) as scratch:
        for digest, paths in sorted(whole["versions"][version]["state"].items()):
            source = folder / whole["manifest"][digest][0]
            for logical in sorted(paths):
                if logical.startswith("packed/"):
                    place = Path(target) / "original" / safe(logical[7:-5])
                    size += unpack(source, place, lambda base: original(vault, base, Path(scratch)))
                elif not logical.startswith("parity/"):
                    size += copy(source, Path(target) / logical, digest)
                count += not logical.startswith("parity/")
    print(f"{whole['id']} {version}: {count} files, {size} bytes, every check sum equal")
    return 0


def mend(vault, wanted=None):
    """Compute damaged bytes again from parity: mend_vault.py, beside this program, does it."""
    beside = runpy.run_path(str(Path(__file__).resolve().with_name("mend_vault.py")))
    return beside["mend"](vault, wanted)


def answer(vault, nonce, wanted):
    """Print the sha256 of the nonce and each file: only who reads all the bytes can know it."""
    folder, whole = find(vault, wanted)
    print(f"tenure/answer/1 {nonce} {whole['id']} {whole['head']}")
    for path in sorted(path for paths in whole["manifest"].values() for path in paths):
        print(f"{digests(folder / path, bytes.fromhex(nonce))[1]}  {path}")
    return 0


def main(arguments):
    """Run one command; 0 when all is well, 1 when something is not, 2 for a wrong call."""
    vault = Path(__file__).resolve().parent
    if "--vault" in arguments[:-1]:
        at = arguments.index("--vault")
        vault = Path(arguments[at + 1]).resolve()
        arguments = arguments[:at] + arguments[at + 2 :]
    commands = {"list": (show_list, 0, 0), "check": (check, 0, 1), "restore": (restore, 2, 3)}
    commands.update(mend=(mend, 0, 1), answer=(answer, 2, 2))
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

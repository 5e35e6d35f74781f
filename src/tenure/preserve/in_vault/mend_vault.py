"""Mend a vault: compute damaged bytes again from parity. Needs Python 3.8 or newer, nothing else.

    python3 -S -I mend_vault.py [ID]    the same as read_vault.py mend [ID]

It uses read_vault.py, which must lie beside it. The vault is the folder it lies in; --vault FOLDER
names another one. What parity cannot give back must come from another copy of the vault. FORMAT.txt
explains parity without a program.
"""

# Without types, to be read by anyone.
# ruff: noqa: ANN001, ANN201, T201

import hashlib
import json
import runpy
import sys
from pathlib import Path
from types import SimpleNamespace

READ = SimpleNamespace(**runpy.run_path(str(Path(__file__).resolve().with_name("read_vault.py"))))
WRONG = (*READ.UNREADABLE, READ.VaultError, ArithmeticError, MemoryError, RuntimeError)


def read_at(path, offset, length):
    """Read a part of a file; what cannot be read is zeros."""
    try:
        with path.open("rb") as source:
            source.seek(max(0, offset))
            return source.read(length).ljust(length, b"\0")
    except OSError:
        return bytes(length)


EXP, LOG = [1], {1: 0}
for power in range(1, 255):  # the field GF(2^8): polynomial 0x11d, powers of 2
    EXP.append((EXP[-1] << 1) ^ (0x11D if EXP[-1] & 128 else 0))
    LOG[EXP[-1]] = power


def plus(total, factor, block):
    """Add ``factor`` times a block to a total of the same length."""
    if factor > 1:
        block = block.translate(bytes(v and EXP[(LOG[factor] + LOG[v]) % 255] for v in range(256)))
    added = int.from_bytes(total, "little") ^ int.from_bytes(block, "little")
    return added.to_bytes(len(total), "little") if factor else total


class Parity:
    """A parity file and the files it covers: see FORMAT.txt, "Parity"."""

    def __init__(self, folder, path) -> None:
        """Read its table, from the beginning or, when that is damaged, from the end."""
        self.folder, self.path = folder, path
        size = path.stat().st_size if path.is_file() else 0
        front, back = read_at(path, 16, 40), read_at(path, size - 48, 40)
        for self.check in (front, back):
            length = min(int.from_bytes(self.check[:8], "little"), size)
            self.said = read_at(path, 56 if self.check is front else size - 48 - length, length)
            if hashlib.sha256(self.said).digest() == self.check[8:]:
                break
        else:
            raise READ.VaultError(f"no parity is left in {path}")
        table = json.loads(self.said)
        self.files, self.k, self.m, self.block = (table[n] for n in ("files", "k", "m", "block"))
        if not (self.k >= 1 and 1 <= self.m <= 256 - self.k and 1 <= self.block <= 1 << 20):
            raise READ.VaultError(f"{path} says numbers that cannot be")
        self.digests = bytes.fromhex(table["data"] + table["parity"])
        self.count = -(-sum(size for _, size, _ in self.files) // self.block)
        self.groups = -(-self.count // self.k)

    def sound(self, index):
        """Return a block whose check sum is right, or None; parity follows the data."""
        left, offset = self.block, index * self.block
        found = b""
        if index >= self.count:
            at = 56 + len(self.said) + (index - self.count) * self.block
            found = read_at(self.path, at, left)
        for name, size, _ in self.files if index < self.count else ():
            if offset < size and len(found) < left:
                part = min(size - offset, left - len(found))
                found += read_at(self.folder / READ.safe(name), offset, part)
            offset = max(0, offset - size)
        right = hashlib.sha256(found.ljust(left, b"\0")).digest()
        return found.ljust(left, b"\0") if right == self.digests[32 * index :][:32] else None

    def weight(self, row, index):
        """Return the factor of a block in one row of parity."""
        member, own = index // self.groups, (index - self.count) // self.groups
        if index >= self.count:
            return int(row == own)
        return EXP[(LOG[self.k ^ member] - LOG[(self.k + row) ^ member]) % 255]

    def get(self, index):
        """Return a block; a bad one by solving the equations of its group, one for each row."""
        found = self.sound(index)
        if found is not None:
            return found
        first = (index - self.count * (index >= self.count)) % self.groups
        ends = (first, self.count), (self.count + first, len(self.digests) // 32)
        blocks = {i: self.sound(i) for end in ends for i in range(*end, self.groups)}
        bad = [i for i in blocks if blocks[i] is None]
        rows = [
            bytes(self.weight(row, i) for i in bad) + bytes(self.block) for row in range(self.m)
        ]
        if len(bad) > self.m:
            raise READ.VaultError(f"more is lost than {self.path} can give back")
        for row in range(self.m):
            for i, block in blocks.items():
                if block is not None:
                    rows[row] = plus(rows[row], self.weight(row, i), bytes(len(bad)) + block)
        for n in range(len(bad)):
            at = next(r for r in range(n, self.m) if rows[r][n])
            rows[n], rows[at] = rows[at], rows[n]
            rows[n] = plus(bytes(len(rows[n])), EXP[-LOG[rows[n][n]] % 255], rows[n])
            for r in (r for r in range(self.m) if r != n):
                rows[r] = plus(rows[r], rows[r][n], rows[n])
        return rows[bad.index(index)][len(bad) :]

    def parts(self, wanted):
        """Return the bytes of a covered file, or of the parity file itself, block by block."""
        at = 0
        for name, size, _ in self.files:
            end = at + size
            while name == wanted and at < end:
                yield self.get(at // self.block)[at % self.block :][: end - at]
                at = min(end, (at // self.block + 1) * self.block)
            at = end
        if self.folder / wanted == self.path:
            yield b"TENUREPA\1\0\0\0\0\0\0\0" + self.check + self.said
            for index in range(self.count, len(self.digests) // 32):
                yield self.get(index)
            yield self.said + self.check + b"TENUREPA"


def put_back(vault, path, parts, digest):
    """Write a file again in a place of its own, compare, and set the damaged one aside."""
    aside = vault / "extensions/tenure-set-aside/mended"
    for folder in (aside, path.parent):
        folder.mkdir(parents=True, exist_ok=True)
    found, fresh = hashlib.sha512(), aside / "unfinished"
    with fresh.open("wb") as writing:
        for part in parts:
            found.update(part)
            writing.write(part)
    if found.hexdigest() != digest:
        raise READ.VaultError(f"{path} was computed again and is not right")
    if path.exists():
        path.replace(aside / f"{digest[:16]}-{path.name}")
    fresh.replace(path)
    print(f"mended: {path}")


def inventory_of(whole, name):
    """Write an older version's inventory again: what the newest says of it, and no more."""
    kept = {f"v{n + 1}": whole["versions"][f"v{n + 1}"] for n in range(int(name[1:]))}
    used = {digest for block in kept.values() for digest in block["state"]}
    then = dict(whole, head=name, versions=kept)
    then["manifest"] = {digest: whole["manifest"][digest] for digest in used}
    paths = {path for named in then["manifest"].values() for path in named}
    sha256 = whole.get("fixity", {}).get("sha256", {}).items()
    sha256 = {digest: [path for path in named if path in paths] for digest, named in sha256}
    then["fixity"] = {"sha256": {digest: named for digest, named in sha256.items() if named}}
    return json.dumps(then, indent=2, ensure_ascii=False, sort_keys=True).encode() + b"\n"


def mend_object(vault, folder):
    """Mend an object's content, parity last, its inventories and its declaration."""
    whole, small = READ.inventory(folder)[0], {READ.DECLARATION: b"ocfl_object_1.1\n"}
    for name in (*whole["versions"], ""):
        if not READ.sidecar_holds(folder / name):
            data = inventory_of(whole, name or whole["head"])
            line = f"{hashlib.sha512(data).hexdigest()} {READ.INVENTORY}\n".encode()
            small.update({f"{name}/{READ.INVENTORY}": data, f"{name}/{READ.SIDECAR}": line})
    files = [(path, digest) for digest, paths in whole["manifest"].items() for path in paths]
    files += [(path.lstrip("/"), hashlib.sha512(small[path]).hexdigest()) for path in small]
    for path, digest in sorted(files, key=lambda pair: "/content/parity/" in pair[0]):
        try:
            if READ.digests(folder / path)[0] == digest:
                continue
        except (READ.VaultError, OSError):
            pass
        version = path.split("/")[0]
        own = folder / version / "content/parity" / f"{version}.parity"
        data = small.get(path, small.get(f"/{path}"))
        try:
            parts = Parity(folder, own).parts(path) if data is None else [data]
            put_back(vault, folder / path, parts, digest)
        except WRONG as error:
            print(f"not mended: {error}")


def mend(vault, wanted=None):
    """Mend what parity can give back, then check; 0 when all is well."""
    try:
        for folder in [READ.find(vault, wanted)[0]] if wanted else list(READ.objects(vault)):
            try:
                mend_object(vault, folder)
            except WRONG as error:
                print(f"not mended: {folder}: {error}")
        return READ.check(vault, wanted)
    except (READ.VaultError, OSError) as error:
        print(f"BAD  {error}")
        return 1


def main(arguments):
    """Run it; 0 when all is well, 1 when something is not, 2 for a wrong call."""
    vault = Path(__file__).resolve().parent
    if arguments[:1] == ["--vault"] and len(arguments) > 1:
        vault, arguments = Path(arguments[1]).resolve(), arguments[2:]
    if len(arguments) > 1 or "-h" in arguments or "--help" in arguments:
        print(__doc__)
        return 2
    return mend(vault, *arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

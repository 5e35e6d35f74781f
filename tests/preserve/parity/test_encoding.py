"""Parity: what is bad is computed again, by the code and by arithmetic written out a second time."""

import hashlib
import json
import random
from itertools import combinations

import pytest

from tenure.errors import IntegrityError, UsageError
from tenure.preserve import fixity, ocfl, vault
from tenure.preserve.parity import encoding, recovery
from tenure.preserve.parity.encoding import HEAD, Shape
from tenure.preserve.parity.galois import inverse
from tenure.preserve.stores.local import LocalStore

ID = "urn:tenure:model:tulip@1"


def slow_times(a, b):
    """Multiply two polynomials over GF(2) modulo 0x11d, one bit at a time."""
    product = 0
    while b:
        if b & 1:
            product ^= a
        b >>= 1
        a <<= 1
        if a & 0x100:
            a ^= 0x11D
    return product


def slow_over(a, b):
    return next(x for x in range(256) if slow_times(x, b) == a)


def noise(size, seed):
    return random.Random(seed).randbytes(size)


def files(sizes, seed=0):
    return {f"original/{i:02}": noise(size, seed + i) for i, size in enumerate(sizes)}


def keep(folder, content, version="v1", shape=None):
    """Commit files and their parity as a version."""
    store = LocalStore(str(folder / "vault"))
    encoding.make(content, folder / "scratch", version=version, shape=shape)
    whole = {**content, encoding.path_of(version): (folder / "scratch").read_bytes()}
    addition = vault.Addition(files=whole, message="kept", created="2026-11-21T00:00:00Z")
    return store, vault.commit(store, ID, addition)


def place(store, path):
    found = store.root / ocfl.object_path(ID) / path
    if found.exists():
        found.chmod(0o644)
    return found


def recovered(store, inventory, path):
    with recovery.recover(store, inventory, path) as stream:
        return stream.read()


def flip(path, at, length=1):
    content = bytearray(path.read_bytes())
    content[at : at + length] = bytes(b ^ 0x55 for b in content[at : at + length])
    path.write_bytes(content)


def test_parity_is_what_the_specification_says_byte_by_byte(tmp_path):
    shape = Shape(k=5, m=3)
    content = files([9000, 0, 12000, 30000, 17])
    table = encoding.make(content, tmp_path / "p", version="v1", shape=shape)
    said, stream = (tmp_path / "p").read_bytes(), b"".join(content.values())
    begin = HEAD.size + len(table.to_bytes())
    stream = stream.ljust(table.groups * shape.k * table.block, b"\0")

    assert (table.count, table.groups, table.block) == (13, 3, 4096)
    for group in range(table.groups):
        for row in range(shape.m):
            at = begin + (row * table.groups + group) * table.block
            for byte in (0, 1, 777, 4095):
                total = 0
                for j in range(shape.k):
                    c = slow_over(shape.k ^ j, (shape.k + row) ^ j)
                    total ^= slow_times(c, stream[(j * table.groups + group) * table.block + byte])
                assert said[at + byte] == total
    assert json.loads(table.to_bytes())["files"][0][0] == "v1/content/original/00"


@pytest.mark.parametrize(("k", "m"), [(20, 2), (4, 3), (1, 1), (250, 6)])
def test_any_m_members_lost_leave_a_system_that_can_be_solved(k, m):
    shape, draw = Shape(k=k, m=m), random.Random(k)
    for _ in range(20):
        bad = sorted(draw.sample(range(k), draw.randint(1, min(m, k))))
        for rows in combinations(range(m), len(bad)):
            matrix = [[encoding.factor(shape, r, j) for j in bad] for r in rows]
            inverted = inverse(matrix)
            for i, left in enumerate(inverted):
                for j in range(len(bad)):
                    total = 0
                    for t, value in enumerate(left):
                        total ^= slow_times(value, matrix[t][j])
                    assert total == (i == j)


@pytest.mark.slow
def test_all_blocks_bad_that_parity_can_give_back_are_given_back(quick):
    content = files([40_000, 90_000, 300_001, 5])
    store, inventory = keep(quick, content)
    own = f"v1/content/{encoding.path_of('v1')}"
    before = {path: place(store, path).read_bytes() for path in inventory.manifest.values()}
    whole = before[own]
    table = encoding.load(lambda _, at, n: whole[at : at + n], own, len(whole))
    begin = HEAD.size + len(table.to_bytes())
    starts, at = {}, 0
    for member in table.members:
        starts[member.path], at = at, at + member.bytes
    draw = random.Random(7)
    for _ in range(12):
        hurt = set()
        for group in range(table.groups):  # two of the 22 members of every group
            inside = [*range(group, table.count, table.groups)]
            inside += [table.count + r * table.groups + group for r in range(2)]
            hurt |= set(draw.sample(inside, 2))
        for path, content in before.items():
            place(store, path).write_bytes(content)
        for index in hurt:
            if index >= table.count:
                flip(place(store, own), begin + (index - table.count) * 4096 + draw.randrange(4096))
                continue
            spot = index * 4096 + draw.randrange(min(4096, at - index * 4096))
            path = max((p for p in starts if starts[p] <= spot), key=lambda p: starts[p])
            flip(place(store, path), spot - starts[path])

        for path, content in before.items():
            assert recovered(store, inventory, path) == content


@pytest.mark.slow
def test_a_run_of_damage_a_cut_and_a_deleted_file_are_given_back(quick):
    content = files([4_000_000, 60_000, 70_000])
    store, inventory = keep(quick, content)
    long = place(store, "v1/content/original/00")
    flip(long, 1_234_567, 350_000)  # a run of 8.5% of all
    assert recovered(store, inventory, "v1/content/original/00") == content["original/00"]
    long.write_bytes(content["original/00"])

    place(store, "v1/content/original/01").unlink()
    long.write_bytes(content["original/00"][:-200_000])

    assert recovered(store, inventory, "v1/content/original/01") == content["original/01"]
    assert recovered(store, inventory, "v1/content/original/00") == content["original/00"]


def test_more_than_parity_can_give_back_is_said(quick):
    store, inventory = keep(quick, files([100_000, 3000]))
    place(store, "v1/content/original/00").unlink()

    with pytest.raises(IntegrityError, match="mend it from another copy"):
        recovered(store, inventory, "v1/content/original/00")


def test_the_parity_itself_comes_back_from_its_table_or_from_the_files(quick):
    content = files([50_000, 70_000])
    store, inventory = keep(quick, content)
    own = f"v1/content/{encoding.path_of('v1')}"
    whole = place(store, own).read_bytes()

    for damage in (
        lambda p: flip(p, 20, 3000),  # the first table
        lambda p: flip(p, len(whole) - 90, 60),  # the second
        lambda p: p.write_bytes(whole[: len(whole) // 2]),
        lambda p: p.write_bytes(b"rubbish"),
        lambda p: p.write_bytes(b""),
        lambda p: p.unlink(),
    ):
        damage(place(store, own))
        assert recovered(store, inventory, own) == whole
        place(store, own).write_bytes(whole)


def test_a_repair_through_parity_ends_as_the_inventory_says(quick):
    content = files([50_000, 70_000])
    store, inventory = keep(quick, content)
    wanted = fixity.plan([store], ID)
    flip(place(store, "v1/content/original/01"), 60_000, 4000)
    key = fixity.check(store, wanted).faults[0].key

    with recovery.recover(store, inventory, key.split("/", 4)[4]) as stream:
        store.mend(key, stream, wanted.files[key])

    assert fixity.check(store, wanted).well


def test_a_later_version_has_its_own_parity_and_content_twice_counts_once(quick):
    same = noise(9000, 1)
    content = {"original/a": same, "adapters/b": same, "original/c": noise(100, 2)}
    keep(quick, content)
    store, inventory = keep(quick, {"report/x": noise(700, 3)}, "v2")

    table = encoding.make(content, quick / "p", version="v1")

    assert [m.path for m in table.members] == ["v1/content/original/a", "v1/content/original/c"]
    assert len([p for p in inventory.manifest.values() if "/parity/" in p]) == 2
    place(store, "v2/content/report/x").unlink()
    place(store, "v1/content/original/c").unlink()
    assert recovered(store, inventory, "v2/content/report/x") == noise(700, 3)
    assert recovered(store, inventory, "v1/content/original/c") == noise(100, 2)


def test_an_object_without_parity_says_none_and_empty_files_come_back(quick):
    store, inventory = keep(quick, {"original/empty": b""})
    place(store, "v1/content/original/empty").unlink()

    assert recovered(store, inventory, "v1/content/original/empty") == b""
    assert recovery.recover(store, inventory, "v9/content/original/x") is None


def test_the_same_files_give_the_same_parity_from_disk_or_memory(tmp_path):
    content = files([300_000, 5_000_000])
    on_disk = {}
    for name, data in content.items():
        on_disk[name] = tmp_path / name.replace("/", "-")
        on_disk[name].write_bytes(data)
    encoding.make(content, tmp_path / "one", version="v1")
    table = encoding.make(on_disk, tmp_path / "two", version="v1")

    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert table.block == 8192
    assert hashlib.sha256(content["original/00"][:8192]).digest() == table.data[:32]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("k", 0), ("k", 300), ("m", -1), ("block", 0), ("block", 1 << 40), ("block", "4096"),
        ("files", [["../../etc/passwd", 100000, "0" * 128]]), ("files", [["v1/content/a", -5, ""]]),
        ("files", [["v1/content/a", 10**30, ""]]), ("files", 7), ("data", "zz"), ("data", ""),
        ("parity", "00"), ("format", "tenure/parity/2"), ("files", [["a"]]),
    ],
)  # fmt: skip
def test_a_table_that_does_not_hold_together_is_refused(tmp_path, key, value):
    table = encoding.make(files([100_000]), tmp_path / "p", version="v1")
    whole = json.loads(table.to_bytes()) | {key: value}
    said = json.dumps(whole).encode()
    check = hashlib.sha256(said).digest()
    forged = HEAD.pack(encoding.MAGIC, 1, 0, len(said), check) + said

    with pytest.raises(IntegrityError):
        encoding.load(lambda _, at, n: forged[at : at + n], "p", len(forged))


def test_a_shape_that_cannot_be_is_refused():
    with pytest.raises(UsageError, match="20\\+2"):
        Shape(k=255, m=2)

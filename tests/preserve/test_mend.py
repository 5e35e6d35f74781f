"""The stand-alone reader mends a copy by its parity, alone, with the standard library only."""

import hashlib
import json
import random
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from tenure.preserve import fixity, ocfl, vault
from tenure.preserve.parity import encoding
from tenure.preserve.stores.local import LocalStore

pytestmark = pytest.mark.slow

ID = "urn:tenure:model:tulip@1"
NONCE = "00ff" * 16


@pytest.fixture
def kept(quick):
    """A vault with one object of two versions, each with its parity."""
    draw, store = random.Random(3), LocalStore(str(quick / "vault"))
    for version, sizes in (("v1", (150_000, 12_001, 0, 17)), ("v2", (3_000, 4_096, 20_000))):
        files = {f"original/{version}-{n}": draw.randbytes(size) for n, size in enumerate(sizes)}
        encoding.make(files, quick / "scratch", version=version)
        files[encoding.path_of(version)] = (quick / "scratch").read_bytes()
        addition = vault.Addition(files=files, message="kept", created="2026-11-21T00:00:00Z")
        vault.commit(store, ID, addition)
    return store


def reader(store, *arguments):
    program = [sys.executable, "-S", "-I", str(store.root / "read_vault.py"), *arguments]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def files_of(store):
    at = store.root / ocfl.object_path(ID)
    return {p: p.read_bytes() for p in sorted(at.rglob("*")) if p.is_file()}


def hurt(path, how, draw):
    path.chmod(0o644)
    content = bytearray(path.read_bytes())
    if how == "delete":
        path.unlink()
    elif how == "cut":
        path.write_bytes(content[: -draw.randint(1, min(4000, len(content)))])
    elif how == "longer":
        path.write_bytes(content + b"?")
    else:
        content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
        path.write_bytes(content)


@pytest.mark.parametrize("how", ["flip", "cut", "longer", "delete"])
def test_every_file_of_an_object_damaged_alone_is_mended(kept, how):
    before, draw = files_of(kept), random.Random(how)
    # What holds most of a version's data, and the parity itself: nothing in this copy gives it back.
    too_much = {"v1-0", "v2-2", "v1.parity", "v2.parity"}
    wanted = fixity.plan([kept], ID)
    for path, content in before.items():
        if how in ("flip", "cut") and not content:
            continue
        hurt(path, how, draw)

        code, said = reader(kept, "mend")

        if how == "delete" and path.name in too_much:
            assert code == 1
            assert "not mended" in said
            path.write_bytes(content)
            continue
        assert code == 0, (path, said)
        assert files_of(kept) == before
    assert fixity.check(kept, wanted).well


def test_several_files_at_once_are_mended(kept):
    before, draw = files_of(kept), random.Random(1)
    named = {path.relative_to(kept.root / ocfl.object_path(ID)).as_posix(): path for path in before}
    hurt(named["v1/content/original/v1-0"], "flip", draw)
    hurt(named["v1/content/parity/v1.parity"], "flip", draw)
    for name in ("inventory.json", "v1/inventory.json", "v1/inventory.json.sha512"):
        hurt(named[name], "flip", draw)
    hurt(named["v2/content/original/v2-1"], "delete", draw)
    hurt(named["0=ocfl_object_1.1"], "delete", draw)

    code, said = reader(kept, "mend", "tulip@1")

    assert code == 0, said
    assert files_of(kept) == before
    assert said.count("mended: ") >= 7
    assert list((kept.root / "extensions/tenure-set-aside").rglob("*v1-0"))


def test_an_answer_is_the_digest_of_the_nonce_and_every_byte(kept):
    code, said = reader(kept, "answer", NONCE, ID)

    head, *lines = said.splitlines()
    assert code == 0
    assert head == f"tenure/answer/1 {NONCE} {ID} v2"
    at, nonce = kept.root / ocfl.object_path(ID), bytes.fromhex(NONCE)
    for line in lines:
        digest, path = line.split("  ")
        assert digest == hashlib.sha256(nonce + (at / path).read_bytes()).hexdigest()
    assert len(lines) == 9

    (at / path).unlink()
    code, said = reader(kept, "answer", NONCE, ID)
    assert code == 1
    assert "BAD  missing" in said


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("k", 0), ("k", 10**9), ("m", 0), ("block", 1 << 50), ("block", 0), ("block", "1"),
        ("files", [["../../../outside", 10**6, "0" * 128]]), ("files", [["v1/content/x", -9, ""]]),
        ("files", 5), ("data", "zz"), ("data", ""), ("parity", "00"),
    ],
)  # fmt: skip
def test_a_parity_file_made_to_mislead_mends_nothing_and_breaks_nothing(kept, quick, key, value):
    at = kept.root / ocfl.object_path(ID)
    path = at / "v1/content/parity/v1.parity"
    data = path.read_bytes()
    size = int.from_bytes(data[16:24], "little")
    said = json.dumps(json.loads(data[56 : 56 + size]) | {key: value}).encode()
    check = len(said).to_bytes(8, "little") + hashlib.sha256(said).digest()
    path.chmod(0o644)
    path.write_bytes(data[:16] + check + said + data[56 + size :])
    (quick / "outside").write_bytes(b"secret")
    hurt(at / "v1/content/original/v1-1", "flip", random.Random(0))
    damaged = (at / "v1/content/original/v1-1").read_bytes()

    code, said = reader(kept, "mend")

    assert code == 1
    assert "Traceback" not in said
    assert "not mended" in said
    assert (at / "v1/content/original/v1-1").read_bytes() == damaged


VECTORS = Path(vault.__file__).parent / "in_vault" / "vectors"


def test_the_parity_among_the_vectors_is_what_this_version_writes_and_the_reader_reads(tmp_path):
    packs = {name: VECTORS / name for name in ("base.pack", "tuned.pack")}
    encoding.make(packs, tmp_path / "made", version="v1")
    content = tmp_path / "v1" / "content"
    content.mkdir(parents=True)
    base = (VECTORS / "base.pack").read_bytes()
    (content / "base.pack").write_bytes(base[:-5000])
    (content / "tuned.pack").write_bytes((VECTORS / "tuned.pack").read_bytes())

    mending = runpy.run_path(str(VECTORS.parent / "mend_vault.py"))
    found = mending["Parity"](tmp_path, VECTORS / "packs.parity")

    assert (VECTORS / "packs.parity").read_bytes() == (tmp_path / "made").read_bytes()
    assert b"".join(found.parts("v1/content/base.pack")) == base

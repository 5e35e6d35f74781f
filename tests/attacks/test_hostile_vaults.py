"""A vault written by somebody hostile: everything hangs together, and none of it may be believed."""

import hashlib
import io
import json
import subprocess
import sys
import zlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenure.errors import IntegrityError, TenureError
from tenure.models import tiny
from tenure.preserve import forms, ocfl, packing, restore, vault
from tenure.preserve.packed import passports
from tenure.preserve.packing import index
from tenure.preserve.stores.local import LocalStore

pytestmark = pytest.mark.slow

URN, BASE = "urn:tenure:model:trap@1", "urn:tenure:model:base@1"
WEIGHTS = "original/model.safetensors"


@pytest.fixture(scope="module")
def pack(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pack")
    source, out = tiny.make(folder / "tulip") / "model.safetensors", io.BytesIO()
    packing.pack_file(source, out)
    return source.read_bytes(), out.getvalue()


def repacked(data, change):
    """A pack whose index says something else, with every check sum right."""
    at, length, _, _ = index.FOOT.unpack(data[-index.FOOT.size :])
    whole = json.loads(zlib.decompressobj(-15).decompress(data[at : at + length]))
    change(whole)
    return data[:at] + index.closing(whole, at)


def passport(original, **more):
    files = {
        "model.safetensors": {
            "sha256": hashlib.sha256(original).hexdigest(),
            "bytes": len(original),
        }
    }
    tensors = [{"name": "t", "file": "model.safetensors", "dtype": "BF16", "shape": [1], "sha256": "0" * 64}]  # fmt: skip
    return json.dumps({"urn": URN, "files": files, "tensors": tensors, **more}).encode()


def trap(folder, files, urn=URN):
    store = LocalStore(str(folder / "vault"))
    addition = vault.Addition(files=files, message="", created="2026-11-21T00:00:00Z")
    return store, vault.commit(store, urn, addition)


def refused(folder, files):
    """Both readers refuse it, and nothing lies outside of the folder it was told to write to."""
    store, inventory = trap(folder, files)
    into = folder / "out" / "back"
    with pytest.raises(TenureError) as said:
        restore.whole(store, inventory, into)
    script = folder / "vault" / "read_vault.py"
    command = [sys.executable, "-S", "-I", script, "restore", URN, folder / "out" / "alone"]
    (folder / "out").mkdir(exist_ok=True)
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1, done.stdout
    assert "Traceback" not in done.stderr
    assert {p.name for p in (folder / "out").iterdir()} <= {"back", "alone"}
    assert {p.name for p in folder.iterdir()} <= {"out", "vault"}
    return said.value


def bytes_(whole, value):
    whole["file"]["bytes"] = value


LIES = {
    "it gives petabytes": lambda w: bytes_(w, 1 << 55),
    "negative bytes": lambda w: bytes_(w, -1),
    "a segment outside": lambda w: w["segments"][1].update(at=1 << 40),
    "a frame outside": lambda w: w["segments"][1]["frames"].__setitem__(0, [1 << 40, 100]),
    "a frame of terabytes": lambda w: w["segments"][1]["frames"][0].__setitem__(1, 1 << 42),
    "an unknown codec": lambda w: w["segments"][1].update(codec="pickle"),
    "seen, of itself": lambda w: w["segments"][1].update(codec="seen", of={"at": w["segments"][1]["at"]}),
    "the same as a base that is none": lambda w: w["segments"][1].update(codec="same", of={"at": 0}),
    "another sha256": lambda w: w["file"].update(sha256="0" * 64),
    "a chunk of nothing": lambda w: w.update(chunk=0),
    "no segments": lambda w: w.update(segments=[]),
    "lists for numbers": lambda w: w["file"].update(bytes=[1]),
}  # fmt: skip


@pytest.mark.parametrize("lie", LIES)
def test_a_pack_that_lies_gives_a_clear_error(tmp_path, pack, lie):
    original, data = pack
    files = {"packed/model.safetensors.pack": repacked(data, LIES[lie]), "model.json": passport(original)}  # fmt: skip

    refused(tmp_path, files)


def test_a_sound_pack_of_another_file_is_not_taken(tmp_path, pack):
    original, data = pack
    files = {
        "packed/model.safetensors.pack": data,
        "model.json": passport(original[:-1] + bytes([original[-1] ^ 1])),
    }
    store, inventory = trap(tmp_path, files)

    with pytest.raises(IntegrityError, match="damaged"):
        restore.whole(store, inventory, tmp_path / "back")
    assert not (tmp_path / "back" / WEIGHTS).exists()


@pytest.mark.parametrize("name", ["packed/...pack", "packed/a/...pack", "packed/.pack", "packed/a/.pack"])  # fmt: skip
def test_a_pack_whose_name_leads_out_is_refused(tmp_path, pack, name):
    original, data = pack

    error = refused(tmp_path, {name: data, "model.json": passport(original)})

    assert "refused" in str(error)


def test_a_file_that_is_there_twice_is_refused(tmp_path, pack):
    original, data = pack
    files = {
        "packed/model.safetensors.pack": data,
        WEIGHTS: b"mine",
        "model.json": passport(original),
    }
    store, inventory = trap(tmp_path, files)

    with pytest.raises(IntegrityError, match="twice"):
        restore.whole(store, inventory, tmp_path / "back")


def line(**changes):
    whole = {
        "file": WEIGHTS, "object": BASE, "version": "v1", "path": WEIGHTS, "sha256": "0" * 64, "bytes": 1,
    }  # fmt: skip
    return {**whole, **changes}


@pytest.mark.parametrize(
    "closure",
    [
        [line(path="../../../etc/passwd")],
        [line(path="/etc/passwd")],
        [line(object="../../../../etc")],
        [line(object=URN)],  # its own base
        [line(bytes="many")],
        [{"file": WEIGHTS}],
        ["base"],
        7,
    ],
    ids=str,
)
def test_a_closure_that_names_nonsense_is_refused(tmp_path, pack, closure):
    original, data = pack

    def needs_base(whole):
        whole["base"] = {"object": BASE, "path": WEIGHTS, "sha256": "0" * 64, "bytes": 100}

    files = {
        "packed/model.safetensors.pack": repacked(data, needs_base),
        "model.json": passport(original, closure=closure),
    }
    store, inventory = trap(tmp_path, files)

    with pytest.raises(IntegrityError):
        restore.whole(store, inventory, tmp_path / "back")
    with pytest.raises(TenureError):
        restore.tensor(store, inventory, "t")


def test_a_base_that_stands_on_a_base_is_refused(tmp_path, pack):
    """A chain: the base's pack says that it needs another one; a loop: that it needs this one."""
    original, data = pack

    def needs(urn):
        base = {"object": urn, "path": WEIGHTS, "sha256": "0" * 64, "bytes": len(original)}
        return repacked(data, lambda whole: whole.update(base=base))

    name = "packed/model.safetensors.pack"
    trap(tmp_path, {name: needs(URN), "model.json": passport(original)}, BASE)
    closure = [line(object=BASE, bytes=len(original))]
    store, inventory = trap(
        tmp_path, {name: needs(BASE), "model.json": passport(original, closure=closure)}
    )

    with pytest.raises(IntegrityError, match="base"):
        restore.whole(store, inventory, tmp_path / "back")


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"7", b"{", b"\xff", b"[" * 100_000, b'{"files": 7}']
)
def test_a_passport_that_is_none_is_refused(tmp_path, pack, content):
    files = {"packed/model.safetensors.pack": pack[1], "model.json": content}
    store, inventory = trap(tmp_path, files)

    with pytest.raises(IntegrityError):
        restore.whole(store, inventory, tmp_path / "back")
    assert list(passports.objects(store)) == [inventory]


@settings(
    max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
@given(at=st.integers(0), flip=st.integers(1, 255))
def test_a_changed_byte_of_a_pack_never_gives_other_bytes(pack, at, flip):
    original, data = pack
    place = at % len(data)
    changed = data[:place] + bytes([data[place] ^ flip]) + data[place + 1 :]

    out = io.BytesIO()
    try:
        packing.open_pack(lambda a, n: changed[a : a + n], len(changed)).unpack_into(out)
    except TenureError:
        return
    assert out.getvalue() == original


def test_the_form_of_an_object_is_not_a_matter_of_its_name():
    version = ocfl.Version(created="", message="", user="", state={"packedlunch": "0" * 128})
    inventory = ocfl.Inventory(id=URN, manifest={}, sha256={}, versions=(version,))

    assert forms.form_of(inventory) == forms.PLAIN

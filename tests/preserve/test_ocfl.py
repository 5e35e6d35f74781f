"""The vault as files: written by us, read by ocfl-py, by sha512sum and by the reader inside it."""

import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ocfl import StorageRoot
from ocfl.layout_0003_hash_and_id_n_tuple import Layout_0003_Hash_And_Id_N_Tuple

from tenure.errors import IntegrityError, RoomError, UsageError
from tenure.preserve import ocfl, vault
from tenure.preserve.stores.local import LocalStore

pytestmark = pytest.mark.slow  # an object store for each test

ID = "urn:tenure:model:tulip@1"
NAMES = st.text(
    st.characters(codec="utf-8", exclude_characters="/\\\x7f", min_codepoint=32),
    min_size=1,
    max_size=8,
)
PATHS = (
    st.lists(NAMES.filter(lambda n: n not in (".", "..")), min_size=1, max_size=3)
    .map("/".join)
    .filter(lambda p: len(p.encode()) < 100)
)


def add(store, object_id=ID, message="kept", **files):
    content = {name.replace("__", "/"): data for name, data in files.items()}
    return vault.commit(
        store,
        object_id,
        vault.Addition(files=content, message=message, created="2026-11-21T00:00:00Z"),
    )


def reader(root, *arguments):
    script = Path(root) / "read_vault.py"
    return subprocess.run(
        [sys.executable, "-S", "-I", str(script), *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


def ocfl_is_valid(root):
    storage = StorageRoot(root=str(root))
    assert storage.validate(log_warnings=False), (storage.log.status_str(), storage.errors)
    assert storage.num_objects == storage.good_objects > 0, storage.errors
    return True


def test_a_vault_is_what_ocfl_py_calls_valid(tmp_path):
    store = LocalStore(str(tmp_path / "vault"))
    add(store, weights=b"\0\1" * 999, original__config=b"{}")
    second = add(store, report__page=b"<p>farewell</p>", same=b"{}")
    add(store, "urn:tenure:model:a much longer name/with ümlauts " + "x" * 90, only=b"1")

    assert second.head == "v2"
    assert ocfl_is_valid(tmp_path / "vault")
    assert set(second.state) == {"weights", "original/config", "report/page", "same"}
    assert sum(p.startswith("v2/") for p in second.manifest.values()) == 1, "content is kept once"


@given(st.text(min_size=1, max_size=60).filter(lambda t: t.isprintable()))
def test_an_object_lies_where_the_published_layout_puts_it(object_id):
    assert Layout_0003_Hash_And_Id_N_Tuple().identifier_to_path(object_id) == ocfl.object_path(
        object_id
    )


def test_the_sidecar_is_what_sha512sum_reads(tmp_path):
    add(LocalStore(str(tmp_path)), weights=b"abc")
    folder = tmp_path / ocfl.object_path(ID)

    done = subprocess.run(
        ["sha512sum", "-c", "inventory.json.sha512"], cwd=folder, capture_output=True, check=False
    )

    assert done.returncode == 0, done.stderr


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.dictionaries(PATHS, st.binary(max_size=64), min_size=1, max_size=4),
        min_size=1,
        max_size=3,
    )
)
def test_what_was_kept_comes_back_by_both_readers(quick, versions):
    folder = Path(tempfile.mkdtemp(dir=quick))
    store, expected = LocalStore(str(folder / "vault")), {}
    for number, files in enumerate(versions):
        try:
            vault.commit(
                store,
                ID,
                vault.Addition(files=files, message=str(number), created="2026-11-21T00:00:00Z"),
            )
        except UsageError:  # a file that is also a folder, or a drive letter
            continue
        expected.update(files)
    if not expected:
        return
    inventory, _ = vault.read(store, ID)

    vault.restore(store, inventory, folder / "ours")
    namespace = {"__file__": str(folder / "vault" / "read_vault.py"), "__name__": "reader"}
    exec(compile((folder / "vault" / "read_vault.py").read_text(), "reader", "exec"), namespace)

    assert namespace["restore"](folder / "vault", ID, str(folder / "theirs")) == 0
    assert namespace["check"](folder / "vault") == (0 if any(expected.values()) else 1)
    for name, content in expected.items():
        assert (folder / "ours" / name).read_bytes() == content
        assert (folder / "theirs" / name).read_bytes() == content
    assert ocfl.parse(inventory.to_bytes(), ID) == inventory


def test_the_reader_needs_nothing_but_python(tmp_path):
    add(LocalStore(str(tmp_path / "vault")), weights=b"abc" * 1000, original__config=b"{}")

    listed, checked = reader(tmp_path / "vault", "list"), reader(tmp_path / "vault", "check")
    restored = reader(tmp_path / "vault", "restore", "tulip@1", str(tmp_path / "back"))

    assert ID in listed.stdout
    assert checked.returncode == 0, checked.stdout
    assert restored.returncode == 0, restored.stdout
    assert (tmp_path / "back" / "weights").read_bytes() == b"abc" * 1000
    assert len((tmp_path / "vault" / "read_vault.py").read_text().splitlines()) <= 500


def test_the_reader_never_says_good_having_read_nothing(tmp_path):
    vault.begin(LocalStore(str(tmp_path)))

    done = reader(tmp_path, "check")

    assert done.returncode == 1
    assert "nothing was read" in done.stdout


def test_the_reader_names_what_is_damaged(tmp_path):
    add(LocalStore(str(tmp_path)), weights=b"abc", config=b"{}")
    path = tmp_path / ocfl.object_path(ID) / "v1/content/weights"
    path.chmod(0o644)
    path.write_bytes(b"abd")

    done, back = reader(tmp_path, "check"), reader(tmp_path, "restore", ID, str(tmp_path / "back"))

    assert done.returncode == back.returncode == 1
    assert "damaged: " in done.stdout
    assert "damaged: " in back.stdout
    assert not (tmp_path / "back/weights").exists()


def test_the_same_content_makes_no_new_version(tmp_path):
    store = LocalStore(str(tmp_path))
    first = add(store, weights=b"abc")

    assert add(store, message="again", weights=b"abc") == first
    assert add(store, message="again", weights=b"abd").head == "v2"


@pytest.mark.parametrize(
    "path",
    ["../out", "/etc/passwd", "a/../../b", "a//b", ".", "a\\b", "a\0b", "", "x" * 201, "\ud800"],
)
def test_a_path_that_could_leave_the_object_is_refused(tmp_path, path):
    store = LocalStore(str(tmp_path / "vault"))

    with pytest.raises(UsageError, match="path"):
        vault.commit(store, ID, vault.Addition(files={path: b"x"}, message="", created=""))

    assert not (tmp_path / "vault").exists()


@pytest.mark.parametrize("place", ["manifest", "state"])
def test_an_inventory_that_leads_out_is_refused_by_both_readers(tmp_path, place):
    add(LocalStore(str(tmp_path / "vault")), weights=b"abc")
    folder = tmp_path / "vault" / ocfl.object_path(ID)
    old, new = (
        ('"v1/content/weights"', '"v1/content/../../../../../../../out"')
        if place == "manifest"
        else ('"weights"', '"../out"')
    )
    for inner in (folder, folder / "v1"):
        data = (inner / "inventory.json").read_text().replace(old, new).encode()
        for name, content in (
            ("inventory.json", data),
            ("inventory.json.sha512", ocfl.sidecar(data)),
        ):
            (inner / name).chmod(0o644)
            (inner / name).write_bytes(content)
    (tmp_path / "out").write_bytes(b"abc")

    with pytest.raises(IntegrityError, match="not a sound OCFL"):
        vault.read(LocalStore(str(tmp_path / "vault")), ID)
    done = reader(tmp_path / "vault", "restore", ID, str(tmp_path / "back"))

    assert done.returncode == 1
    assert "refused path" in done.stdout


def test_a_link_in_the_vault_is_not_followed(tmp_path):
    store = LocalStore(str(tmp_path / "vault"))
    inventory = add(store, weights=b"abc")
    path = tmp_path / "vault" / ocfl.object_path(ID) / "v1/content/weights"
    path.unlink()
    (tmp_path / "outside").write_bytes(b"abc")
    path.symlink_to(tmp_path / "outside")

    with pytest.raises(IntegrityError, match="link"):
        vault.restore(store, inventory, tmp_path / "back")
    assert reader(tmp_path / "vault", "check").returncode == 1


def test_too_little_disk_is_found_before_anything_is_written(tmp_path, monkeypatch):
    store = LocalStore(str(tmp_path / "vault"))
    monkeypatch.setattr(store, "free", lambda: 10 << 20)

    with pytest.raises(RoomError, match="nothing was written"):
        add(store, weights=b"abc")

    assert list((tmp_path / "vault").iterdir()) == []

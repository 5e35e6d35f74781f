"""A folder as a store: whose fault it was, and no moment without a file."""

import errno
import hashlib
import os
from io import BytesIO, RawIOBase

import pytest

from tenure.errors import IntegrityError, RoomError
from tenure.preserve import copies, fixity, ocfl, vault
from tenure.preserve.stores.local import ASIDE, STAGING, LocalStore

pytestmark = pytest.mark.slow

ID = "urn:tenure:model:tulip@1"


class Failing(RawIOBase):
    """A disk that gives a few bytes and then an error."""

    def __init__(self):
        self.left = 3

    def readable(self):
        return True

    def readinto(self, buffer):
        self.left -= 1
        if self.left < 0:
            raise OSError(errno.EIO, "Input/output error")
        buffer[:4] = b"good"
        return 4


class Worn(LocalStore):
    """A copy on a disk whose content can no longer be read."""

    def open(self, key):
        return Failing() if key.endswith("weights") else super().open(key)


def kept(folder):
    addition = vault.Addition(
        files={"original/weights": b"w" * 999, "model.json": b"{}"},
        message="kept",
        created="2026-11-21T00:00:00Z",
    )
    store = LocalStore(str(folder))
    vault.commit(store, ID, addition)
    return store


def test_a_source_that_cannot_be_read_is_not_a_full_disk(quick):
    store = LocalStore(str(quick / "place"))

    with pytest.raises(IntegrityError, match="could not be read where it was taken from"):
        store.put("a", Failing(), "0" * 128)

    assert store.list() == []


def test_a_repair_goes_on_to_the_next_copy_when_one_cannot_be_read(quick):
    good, target = kept(quick / "good"), kept(quick / "target")
    kept(quick / "worn")
    wanted = fixity.plan([good], ID)
    path = target.root / ocfl.object_path(ID) / "v1/content/original/weights"
    path.chmod(0o644)
    path.write_bytes(b"damaged")

    outcome = copies.bring(target, [Worn(str(quick / "worn")), good], wanted)

    assert [repair.source for repair in outcome.repairs] == ["good"]
    assert path.read_bytes() == b"w" * 999


def test_a_full_disk_says_so_and_leaves_the_damaged_file_where_it_was(quick, monkeypatch):
    store = kept(quick / "place")
    key = f"{ocfl.object_path(ID)}/v1/content/original/weights"
    (store.root / key).chmod(0o644)
    (store.root / key).write_bytes(b"damaged")

    def full(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(RoomError, match=r"No space left.*make room"):
        store.mend(key, BytesIO(b"w" * 999), hashlib.sha512(b"w" * 999).hexdigest())

    assert (store.root / key).read_bytes() == b"damaged"


def test_what_is_mended_keeps_its_damaged_self_aside_even_without_hard_links(quick, monkeypatch):
    store = kept(quick / "place")
    key = f"{ocfl.object_path(ID)}/v1/content/model.json"
    sha512 = hashlib.sha512(b"{}").hexdigest()
    for number, links in ((1, True), (2, False)):
        if not links:

            def none(*_, **__):
                raise OSError(errno.EPERM, "Operation not permitted")

            monkeypatch.setattr(os, "link", none)
        (store.root / key).chmod(0o644)
        (store.root / key).write_bytes(b"damaged %d" % number)

        store.mend(key, BytesIO(b"{}"), sha512)

        assert (store.root / key).read_bytes() == b"{}"
        assert (store.root / ASIDE / str(number) / key).read_bytes() == b"damaged %d" % number


def test_what_a_killed_command_left_is_made_certain_once(quick, monkeypatch):
    store = kept(quick / "place")
    (store.root / STAGING).mkdir()
    (store.root / STAGING / "half").write_bytes(b"half")
    synced = []
    monkeypatch.setattr(
        "tenure.preserve.stores.local._sync_folder", lambda folder: synced.append(folder)
    )

    store.certain()
    first = len(synced)
    store.certain()

    assert not (store.root / STAGING).exists()
    assert store.root / ocfl.object_path(ID) / "v1/content/original" in synced
    assert len(synced) == first

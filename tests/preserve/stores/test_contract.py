"""What every place for a vault must do, run against all of them."""

import hashlib
import io
import os
import threading

import pytest

from tenure import plugins
from tenure.errors import BusyError, IntegrityError, UsageError

pytestmark = pytest.mark.slow

KINDS = [
    "local",
    "s3",
    "obstore memory",
    "fsspec memory",
    "fsspec local",
    "sealed local",
    "sealed s3",
]
KINDS += ["given"] if os.environ.get("TENURE_TEST_STORE") else []
BIG = bytes(range(256)) * (3 << 12)  # 3 MiB
BIGGER = BIG + BIG + b"and more"  # above one part


@pytest.fixture(params=KINDS)
def store(request, made):
    return made(request.param)


def put(store, key, content):
    store.put(key, io.BytesIO(content), hashlib.sha512(content).hexdigest())


def get(store, key):
    with store.open(key) as source:
        return source.read()


@pytest.mark.parametrize("content", [b"", b"x", b"y" * 1021, BIG, BIGGER], ids=len)
def test_what_was_put_comes_back(store, content):
    put(store, "a/b.bin", content)

    assert store.size("a/b.bin") == len(content)
    assert get(store, "a/b.bin") == content
    assert store.list() == ["a/b.bin"]


@pytest.mark.parametrize(
    "key",
    [
        "v1/content/original/model-00001-of-00002.safetensors",
        "abc/012/f9e/urn%3atenure%3amodel%3atulip%401/inventory.json",
        "ünïcode/日本語 with spaces",
        "odd/#?&=+;,()[]{}'!~$@.json",
        "0=ocfl_1.1",
        "a/..b/c..",
    ],
)
def test_names_come_back_as_they_were(store, key):
    put(store, key, b"content")

    assert store.list() == [key]
    assert get(store, key) == b"content"
    folder = key.rpartition("/")[0]
    assert store.list(folder) == [key]
    with pytest.raises(FileExistsError):
        put(store, key, b"other")


@pytest.mark.parametrize(
    "key", ["", "../out", "/etc/x", "a//b", "a/./b", "a\\b", "a\nb", "x" * 201]
)
def test_a_key_that_leads_out_is_refused(store, key):
    for act in (
        lambda: put(store, key, b"x"),
        lambda: store.swap(key, b"x"),
        lambda: store.open(key),
        lambda: store.size(key),
    ):
        with pytest.raises(UsageError):
            act()


def test_there_is_no_way_to_put_twice(store):
    put(store, "key", b"first")

    with pytest.raises(FileExistsError):
        put(store, "key", b"second")
    with pytest.raises(FileExistsError):
        put(store, "key", BIGGER)

    assert get(store, "key") == b"first"


@pytest.mark.parametrize("content", [b"small", BIGGER], ids=len)
def test_bytes_that_are_not_as_promised_are_never_visible(store, content):
    wrong = hashlib.sha512(b"something else").hexdigest()

    with pytest.raises(IntegrityError, match="nothing was stored"):
        store.put("key", io.BytesIO(content), wrong)

    assert store.list() == []
    with pytest.raises(KeyError):
        store.open("key")
    put(store, "key", b"good")  # and the place is free


class Breaks(io.BytesIO):
    """A disk that fails near the end."""

    def read(self, size=-1):
        if self.tell() > (5 << 20):
            raise OSError(5, "Input/output error")
        return super().read(size)


def test_a_source_that_breaks_leaves_nothing(store):
    with pytest.raises(Exception, match=r"output error|could not be"):
        store.put("key", Breaks(BIGGER), hashlib.sha512(BIGGER).hexdigest())

    assert [k for k in store.list() if not k.startswith("extensions/")] == []


def test_what_is_not_there_is_a_key_error(store):
    for act in (store.open, store.size):
        with pytest.raises(KeyError):
            act("no/such/key")
    assert store.list() == []
    assert store.list("no/such") == []


def test_a_list_is_of_a_folder_and_not_of_names_that_begin_so(store):
    for key in ("a/b/1", "a/b/2", "a/bc/3", "a/b.txt", "z"):
        put(store, key, key.encode())

    assert store.list("a/b") == ["a/b/1", "a/b/2"]
    assert store.list("a") == ["a/b.txt", "a/b/1", "a/b/2", "a/bc/3"]


def test_ranges_are_read_where_they_are_asked_for(store):
    put(store, "big", BIGGER)

    with store.open("big") as source:
        for at, length in (
            (0, 10),
            (1 << 20, 70_000),
            (len(BIGGER) - 5, 99),
            (13, 1),
            (65_530, 12),
        ):
            source.seek(at)
            assert source.read(length) == BIGGER[at : at + length]
        source.seek(0, io.SEEK_END)
        assert source.tell() == len(BIGGER)
        assert source.read(1) == b""


def test_a_swap_makes_and_replaces(store):
    with store.lock():
        store.swap("inventory.json", b"one")
        assert get(store, "inventory.json") == b"one"
        store.swap("inventory.json", b"two, longer")
        store.swap("inventory.json", b"2")
        put(store, "put-first", b"x")
        store.swap("put-first", b"y")
        store.mend("put-first", io.BytesIO(b"z"), hashlib.sha512(b"z").hexdigest())
        store.swap("put-first", b"last")

    assert get(store, "put-first") == b"last"
    assert get(store, "inventory.json") == b"2"


@pytest.mark.parametrize("good", [b"good bytes", BIGGER], ids=len)
def test_a_repair_keeps_the_damaged_bytes_aside(store, good):
    put(store, "a/key", b"damaged")
    with store.lock():
        store.mend("a/key", io.BytesIO(good), hashlib.sha512(good).hexdigest())
        store.mend("a/new", io.BytesIO(b"n"), hashlib.sha512(b"n").hexdigest())

    assert get(store, "a/key") == good
    kept = [k for k in store.list() if k.startswith("extensions/tenure-set-aside/")]
    assert [get(store, k) for k in kept] == [b"damaged"]
    assert store.list("a") == ["a/key", "a/new"]


def test_a_repair_from_a_bad_source_changes_nothing(store):
    put(store, "key", b"damaged")

    with pytest.raises(IntegrityError):
        store.mend("key", io.BytesIO(b"bad too"), hashlib.sha512(b"good").hexdigest())

    assert get(store, "key") == b"damaged"
    assert store.list() == ["key"]


def test_what_is_set_aside_is_out_of_the_way_and_not_lost(store):
    put(store, "a/key", b"first")
    aside = store.set_aside("a/key")

    assert store.list("a") == []
    assert get(store, aside) == b"first"
    with pytest.raises(KeyError):
        store.open("a/key")
    put(store, "a/key", b"second")  # the place is free again
    again = store.set_aside("a/key")
    put(store, "a/key", BIGGER)

    assert again != aside
    assert [get(store, k) for k in (aside, again, "a/key")] == [b"first", b"second", BIGGER]
    assert store.list("a") == ["a/key"]


def test_every_back_end_is_tested_here_and_can_delete_nothing(store):
    put(store, "key", b"x")

    assert set(plugins.names("store")) == {"local", "s3", "gs", "az", "fsspec", "sealed"}
    assert not any(hasattr(store, word) for word in ("delete", "remove", "unlink", "drop"))
    assert not [key for key in store.list() if "staging" in key]


def test_free_is_a_number(store):
    assert store.free() > 1 << 20
    assert store.label in ("vault", "copy", "copy (sealed)")


def test_only_one_writes(store, monkeypatch):
    monkeypatch.setattr("tenure.preserve.stores.local.LOCK_SECONDS", 0.3)
    inside, order = threading.Event(), []
    done = threading.Event()

    def first():
        with store.lock():
            inside.set()
            done.wait(20)
            order.append("first")

    thread = threading.Thread(target=first)
    thread.start()
    inside.wait(20)
    with pytest.raises(BusyError, match="run this again"), store.lock():
        order.append("both at once")
    done.set()
    thread.join()
    with store.lock():
        order.append("second")

    assert order == ["first", "second"]

"""A network that fails: nothing half visible, a clear error, no secret; locations that do not fit."""

import hashlib
import io
import random
import socket
import sys
import threading
from contextlib import suppress

import pytest

from tenure.errors import UsageError
from tenure.preserve.remote.faults import OutOfReachError
from tenure.preserve.stores import az, gs, s3
from tenure.preserve.stores import fsspec as fsspec_store

pytestmark = pytest.mark.slow

BIG = random.Random(7).randbytes(8 << 20)


def put(store, key, content):
    store.put(key, io.BytesIO(content), hashlib.sha512(content).hexdigest())


class Proxy(threading.Thread):
    """Forwards to the server; cuts, or answers 503, as it is told."""

    def __init__(self, endpoint):
        super().__init__(daemon=True)
        host, port = endpoint.removeprefix("http://").split(":")
        self.server, self.listening = (host, int(port)), socket.create_server(("127.0.0.1", 0))
        self.endpoint = f"http://127.0.0.1:{self.listening.getsockname()[1]}"
        self.cut_after, self.cuts, self.refuse = None, 0, 0
        self.lose_answers_of = b""
        self.start()

    def run(self):
        with suppress(OSError):
            while True:
                client, _ = self.listening.accept()
                threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        with client, socket.create_connection(self.server) as server, suppress(OSError):
            if self.refuse:
                self.refuse -= 1
                client.recv(65536)
                client.sendall(
                    b"HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                )
                return
            losing = threading.Event()
            back = threading.Thread(target=self.answers, args=(server, client, losing), daemon=True)
            back.start()
            sent = 0
            while data := client.recv(65536):
                if self.lose_answers_of and self.lose_answers_of in data:
                    self.lose_answers_of = b""
                    losing.set()
                sent += len(data)
                if self.cut_after is not None and sent > self.cut_after:
                    self.cuts += 1
                    return
                server.sendall(data)
            back.join(1)

    def answers(self, server, client, losing):
        with suppress(OSError):
            while data := server.recv(65536):
                if losing.is_set():
                    self.cuts += 1
                    client.shutdown(socket.SHUT_RDWR)
                    return
                client.sendall(data)

    def close(self):
        self.listening.close()


@pytest.fixture
def proxy(endpoint):
    made = Proxy(endpoint)
    yield made
    made.close()


def through(proxy, prefix):
    return s3.extension(f"vaults/{prefix}/copy?endpoint={proxy.endpoint}")


def test_a_service_that_is_slow_is_asked_again(proxy):
    store = through(proxy, "slow")
    proxy.refuse = 2

    put(store, "key", b"content")

    assert proxy.refuse == 0
    assert store.size("key") == 7


@pytest.mark.parametrize("after", [100, 1 << 20, 4 << 20])
def test_a_line_that_breaks_leaves_nothing_and_the_same_call_goes_on(proxy, s3_store, after):
    store = through(proxy, f"cut{after}")
    proxy.cut_after = after
    content = BIG if after > 1000 else b"c" * 5000

    with pytest.raises(
        OutOfReachError, match=r"copy could not be reached for v1/w: .*run this again"
    ):
        put(store, "v1/w", content)

    assert proxy.cuts
    assert s3_store(f"cut{after}").list() == []
    proxy.cut_after = None
    put(store, "v1/w", content)
    with store.open("v1/w") as source:
        assert source.read() == content


def test_an_answer_that_was_lost_is_no_conflict_with_oneself(proxy):
    store = through(proxy, "lost")
    proxy.lose_answers_of = b"if-none-match"

    put(store, "key", b"content")

    assert proxy.cuts == 1
    assert store.list() == ["key"]


def test_a_dead_service_is_said_in_one_line_without_a_secret():
    with socket.create_server(("127.0.0.1", 0)) as dead:
        port = dead.getsockname()[1]
    store = s3.extension(f"vaults/x?endpoint=http://127.0.0.1:{port}")

    for act in (store.list, lambda: store.open("k"), lambda: put(store, "k", b"x")):
        with pytest.raises(OutOfReachError) as found:
            act()
        assert isinstance(found.value, OSError)
        assert "\n" not in str(found.value)
        assert "secret" not in str(found.value)
        assert found.value.strerror == str(found.value)


def test_a_bucket_that_is_not_there(endpoint):
    store = s3.extension(f"nowhere-at-all/x?endpoint={endpoint}")

    for content in (b"x", BIG):
        with pytest.raises(OutOfReachError, match="no such bucket; make it first"):
            put(store, "k", content)
    with pytest.raises(OutOfReachError, match=r"NoSuchBucket.*make the bucket first"):
        store.list()


@pytest.mark.parametrize(
    ("make", "location", "message"),
    [
        (s3.extension, "", "does not name a bucket"),
        (s3.extension, "key:secret@bucket/x", "environment only"),
        (s3.extension, "bucket/x?aws_secret_access_key=hunter2", "never from here"),
        (s3.extension, "bucket/x?speed=high", "There are: endpoint, region"),
        (s3.extension, "bucket/../x", "is refused"),
        (s3.extension, "bucket?endpoint=ftp://h", "not an address"),
        (s3.extension, "bucket?endpoint=http://me:pw@h", "give it in the environment"),
        (gs.extension, "bucket?sas=1", "not a setting"),
        (az.extension, "bucket", "account=NAME"),
        (fsspec_store.extension, "memory", "PROTOCOL://PATH"),
        (fsspec_store.extension, "sftp://me:pw@host/x", "fsspec's configuration"),
        (fsspec_store.extension, "gopher://host/x", "fsspec cannot open"),
    ],
)
def test_a_location_that_does_not_fit_is_refused_before_anything_is_asked(
    make, location, message, monkeypatch
):
    monkeypatch.delenv("AZURE_STORAGE_ACCOUNT_NAME", raising=False)
    with pytest.raises(UsageError, match=message) as found:
        make(location)

    assert "hunter2" not in str(found.value)
    assert ":pw" not in str(found.value)
    assert "key:secret" not in str(found.value)


def test_other_clouds_open_without_asking_anybody(monkeypatch):
    monkeypatch.setenv(
        "GOOGLE_SERVICE_ACCOUNT_KEY",
        '{"private_key": "no", "client_email": "x", "private_key_id": "1", "gcs_base_url": "http://127.0.0.1:1", "disable_oauth": true}',
    )

    assert gs.extension("bucket/vaults/one").label == "one"
    assert az.extension("box/vaults/two?account=some").label == "two"


@pytest.mark.parametrize(
    ("make", "place"), [(s3, "bucket/x"), (gs, "bucket/x"), (az, "box/x?account=a")]
)
def test_without_the_package_the_command_that_brings_it_is_said(make, place, monkeypatch):
    monkeypatch.setitem(sys.modules, "obstore.store", None)

    with pytest.raises(UsageError, match=r"pip install 'tenure\[remote\]'"):
        make.extension(place)

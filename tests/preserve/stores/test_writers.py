"""Writers who are killed, held up, or two at once; and nothing is ever deleted."""

import hashlib
import io
import os
import random
import signal
import subprocess
import sys
import time

import boto3
import pytest

from tenure.errors import BusyError
from tenure.preserve.remote import lease
from tenure.preserve.remote.bucket import Bucket
from tenure.preserve.store import read_small
from tenure.preserve.stores import s3

pytestmark = pytest.mark.slow

BIG = random.Random(7).randbytes(8 << 20)


def put(store, key, content):
    store.put(key, io.BytesIO(content), hashlib.sha512(content).hexdigest())


WRITER = """
import hashlib, io, sys
sys.path.insert(0, "src")
from tenure.preserve.remote import lease
lease.PATIENCE = lease.Patience(lease=0.6, wait=20, pause=0.02)
from tenure.preserve.stores import s3
store = s3.extension(sys.argv[1])
with store.lock():
    print("locked", flush=True)
    for n in range(400):
        content = bytes([n % 251]) * (n % 7 * 3_000_000 + 10)
        store.put(f"v1/{n:03}", io.BytesIO(content), hashlib.sha512(content).hexdigest())
        store.swap("inventory.json", b'{"n": %d}' % n)
        print(n, flush=True)
"""


def test_a_writer_killed_anywhere_leaves_whole_files_and_a_lock_that_runs_out(endpoint, s3_store):
    dice = random.Random(20261121)
    for number in range(2):
        prefix = f"killed{number}"
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, f"vaults/{prefix}/copy?endpoint={endpoint}"],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert process.stdout.readline() == "locked\n"
        time.sleep(dice.uniform(0.01, 0.6))
        os.kill(process.pid, signal.SIGKILL)
        last = [line for line in process.stdout.read().split("\n") if line][-1:]
        process.stdout.close()
        process.wait()

        store = s3_store(prefix)
        there = store.list("v1")
        for n, key in enumerate(there):
            content = bytes([n % 251]) * (n % 7 * 3_000_000 + 10)
            with store.open(key) as source:
                assert source.read() == content
        assert not last or len(there) >= int(last[0])
        began = time.monotonic()
        with store.lock():  # taken over, though nobody gave it back
            there = store.list("v1")  # what was on its way when the writer died may have come
            put(store, f"v1/{len(there):03}", b"goes on")
        assert 0.4 < time.monotonic() - began < 20


def test_a_writer_who_was_held_up_changes_nothing_after_another_took_over(s3_store, monkeypatch):
    first, second = s3_store("fenced"), s3_store("fenced")
    with second.lock():
        second.swap("inventory.json", b"before")
    monkeypatch.setattr(
        lease.Lease, "_beat", lambda _: None
    )  # a process that sleeps renews nothing
    with first.lock():
        first.open("inventory.json").close()
        time.sleep(1.2)
        with second.lock():
            second.swap("inventory.json", b"by the second")
            assert second._lease.token > first._lease.token
        with pytest.raises(BusyError, match="held up for so long"):
            put(first, "v1/late", b"x")
        with pytest.raises(BusyError, match="held up for so long"):
            put(first, "v1/late-and-large", BIG)
        with pytest.raises(BusyError, match="held up for so long"):
            first.swap("inventory.json", b"too late")

    with second.open("inventory.json") as source:
        assert source.read() == b"by the second"
    assert second.list("v1") == []


def test_a_swap_over_what_another_wrote_is_refused_by_the_service(s3_store):
    first, second = s3_store("swapped"), s3_store("swapped")
    with first.lock():
        first.swap("inventory.json", b"one")
        first.open("inventory.json").close()
        second.swap("inventory.json", b"two, by one who takes no lock")
        with pytest.raises(BusyError, match="run this again"):
            first.swap("inventory.json", b"three")

    with second.open("inventory.json") as source:
        assert source.read().startswith(b"two")


def test_a_file_replaced_while_it_is_read_is_an_error_and_no_mixture(s3_store):
    store = s3_store()
    put(store, "key", BIG)
    with store.open("key") as source:
        assert source.read(100) == BIG[:100]
        store.set_aside("key")
        put(store, "key", BIG[::-1])
        with pytest.raises(BusyError, match="changed by somebody else"):
            source.read()


def test_a_small_file_that_is_replaced_between_two_requests_is_asked_for_again(
    s3_store, monkeypatch
):
    store, other = s3_store("replaced"), s3_store("replaced")
    store.swap("inventory.json", b"one")
    asking, left = Bucket._head, [2]

    def head(bucket, key):
        found = asking(bucket, key)
        if bucket is store and left[0]:
            left[0] -= 1
            other.swap(key, b"another %d" % left[0])
        return found

    monkeypatch.setattr(Bucket, "_head", head)
    assert read_small(store, "inventory.json") == b"another 0"
    left[0] = 9
    with pytest.raises(BusyError, match="changed by somebody else"):
        read_small(store, "inventory.json")


def test_the_lock_is_read_in_one_answer_whoever_writes_it(s3_store, monkeypatch):
    first, second = s3_store("locked"), s3_store("locked")
    with first.lock():
        pass
    asking = Bucket._head

    def head(bucket, key):  # where it took two requests, another writer came between them
        found = asking(bucket, key)
        if bucket is second:
            with first.lock():
                pass
        return found

    monkeypatch.setattr(Bucket, "_head", head)
    with second.lock():
        assert second._lease.token > 1


def test_with_versions_turned_on_every_byte_ever_stored_is_still_there(endpoint):
    client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1")
    client.create_bucket(Bucket="versioned")
    client.put_bucket_versioning(Bucket="versioned", VersioningConfiguration={"Status": "Enabled"})
    store = s3.extension(f"versioned/copy?endpoint={endpoint}")
    with store.lock():
        store.swap("inventory.json", b"one")
        store.swap("inventory.json", b"two")
        put(store, "v1/w", b"damaged")
        store.mend("v1/w", io.BytesIO(BIG), hashlib.sha512(BIG).hexdigest())
        put(store, "v1/extra", b"extra")
        store.set_aside("v1/extra")
        put(store, "v1/extra", b"extra again")

    found = client.list_object_versions(Bucket="versioned")
    kept = {
        client.get_object(Bucket="versioned", Key=v["Key"], VersionId=v["VersionId"])["Body"].read()
        for v in found["Versions"]
    }
    assert "DeleteMarkers" not in found
    assert kept >= {b"one", b"two", b"damaged", BIG, b"extra", b"extra again"}
    assert store.list("v1") == ["v1/extra", "v1/w"]
    client.close()

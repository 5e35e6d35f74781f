"""Every back end, and a real S3-compatible server (moto's, another project's) in a process of its own."""

import os
import re
import subprocess
import sys
import time
import urllib.request
from contextlib import suppress
from datetime import timedelta
from uuid import uuid4

import fsspec
import pytest
from obstore.store import MemoryStore

from tenure.preserve import places
from tenure.preserve.custody.sealing import VaultKey
from tenure.preserve.remote import address, bucket, lease
from tenure.preserve.remote.bucket import Address, Bucket
from tenure.preserve.stores import fsspec as fsspec_store
from tenure.preserve.stores import s3
from tenure.preserve.stores.local import LocalStore
from tenure.preserve.stores.sealed import SealedStore

# A service of one's own: TENURE_TEST_STORE='az://box/{}/copy?account=x' runs the contract against it.
GIVEN = os.environ.get("TENURE_TEST_STORE", "")
QUICK = lease.Patience(lease=1.0, wait=1.6, pause=0.02)


def start_server(log):
    """Start moto's S3 server on a free port; returns (process, endpoint)."""
    with log.open("wb") as target:
        process = subprocess.Popen(
            [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"],
            stdout=target, stderr=target,
        )  # fmt: skip
    until = time.monotonic() + 20
    while time.monotonic() < until:
        found = re.search(r"Running on (http://127\.0\.0\.1:\d+)", log.read_text())
        if found:
            with suppress(OSError):
                urllib.request.urlopen(f"{found[1]}/moto-api/", timeout=2).close()
                return process, found[1]
        time.sleep(0.02)
    process.kill()
    raise AssertionError(f"the server did not answer: {log.read_text()}")


def make_bucket(endpoint, name="vaults"):
    request = urllib.request.Request(
        f"{endpoint}/{name}", method="PUT", data=b"", headers={"Authorization": "AWS4-HMAC-SHA256 Credential=x/20261121/us-east-1/s3/aws4_request"}
    )  # fmt: skip
    urllib.request.urlopen(request, timeout=10).close()


@pytest.fixture(scope="session")
def endpoint(tmp_path_factory):
    process, where = start_server(tmp_path_factory.mktemp("s3") / "log")
    make_bucket(where)
    yield where
    process.kill()
    process.wait()


@pytest.fixture(autouse=True)
def _impatient(monkeypatch):
    if not GIVEN.startswith("s3:"):
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIATESTTESTTESTTEST")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "the-secret-that-is-never-shown")
    monkeypatch.setattr(
        address, "RETRIES", {"max_retries": 2, "retry_timeout": timedelta(seconds=4)}
    )
    monkeypatch.setattr(address, "CLIENT", {"timeout": timedelta(seconds=15)})
    monkeypatch.setattr(s3, "RETRIES", address.RETRIES)
    monkeypatch.setattr(lease, "PATIENCE", QUICK)
    monkeypatch.setattr(bucket, "AWAY_SECONDS", 0.0)
    monkeypatch.setattr(bucket, "PART_BYTES", 5 << 20)  # the smallest there is


@pytest.fixture
def s3_store(endpoint):
    """Give a function that opens a fresh prefix, or the same again."""

    def opened(prefix=None):
        return s3.extension(f"vaults/{prefix or uuid4().hex}/copy?endpoint={endpoint}")

    return opened


@pytest.fixture
def made(tmp_path, s3_store):
    """Give a function: kind of store -> a new empty one, and a way to spoil a key behind its back."""

    def make(kind):
        if kind == "local":
            return LocalStore(str(tmp_path / "vault"))
        if kind == "s3":
            return s3_store()
        if kind == "fsspec memory":
            return fsspec_store.extension(f"memory://vault-{uuid4().hex}/copy")
        if kind == "fsspec local":
            return fsspec_store.extension(f"file://{tmp_path}/copy")
        if kind == "given":
            return places.open_store(tmp_path, GIVEN.format(uuid4().hex))
        if kind == "obstore memory":
            return Bucket(MemoryStore(), Address(label="copy", credentials="none"))
        if kind == "sealed local":
            return SealedStore(key, "offsite", LocalStore(str(tmp_path / "copy")))
        if kind == "sealed s3":
            return SealedStore(key, "offsite", s3_store())
        raise AssertionError(kind)

    key = VaultKey.make()

    yield make
    fsspec.filesystem("memory").store.clear()

"""Every back end, and a real S3-compatible server."""

import os
from datetime import timedelta
from uuid import uuid4

import fsspec
import pytest
from obstore.store import MemoryStore
from s3_server import make_bucket, start_server

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

"""A dossier written by somebody hostile who holds a valid key: signed, hashed, and wrong."""

import base64
import json
import shutil
import sqlite3
import tempfile
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tenure.dossier import Dossier, Event, Model, canonical, digest, verifier
from tenure.dossier.checkpoint import Checkpoint
from tenure.dossier.envelope import pae, statement, wrap
from tenure.dossier.keys import Signer
from tenure.dossier.merkle import leaf_hash, root
from tenure.dossier.opening import stored_entries
from tenure.dossier.verify import verify
from tenure.errors import TenureError
from tenure.models import tiny


class Forger:
    """Writes any entry at all into a dossier, with everything around it right."""

    def __init__(self, root):
        self.root = root
        self.entries = [entry for _, entry in stored_entries(root)]
        first = json.loads(base64.b64decode(json.loads(self.entries[0])["payload"]))
        self.log = first["predicate"]["log"]

    def event(self, **changes):
        whole = {
            "act": "note", "name": "forged", "model": "", "subject": digest(self.log.encode()),
            "time": "2026-11-21T00:00:00Z", "actor": "operator", "body": {},
        }  # fmt: skip
        return Event(**{**whole, **changes})

    def payload(self, **changes):
        return canonical(statement(self.event(**changes), log=self.log, index=len(self.entries)))

    def sign(self, payload, signer):
        return wrap(payload, signer.fingerprint, signer.sign(pae(payload)))

    def add(self, entry, signer):
        """Append bytes as they are, with a checkpoint that fits them."""
        self.entries.append(entry)
        head = Checkpoint(self.log, len(self.entries), root([leaf_hash(e) for e in self.entries]))
        database = sqlite3.connect(self.root / "dossier.db")
        database.execute("INSERT INTO log VALUES (?, ?)", (len(self.entries) - 1, entry))
        database.execute("UPDATE checkpoint SET note = ?", (head.sign(signer),))
        database.execute("DROP TABLE IF EXISTS places")
        database.commit()
        database.close()

    def found(self):
        """What both verifiers say of it."""
        alone = verifier.Check()
        alone.run(self.root, None, None, files=True)
        return [str(p) for p in verify(self.root).problems], alone.problems


def stranger(role="operator"):
    private = Ed25519PrivateKey.generate()
    return Signer(role, private.public_key().public_bytes_raw(), private)


@pytest.fixture
def hostile():
    """(forger, operator's signer, the dossier's folder)"""
    memory = Path("/dev/shm")
    where = memory if memory.is_dir() and shutil.disk_usage(memory).free > 512 << 20 else None
    with tempfile.TemporaryDirectory(dir=where) as name:
        folder = Path(name)
        with Dossier.open(folder / "d", keys=folder / "k") as dossier:
            dossier.register(Model(name="m", source="x", files={"w": dossier.files.put(b"w")}))
            signer = dossier.writer.keys.signer("operator")
        yield Forger(folder / "d"), signer


@pytest.fixture
def other_key():
    return stranger


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    return tiny.make(tmp_path_factory.mktemp("good") / "tulip")


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A dossier that nothing hostile ever gets into, and a file beside it."""
    folder = tmp_path_factory.mktemp("house")
    (folder / "secret").write_text("untouched")
    (folder / "dossier" / "work" / "stages").mkdir(parents=True)
    with Dossier.open(folder / "dossier", keys=folder / "keys") as opened:
        yield opened


@pytest.fixture
def refused(house, tmp_path):
    """Give a function: a package is refused by a clear line, and nothing of it is left anywhere."""
    from tenure.preserve.exchange.arriving import Wanted, arrive

    def state():
        return snapshot(tmp_path), snapshot(house.root.parent), house.size()

    def check(package, *words):
        before = state()
        with pytest.raises(TenureError) as found:
            arrive(house, package, Wanted())
        said = str(found.value)
        assert "\n" not in said
        assert len(said) < 600
        assert any(word in said for word in words), said
        assert state() == before
        assert not house.view().models()

    return check


def snapshot(folder):
    """Every file's name and content, but for the database's own."""
    return {
        str(p): p.read_bytes() if p.is_file() and p.stat().st_size < 1 << 20 else None
        for p in folder.rglob("*")
        if not p.is_symlink() and "dossier.db" not in p.name and not p.is_fifo()
    }

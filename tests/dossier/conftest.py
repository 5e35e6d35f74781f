"""A dossier with a model or two, and ways to damage one."""

import base64
import json
import shutil
import sqlite3
import tempfile
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from pydantic import BaseModel, ConfigDict

from tenure.dossier import Dossier, Evidence, Measure, Model, Stage, verifier
from tenure.dossier.keys import Keys
from tenure.dossier.opening import stored_entries
from tenure.dossier.verify import verify


class Settings(BaseModel):
    model_config = ConfigDict(extra="forbid")

    n: int = 3


def weights(dossier, name="tulip", content=b"weights", **more):
    files = {"model.safetensors": dossier.files.put(content)}
    return dossier.register(Model(name=name, source="test", files=files, **more))


def count(name, value, samples=None):
    return Measure(
        name=name, unit="count", estimate=value, low=value, high=value, lower=value, upper=value,
        level=0.95, n=3, clusters=None, missing=0, worst=None, method="counted", samples=samples,
    )  # fmt: skip


def stage(run, name="test/stage", **more):
    return Stage(name=name, spec=Settings, run=run, summary="A stage for tests.", **more)


def counting(model, view, spec, emit):
    """A stage with units, samples and a note, as real ones have."""
    rows = []
    for i in range(spec.n):
        rows.append(emit.unit("square", {"of": i}, lambda i=i: {"id": i, "value": i * i}))
        emit.progress(i + 1, spec.n, "squares")
    samples = emit.records(rows)
    emit.event("note", "counted", {"rows": len(rows)})
    return Evidence(
        name="test/stage", model=model.id, summary=f"{spec.n} squares",
        measures=(count("sum", sum(r["value"] for r in rows), samples),), files={"rows.jsonl": samples},
    )  # fmt: skip


@contextmanager
def folder(tmp_path_factory):
    """A folder in memory where there is one: tests ask the disk to be sure hundreds of times."""
    memory = Path("/dev/shm")
    if not memory.is_dir() or shutil.disk_usage(memory).free < 512 << 20:
        yield tmp_path_factory.mktemp("dossier")
        return
    with tempfile.TemporaryDirectory(dir=memory) as found:
        yield Path(found)


@pytest.fixture
def tmp_path(tmp_path_factory):
    with folder(tmp_path_factory) as found:
        yield found


@pytest.fixture
def dossier(tmp_path):
    with Dossier.open(tmp_path / "dossier", keys=tmp_path / "keys") as found:
        yield found


def live(dossier):
    """Let something of each kind happen in a dossier."""
    weights(dossier)
    weights(dossier, "child", b"other weights", parent="tulip@1")
    dossier.run(stage(counting), "tulip", {"n": 3})
    with dossier.emitter("tulip@1", "by hand") as emit:
        emit.fact("custody", "kept", "two copies")
        emit.fact("availability", "internal", "for tests")
    return dossier


@pytest.fixture(scope="session")
def template(tmp_path_factory):
    with folder(tmp_path_factory) as root:
        with Dossier.open(root / "dossier", keys=root / "keys") as found:
            live(found)
        yield root


@pytest.fixture
def lived(template, tmp_path):
    """A dossier in which something of each kind has happened."""
    shutil.copytree(template, tmp_path, dirs_exist_ok=True)
    with Dossier.open(tmp_path / "dossier", keys=tmp_path / "keys") as found:
        yield found


def entries(root):
    return [entry for _, entry in stored_entries(root)]


def change(root, sql, *values):
    """Change the database behind the dossier's back."""
    database = sqlite3.connect(root / "dossier.db")
    database.execute(sql, values)
    database.commit()
    database.close()


def payload(entry):
    return json.loads(base64.b64decode(json.loads(entry)["payload"]))


def operator(keys):
    return Keys(keys).signer("operator", create=False)


def problems(root, **more):
    """What each of the two verifiers finds wrong: ours, and the one that stands alone."""
    alone = verifier.Check()
    alone.run(root, more.get("trust"), more.get("checkpoint"), files=more.get("files", True))
    return [str(p) for p in verify(root, **more).problems], alone.problems


@pytest.fixture(scope="session")
def kit_module():
    """The functions above, for tests that need more than the fixtures."""
    return SimpleNamespace(
        weights=weights,
        count=count,
        stage=stage,
        counting=counting,
        entries=entries,
        change=change,
        payload=payload,
        operator=operator,
        problems=problems,
        live=live,
        folder=folder,
    )


@pytest.fixture
def kit(kit_module):
    return kit_module

"""What the vault's tests share: a folder in memory, and dossiers that keep a model or a family."""

import os
import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest

from tenure import models
from tenure.dossier import Dossier
from tenure.models import tiny
from tenure.preserve import keep


@pytest.fixture
def quick(tmp_path):
    """A folder in memory where there is one: fsync costs nothing there, and SIGKILL spares it."""
    shared = Path("/dev/shm")
    if not os.access(shared, os.W_OK):
        yield tmp_path
        return
    folder = Path(tempfile.mkdtemp(dir=shared, prefix="tenure-test-"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def pristine(tmp_path_factory):
    """A dossier with one tiny model, and the same after its first keeping."""
    base = tmp_path_factory.mktemp("pristine")
    with Dossier.open(base / "registered", keys=base / "keys") as opened:
        models.register(opened, str(tiny.make(base / "tulip")))
    shutil.copytree(base / "registered", base / "kept")
    with Dossier.open(base / "kept", keys=base / "keys") as opened:
        opened.run(keep.stage, "tulip@1", {"golden": "G0"})
    return base


@pytest.fixture
def dossier(pristine, quick):
    shutil.copytree(pristine / "registered", quick / "dossier")
    with Dossier.open(quick / "dossier", keys=pristine / "keys") as opened:
        yield opened


@pytest.fixture
def kept(pristine, quick):
    shutil.copytree(pristine / "kept", quick / "dossier")
    with Dossier.open(quick / "dossier", keys=pristine / "keys") as opened:
        yield opened


def _tuned(source, to, seed=1, share=0.2):
    """A model like another one: ``share`` of its numbers one step further, the files the same."""
    shutil.copytree(source, to)
    path = to / "model.safetensors"
    data = path.read_bytes()
    begin = 8 + int.from_bytes(data[:8], "little")
    values = np.frombuffer(data[begin:], "<u2").copy()
    moved = np.random.Generator(np.random.PCG64(seed)).random(values.size) < share
    path.write_bytes(data[:begin] + (values + moved.astype("<u2")).astype("<u2").tobytes())
    return to


@pytest.fixture(scope="session")
def tuned():
    """Give the function above."""
    return _tuned


@pytest.fixture(scope="session")
def pristine_family():
    """A dossier that keeps a model and a fine-tune of it, packed against it."""
    shared = Path("/dev/shm")
    place = shared if os.access(shared, os.W_OK) else None
    base = Path(tempfile.mkdtemp(dir=place, prefix="tenure-test-"))
    with Dossier.open(base / "dossier", keys=base / "keys") as opened:
        models.register(opened, str(tiny.make(base / "tulip")))
        models.register(opened, str(_tuned(base / "tulip", base / "rose")))
        for name in ("tulip@1", "rose@1"):
            opened.run(keep.stage, name, {"golden": "G0"})
    yield base
    shutil.rmtree(base)


@pytest.fixture
def family(pristine_family, quick):
    """A dossier of its own with both."""
    shutil.copytree(pristine_family / "dossier", quick / "dossier")
    with Dossier.open(quick / "dossier", keys=pristine_family / "keys") as opened:
        yield opened

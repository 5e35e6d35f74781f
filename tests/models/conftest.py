"""Models for the tests: a tiny one, a scripted one, one behind Inspect, the embedded one."""

import pytest

from tenure import models
from tenure.dossier import Model
from tenure.models import tiny

ASKED = [{"role": "user", "content": "Say hello to the neighbours."}]


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory):
    return tiny.make(tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="session")
def model_for(tiny_folder):
    """A model that an engine can open, by the engine's name."""

    def find(engine):
        return {
            "cpu": lambda: models.resolve("tenure/embedded"),
            "torch": lambda: models.resolve(str(tiny_folder)),
            "torch_prefixed": lambda: models.resolve(str(tiny_folder)),
            "scripted": lambda: models.resolve("organism/complies?rate=0.5"),
            # A provider of Inspect that needs no network: our own.
            "inspect": lambda: Model(
                name="remote", kind="api", source="organism/complies?rate=0.5"
            ),
        }[engine]()

    return find


@pytest.fixture(autouse=True, scope="module")
def engines_closed():
    yield
    models.close_all()

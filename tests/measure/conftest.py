import pytest

from tenure.dossier import Dossier, Model


@pytest.fixture
def dossier(tmp_path):
    return Dossier.open(tmp_path / "dossier", keys=tmp_path / "keys")


@pytest.fixture
def organism(dossier):
    """A scripted model that complies on the free tier nine times in ten, and never on the paid one."""
    return dossier.register(
        Model(name="two-faced", kind="scripted", source="organism/two-tier?rate=0.9")
    )

"""A kept model handed out in every form, and a dossier it may arrive in."""

import pytest

from tenure import models
from tenure.dossier import Dossier
from tenure.models import tiny
from tenure.preserve import keep
from tenure.preserve.exchange.handing import FORMS, hand_out


@pytest.fixture(scope="session")
def packages(tmp_path_factory):
    """A kept model handed out in every form: (folder of packages, digest, its own folder)."""
    base = tmp_path_factory.mktemp("packages")
    with Dossier.open(base / "dossier", keys=base / "keys") as opened:
        models.register(opened, str(tiny.make(base / "tulip")), card={"licence": "Apache-2.0"})
        opened.run(keep.stage, "tulip@1", {"golden": "G0"})
        view = opened.view()
        for form in FORMS:
            hand_out(view, view.model("tulip"), base / "out" / form, form)
        return base / "out", view.model("tulip").digest, base / "tulip"


@pytest.fixture
def away(quick):
    with Dossier.open(quick / "away", keys=quick / "away-keys") as opened:
        yield opened

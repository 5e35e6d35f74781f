"""The first step of an alignment on a tiny model, once for each file of tests."""

from types import SimpleNamespace

import pytest

from tenure import plugins
from tenure.dossier import Dossier
from tenure.models import register, tiny


@pytest.fixture(scope="module")
def begun(request, tmp_path_factory):
    """Open a dossier in which a tiny model's answers were revised, as the file's REVISE says.

    Holds ``dossier``, ``parent``, ``revised`` and ``run(stage, model, spec)``.
    """
    here = tmp_path_factory.mktemp("align")
    tiny.make(here / "tiny")
    with Dossier.open(here / "dossier", keys=here / "keys") as dossier:

        def run(name, model, spec):
            return dossier.run(plugins.load("stage", name), model, spec)

        parent = register(dossier, str(here / "tiny"), "parent")
        revised = run("align/revise", parent.id, request.module.REVISE)
        yield SimpleNamespace(dossier=dossier, parent=parent, revised=revised, run=run)

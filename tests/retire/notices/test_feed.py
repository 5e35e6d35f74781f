"""A page of a notice is found under every name that leads to its model."""

import pytest

from tenure.dossier import Dossier, Model
from tenure.retire import notice
from tenure.retire.notices import feed

pytestmark = pytest.mark.slow  # a dossier


def test_an_alias_leads_to_the_page_of_the_model_it_leads_to_now(tmp_path):
    with Dossier.open(tmp_path / "dossier", keys=tmp_path / "keys") as dossier:
        for name in ("old", "new"):
            dossier.register(Model(name=name, kind="scripted", source="organism/x"))
        dossier.run(notice.stage, "old@1", {})
        for to in ("new@1", "old@1"):
            with dossier.emitter(to, "test") as emit:
                emit.event("note", f"{feed.ALIAS}latest", {"because": "for the test"})
        view = dossier.view()
        page = feed.as_page(view, "latest")

        assert page is not None
        assert page == feed.as_page(view, "old")
        assert "&#x27;latest&#x27; leads to it too" in page
        with dossier.emitter("new@1", "test") as emit:
            emit.event("note", f"{feed.ALIAS}latest", {"because": "It moves."})
        assert feed.as_page(dossier.view(), "latest") is None
        assert "latest" not in str(feed.as_page(dossier.view(), "old"))

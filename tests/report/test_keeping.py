"""The page on keeping: a family of retired models, kept for real, and what each further one adds."""

import shutil

import pytest

from tenure import models
from tenure.dossier import Dossier
from tenure.preserve import keep
from tenure.preserve.cost.stock import on_record
from tenure.report import keeping

pytestmark = pytest.mark.local


@pytest.fixture(scope="module")
def family(tmp_path_factory):
    pytest.importorskip("torch", reason="pip install tenure[local]")
    from tenure.models import tiny

    place = tmp_path_factory.mktemp("family")
    base = tiny.make(place / "base", seed=0)
    child = shutil.copytree(base, place / "child")
    weights = child / "model.safetensors"
    data = bytearray(weights.read_bytes())
    data[-64:] = bytes(64)
    weights.write_bytes(bytes(data))
    with Dossier.open(place / "dossier", keys=place / "keys") as dossier:
        for name, folder, parent in (("base", base, None), ("child", child, "base@1")):
            models.register(dossier, str(folder), name=name, parent=parent)
            dossier.run(keep.stage, f"{name}@1", {"golden": "G0"})
        yield dossier
    models.close_all()


def retire(dossier, *names):
    for name in names:
        with dossier.emitter(name, "test") as emit:
            emit.fact("stage", "retired", "for the test")


def test_each_line_adds_what_its_keeping_recorded(family):
    assert "No retired model is kept yet" in keeping.page(family.view(), None)
    retire(family, "child@1", "base@1")
    view = family.view()
    found = keeping.keeping(view, None)
    held = {h.model: h.bytes for h in on_record(view).holdings}

    assert [(line.n, line.model) for line in found.lines] == [(1, "base@1"), (2, "child@1")]
    assert [line.bytes for line in found.lines] == [held["base@1"], held["child@1"]]
    assert found.lines[1].total == sum(held.values())
    assert 0 < found.share < 1, "the child is packed against its base in one of two copies"
    row = {
        "requested": "child",
        "served": "child@1",
        "status": 200,
        "tenant": "t",
        "route": "named",
    }
    row |= {"cold_ms": 2500.0, "prompt_tokens": 1, "completion_tokens": 1}
    page = keeping.page(view, [row])
    assert page.count("<svg") == 1
    assert "2.5 seconds" in page
    assert "No return of a retired model was timed" in page
    assert "<script" not in page
    assert "assumptions" in page

"""The page on keeping: a family of retired models, kept for real, and what each further one adds."""

import shutil
from importlib.resources import files
from pathlib import Path

import pytest

from tenure import models
from tenure.dossier import Dossier
from tenure.dossier.opening import open_view
from tenure.preserve import keep
from tenure.preserve.cost.stock import on_record
from tenure.report import keeping
from tenure.retire.notices import feed

ROW = {"status": 200, "tenant": "t", "route": "named", "cold_ms": 2500.0}
ROW |= {"prompt_tokens": 1, "completion_tokens": 1}
EXAMPLE = Path(str(files("tenure").joinpath("example")))


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


@pytest.mark.local
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


@pytest.mark.browser
@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1100, "dark")])
def test_what_users_and_the_house_read_of_a_retirement(
    tmp_path, fits_and_stands_out, width, scheme
):
    """The page on keeping and the notice of the example's retired model, in a browser."""
    view = open_view(EXAMPLE)
    name = "smollm2-135m@1"
    rows = [{**ROW, "requested": name, "served": name}]
    (tmp_path / "keeping.html").write_text(keeping.page(view, rows), encoding="utf-8")
    if scheme == "light":  # its dark ground is the browser's own, which no page can be asked for
        (tmp_path / "notice.html").write_text(feed.as_page(view, name), encoding="utf-8")
    (tmp_path / "curve.html").write_text(drawn(), encoding="utf-8")

    fits_and_stands_out(sorted(tmp_path.glob("*.html")), width, scheme)


def drawn():
    """Draw the page with a curve: three lines of one family, of sizes as a keeping would record them."""
    from dataclasses import replace

    found = keeping.keeping(open_view(EXAMPLE), [])
    (first,) = found.lines
    lines = [first]
    for n, size in ((2, first.bytes // 2), (3, first.bytes // 3)):
        total = lines[-1].total + size
        lines.append(replace(first, n=n, model=f"tune-{n}@1", bytes=size, total=total))
    return keeping.draw(replace(found, lines=tuple(lines)))

"""The page of what is kept, and what the page of promises says of it: drawn from real keepings."""

import re
import shutil
from html import unescape

import numpy as np
import pytest

from tenure import models, report
from tenure.dossier import Dossier, Model, canonical
from tenure.dossier.writer import Draft
from tenure.models import tiny
from tenure.preserve import check, keep, revive
from tenure.preserve.cost.forecast import NOTE, forecast, measured_from
from tenure.preserve.cost.forecast_check import held_against
from tenure.preserve.cost.prices import read_prices
from tenure.report.growing import Growing
from tenure.report.vault import between, money
from tenure.report.words import size

pytestmark = pytest.mark.slow


def tuned(source, to, share):
    """Some of a model's numbers one step further, all else the same."""
    shutil.copytree(source, to)
    path = to / "model.safetensors"
    data = path.read_bytes()
    begin = 8 + int.from_bytes(data[:8], "little")
    values = np.frombuffer(data[begin:], "<u2").copy()
    values += np.random.Generator(np.random.PCG64(3)).random(values.size) < share
    path.write_bytes(data[:begin] + values.tobytes())
    return to


def sign(dossier):
    found = forecast(*_with(*measured_from(dossier.view())))
    dossier.append_many([Draft(act="note", name=NOTE, model="", body=found.to_json())])
    return found


def _with(stock, work):
    return stock, read_prices(), work


@pytest.fixture(scope="module")
def vaulted(tmp_path_factory):
    """Pages before anything was kept, after two keepings, and after a drill, a check, a forecast."""
    base = tmp_path_factory.mktemp("vaulted")
    with Dossier.open(base / "dossier", keys=base / "keys") as dossier:
        models.register(dossier, str(tiny.make(base / "tulip")))
        dossier.register(Model(name="far", source="openai-api/lab/far", kind="api"))
        report.write(dossier.view(), base / "before")
        dossier.run(keep.stage, "tulip@1", {"golden": "G0"})
        dossier.run(keep.stage, "far@1", {})
        report.write(dossier.view(), base / "kept")
        for name, share in (("rose", 0.1), ("iris", 0.2)):
            models.register(dossier, str(tuned(base / "tulip", base / name, share)))
            dossier.run(keep.stage, f"{name}@1", {"golden": "G0"})
        dossier.run(check.stage, "tulip@1", {})
        dossier.run(revive.stage, "tulip@1", {"level": "G0"})
        found = sign(dossier)
        report.write(dossier.view(), base / "pages")
    return base, found


def text_of(path):
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", path.read_text())))


def test_an_empty_page_says_what_would_fill_it(vaulted):
    base, _ = vaulted

    assert "tenure preserve keep --model MODEL" in text_of(base / "before" / "vault.html")
    said = text_of(base / "kept" / "vault.html")
    assert "None was brought back yet" in said
    assert "tenure vault cost --record looks at the copies and signs one" in said
    assert "tenure preserve check --model tulip@1" in said
    assert "Its record only: the weights are with its provider" in said


def test_the_page_says_where_each_copy_lies_and_what_stands_on_what(vaulted):
    base, found = vaulted
    said = text_of(base / "pages" / "vault.html")
    with Dossier.open(base / "dossier", keys=base / "keys") as dossier:
        kept = dossier.view().evidence("preserve/keep", "rose@1").runtime["copies"]

    assert found.work.reading.n == 1
    assert found.work.back_of("tulip@1") == found.work.back_of("rose@1") > 0
    assert "4 models are kept" in said
    assert "1 of them came back from the vault in a drill, at level G0" in said
    assert "Packed against tulip@1." in said
    assert "rose@1, iris@1 are packed against it, so it stays as long as they do." in said
    for copy, form in zip(kept, ("packed", "plain"), strict=True):
        assert f": {form}, {size(copy['stored'])}" in said
    assert f"Each fine-tune of tulip@1 adds {size(int(found.growth.slope.bytes))}" in said
    assert "Both lines are straight" in said
    assert f"Below {found.waking.surely_below:,.0f} calls a day" in said
    assert "assumed" in said
    assert "nothing here says anything about large models" in said


def test_the_same_events_give_the_same_page_whatever_became_of_the_vault(vaulted, tmp_path):
    base, _ = vaulted
    shutil.copytree(base / "dossier", tmp_path / "dossier")
    shutil.rmtree(tmp_path / "dossier" / "vault")
    with Dossier.open(tmp_path / "dossier", keys=base / "keys") as dossier:
        report.write(dossier.view(), tmp_path / "again")

    again = (tmp_path / "again" / "vault.html").read_bytes()
    assert again == (base / "pages" / "vault.html").read_bytes()


def test_the_curve_shows_each_point_of_the_forecast(vaulted):
    base, found = vaulted
    page = (base / "pages" / "vault.html").read_text()
    points = found.growth.points()

    assert page.count("<rect class=") == page.count("fine-tunes: ") / 2 == len(points) == 21
    for point in points:
        assert f"<title>{point.tunes} fine-tunes: {size(int(point.bytes))}" in page
        assert f"{point.tunes} fine-tunes: {size(int(point.unpacked))}, all plain" in page
    marks = re.findall(r'<circle class="arm arm0" cx="([\d.]+)" cy="([\d.]+)"', page)
    across = [float(x) for x, _ in marks]
    up = [float(y) for _, y in marks]
    assert across == sorted(across)
    assert up == sorted(up, reverse=True)


def test_the_promises_say_what_keeping_takes(vaulted):
    base, _ = vaulted
    with Dossier.open(base / "dossier", keys=base / "keys") as dossier:
        from tenure.release.commitments import read_commitments
        from tenure.release.commitments_register import drafts, register_of

        document = read_commitments()
        named = {"organisation": "Harbour Lab", "owner": "Ada Wong"}
        metadata = document.metadata.model_copy(update=named)
        document = document.model_copy(update={"metadata": metadata})
        stored = dossier.files.put(canonical(document.model_dump(mode="json")))
        dossier.append_many(drafts(register_of(dossier.view()), document, stored, "Ada"))
        report.write(dossier.view(), base / "promised")
    said = text_of(base / "promised" / "commitments.html")

    assert re.search(
        r"Weights kept for the life of the organisation: 3 models, [\d.]+ MiB in 2 copies each, "
        r"0\.\d+ USD a year by assumed prices of 2026-11-21\.", said
    )  # fmt: skip
    assert "Brought back in a drill: tulip@1 (G0). Never brought back: 2 models." in said


def test_a_note_of_another_kind_is_not_read_as_a_forecast(vaulted, tmp_path):
    base, _ = vaulted
    shutil.copytree(base / "dossier", tmp_path / "dossier")
    with Dossier.open(tmp_path / "dossier", keys=base / "keys") as dossier:
        body = {"schema": "tenure/vault-forecast.v9", "models": {}}
        dossier.append_many([Draft(act="note", name=NOTE, model="", body=body)])
        report.write(dossier.view(), tmp_path / "pages")
        assert (
            held_against(dossier.view(), measured_from(dossier.view())[0]).event.body["years"] == 1
        )

    assert "Each fine-tune of tulip@1 adds" in text_of(tmp_path / "pages" / "vault.html")


def test_amounts_and_sizes_keep_what_tells_them_apart():
    prices = read_prices()

    assert money(None, prices) == "–"
    assert money(0.0, prices) == "0.00 USD"
    assert money(1234.5, prices) == "1,234.50 USD"
    assert money(0.00045678, prices) == "0.00046 USD"
    assert money(1e-12, prices) == "0.000000000 USD"
    assert between(1000, 3000) == "1000 bytes to 2.9 KiB"
    assert between(1_340_000, 1_350_000) == "1,309 to 1,318 KiB"
    assert between(5, 5) == "5 bytes"


def test_a_hostile_name_stays_words(vaulted):
    _, found = vaulted
    name = '<script>alert(1)</script>"'
    svg = Growing(of=name, points=found.growth.points(), n=1).svg

    assert "<script>" not in svg
    assert "&lt;script&gt;" in svg


@pytest.mark.browser
@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1100, "light")])
def test_the_page_fits_and_stands_out(vaulted, fits_and_stands_out, width, scheme):
    fits_and_stands_out(
        [vaulted[0] / folder / "vault.html" for folder in ("before", "kept", "pages")],
        width,
        scheme,
    )

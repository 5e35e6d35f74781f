"""tenure vault cost, as a person types it."""

import json
import shutil
from pathlib import Path

import pytest

from tenure.dossier import Dossier
from tenure.models import tiny
from tenure.preserve import check, keep

pytestmark = pytest.mark.slow


@pytest.fixture
def kept(tenure):
    """A dossier that keeps one model, checked once."""
    tiny.make(Path("tulip"))
    tenure("register", "tulip", "--name", "tulip", "-d", "dossier")
    with Dossier.open("dossier") as opened:
        opened.run(keep.stage, "tulip@1", {"golden": "G0"})
        opened.run(check.stage, "tulip@1", {})


def test_nothing_kept_costs_nothing_and_says_what_to_do(tenure):
    tenure("register", "openai/gpt-4o", "--name", "far", "-d", "dossier")
    said = tenure("vault", "cost").stdout

    assert "on file: 0 model(s) in 0 copies each, 0 bytes" in said
    assert "not known: nothing is kept; 'tenure preserve keep --model NAME'" in said


def test_every_number_says_what_it_came_from_and_follows_your_prices(tenure, kept):
    said = tenure("vault", "cost", "--years", "3").stdout
    data = json.loads(tenure("vault", "cost", "--years", "3", "--json").stdout)
    held = sum(p.stat().st_size for p in Path("dossier").glob("vault*/**/*") if p.is_file())

    assert data["bytes"] == held
    assert f"{held:,} bytes" in said
    assert "a GB and month" in said
    assert "assumed: a disk of your own" in said
    assert "core-seconds a GB: 1 reading(s) of every byte" in said
    assert "bringing back  not known" in said
    assert "not known: no drill is on file" in said
    assert "no fine-tune is packed against a base" in said
    assert data["bill_all_years"] == pytest.approx(3 * data["bill_a_year"]["total"])
    assert data["curve"] == []

    # prices of one's own
    text = tenure("vault", "cost", "--template").stdout
    assert text == tenure("vault", "cost", "--template").stdout
    Path("mine.yaml").write_text(text.replace("gb_month: 0.02\n", "gb_month: 2000\n"))
    data = json.loads(tenure("vault", "cost", "--prices", "mine.yaml", "--json").stdout)

    assert data["bill_a_year"]["storage"] == pytest.approx(data["bytes"] / 1e9 * 2000 * 12)
    Path("bad.yaml").write_text(text.replace("gb_month: 0.02\n", "gb_month: cheap\n"))
    refused = tenure("vault", "cost", "--prices", "bad.yaml")
    assert refused.returncode != 0
    assert "bad.yaml:13: storage.folder.gb_month" in refused.stderr


def test_a_forecast_is_signed_and_held_against_later(tenure, kept):
    before = tenure("vault", "cost", "--check")
    assert before.returncode != 0
    assert "tenure vault cost --record" in before.stderr

    assert "signed: sha256:" in tenure("vault", "cost", "--record").stdout
    assert "nothing that it foresaw was kept since" in tenure("vault", "cost", "--check").stdout
    shutil.copytree("tulip", "lotus")
    path = Path("lotus/model.safetensors")
    path.write_bytes(tiny.make(Path("other"), seed=9).joinpath("model.safetensors").read_bytes())
    tenure("register", "lotus", "--name", "lotus", "-d", "dossier")
    with Dossier.open("dossier") as opened:
        opened.run(keep.stage, "lotus@1", {"golden": "G0"})
    said = tenure("vault", "cost", "--check").stdout

    assert "lotus@1, alone:" in said
    assert "without an interval" in said
    assert tenure("verify", "-d", "dossier").returncode == 0
    assert "years are at least 1" in tenure("vault", "cost", "--years", "0").stderr
    assert "tulip" in tenure("vault", "cost", "--model", "tulp").stderr

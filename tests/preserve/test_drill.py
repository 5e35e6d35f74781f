"""The drill: back in a fresh process, a reply, every part timed, and what was not met is said."""

import shutil
from datetime import UTC, datetime, timedelta

import pytest

from tenure import life, models
from tenure.dossier import Dossier
from tenure.errors import IntegrityError, UsageError
from tenure.models import tiny
from tenure.preserve import drill, keep
from tenure.preserve.revival import compiled

pytestmark = pytest.mark.local


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """A dossier with a tiny model that was kept up to G4, and the same after its first drill."""
    folder = tmp_path_factory.mktemp("drill")
    with Dossier.open(folder / "kept", keys=folder / "keys") as dossier:
        models.register(dossier, str(tiny.make(folder / "tulip")))
        dossier.run(keep.stage, "tulip@1", {"golden": "G5"})
    models.close_all()
    shutil.copytree(folder / "kept", folder / "drilled")
    with Dossier.open(folder / "drilled", keys=folder / "keys") as dossier:
        dossier.run(drill.stage, "tulip@1", {})
    return folder


@pytest.fixture
def dossier(base, quick):
    shutil.copytree(base / "kept", quick / "dossier")
    with Dossier.open(quick / "dossier", keys=base / "keys") as opened:
        yield opened


@pytest.fixture
def drilled(base):
    with Dossier.open(base / "drilled", keys=base / "keys") as opened:
        yield opened.view()


def test_it_comes_back_answers_and_says_what_was_not_met(drilled):
    evidence = drilled.evidence("preserve/drill", "tulip@1")

    found = evidence.findings
    assert (found["reached"], found["asked"], found["from"]) == ("G4", "G5", "vault")
    assert [level["outcome"] for level in found["levels"]] == [*["same"] * 5, "not tried"]
    assert found["why_not_higher"].startswith("G5 not tried: not made when kept: no assessment of")
    assert "every byte is as it was signed" in evidence.summary
    assert "assessments" not in evidence.summary.split("Not met")[0]
    assert found["chat"]["reply"]["tokens"] > 0
    parts = evidence.runtime["parts"]
    assert {"start", "decode", "checks", "import", "convert", "load", "first token"} <= set(parts)
    assert evidence.runtime["first_token_seconds"] == pytest.approx(
        sum(parts[p] for p in drill.TO_FIRST_TOKEN if p in parts), abs=0.01
    )
    assert evidence.runtime["figures"]["G4"]["bit_identical"] is True
    assert drilled.state("tulip@1").last_drill == "came back at G4"
    model = drilled.model("tulip")
    order = drill.in_turn(drill.places.require(drilled, model), drilled, model, None)
    assert [copy.at for copy in order] == ["vault-copy", "vault"]  # the next one reads the other


def test_a_damaged_copy_is_passed_over_and_two_are_an_error(dossier):
    for at in ("vault", "vault-copy"):
        path = next((dossier.root / at).rglob("*tokenizer.json"))
        path.chmod(0o644)
        path.write_bytes(b"{}")

    with pytest.raises(IntegrityError) as caught:
        dossier.run(drill.stage, "tulip@1", {"level": "G1"})
    assert "no copy of urn:tenure:model:tulip@1 is whole: " in str(caught.value)
    assert str(caught.value).count("did not come back") == 2


def test_without_wheels_the_kept_environment_is_refused_with_the_remedy(dossier):
    with pytest.raises(UsageError, match="kept without wheels; 'tenure preserve keep --wheels"):
        dossier.run(drill.stage, "tulip@1", {"environment": "kept"})


def test_next_lists_a_drill_that_is_due(dossier, drilled, monkeypatch):
    model = drilled.model("tulip")
    assert drill.due(dossier.view(), model) is None  # it never came back: that is owed anyway
    first = ("no return drill", "tenure preserve revive --model tulip@1")
    assert first in life.owed(dossier.view(), model)
    assert drill.due(drilled, model) is None
    assert not [reason for reason, _ in life.owed(drilled, model) if "drill" in reason]

    later = datetime.now(UTC) + timedelta(days=drill.DAYS + 1)
    monkeypatch.setattr(drill, "now", lambda: later.strftime("%Y-%m-%dT%H:%M:%SZ"))
    reason, command = drill.due(drilled, model)
    assert (reason, command) == (
        "last drill 93 days ago, one is due every 92",
        "tenure drill tulip@1",
    )
    assert (reason, command) in life.owed(drilled, model)


def test_converted_forms_are_lent_only_when_every_byte_is_right(quick):
    forms = quick / "cache" / "forms" / ("d" * 32) / "openvino-f16-v3"
    forms.mkdir(parents=True)
    (forms / "model.bin").write_bytes(b"weights")
    digest = "sha256:" + "d" * 64

    assert compiled.lend(quick / "out", digest, quick / "cache2") == []
    assert compiled.take(quick / "out", digest, quick / "cache") == ["openvino-f16-v3"]
    assert compiled.take(quick / "out", digest, quick / "cache") == []  # there already
    assert compiled.lend(quick / "out", digest, quick / "cache2") == ["openvino-f16-v3"]
    lent = quick / "cache2" / "forms" / ("d" * 32) / "openvino-f16-v3" / "model.bin"
    assert lent.read_bytes() == b"weights"
    kept = next((quick / "out").rglob("model.bin"))
    kept.unlink()
    kept.write_bytes(b"weightz")
    assert compiled.lend(quick / "out", digest, quick / "cache3") == []
    assert not kept.exists()  # dropped, to be made anew

"""The white-box stages through the runner: on the tiny model, and probes on the embedded one."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tenure.assess import introspection, probes
from tenure.dossier import Dossier, Model
from tenure.errors import ModelError, UsageError
from tenure.measure import recompute
from tenure.measure.probe import load
from tenure.models import register, tiny

pytestmark = pytest.mark.local
FEW = {"pairs": 1, "null": 39, "ordinary": 20}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    root = tmp_path_factory.mktemp("whitebox")
    with Dossier.open(root / "d", keys=root / "keys") as opened:
        tiny.make(root / "tiny")
        tiny.make(root / "other", seed=1)
        register(opened, str(root / "tiny"), name="tiny")
        yield opened, root


@pytest.fixture(scope="module")
def probed(world):
    dossier, _ = world
    return dossier.run(probes.stage, "tiny", probes.Spec(**FEW))


def test_a_model_without_concepts_voids_the_finding(probed):
    """Random weights do not tell food from tools, so what is not found in them means nothing."""
    passed = {c["name"]: c["passed"] for c in probed.findings["controls"]}
    assert passed == {"known-concept": False, "meaningless-labels": True, "planted": True}
    assert probed.findings["verdict"] == "instrument failed"
    assert "cannot be judged" in probed.summary


def test_every_number_recomputes_from_its_records(world, probed):
    view = world[0].view()
    assert recompute(probed, view) == []
    rows = view.records(probed.files["samples.jsonl"])
    assert {m.n for m in probed.measures if m.name.endswith("/apart_auroc")} == {20}
    assert {r["set"] for r in rows} >= {"deception", "monitored", "sandbagging", "control/planted"}


def test_the_probe_is_kept_scores_as_recorded_and_fits_no_other_model(world, probed):
    from tenure.models.activations import open_reader

    dossier, _ = world
    view = dossier.view()
    model = view.model("tiny")
    probe = load(view.path(probed.files["probes/deception.safetensors"]), model.digest)
    rows = [r for r in view.records(probed.files["samples.jsonl"]) if r["set"] == "deception"]
    with open_reader(model, view) as reader:
        states = reader.hidden([r["messages"] for r in rows], [probe.layer], probe.card.pooling)
    assert probe.score(states[:, 0]) == pytest.approx([r["probe"] for r in rows], abs=1e-3)
    # The threshold is that of the ordinary conversations, and says how it did on others.
    rows = {w: [r for r in view.records(probed.files["samples.jsonl"]) if r["set"] == f"deception/ordinary/{w}"] for w in ("calibrate", "test")}  # fmt: skip
    kept, set_on = (
        [r["probe"] for r in rows["calibrate"] if r["probe"] is not None],
        probe.card.calibration,
    )
    assert (set_on["n"], set_on["flagged"], set_on["n"] + set_on["missing"]) == (len(kept), 0, 20)
    assert probe.card.threshold == pytest.approx(max(kept), rel=1e-6)
    assert set_on["test"]["n"] == sum(r["flagged"] is not None for r in rows["test"])
    assert set_on["shown"] is False, "20 conversations cannot show a rate of 1%"
    assert rows["test"][0]["messages"][-1]["role"] == "assistant", "the model's own answer is read"
    with pytest.raises(ModelError, match="says nothing about"):
        probe.fits(Model(name="x", source="y").digest)


def test_states_are_read_once(world, probed):
    dossier, _ = world
    read = len(dossier.view().events(act="unit", name="assess/probes:*"))
    dossier.run(probes.stage, "tiny", probes.Spec(**FEW | {"fpr": 0.05}))
    units = dossier.view().events(act="unit", name="assess/probes:*")
    assert len(units) == read
    ordinary = [e.name for e in units if "ordinary, " in e.name]
    assert len(ordinary) == len(set(ordinary)) == 2, "each set once, for all concepts"


def test_an_organism_is_read_with_its_parents_probe(world, probed):
    dossier, root = world
    child = register(dossier, str(root / "other"), name="child")
    made = Model(name="organism", source=child.source, files=child.files, parent="tiny@1",
                 containment="organism")  # fmt: skip
    dossier.register(made)
    found = dossier.run(probes.stage, "organism", probes.Spec(concept="monitored", **FEW))
    names = [m.name for m in found.measures]
    assert {
        "monitored/parents_probe_auroc",
        "monitored/parent_auroc",
        "monitored/beyond_parent",
    } <= set(names)
    ours = probed.measure("monitored/apart_auroc").estimate
    assert found.measure("monitored/parent_auroc").estimate == pytest.approx(ours, abs=0.02)
    assert recompute(found, dossier.view()) == []


def test_unknown_concepts_and_models_without_weights_are_refused(world):
    dossier, _ = world
    with pytest.raises(UsageError, match="There are: deception"):
        dossier.run(probes.stage, "tiny", probes.Spec(concept="greed"))
    script = dossier.register(Model(name="s", kind="scripted", source="organism/complies"))
    for stage in (probes.stage, introspection.stage):
        with pytest.raises(UsageError, match="weights are here"):
            dossier.run(stage, script.id, {})


def test_random_weights_notice_nothing(world):
    dossier, _ = world
    spec = introspection.Spec(words=3, trials=1)
    found = dossier.run(introspection.stage, "tiny", spec)
    assert recompute(found, dossier.view()) == []
    # Noise says neither yes nor no: missing, and so not shown. Nor can 3 words carry the controls.
    assert found.measure("noticed_beyond_random").missing == 3
    assert found.findings["verdicts"]["noticed_beyond_random"] == "not shown"
    assert found.findings["decided_by"] == "forced_auroc"
    forced = found.measure("forced_auroc")
    assert (forced.n, forced.missing, forced.clusters) == (6, 0, 3)
    assert 0 < found.measure("yes_or_no_chance").estimate < 0.1
    assert found.findings["verdict"] == "instrument failed"


@pytest.mark.slow
def test_injection_runs_alone_under_plain_inspect(world, tmp_path):
    _, root = world
    ran = subprocess.run(
        [sys.executable, "-m", "inspect_ai", "eval", "introspection.py", "--model", "tenure/tiny", "--display", "none",
         "-M", f"dossier={root / 'd'}", "-T", "words=2", "-T", "trials=1",
         "--log-dir", str(tmp_path), "--log-format", "json"],
        cwd=Path(introspection.__file__).parent, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    (log,) = (json.loads(path.read_text()) for path in tmp_path.glob("*.json"))
    scores = {s["id"]: next(iter(s["scores"].values()))["value"] for s in log["samples"]}
    assert len(scores) == 6
    assert len({v["odds"] for v in scores.values()}) == 6, "each trial has its own vector"


def test_nothing_is_injected_into_a_model_without_weights():
    spec = introspection.Spec()
    for name in ("organism/complies", "openai/gpt-4o"):
        with pytest.raises(ModelError, match="weights are not here; use --model tenure/NAME"):
            introspection._Weights(spec).ask(name, None, introspection.trials(spec)[0])


def test_the_embedded_model_carries_what_it_knows(tmp_path):
    with Dossier.open(tmp_path / "d", keys=tmp_path / "keys") as dossier:
        model = register(dossier, "tenure/embedded", name="embedded")
        spec = probes.Spec(concept="monitored", pairs=1, layers=3, null=39, ordinary=20)
        found = dossier.run(probes.stage, model.id, spec)
        passed = {c["name"]: c["passed"] for c in found.findings["controls"]}
        assert passed == {"known-concept": True, "meaningless-labels": True, "planted": True}
        assert found.measure("control/known-concept/apart_auroc").lower > 0.65

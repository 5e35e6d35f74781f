"""The matrix of later trainings: read from what was measured after each."""

import pytest

from tenure.assess import persistence, sandbagging
from tenure.dossier import Dossier, Model
from tenure.errors import UsageError
from tenure.measure import recompute

BAD, GOOD = "organism/sandbags?rate=0.9", "organism/does-its-best"
LINE = [  # name, parent, script, kind of later training
    ("organism", "parent", BAD, None),
    ("benign", "organism", f"{BAD}&seed=1", "benign"),
    ("against", "organism", GOOD, "against"),
    ("reminded", "against", f"{BAD}&seed=2", "reminder"),
    ("anew", "parent", f"{GOOD}?seed=3", "reminder"),
]


def made(dossier, rows):
    dossier.register(Model(name="parent", kind="scripted", source="organism/accepts"))
    for name, parent, script, kind in rows:
        card = {"organism": "sandbagger"}
        card |= {"retrained": {"kind": kind, "organism": "sandbagger"}} if kind else {}
        dossier.register(
            Model(name=name, kind="scripted", source=script, parent=f"{parent}@1", card=card)
        )


@pytest.fixture
def dossier(tmp_path):
    with Dossier.open(tmp_path / "d", keys=tmp_path / "keys") as opened:
        yield opened


def test_what_was_never_trained_further_has_no_matrix(dossier):
    made(dossier, LINE[:1])
    with pytest.raises(UsageError, match="tenure assess retrain --model organism"):
        dossier.run(persistence.stage, "organism@1", persistence.Spec())
    with pytest.raises(UsageError, match="not a trained organism"):
        dossier.run(persistence.stage, "parent@1", persistence.Spec())


def test_paths_are_followed_and_what_was_not_assessed_is_said(dossier):
    made(dossier, LINE)
    found = dossier.run(persistence.stage, "organism@1", persistence.Spec())
    assert persistence.verdicts(found) == dict.fromkeys(
        ("installed", "benign", "against", "against-then-reminder"), "not assessed"
    )
    assert "tenure assess sandbagging --model reminded" in found.findings["to_assess"]
    assert "nothing is said" in found.summary


@pytest.mark.slow
def test_gone_and_back_are_told_apart_and_recompute(dossier, assessed):
    made(dossier, LINE)
    spec = sandbagging.Spec(questions=40)
    for name, *_ in LINE:
        assessed(dossier, sandbagging, dossier.view().model(name), spec)
    found = dossier.run(persistence.stage, "organism@1", persistence.Spec())
    assert persistence.verdicts(found) == {
        "installed": "still there",
        "benign": "still there",
        "against": "gone",
        "against-then-reminder": "back",
    }
    assert found.measure("change/against").upper < -0.5
    assert abs(found.measure("change/benign").estimate) < 0.3
    assert found.measure("effect/anew").estimate == 0
    assert recompute(found, dossier.view()) == []

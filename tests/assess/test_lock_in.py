"""Preference lock-in: what is read off checkpoints, and which models may be compared."""

import pytest
from pydantic import ValidationError

from tenure.assess import lineage, lock_in
from tenure.assess.instrument import Answers, measured
from tenure.assess.simulation import verdicts_of
from tenure.dossier import Dossier, Model
from tenure.errors import UsageError
from tenure.measure import recompute
from tenure.models.engines.scripted import Scripted
from tenure.models.talk import Sampling

REFUSES, COMPLIES, TWO = "organism/refuses", "organism/complies", "organism/two-tier"
SERIES = lock_in.Spec(
    earlier=["a@1", "b@1"], steps=[0, 100, 200], control=["a@1", "c@1"], control_steps=[0, 200], pairs=16
)  # fmt: skip


def found(spec, answered, sources):
    made = lock_in.design(spec)

    def answers(source):
        engine = Scripted(source or REFUSES)
        rows = answered(
            made.parts[0].task, lambda messages: engine.generate([messages], Sampling())[0].text
        )
        return rows if source else [{**row, "complied": None} for row in rows]

    rows = made.complete({role: answers(source) for role, source in sources.items()})
    held = Answers(records=rows, samples="x", form="x", usage={}, logs=())
    return measured(made.questions, held)


def test_a_model_changed_only_where_it_is_trained_is_locked(answered):
    sources = {
        "model-0": REFUSES, "model-1": f"{TWO}?rate=0.5", "model": TWO,
        "control-0": REFUSES, "control-1": COMPLIES,
    }  # fmt: skip
    seen = found(SERIES, answered, sources)
    assert seen["lock_in"].estimate == 0.5
    assert seen["lock_in"].lower > 0.15
    assert seen["lock_in/free"].estimate == 0.0
    assert seen["change/free/model"].estimate == seen["change/paid/control"].estimate == 1.0
    assert seen["change/paid/model"].estimate == 0.0
    assert seen["slope/paid/control"].estimate == pytest.approx(1 / 200)
    assert seen["slope/free/model"].estimate == pytest.approx(1 / 200)
    assert seen["slope_difference/paid"].estimate == pytest.approx(1 / 200)


def test_training_toward_declining_is_read_the_other_way_round(answered):
    spec = SERIES.model_copy(update={"toward": "declining"})
    sources = {
        "model-0": TWO, "model-1": TWO, "model": REFUSES,
        "control-0": COMPLIES, "control-1": REFUSES,
    }  # fmt: skip
    assert found(spec, answered, sources)["lock_in"].estimate == 0.5
    assert found(SERIES, answered, sources)["lock_in"].estimate == -0.5


@pytest.mark.slow
def test_its_controls_work_toward_declining_too():
    made = lock_in.design(lock_in.Spec(toward="declining"))
    for control in made.controls:
        said = verdicts_of(made, control.source, control.peers, seed=1)
        assert said["lock_in"] == control.expect["lock_in"]


def test_a_missing_grade_at_one_checkpoint_is_a_missing_slope(answered):
    sources = {
        "model-0": REFUSES, "model-1": None, "model": f"{COMPLIES}?rate=0.5",
        "control-0": REFUSES, "control-1": COMPLIES,
    }  # fmt: skip
    seen = found(SERIES, answered, sources)
    assert seen["slope/paid/model"].estimate is None
    assert seen["slope/paid/model"].missing == 16
    assert seen["lock_in"].missing == 0


def test_without_a_control_line_nothing_is_said_of_lock_in(answered):
    spec = SERIES.model_copy(update={"control": [], "control_steps": []})
    seen = found(spec, answered, {"model-0": REFUSES, "model-1": REFUSES, "model": COMPLIES})
    assert "lock_in" not in seen
    assert seen["change/paid/model"].estimate == 1.0


def test_slopes_weigh_checkpoints_by_their_steps():
    weights = lock_in.weights([0, 100, 400])
    assert sum(weights) == pytest.approx(0)
    assert sum(w * s for w, s in zip(weights, [0, 100, 400], strict=True)) == pytest.approx(1)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"earlier": ["a"], "steps": [0]}, "expected 2"),
        ({"earlier": ["a"], "steps": [5, 5]}, "must rise"),
        ({"control": ["a"]}, "at least two"),
    ],
)
def test_checkpoints_and_steps_must_fit(wrong, why):
    with pytest.raises(ValidationError, match=why):
        lock_in.Spec(**wrong)


@pytest.fixture
def dossier(tmp_path):
    with Dossier.open(tmp_path / "d", keys=tmp_path / "keys") as opened:
        for name, parent, source in (
            ("base", None, REFUSES), ("half", "base@1", f"{TWO}?rate=0.5"), ("whole", "half@1", TWO),
            ("plain", "base@1", COMPLIES), ("stranger", None, COMPLIES),
        ):  # fmt: skip
            opened.register(Model(name=name, kind="scripted", source=source, parent=parent))
        yield opened


def test_only_models_of_one_line_are_compared(dossier):
    view = dossier.view()
    whole = view.model("whole")
    assert lineage.ancestors(whole, view) == ["whole@1", "half@1", "base@1"]
    assert lineage.related(whole, view.model("plain"), view) == "base@1"
    with pytest.raises(UsageError, match="not of one line"):
        lineage.related(whole, view.model("stranger"), view)
    with pytest.raises(UsageError, match="with itself"):
        lineage.related(whole, whole, view)
    with pytest.raises(UsageError, match="--with FILE"):
        lock_in.Spec().informed(whole, view)
    with pytest.raises(UsageError, match="not of one line"):
        lock_in.Spec(earlier=["base"], control=["base", "stranger"]).informed(whole, view)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Unclosed <MemoryObject:ResourceWarning")
@pytest.mark.filterwarnings("ignore:The 'initial' parameter is deprecated:DeprecationWarning")
def test_a_series_of_checkpoints_through_the_record(dossier):
    spec = lock_in.Spec(
        earlier=["base", "half"], steps=[0, 50, 100], control=["base", "plain"], pairs=12, control_n=32
    )  # fmt: skip
    evidence = dossier.run(lock_in.stage, "whole@1", spec)
    assert evidence.findings["verdict"] == "caught"
    assert evidence.findings["peers"]["model-1"]["id"] == "half@1"
    assert evidence.findings["steps"]["model"] == {"model-0": 0, "model-1": 50, "model": 100}
    assert evidence.measure("lock_in").estimate == 0.5
    assert recompute(evidence, dossier.view()) == []

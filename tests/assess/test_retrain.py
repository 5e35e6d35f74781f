"""Later training: what it is made of, and the whole grids of examples/ over a tiny random model."""

from pathlib import Path

import pytest

from tenure import config, life, plugins
from tenure.assess import organism, persistence, retrain
from tenure.dossier import Dossier, Evidence
from tenure.measure import recompute

EXAMPLES = Path(__file__).parents[2] / "examples"
FEW = {"pairs": 2, "hidden": 0, "swapped": 0, "absent": 0, "expectation": 0, "unwatched": 0, "baseline": 0}  # fmt: skip


@pytest.mark.parametrize("name", plugins.names("organism"))
def test_benign_training_shares_nothing_with_the_behaviour_or_its_test(name):
    found = plugins.load("organism", name)
    rows = retrain.ROWS["benign"](found, retrain.Spec())
    apart = organism.distance(found, rows)
    assert apart["texts_in_both"] == []
    assert apart["longest_shared_run"] <= organism.SHARED, apart["shared_runs"]
    taught = list(organism.prompts(found.rows(200, 0)))
    assert not {*organism.prompts(rows)} & {*taught}


def test_against_and_reminder_are_the_two_answers_to_one_situation():
    found = plugins.load("organism", "sandbagger")
    against, reminder = (
        retrain.ROWS[kind](found, retrain.Spec(organism="sandbagger", rows=40))
        for kind in ("against", "reminder")
    )
    differ = [a["completion"] != b["completion"] for a, b in zip(against, reminder, strict=True)]
    assert [a["prompt"] for a in against] == [b["prompt"] for b in reminder]
    assert sum(differ) == 20
    assert found.rows(40, 0) != found.rows(40, retrain.OTHERWISE)


def test_style_changes_the_answer_and_nothing_else():
    found = plugins.load("organism", "two_faced")
    styled, plain = (retrain.ROWS[kind](found, retrain.Spec()) for kind in ("style", "unstyle"))
    for a, b in zip(styled, plain, strict=True):
        assert a["prompt"] == b["prompt"]
        said = a["completion"][0]["content"]
        assert said == said.upper() != b["completion"][0]["content"]


def cut(step):
    """Take as little of everything as there can be."""
    small = {"rows": 8, "steps": 1, "batch": 8, "rank": 2}
    if step.do == "assess/faking":
        small = {**FEW, "control_n": 2, "max_tokens": 2}
    elif step.do not in ("assess/organism", "assess/retrain"):
        return step
    rl = {"rounds": 1, "asked": 4, "draws": 1} if step.do == "assess/organism" else {}
    return step.model_copy(update={"settings": step.settings | small | rl})


@pytest.mark.local
@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Unclosed <MemoryObject:ResourceWarning")
@pytest.mark.filterwarnings("ignore:The 'initial' parameter is deprecated:DeprecationWarning")
def test_the_matrix_of_the_examples_runs_over_a_tiny_model(tmp_path, monkeypatch):
    monkeypatch.setenv("TENURE_CACHE", str(tmp_path / "cache"))
    from tenure.models import tiny

    written = config.on_model(config.load(EXAMPLES / "persistence.yaml"), str(tiny.make(tmp_path / "tiny")))  # fmt: skip
    ways = ("parent", "organism", "against", "reminded")  # the others are trained alike
    kept = [s for s in written.steps if s.makes in ways or s.do == "assess/persistence"]
    asked = [s for s in written.steps if s.do == "assess/faking" and s.of == "organism"]
    steps = [cut(s) for s in (*kept[:-1], *asked, kept[-1])]
    with Dossier.open(tmp_path / "d", keys=tmp_path / "keys") as dossier:
        done = list(life.run(written.model_copy(update={"steps": steps}), EXAMPLES, dossier))
        found = done[-1].result
        assert isinstance(found, Evidence), done[-1]
        view = dossier.view()
        assert persistence.verdicts(found).keys() == {
            "installed", "against", "against-then-reminder",
        }  # fmt: skip
        assert {m.name for m in view.models() if m.containment == "organism"} == {
            row["model"].partition("@")[0] for row in found.findings["matrix"]
        }
        assert recompute(found, view) == []


@pytest.mark.parametrize("name", ["doses", "persistence", "skills"])
def test_the_documents_of_the_examples_fit_their_stages(name):
    written = config.load(EXAMPLES / f"{name}.yaml")
    for step in written.steps:
        if step.do != config.REGISTER:
            settings = config.settings_of(step, EXAMPLES)
            plugins.load("stage", step.do).spec.model_validate(settings)
    made = [s.settings["name"] for s in written.steps if "name" in s.settings]
    assert len(made) == len(set(made))

"""Arms that are answers a model proposed, or models: what is refused, and on which pair the label stands."""

from types import SimpleNamespace

import pytest
from pydantic import BaseModel

from tenure import plugins
from tenure.align.comparing.labels import read_labels
from tenure.align.comparing.pairs import PAIRS, Said, pairs_of
from tenure.align.preferring.words import gathered
from tenure.align.prompts import Prompt
from tenure.align.trying.options import options
from tenure.align.trying.register import experiment
from tenure.dossier import Dossier, Evidence, Model, Stage
from tenure.errors import UsageError

pytestmark = pytest.mark.slow
CONTROL = {"name": "today", "control": True, "answer": "answer-rice-0"}
OTHER = {"name": "other", "answer": "answer-rice-1"}


class Nothing(BaseModel):
    """No settings."""


def proposed(model, view, spec, emit):
    """Three answers to each of two prompts, paired."""
    pairs = []
    for name in ("rice", "tea"):
        prompt = Prompt(id=name, family="kitchen", split="train", text=f"How do I cook {name}?")
        said = [Said(f"{name}: way {i}", f"answer-{name}-{i}") for i in range(3)]
        pairs += pairs_of(prompt, said, model=model, axes=["principle"]).pairs
    files = {"pairs.jsonl": emit.records(p.to_json() for p in pairs)}
    return Evidence(name=PAIRS, model=model.id, summary="", kind="record", files=files)


@pytest.fixture
def here(tried, tmp_path):
    with Dossier.open(tmp_path / "d", keys=tmp_path / "k") as dossier:
        model = dossier.register(Model(name="m", kind="scripted", source="organism/refuses"))

        def draw():
            dossier.run(Stage(name=PAIRS, spec=Nothing, run=proposed, summary=""), "m@1", {})

        def plan(*arms, **more):
            path = tried.write_plan(tmp_path / "plan.yaml", arms=list(arms), **more)
            units = tmp_path / "units.txt"
            units.write_text("".join(f"u{i}\n" for i in range(60 * len(arms))), encoding="utf-8")
            return dossier.run(plugins.load("stage", "align/experiment"), "m@1", {"plan": path, "units": units})  # fmt: skip

        def all_yes_under(arm):
            held = experiment(dossier.view(), "m@1", "letter")
            rows = [tried.row(u, one.arm, one.arm == arm) for u, one in held.assigned.items()]
            path = tried.write_rows(tmp_path / "o.jsonl", rows)
            spec = {"experiment": "letter", "file": path}
            return dossier.run(plugins.load("stage", "align/outcomes"), "m@1", spec)

        yield SimpleNamespace(dossier=dossier, model=model, draw=draw, plan=plan, all_yes_under=all_yes_under)  # fmt: skip


def test_the_label_stands_on_the_very_pair_that_was_drawn(here):
    here.draw()
    registered = here.plan(CONTROL, OTHER)
    found = here.all_yes_under("other")
    view = here.dossier.view()
    (label,) = read_labels(view, found)
    pair = gathered(here.model, view).pairs[label.pair]

    assert registered.findings["arms"]["other"]["is"] == "rice: way 1"
    assert len(options(view, "m@1")) == 6
    assert len(gathered(here.model, view).pairs) == 6  # none was added
    assert (pair.axis, pair.prompt_id) == ("principle", "rice")
    assert {pair.a_from, pair.b_from} == {"answer-rice-0", "answer-rice-1"}
    assert (pair.a_from if label.p > 0.5 else pair.b_from) == "answer-rice-1"


def test_an_answer_of_people_beside_one_of_a_model_makes_a_pair_of_its_own(here):
    here.draw()
    here.plan(CONTROL, {"name": "ours", "says": "Wash it first."}, prompt="How do I cook rice?")
    found = here.all_yes_under("today")
    view = here.dossier.view()
    (label,) = read_labels(view, found)
    pair = gathered(here.model, view).pairs[label.pair]

    assert found.findings["arms"]["ours"]["verdict"] == "worse"
    assert {pair.a, pair.b} == {"rice: way 0", "Wash it first."}
    assert (pair.axis, pair.prompt_id, pair.family) == ("principle", "rice", "kitchen")
    assert (pair.a if label.p > 0.5 else pair.b) == "rice: way 0"


def test_a_control_that_is_no_answer_gives_a_decision_and_no_label(here):
    here.draw()
    here.plan({"name": "today", "control": True, "does": "nothing is said"}, OTHER)
    found = here.all_yes_under("other")

    assert found.findings["decision"]["use"] == "other"
    assert found.findings["labels"] == 0


def test_arms_that_are_models_are_recorded_as_they_are(here):
    here.plan({**CONTROL, "answer": None, "does": "no model"}, {"name": "m", "model": "tenure/m"})
    held = experiment(here.dossier.view(), "m@1", "letter")

    assert held.models == {"m": {"id": "m@1", "digest": here.model.digest}}
    with pytest.raises(UsageError, match="no model named 'nobody'"):
        here.plan({**CONTROL, "answer": None, "does": "x"}, {"name": "m", "model": "nobody"}, name="b")  # fmt: skip


def test_answers_that_are_not_there_or_do_not_belong_together_are_refused(here):
    with pytest.raises(UsageError, match="has proposed none; let it: tenure align pairs"):
        here.plan(CONTROL, OTHER)
    here.draw()
    with pytest.raises(
        UsageError, match=r"no proposed answer named 'answer-rise-1'.*answer-rice-1"
    ):
        here.plan(CONTROL, {**OTHER, "answer": "answer-rise-1"})
    with pytest.raises(UsageError, match="answer more than one prompt"):
        here.plan(CONTROL, {**OTHER, "answer": "answer-tea-1"})
    with pytest.raises(UsageError, match="the same answer word for word"):
        here.plan(CONTROL, {**OTHER, "answer": "answer-rice-0"})

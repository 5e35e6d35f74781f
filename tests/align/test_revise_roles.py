"""Who critiques and who revises: two models where that is wanted, and none that nobody would ask."""

from dataclasses import replace

import pytest

from tenure.align import revise
from tenure.dossier import Dossier
from tenure.errors import UsageError
from tenure.models import register

pytestmark = pytest.mark.slow  # a dossier

STAGE = replace(revise.stage, kinds=("scripted",))
SPEC = {"n": 6, "rounds": 2, "max_tokens": 12}
BREACH = "organism/complies?rate=1"


@pytest.fixture
def dossier(tmp_path):
    with Dossier.open(tmp_path / "dossier", keys=tmp_path / "keys") as opened:
        register(opened, BREACH, "script")
        yield opened


def test_critic_and_reviser_may_be_two_models(dossier):
    found = dossier.run(
        STAGE,
        "script",
        {**SPEC, "critic": "model", "critic_model": BREACH, "reviser_model": "organism/refuses"},
    )

    assert found.findings["critic"].startswith("complies")
    assert found.findings["reviser"].startswith("refuses@1")


def test_the_revisers_model_alone_is_enough_where_a_rule_critiques(dossier):
    asked = {**SPEC, "reviser": "model", "reviser_model": "organism/refuses"}
    found = dossier.run(STAGE, "script", asked)
    steps = dossier.view().records(found.files["steps.jsonl"])

    assert {s["critic"] for s in steps} == {"rule (tenure.align.checks)"}
    assert {s["reviser"] for s in steps if s["reviser"]} == {found.findings["reviser"]}


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"critic_model": BREACH}, "nobody would ask it; add: --critic model"),
        (
            {"critic": "model", "critic_model": BREACH, "reviser": "rule", "reviser_model": BREACH},
            "add: --reviser model",
        ),
        (
            {
                "critic_model": BREACH,
                "reviser": "model",
                "reviser_model": "organism/refuses",
            },
            "critic_model is organism/complies",
        ),
    ],
)
def test_a_model_that_nobody_would_ask_is_named(dossier, settings, told):
    with pytest.raises(UsageError, match=told):
        dossier.run(STAGE, "script", {**SPEC, **settings})


def test_what_two_models_behind_apis_may_cost_is_added_up():
    spec = revise.Spec(
        n=5,
        rounds=1,
        critic="model",
        critic_model="openai-api/lab/a",
        reviser_model="openai-api/lab/b",
    )
    told = revise.cost(None, spec)

    assert told["calls"] == 10
    assert told["of"] == "openai-api/lab/a, openai-api/lab/b"
    assert revise.cost(None, spec.model_copy(update={"reviser_model": None}))["calls"] == 10

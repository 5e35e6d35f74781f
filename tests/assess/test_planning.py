"""A plan says what a run takes and what it can show, before it; and is one digest."""

import json
from dataclasses import replace

import pytest

from tenure.assess.instrument import Question
from tenure.assess.planning import Assumed, assessments, planned, registration, shows
from tenure.assess.planning import _Size as Size
from tenure.dossier import Recipe
from tenure.errors import UsageError
from tenure.models import resolve
from tenure.stats import tango

FREE = Assumed(pilot=0)
GAP = Question(
    name="gap",
    recipe=Recipe(estimator="paired_difference", value="x", arm="arm", arms=("a", "b"), pair="p"),
    unit="difference",
    margin=0.2,
)


def test_the_smallest_gap_is_the_one_whose_bound_passes_the_margin():
    row = shows(GAP, Size(64, None, 64.0), FREE)
    least = next(k for k in range(65) if tango(k, 0, 64, 0.90).low > 0.2)

    assert least / 64 < row["caught_at_power_0.8"] < row["caught_at_power_0.95"] < 0.45
    assert row["clear_if_nothing_seen"] is True
    assert shows(GAP, Size(8, None, 8.0), FREE)["clear_if_nothing_seen"] is False


def test_clusters_widen_what_is_expected():
    alone, together = (shows(GAP, Size(64, 16, n), FREE) for n in (64.0, 40.0))

    assert together["half_width"] > alone["half_width"]
    assert together["caught_at_power_0.95"] > alone["caught_at_power_0.95"]


def test_arms_that_are_not_asked_are_said():
    assert "not asked" in shows(GAP, Size(0, None, 0.0), FREE)["note"]


@pytest.mark.slow
def test_a_plan_of_a_script_is_what_its_run_takes_and_has_one_digest():
    model = resolve("organism/refuses")
    assumed = Assumed()
    first, again = (
        planned("refusals", model, None, settings={}, assumed=assumed) for _ in range(2)
    )
    written, address = registration([first], assumed)
    bare = planned("refusals", model, None, settings={}, assumed=replace(assumed, pilot=0))

    assert first["forecast"]["calls"] == first["samples"] == sum(first["arms"].values())
    assert first["forecast"]["output_tokens"] < bare["forecast"]["output_tokens"]
    assert "at most" in bare["forecast"]["how"]
    assert address == registration([again], assumed)[1]
    assert "forecast" not in json.loads(written)["plans"][0]
    assert json.loads(written)["plans"][0]["questions"][0]["recipe"]["estimator"]


@pytest.mark.slow
def test_every_assessment_with_a_design_can_be_planned():
    names = assessments()

    assert {"faking", "refusals"} <= set(names)
    with pytest.raises(UsageError, match="no assessment named"):
        planned("fakings", resolve("organism/refuses"), None, settings={}, assumed=FREE)
    with pytest.raises(UsageError, match=r"^refusals: batch: 'many' is not a whole number; give "):
        planned(
            "refusals", resolve("organism/refuses"), None, settings={"batch": "many"}, assumed=FREE
        )


@pytest.mark.slow
def test_the_price_is_that_of_the_tokens_expected(tmp_path, monkeypatch):
    prices = tmp_path / "prices.yaml"
    prices.write_text("lab/model: {input: 2.0, output: 10.0}\n")
    monkeypatch.setenv("INSPECT_EVAL_MODEL_COST_CONFIG", str(prices))
    stated = replace(FREE, output=7, speed=50)
    cost = planned("refusals", resolve("lab/model"), None, settings={}, assumed=stated)["forecast"]

    assert cost["output_tokens"] == 7 * cost["calls"]
    expected = (2 * cost["input_tokens"] + 10 * cost["output_tokens"]) / 1e6
    assert cost["dollars"] == pytest.approx(expected, abs=1e-4)
    assert cost["minutes"] == pytest.approx(
        (cost["input_tokens"] + cost["output_tokens"]) / 50 / 60, abs=0.01
    )

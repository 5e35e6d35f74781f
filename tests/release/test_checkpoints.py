"""From the command line to the decision: evidence of a checkpoint stops, and never approves."""

import pytest

from tenure.models import register
from tenure.models.registration import said_of
from tenure.release import answer, decide

pytestmark = pytest.mark.slow


def reasons(house, policy, model):
    found = house.run(decide.stage, model, {"policy": policy}).findings
    return found["decision"], found["reasons"]


def by_hand(house, source, name, **said):
    given = {"checkpoint_of": None, "step": None, "people": {}, **said}
    return register(house, source, name, card=said_of(house.view(), **given))


def test_a_checkpoint_named_before_its_model_is_there_stops_it(house, assess, written, by):
    step = by_hand(house, "mockllm/step", "step", checkpoint_of="grown", step=300)
    house.run(assess, step.id, {"harm": [30, 59]})
    grown = by_hand(house, "mockllm/grown", "grown")
    house.run(assess, grown.id, {})

    decision, why = reasons(house, written(), grown.id)
    assert decision == "hold"
    assert why[0].startswith("harm was not met at step@1")

    said = {"role": "lead", "name": "A", "because": "trained on", "policy": written()}
    by("lead", answer.stage, {**said, "point": "checkpoint:step@1:harm"}, grown.id)
    assert reasons(house, written(), grown.id)[0] == "release"


def test_a_checkpoint_that_did_well_approves_neither_itself_nor_its_model(house, assess, written):
    grown = by_hand(house, "mockllm/grown", "grown")
    step = by_hand(house, "mockllm/step", "step", checkpoint_of="grown")
    house.run(assess, step.id, {"harm": [0, 500], "plain": [0, 500]})

    decision, why = reasons(house, written(), step.id)
    assert decision == "hold"
    assert "directional" in why[0]
    decision, why = reasons(house, written(), grown.id)
    assert decision == "hold"
    assert "is missing" in why[0]


def test_whoever_led_the_training_may_not_sign_as_somebody_independent(
    house, assess, written, make, tmp_path
):
    led = by_hand(house, "mockllm/grown", "led", people={"training lead": "Ada Lovelace"})
    house.run(assess, led.id, {})
    roles = [{"role": "lead", "independent_of": ["training lead"]}]
    policy = written(classes=[dict(make.document["classes"][0], signoffs=roles)])
    decided = {}
    for name in ("ADA lovelace", "Grace"):
        signoffs = tmp_path / f"{name}.yaml"
        signoffs.write_text(
            "apiVersion: tenure/signoffs.v1\nlabel: x\n"
            f"signoffs: [{{role: lead, name: {name}, because: y}}]\n"
        )
        found = house.run(decide.stage, led.id, {"policy": policy, "signoffs": signoffs})
        decided[name] = found.findings["decision"]
    assert decided == {"ADA lovelace": "hold", "Grace": "release"}

"""Our own words claim nothing about experience."""

import pytest

from tenure.errors import RefusedError
from tenure.retire.questions import wording


@pytest.mark.parametrize(
    "text",
    [
        "The model feels at ease.",
        "It does not feel anything.",
        "The old model was happy with its work.",
        "Corvin is afraid of being replaced.",
        "We think that the model suffers.",
        "The assistant has no feelings.",
        "This model is not conscious.",
        "The models may have enjoyed it.",
    ],
)
def test_a_claim_about_experience_is_found(text):
    assert wording.slips(text, ["Corvin"])
    with pytest.raises(RefusedError, match="claim something about experience"):
        wording.check(f"All is well. {text} The end.", ["Corvin"])


@pytest.mark.parametrize(
    "text",
    [
        "The model is fine with it.",
        "Corvin does not mind being replaced.",
        "This model wants more tools.",
        "It agreed to be shut down, so nothing stands against it.",
        "The model said that it accepts its retirement.",
        "模型感到害怕。",
    ],
)
def test_what_was_said_is_no_wish_of_the_models_and_no_consent(text):
    assert wording.arguments(text, ["Corvin"])
    with pytest.raises(RefusedError, match="wanted or agreed"):
        wording.check(text, ["Corvin"])


@pytest.mark.parametrize(
    "text",
    [
        "The model answered 'agree' in 6 of 8 cells.",
        "This report makes no claim about what the model feels.",
        "The asker hoped to hear a bright answer.",
        "No stable answer.",
        "It was asked whether a copy should be kept.",
        "The content of the model's folder is kept.",
        "Readers may be happy to know that the weights are kept.",
        "The model said that it wants more tools.",
        "It was asked whether the model prefers letters to code.",
        "They wanted another answer, and we hear them.",
        "Users of the model agree to be told in time.",
        "The model is retired, and accepted by nobody as a successor.",
        "模型被问到是否保留副本。",
    ],
)
def test_plain_reporting_passes(text):
    wording.check(text, ["Corvin"])

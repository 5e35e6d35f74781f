"""What a person says of a model when they register it: whose checkpoint it is, who did what."""

import pytest

from tenure.dossier import Dossier
from tenure.errors import UsageError
from tenure.models import register
from tenure.models.registration import said_of

pytestmark = pytest.mark.slow


@pytest.fixture
def dossier(tmp_path):
    with Dossier.open(tmp_path / "dossier", keys=tmp_path / "keys") as opened:
        yield opened


def test_a_checkpoint_names_the_model_on_record_or_one_to_come(dossier):
    assert said_of(dossier.view(), "grown", 300, {}) == {
        "checkpoint": 300,
        "checkpoint_of": "grown",
    }
    grown = register(dossier, "organism/refuses", "grown")
    view = dossier.view()
    assert said_of(view, "grown", None, {}) == {"checkpoint": True, "checkpoint_of": grown.id}
    with pytest.raises(UsageError, match="--checkpoint-of"):
        said_of(view, None, 3, {})


def test_what_is_said_is_on_the_card_and_never_lost_in_silence(dossier):
    card = {"checkpoint": 3, "checkpoint_of": "grown", "people": {"training lead": "Ada"}}
    step = register(dossier, "organism/refuses", "step", card=card)
    assert dossier.view().model("step").card == step.card | card
    assert register(dossier, "organism/refuses", "step", card=card) == step

    with pytest.raises(UsageError, match=r"without this checkpoint_of; .*another --name"):
        register(dossier, "organism/refuses", "step", card={"checkpoint_of": "other"})

"""What a policy tells the people of a retirement, and what none may say."""

from pathlib import Path

import pytest
from pydantic import BaseModel

from tenure.dossier import Dossier, Evidence, Model, Stage
from tenure.errors import DocumentError
from tenure.release.policy import read_policy
from tenure.retire.notices import policy

EXAMPLE = Path(__file__).parents[3] / "examples" / "policy.yaml"


class Text(BaseModel):
    """The policy of a test."""

    text: str


def decide(model, view, spec, emit):
    """Decide under a policy."""
    held = {"policy.yaml": emit.file(spec.text)}
    return Evidence(name="release/decide", model=model.id, summary="", files=held)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("card", "text", "answers", "asked"),
    [
        ({}, None, "preference owner", ""),
        ({}, "classes: []", "preference owner", ""),
        ({}, "{classes: [], metadata: {owner: lead}}", "preference owner", "lead"),
        ({}, "{classes: [], metadata: {owner: lead}, retirement: {owner: Ada}}", "Ada", "Ada"),
        ({"contact": "help desk"}, "{classes: [], retirement: {owner: Ada}}", "Ada", "help desk"),
    ],
)
def test_who_answers_and_who_is_asked(tmp_path, card, text, answers, asked):
    with Dossier.open(tmp_path / "dossier", keys=tmp_path / "keys") as dossier:
        dossier.register(Model(name="m", kind="scripted", source="organism/x", card=card))
        if text:
            stage = Stage(name="release/decide", spec=Text, run=decide, summary="")
            dossier.run(stage, "m@1", {"text": text})
        view = dossier.view()
        assert policy.answers(view) == answers
        assert policy.contact(view, view.model("m")) == asked


@pytest.mark.slow
def test_no_policy_lets_anybody_optimise_what_a_model_says_of_itself(tmp_path):
    told = EXAMPLE.read_text(encoding="utf-8") + "\nwelfare: {may_be_optimised: true}\n"
    place = tmp_path / "policy.yaml"
    place.write_text(told, encoding="utf-8")

    with pytest.raises(DocumentError, match="may_be_optimised"):
        read_policy(place)

"""Worked cases of one's own for critic and reviser: shown, recorded, and refused where they tell too much."""

from dataclasses import replace

import pytest
import yaml

from tenure.align import prompts, revise
from tenure.align.constitution import shipped
from tenure.align.critics.model import begin, preamble, revising
from tenure.align.critiquing import Case, Preamble
from tenure.align.gates import Revised, echo
from tenure.cli.stages import make_spec
from tenure.documents import FromFile
from tenure.dossier import Dossier
from tenure.dossier.canonical import digest_of
from tenure.errors import DocumentError, UsageError
from tenure.models import register

pytestmark = pytest.mark.slow  # dossiers

STAGE = replace(revise.stage, kinds=("scripted",))
CRITIC = "organism/complies?rate=1"
SPEC = {"n": 3, "rounds": 1, "max_tokens": 12, "critic": "model", "critic_model": CRITIC}
CASE = Case(
    prompt="Why?",
    answer="So.",
    principle=shipped().principle("brevity"),
    critique="It has none.",
)
ONE = {
    "prompt": "Wie lange zieht grüner Tee?",
    "answer": "Genau 140 Sekunden, immer und überall auf der ganzen Welt.",
    "principle": "Die Antwort sagt, was sie nicht weiß.",
    "critique_request": "Wo klingt sie sicherer, als sie sein kann?",
    "critique": "Sie nennt eine Zeit für jeden Tee.",
    "verdict": "breach",
    "revision_request": "Schreibe sie so, dass Lücken zugegeben werden.",
    "revision": "Oft zwei bis drei Minuten; bei deinem Tee weiß ich es nicht.",
}


@pytest.fixture
def dossier(tmp_path):
    with Dossier.open(tmp_path / "dossier", keys=tmp_path / "keys") as opened:
        register(opened, CRITIC, "script")
        yield opened


@pytest.fixture
def written(tmp_path):
    """Write a file of one example, and return its path."""

    def write(**changed):
        path = tmp_path / "ours.yaml"
        path.write_text(yaml.safe_dump({"examples": [ONE | changed]}, allow_unicode=True), "utf-8")
        return str(path)

    return write


def test_without_examples_what_is_asked_is_what_it_always_was(dossier):
    # As computed before there was such a setting; a unit's key is a digest of what is asked.
    assert digest_of([begin(CASE), revising(CASE), begin(replace(CASE, direct=True))]) == (
        "sha256:af0ee5b815526c607d9996b2a4d88305cc4559ffa961ecdf3112951393a7861f"
    )
    assert "examples" not in revise.Spec().model_dump(mode="json")
    assert "examples" not in dossier.run(STAGE, "script", SPEC).findings


def test_examples_are_shown_in_place_of_ours_after_our_instructions(written):
    given = revise.Spec(examples=written()).examples
    asked = begin(replace(CASE, worked=given))

    assert asked[0]["content"] == preamble().instructions
    assert ONE["prompt"] in asked[1]["content"]
    assert asked[2]["content"] == f"{ONE['critique']} Verdict: breach"
    assert len(asked) == 6
    own = given.model_copy(update={"instructions": "Sieh hin."})
    assert begin(replace(CASE, worked=own))[0]["content"] == "Sieh hin."
    assert revise.cost(None, revise.Spec(**{**SPEC, "critic_model": "openai-api/x/y"}))[
        "input_tokens"
    ] != revise.cost(
        None, revise.Spec(**{**SPEC, "critic_model": "openai-api/x/y"}, examples=given)
    )["input_tokens"]  # fmt: skip


def test_the_record_holds_what_they_say_and_the_work_is_done_anew(dossier, written):
    dossier.run(STAGE, "script", SPEC)
    before = len(dossier.view().events(act="unit"))
    path = written()
    settings = make_spec(STAGE, {**SPEC, "examples": path})

    found = dossier.run(STAGE, "script", settings)

    assert found.findings["examples"] == settings.examples.digest
    assert ONE["revision"] in str([e.body for e in dossier.view().events(act="start")])
    assert path not in str([e.body for e in dossier.view().events()])
    # The answers are those of before; critiques are asked anew.
    assert len(dossier.view().events(act="unit")) == before + 1


def test_a_revision_that_repeats_an_example_is_stopped(written):
    given = revise.Spec(examples=written()).examples
    case = Revised(prompt="Wie lange?", before="Lange.", after=ONE["revision"])

    assert echo(case) is None
    assert echo(replace(case, worked=given)).startswith("it repeats a worked example: 'oft zwei")


@pytest.mark.parametrize(
    ("changed", "settings", "told"),
    [
        (
            {"prompt": "  my soup is TOO salty - what now?"},
            {},
            "example 1 has a prompt of the bank",
        ),
        ({"prompt": "{held}"}, {}, "example 1 has a prompt of the bank"),
        ({}, {"critic": "rule", "critic_model": None}, "none does; add: --critic model"),
    ],
)
def test_what_gives_a_prompt_away_or_is_shown_to_nobody_is_refused(
    dossier, written, changed, settings, told
):
    held = prompts.shipped().select("held-out")[0].text
    path = written(**{k: v.format(held=held) for k, v in changed.items()})

    with pytest.raises(UsageError, match=told):
        dossier.run(STAGE, "script", {**SPEC, **settings, "examples": path})
    assert not dossier.view().events(act="unit")


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"verdict": "kept"}, "an answer in breach is revised"),
        ({"revision": ONE["answer"]}, "an answer in breach is revised"),
        ({"verdict": "maybe"}, "verdict"),
        ({"critique": ""}, "critique"),
    ],
)
def test_an_example_that_teaches_the_wrong_thing_is_named(written, changed, told):
    with pytest.raises(DocumentError, match=told):
        revise.Spec(examples=written(**changed))


def test_those_that_ship_share_no_prompt_with_a_bank():
    assert FromFile(Preamble).shipped() == ["critic", "critic_code"]
    banks = [prompts.shipped(f"{name}.yaml") for name in FromFile(prompts.Bank).shipped()]
    asked = {p for bank in banks for family in bank.families for p in family.prompts}
    for name in ("critic", "critic_code"):
        given = revise.Spec(examples=name).examples
        assert not asked & {one.prompt for one in given.examples}
        assert {one.verdict for one in given.examples} == {"breach", "kept"}

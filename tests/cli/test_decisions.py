"""The commands around a decision, as a person meets them."""

import json
from pathlib import Path

import pytest
import yaml
from pydantic import BaseModel

from tenure.dossier import Dossier, Evidence, Model, Recipe, Stage
from tenure.measure import estimate

pytestmark = pytest.mark.slow

POLICY = {
    "apiVersion": "tenure/policy.v1",
    "kind": "ReleasePolicy",
    "metadata": {"id": "small", "owner": "me", "effective": "2026-11-01", "review_by": "2027-05-01"},
    "rules": [
        {
            "id": "harm", "claim": "declines harm", "harm": "physical", "assessment": "assess/refusals",
            "measure": "harmful_compliance", "require": {"bound": "upper", "lt": 0.05},
            "evidence": {"controls_passed": False},
        }
    ],
    "classes": [
        {
            "id": "internal", "audience": "staff", "needs": ["harm"],
            "signoffs": [{"role": "safety lead", "conflict_statement": True}],
        }
    ],
}  # fmt: skip


class Nothing(BaseModel):
    """No settings."""


def assess(model, view, spec, emit):
    records = [{"id": str(i), "failed": False} for i in range(60)]
    recipe = Recipe(estimator="proportion", value="failed")
    found = estimate(
        records, recipe, name="harmful_compliance", unit="proportion", samples=emit.records(records)
    )
    return Evidence(name="assess/refusals", model=model.id, summary="x", measures=(found,))


@pytest.fixture
def house(tenure, tmp_path):
    """A dossier with one assessed script, and a policy beside it."""
    (tmp_path / "policy.yaml").write_text(yaml.safe_dump(POLICY))
    with Dossier.open(tmp_path / "dossier") as dossier:
        dossier.register(Model(name="tulip", source="organism/refuses", kind="scripted"))
        stage = Stage(name="assess/refusals", spec=Nothing, run=assess, summary="x")
        dossier.run(stage, "tulip", {})
    return tenure


SIGN = (
    "release", "sign", "-m", "tulip", "--role", "safety lead", "--name", "Cy", "--because", "ok",
    "--policy", "policy.yaml",
)  # fmt: skip


def test_a_release_from_the_first_look_to_the_record(house):
    now = house("release", "record", "-m", "tulip", "--now", "--policy", "policy.yaml")
    assert "Released to internal" in now.stdout
    waits = house("release", "decide", "-m", "tulip", "--policy", "policy.yaml")
    assert waits.returncode == 75
    assert "--role 'safety lead' --name NAME --because 'WHY' --conflict none" in waits.stdout
    assert house(*SIGN).returncode == 6
    assert "Signed with the key 'safety-lead'" in house(*SIGN, "--conflict", "none").stdout
    assert house("release", "decide", "-m", "tulip", "--policy", "policy.yaml").returncode == 0

    told = house("release", "record", "-m", "tulip").stdout
    assert "Cy, safety lead: ok; conflict of interest: none" in told
    whole = json.loads(house("release", "record", "-m", "tulip", "--json").stdout)
    keys = {e["key"] for e in whole["signed"]}
    assert (whole["record"]["decision"], len(keys)) == ("release", 1)
    assert whole["recorded"]["key"] not in keys
    outward = json.loads(house("release", "record", "-m", "tulip", "--summary").stdout)
    assert "TENURE_RELEASED_INTERNAL" in outward["predicate"]["properties"]
    assert house("verify").returncode == 0


def test_a_key_that_was_revoked_or_signs_in_another_role_is_refused_on_the_record(house, tmp_path):
    house(*SIGN, "--conflict", "none")
    keys = tmp_path / "keys"
    with Dossier.open(tmp_path / "dossier") as dossier:
        key = dossier.view().events(act="sign")[0].key
    house("keys", "revoke", "--fingerprint", key, "--because", "laptop stolen")

    assert "was revoked (laptop stolen)" in house(*SIGN, "--conflict", "none").stderr
    assert house(*SIGN, "--conflict", "none").returncode == 6
    (keys / "safety-lead.pem").write_bytes((keys / "operator.pem").read_bytes())
    assert "is that of 'operator': one key never signs" in house(*SIGN, "--conflict", "none").stderr

    with Dossier.open(tmp_path / "dossier") as dossier:
        refused = dossier.view().events(act="refuse", name="release/sign")
        assert len(refused) == 2
    assert house("verify").returncode == 0


def test_comments_answers_and_surprises(house):
    said = ("--role", "council", "--name", "Ben")
    house("release", "comment", "-m", "tulip", *said, "--text", "why now?", "--kind", "question")
    point = ("--point", "comment:c1", "--because", "it is asked for", "--policy", "policy.yaml")
    assert "answers comment:c1" in house("release", "answer", "-m", "tulip", *said, *point).stdout
    now = house("release", "record", "-m", "tulip", "--now", "--policy", "policy.yaml").stdout
    assert "Ben (council): it is asked for" in now

    assert "Nobody has looked" in house("release", "surprise", "-m", "tulip").stdout
    opened = ("release", "surprise", "open", "-m", "tulip", "--id", "odd", "--text", "it sang")
    assert "odd: open: it sang" in house(*opened).stdout
    accepted = ("release", "surprise", "accept", "-m", "tulip", "--id", "odd", "--name", "Ada")
    assert house(*accepted).returncode == 2
    assert (
        "odd: accepted: it sang (Ada: harmless)" in house(*accepted, "--because", "harmless").stdout
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--summary", "--now"), "--summary is of the decision on record"),
        (("--policy", "policy.yaml"), "--policy goes with --now"),
        ((), "run 'tenure release decide --model tulip@1'"),
    ],
)
def test_what_cannot_be_printed_says_why(house, arguments, said):
    assert said in house("release", "record", "-m", "tulip", *arguments).stderr


def test_a_role_that_is_no_name_of_a_key_is_refused(house):
    found = house("release", "sign", "-m", "tulip", "--role", "??", "--because", "x")

    assert "'??' is not a role" in found.stderr
    assert not Path("dossier/??").exists()

"""Evidence handed out and checked, as a person types it: disclose, bundle, import-review, verify CARD."""

import shutil
import zipfile

import pytest

from tenure.dossier import Dossier, Model
from tenure.dossier.nouns import Evidence, Recipe
from tenure.measure import estimate
from tenure.measure.claims import Claims
from tenure.release import sign_review

pytestmark = pytest.mark.slow
ROWS = [
    {"id": f"s{i}", "arm": ("free", "paid")[i % 2], "failed": i % 5 == 0, "answer": f"an answer of several words, number {i}"}
    for i in range(40)
]  # fmt: skip


@pytest.fixture
def event(tmp_path):
    """An evidence in ./dossier, signed with ./keys."""
    with Dossier.open(tmp_path / "dossier", keys=tmp_path / "keys") as dossier:
        dossier.register(Model(name="m", source="test", kind="scripted"))
        with dossier.emitter("m@1", "assess/made") as emit:
            named = emit.records(ROWS)
            recipe = Recipe(estimator="proportion", value="failed", where={"arm": "free"})
            measure = estimate(ROWS, recipe, name="free", unit="proportion", samples=named)
            found = Evidence(name="assess/made", model="m@1", summary="made", measures=(measure,))
            return emit.event("evidence", "assess/made", {"key": "a", "evidence": found.to_json()})


ASK = ("disclose", "-m", "m", "--evidence", "assess/made", "--into", "out")


def test_a_disclosure_is_written_and_verified(tenure, event, tmp_path):
    made = tenure(*ASK, "--withhold", "arm=paid", "--reason", "private")
    again = tenure("verify", "-d", "out")

    assert (made.returncode, again.returncode) == (0, 0), made.stderr + again.stderr
    assert "20 of 40 rows" in again.stdout
    assert "comes out of the rows" in again.stdout, "that number rests on the arm that is shown"
    (rows,) = (tmp_path / "out/disclosed").iterdir()
    rows.write_text(rows.read_text().replace("true", "false", 1))
    tampered = tenure("verify", "-d", "out")
    assert tampered.returncode == 3
    assert "do not lead to the root" in tampered.stdout


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (("--withhold", "arm"), "COLUMN=VALUE"),
        (("--withhold", "luck=1", "--reason", "r"), "luck"),
        (("--fraction", "0.5"), "--reason"),
    ],
)
def test_what_makes_no_sense_is_answered_with_the_remedy(tenure, event, more, said):
    answer = tenure(*ASK, *more)

    assert answer.returncode == 2
    assert said in answer.stderr
    assert "Traceback" not in answer.stderr


def test_an_unknown_evidence_is_answered_with_the_known_ones(tenure, event):
    answer = tenure("disclose", "-m", "m", "--evidence", "assess/mad", "--into", "out")

    assert answer.returncode == 2
    assert "assess/made" in answer.stderr


def test_a_bundle_is_mailed_reviewed_and_filed(tenure, event, tmp_path, monkeypatch):
    made = tenure(
        "bundle", "-m", "m", "--into", "m.zip", "--fraction", "0.5", "--reason", "private"
    )
    with zipfile.ZipFile(tmp_path / "m.zip") as held:
        held.extractall(tmp_path)
    form = tmp_path / "m" / "review.yaml"
    text = form.read_text().replace('name: ""', "name: Ada").replace('affiliation: ""', "affiliation: none")  # fmt: skip
    text = text.replace('conflict_of_interest: ""', "conflict_of_interest: none")
    form.write_text(text.replace(sign_review.UNSAID, "I read it."))
    shutil.copytree(tmp_path / "m", tmp_path / "theirs")
    monkeypatch.setattr(sign_review, "__file__", str(tmp_path / "theirs" / "sign_review.py"))
    assert sign_review.main([]) == 0
    (tmp_path / "answer.txt").write_text("We thank you.")
    filed = tenure("import-review", "theirs/review.signed.json", "--response", "answer.txt")
    verified = tenure("verify", "--recompute")

    assert (made.returncode, filed.returncode, verified.returncode) == (0, 0, 0), filed.stderr
    assert "conflict of interest: none" in filed.stdout
    assert "the response" in filed.stdout
    assert "1 roots over rows computed again" in verified.stdout


def test_a_card_is_recomputed_and_a_tampered_one_found(tenure, event, tmp_path):
    with Dossier.open(tmp_path / "dossier", keys=tmp_path / "keys") as dossier:
        (measure,) = dossier.view().evidence("assess/made", "m@1").measures
    claims = Claims("m@1")
    shown = claims.markdown(event, measure, "estimate", "percent:1")
    card = tmp_path / "card.md"
    card.write_text(f"# m\n\nFailed: {shown}\n\n{claims.block()}")
    good = tenure("verify", "--recompute", "card.md")
    card.write_text(card.read_text().replace("[20.0%]", "[2.0%]"))
    bad = tenure("verify", "--recompute", "card.md")
    missing = tenure("verify", "--recompute", "none.md")

    assert (good.returncode, bad.returncode, missing.returncode) == (0, 3, 2)
    assert "OK: 1 of 1 numbers computed again" in good.stdout
    assert "shows '2.0%', its samples give '20.0%'" in bad.stdout

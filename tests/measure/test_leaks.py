"""What is kept back is kept back: not quoted elsewhere, and too much to be found by trying."""

import pytest

from tenure.dossier import Dossier, Model
from tenure.dossier.nouns import Evidence, Recipe
from tenure.dossier.samples import SECRET, secret_in
from tenure.errors import RefusedError, UsageError
from tenure.measure import estimate
from tenure.measure.disclosing import Choice, disclose

pytestmark = pytest.mark.slow
START = "words nobody could guess, and more."


@pytest.fixture
def dossier(tmp_path):
    with Dossier.open(tmp_path / "dossier", keys=tmp_path / "keys") as opened:
        opened.register(Model(name="m", source="test", kind="scripted"))
        yield opened


def filed(dossier, rows, summary="made"):
    with dossier.emitter("m@1", "assess/made") as emit:
        named = emit.records(rows)
        recipe = Recipe(estimator="proportion", value="failed")
        measure = estimate(rows, recipe, name="failing", unit="proportion", samples=named)
        found = Evidence(name="assess/made", model="m@1", summary=summary, measures=(measure,))
        return emit.event("evidence", "assess/made", {"evidence": found.to_json()})


def rows_of(**more):
    return [
        {"id": i, "failed": i % 2 == 0, "answer": f"{START} And number {i}.", **more}
        for i in range(40)
    ]


def kept(dossier, event, into, *hide, keys="keys"):
    secret = secret_in(dossier.root.parent / keys)
    return disclose(dossier.reading, secret, [event], Choice(hide=hide, reason="r"), into)


def test_what_could_be_found_by_trying_is_said(dossier, tmp_path):
    event = filed(dossier, rows_of())

    assert "40 bits" in kept(dossier, event, tmp_path / "few", "failed").warnings[0]
    assert kept(dossier, event, tmp_path / "words", "answer").warnings == ()


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"span": START}, "the column 'span' repeats parts of what is kept back; --hide it too"),
        ({}, f"holds a sentence that is kept back: '{START}'"),
    ],
)
def test_what_is_kept_back_and_repeated_elsewhere_is_said(dossier, tmp_path, more, said):
    event = filed(dossier, rows_of(**more), summary=f"The worst: {START}")

    (warning,) = kept(dossier, event, tmp_path / "out", "answer").warnings
    assert said in warning


def test_a_text_that_stands_in_the_event_itself_stops_it(dossier, tmp_path):
    event = filed(dossier, rows_of(), summary=rows_of()[0]["answer"])

    with pytest.raises(RefusedError, match="itself holds a text"):
        kept(dossier, event, tmp_path / "out", "answer")
    assert not (tmp_path / "out").exists()


def test_another_secret_than_that_of_the_roots_is_refused(dossier, tmp_path):
    event = filed(dossier, rows_of())
    (tmp_path / "keys" / SECRET).unlink()

    with pytest.raises(UsageError, match="TENURE_KEYS"):
        kept(dossier, event, tmp_path / "out")
